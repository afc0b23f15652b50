"""The review's folder: what is written, what is refused, and that no text leaves its place."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from pathlib import Path

import pytest

from scenecap.errors import OutputError, UsageError
from scenecap.output.review.build import ReviewItem, page, write_review
from tests.output.review.hostile import HOSTILE, items_with_pictures


def data_of(text: str) -> dict:
    found = re.search(r'<script id="data" type="application/json">(.*?)</script>', text, re.DOTALL)
    assert found is not None
    return json.loads(found[1])


def test_a_review_holds_its_assets_and_pictures(tmp_path: Path) -> None:
    items = items_with_pictures(tmp_path / "given", 3)
    assert write_review(tmp_path / "out", items, title="T") == 3
    text = (tmp_path / "out" / "index.html").read_text(encoding="utf-8")
    data = data_of(text)
    assert [item["identifier"] for item in data["items"]] == [item.identifier for item in items]
    for item, value in zip(items, data["items"], strict=True):
        assert item.picture is not None
        assert (tmp_path / "out" / value["picture"]).read_bytes() == item.picture.read_bytes()
    assert not re.search(r"(src|href)\s*=\s*[\"']?(https?:)?//", text)
    assert write_review(tmp_path / "out", items[:1], title="T") == 1, "a review is written over"


def test_the_same_items_give_the_same_bytes(tmp_path: Path) -> None:
    items = items_with_pictures(tmp_path / "given", 2)
    for name in ("a", "b"):
        write_review(tmp_path / name, items, title="T")
    assert (tmp_path / "a/index.html").read_bytes() == (tmp_path / "b/index.html").read_bytes()


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_texts_stay_data(text: str) -> None:
    item = {"identifier": text, "label": text, "facts": [[text, text]], "attributes": [[text, text]], "remarks": [text]}
    html = page([item], title=text)
    assert data_of(html)["items"] == [item]
    assert data_of(html)["title"] == text
    plain = page([], title="")
    assert html.count("<script") == plain.count("<script")
    assert html.count("</script") == plain.count("</script")
    assert html.count("<img") == plain.count("<img") == 0


def test_the_policy_runs_this_programs_script_alone() -> None:
    html = page([], title="")
    script = re.search(r"<script>(.*?)</script>", html, re.DOTALL)
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', html)
    assert script is not None
    assert policy is not None
    digest = base64.b64encode(hashlib.sha256(script[1].encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'" in policy[1]
    assert "default-src 'none'" in policy[1]
    assert "unsafe" not in policy[1]
    for risky in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval("):
        assert risky not in script[1]


def test_other_folders_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "index.html").write_text("my page")
    (tmp_path / "file").write_text("x")
    for name in ("mine", "file"):
        with pytest.raises(UsageError, match=name):
            write_review(tmp_path / name, [ReviewItem("a")], title="T")
    assert (tmp_path / "mine" / "index.html").read_text() == "my page"


def test_a_picture_that_is_gone_is_named(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match=r"gone\.jpg"):
        write_review(tmp_path / "out", [ReviewItem("a", picture=tmp_path / "gone.jpg")], title="T")
    assert not (tmp_path / "out" / "index.html").exists()
