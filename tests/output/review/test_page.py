"""The review in headless Chromium: looked at, filtered, corrected and saved as a person would."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from scenecap.output.review.build import ReviewItem, write_review
from scenecap.stage.label_database import EntrySource, LabelDatabase, LabelEntry, write_entries
from scenecap.stage.label_exchange import read_table
from tests.output.review.hostile import HOSTILE, hostile_items, items_with_pictures

if TYPE_CHECKING:
    from playwright.sync_api import Page


def opened(page: Page, out: Path, items: list[ReviewItem]) -> Page:
    write_review(out, items, title="Review of <b>labels</b>")
    page.goto((out / "index.html").as_uri())
    return page


def saved(page: Page, kind: str, target: Path) -> Path:
    with page.expect_download() as download:
        page.locator(f"#save-{kind}").click()
    path = target / f"corrections.{kind}"
    download.value.save_as(path)
    return path


def card(page: Page, number: int) -> Any:
    return page.locator(f'article[data-number="{number}"]')


def test_pictures_are_shown_and_all_is_undecided(page: Page, tmp_path: Path) -> None:
    opened(page, tmp_path / "review", items_with_pictures(tmp_path / "given", 3))
    assert page.locator("h1").inner_text() == "Review of <b>labels</b>"
    assert page.locator("#counts").inner_text() == "3 assets: 0 accepted, 0 corrected, 0 rejected, 3 undecided"
    for number in range(3):
        image = card(page, number).locator("img")
        image.scroll_into_view_if_needed()
        page.wait_for_function(f"document.querySelectorAll('article img')[{number}].naturalWidth === 60")
    assert json.loads(saved(page, "json", tmp_path).read_text())["entries"] == []


@pytest.mark.parametrize("kind", ["json", "csv"])
def test_decisions_reach_the_database(page: Page, tmp_path: Path, kind: str) -> None:
    items = items_with_pictures(tmp_path / "given", 5)
    database = tmp_path / "labels.sqlite"
    write_entries(
        database,
        [
            LabelEntry(i.identifier, i.label, i.caption, i.attributes, EntrySource.MODEL, i.model, i.content_hash)
            for i in items
        ],
    )
    opened(page, tmp_path / "review", items)
    card(page, 0).get_by_role("button", name="Accept").click()
    card(page, 1).locator("input").fill('tea "mug", blue')
    card(page, 1).locator("textarea").nth(0).fill("")
    card(page, 1).locator("textarea").nth(1).fill("color: blue\nnote: =1+1")
    card(page, 2).get_by_role("button", name="Reject").click()
    card(page, 3).get_by_role("button", name="Accept").click()
    card(page, 3).get_by_role("button", name="Undo").click()
    assert page.locator("#counts").inner_text() == "5 assets: 1 accepted, 1 corrected, 1 rejected, 2 undecided"
    table = read_table(saved(page, kind, tmp_path))
    assert write_entries(database, table.entries, decided=table.decided, reject=table.rejected) == 2
    found = {entry.identifier: entry for entry in LabelDatabase.open(database).entries}
    key = "00ff" * 4
    assert found["assets/a0.usd"] == LabelEntry(
        "assets/a0.usd", "mug a", "A mug.", {"color": "red", "parts": "handle, rim"}, content_hash=key
    )
    assert found["assets/a1.usd"] == LabelEntry(
        "assets/a1.usd", 'tea "mug", blue', attributes={"color": "blue", "note": "=1+1"}, content_hash=key
    )
    assert "assets/a2.usd" not in found
    assert LabelDatabase.open(database).rejected == {("assets/a2.usd", key)}
    assert found["assets/a3.usd"].source is found["assets/a4.usd"].source is EntrySource.MODEL


def test_filters(page: Page, tmp_path: Path) -> None:
    items = [*items_with_pictures(tmp_path / "given", 3), ReviewItem("assets/none.usd", remarks=("no answer: 429",))]
    opened(page, tmp_path / "review", items)

    def shown() -> list[int]:
        return [number for number in range(4) if card(page, number).is_visible()]

    page.locator("#find").fill("MUG B")
    assert shown() == [1]
    page.locator("#find").fill("no such thing")
    assert shown() == []
    assert page.locator("#none").is_visible()
    page.locator("#find").fill("")
    card(page, 0).get_by_role("button", name="Reject").click()
    for state, numbers in {
        "rejected": [0],
        "undecided": [1, 2, 3],
        "unanswered": [3],
        "remarks": [3],
        "all": [0, 1, 2, 3],
    }.items():
        page.locator("#show").select_option(state)
        assert shown() == numbers, state


def test_what_cannot_be_imported_cannot_be_saved(page: Page, tmp_path: Path) -> None:
    opened(page, tmp_path / "review", items_with_pictures(tmp_path / "given", 2))
    card(page, 1).locator("input").fill("   ")
    assert "label is needed" in card(page, 1).locator(".problem").inner_text()
    page.locator("#find").fill("a0.usd")
    page.locator("#save-json").click()
    assert card(page, 1).is_visible(), "it is brought into view instead of being saved"
    card(page, 1).locator("input").fill("cup")
    card(page, 1).locator("textarea").nth(1).fill("red")
    assert "kind: value" in card(page, 1).locator(".problem").inner_text()
    card(page, 1).locator("textarea").nth(1).fill("color: red")
    assert len(json.loads(saved(page, "json", tmp_path).read_text())["entries"]) == 1


def test_hostile_texts_are_inert_and_come_back_as_they_are(page: Page, tmp_path: Path) -> None:
    opened(page, tmp_path / "review", hostile_items())
    for number, text in enumerate(HOSTILE):
        assert card(page, number).locator("h2").text_content() == text
        assert card(page, number).locator("input").input_value() == text
        assert card(page, number).locator("li").text_content() == text
        card(page, number).get_by_role("button", name="Accept").click()
    assert page.locator("article img, article script, article svg, article b").count() == 0
    entries = json.loads(saved(page, "json", tmp_path).read_text(encoding="utf-8"))["entries"]
    assert [entry["identifier"] for entry in entries] == list(HOSTILE)
    with saved(page, "csv", tmp_path).open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [row["identifier"].strip() for row in rows] == [text.strip() for text in HOSTILE]
    assert not any(row["label"].startswith(("=", "+", "-", "@")) for row in rows)
