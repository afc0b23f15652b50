"""The report in Chromium, from the disk: clicked through as a person would."""

from __future__ import annotations

import dataclasses
import json
import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import pytest

from scenecap.contract import Change, ChangeKind, Variation
from scenecap.output.dataset.reader import DatasetFrame, open_dataset
from scenecap.output.report.build import write_report
from tests.output.dataset.make import CAMERAS, kitchen, write_dataset
from tests.output.report.hostile import LABELS, REASON

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page


def visit(page: Page, dataset: Path, where: str = "", *, report: str = "report") -> None:
    page.goto(f"{(dataset / report / 'index.html').as_uri()}{where}")
    page.wait_for_selector("main > :not(.loading)")


def until(page: Page, expression: str, arg: object = None) -> None:
    """Wait until JavaScript is true. Playwright's own wait needs eval, which the page's policy refuses."""
    for _ in range(400):
        if page.evaluate(expression, arg):
            return
        page.wait_for_timeout(25)
    raise AssertionError(f"never true: {expression} {arg if arg is not None else ''}")


def cards(page: Page) -> list[int]:
    return [int(number) for number in page.locator(".card").evaluate_all("cards => cards.map(card => card.dataset.number)")]


def frames_of(dataset: Path) -> dict[int, DatasetFrame]:
    return {frame.row.number: frame for frame in open_dataset(dataset).frames()}


def wait_for_cards(page: Page, expected: list[int]) -> None:
    until(
        page,
        "wanted => JSON.stringify([...document.querySelectorAll('.card')].map(card => +card.dataset.number)) === wanted",
        arg=json.dumps(expected, separators=(",", ":")),
    )


def lit(page: Page, selector: str) -> list[str]:
    return [" ".join(text.split()) for text in page.locator(f"{selector}.lit").all_inner_texts()]


def test_the_grid_shows_every_frame_with_its_picture(page: Page, kitchens: Path) -> None:
    visit(page, kitchens)
    assert cards(page) == [0, 1, 2, 3]
    assert page.inner_text("#found") == "4 frames"
    until(page, "[...document.images].every(image => image.complete && image.naturalWidth > 100)")
    captions = {number: frame.captions() for number, frame in frames_of(kitchens).items()}
    for number, text in enumerate(page.locator(".card .text").all_inner_texts()):
        caption = captions[number]
        assert caption is not None
        assert caption.brief is not None
        assert text == caption.brief.text


@pytest.mark.parametrize(
    ("facet", "value", "expected"),
    [
        ("scenes", "second kitchen", [3]),
        ("scenes", "kitchen", [0, 1, 2]),
        ("cameras", CAMERAS[1], [1]),
        ("labels", "mug", [0, 1, 2, 3]),
    ],
)
def test_filters_by_scene_camera_and_label(page: Page, kitchens: Path, facet: str, value: str, expected: list[int]) -> None:
    visit(page, kitchens)
    page.locator(f'[data-facet="{facet}"] input[value="{value}"]').check()
    wait_for_cards(page, expected)
    assert value.replace(" ", "+") in page.url.replace("%2F", "/").replace("%20", "+")
    page.reload()  # the address holds the filter
    wait_for_cards(page, expected)
    if len(expected) < 4 or facet == "labels":
        page.click("#reset")
        wait_for_cards(page, [0, 1, 2, 3])


def test_variations_are_told_apart(page: Page, tmp_path: Path) -> None:
    moved = Change(ChangeKind.MOVED, "/World/Mug", {"offset": [0.1, -0.2], "yaw": 30.0})
    frames = [
        dataclasses.replace(kitchen(camera), variation=Variation(number, changes))
        for number, (camera, changes) in enumerate(zip(CAMERAS, ((), (moved,)), strict=True))
    ]
    write_report(write_dataset(tmp_path / "d", frames))
    visit(page, tmp_path / "d")
    page.locator('[data-facet="variations"] input[value="1"]').check()
    wait_for_cards(page, [1])
    page.locator(".card").click()
    page.wait_for_selector(".inspector details")
    assert "variation 1" in page.inner_text("h1")
    page.click(".inspector summary")
    assert "moved /World/Mug offset 0.1, -0.2; yaw 30" in page.inner_text(".inspector details")


def test_labels_add_up(page: Page, tmp_path: Path) -> None:
    """Frames with all of the labels that are chosen, not with any."""
    some = kitchen().objects
    few = kitchen(CAMERAS[1])
    few = type(few)(**{**vars(few), "objects": tuple(item for item in some if item.label in ("table", "plate"))})
    write_report(write_dataset(tmp_path / "d", [kitchen(), few]))
    visit(page, tmp_path / "d", "#/?label=plate")
    wait_for_cards(page, [0, 1])
    page.locator('[data-facet="labels"] input[value="mug"]').check()
    wait_for_cards(page, [0])


def test_filter_by_words_marks_what_was_found(page: Page, kitchens: Path) -> None:
    visit(page, kitchens)
    page.keyboard.press("/")
    until(page, "document.activeElement.id === 'words'")
    page.keyboard.type("red MUG")
    found = []
    for number, frame in frames_of(kitchens).items():
        captions = frame.captions()
        assert captions is not None
        text = f"{captions.raw['brief_caption']} {captions.raw['global_caption']}".lower()
        if "red" in text and "mug" in text:
            found.append(number)
    wait_for_cards(page, found)
    found = "[...new Set([...document.querySelectorAll('.card mark')].map(mark => mark.textContent.toLowerCase()))].sort()"
    until(page, f"{found}.join() === 'mug,red'")
    page.fill("#words", '"mug red"')
    wait_for_cards(page, [])
    assert "No frame passes" in page.inner_text("#grid")


def test_words_of_questions_are_searched_when_asked(page: Page, kitchens: Path) -> None:
    asked = {
        number
        for number, frame in frames_of(kitchens).items()
        if (captions := frame.captions()) is not None
        and any("how many" in item.question.lower() for item in captions.questions)
    }
    assert asked
    visit(page, kitchens, "#/?q=%22how+many%22")
    wait_for_cards(page, [])
    page.check("#in-questions")
    wait_for_cards(page, sorted(asked))


@pytest.mark.parametrize(
    ("subject", "relation", "thing"),
    [
        ("mug", "supported by", "table"),
        ("table", "supports", "mug"),
        ("plate", "supports", "bowl"),
        ("bowl", "supports", "plate"),
        ("", "left", ""),
        ("chair", "left", ""),
        ("bowl", "near", "mug"),
        ("mug", "near", "bowl"),
        ("", "hanging from", ""),
    ],
)
def test_filter_by_relation(page: Page, kitchens: Path, subject: str, relation: str, thing: str) -> None:
    expected = []
    for number, frame in frames_of(kitchens).items():
        graph = frame.graph()
        assert graph is not None
        labels = {item.path: item.label for item in graph.objects}
        if any(
            relation in edge.relations and subject in ("", labels[edge.source]) and thing in ("", labels[edge.target])
            for edge in graph.edges()
        ):
            expected.append(number)
    visit(page, kitchens)
    page.select_option("#choose-relation", relation)
    page.select_option("#choose-subject", subject)
    page.select_option("#choose-object", thing)
    wait_for_cards(page, expected)


def test_a_frame_opens_and_back_leads_to_the_same_gallery(page: Page, kitchens: Path) -> None:
    visit(page, kitchens)
    page.locator('[data-facet="scenes"] input[value="kitchen"]').check()
    wait_for_cards(page, [0, 1, 2])
    page.locator(".card").nth(1).click()
    page.wait_for_selector('.frame[data-number="1"]')
    until(page, "document.querySelector('.shot').naturalWidth === 320")
    assert page.inner_text("h1").split() == ["kitchen", "Right", "frame", "0"]
    page.keyboard.press("ArrowRight")
    page.wait_for_selector('.frame[data-number="2"]')
    assert page.locator("#next").count() == 0  # the fourth frame is of the other scene
    page.go_back()
    page.wait_for_selector('.frame[data-number="1"]')
    page.go_back()
    wait_for_cards(page, [0, 1, 2])
    page.keyboard.press("Tab")
    page.goto(f"{(kitchens / 'report/index.html').as_uri()}#/frame/3?tab=support")  # a link into the middle
    page.wait_for_selector('.frame[data-number="3"] .tree')
    page.keyboard.press("Escape")
    page.wait_for_selector(".gallery")


def test_boxes_labels_and_edges_are_switched(page: Page, kitchens: Path) -> None:
    visit(page, kitchens, "#/frame/0")
    graph, pruned = frames_of(kitchens)[0].graph(), frames_of(kitchens)[0].graph(pruned=True)
    assert graph is not None
    assert pruned is not None
    boxes = page.locator(".object")
    assert boxes.count() == len(graph.objects)
    stroke = "element => getComputedStyle(element).stroke"
    assert page.locator(".object .box").first.evaluate(stroke) != "none"
    page.uncheck("#layer-boxes")
    assert page.locator(".object .box").first.evaluate(stroke) == "none"
    assert page.locator(".name").first.is_visible()
    page.keyboard.press("l")
    assert not page.locator(".name").first.is_visible()
    page.keyboard.press("b")
    assert page.locator(".object .box").first.evaluate(stroke) != "none"
    seen = {item.path for item in graph.objects if item.box_tight is not None}

    def drawn(edges: Any) -> int:
        return sum(edge.source in seen and edge.target in seen for edge in edges) // 2

    for choice, expected in (("pruned", drawn(pruned.edges())), ("all", drawn(graph.edges())), ("none", 0), ("marked", 0)):
        page.select_option("#edges", choice)
        assert page.locator(".edges .line").count() == expected, choice
    page.locator(".object").first.hover(position={"x": 2, "y": 2})
    assert page.locator(".edges .line").count() > 0


def test_a_box_lies_where_the_object_is(page: Page, kitchens: Path) -> None:
    visit(page, kitchens, "#/frame/0")
    for item in frames_of(kitchens)[0].nodes():
        assert item.box_tight is not None
        x0, y0, x1, y1 = item.box_tight
        box = page.locator(f'.object[data-ids="{item.id}"] .box')
        read = [float(box.get_attribute(name) or "nan") for name in ("x", "y", "width", "height")]
        assert read == [x0, y0, x1 - x0 + 1, y1 - y0 + 1]
    picture, over = page.locator(".shot").bounding_box(), page.locator(".over").bounding_box()
    assert picture is not None
    assert over == pytest.approx(picture, abs=0.5)


def test_hovering_an_object_lights_its_words_and_back(page: Page, kitchens: Path) -> None:
    visit(page, kitchens, "#/frame/0?tab=relations")
    frame = frames_of(kitchens)[0]
    captions, graph = frame.captions(), frame.graph()
    assert captions is not None
    assert captions.overall is not None
    assert graph is not None
    mug = next(item for item in graph.objects if item.label == "mug")
    page.locator(f'.object[data-ids="{mug.id}"]').hover()
    text = captions.overall.text
    spoken = [text[mention.start : mention.end] for mention in captions.overall.mentions if mug.id in mention.ids]
    assert spoken
    assert lit(page, '.caption[data-name="global_caption"] .span') == spoken
    pairs = {tuple(sorted((edge.source, edge.target))) for edge in graph.edges() if mug.path in (edge.source, edge.target)}
    assert page.locator("tr[data-pair].lit").count() == len(pairs)
    inspector = page.inner_text(".inspector")
    assert mug.path in inspector
    assert f"{mug.visible_px} px" in inspector.replace("\u202f", "")
    page.mouse.move(2, 2)
    assert lit(page, ".span") == []

    # back: a stretch of a caption lights its objects' boxes, and nothing else
    for index, mention in enumerate(captions.overall.mentions):
        if not mention.ids:  # the floor
            continue
        page.locator('.caption[data-name="global_caption"] .span').nth(index).hover()
        shown = page.locator(".object.lit").evaluate_all("boxes => boxes.map(box => +box.dataset.ids)")
        assert sorted(shown) == sorted(set(mention.ids))
    # and a relation lights its two objects and draws its line
    row = page.locator("tr[data-pair]").first
    row.hover()
    pair = (row.get_attribute("data-pair") or "").split("-")
    assert page.locator(".object.lit").evaluate_all("boxes => boxes.map(box => box.dataset.ids).sort()") == sorted(pair)
    assert page.locator(".edges .line").count() == 1
    assert page.locator("tr[data-pair].lit").count() == 1


def test_a_click_or_the_keyboard_holds_an_object(page: Page, kitchens: Path) -> None:
    visit(page, kitchens, "#/frame/0")
    page.locator('.object[data-ids="2"]').focus()
    page.keyboard.press("Enter")
    page.mouse.move(2, 2)
    page.evaluate("document.activeElement.blur()")
    assert page.locator('.object[data-ids="2"].lit').count() == 1
    page.keyboard.press("Escape")
    assert page.locator(".lit").count() == 0
    assert page.locator(".frame").count() == 1
    page.locator(".caption .span").first.click()
    page.mouse.move(2, 2)
    assert page.locator(".object.lit").count() > 0


def test_the_support_tree_is_the_graphs(page: Page, kitchens: Path) -> None:
    visit(page, kitchens, "#/frame/0?tab=support")
    nodes = frames_of(kitchens)[0].nodes()
    shown = page.evaluate(
        """() => [...document.querySelectorAll('.tree .node')].map(node => {
          const above = node.parentElement.parentElement.closest('li');
          return [+node.dataset.ids, above ? +above.querySelector('.node').dataset.ids : null];
        })"""
    )
    assert sorted(map(tuple, shown), key=str) == sorted(((item.id, item.parent) for item in nodes), key=str)
    assert page.inner_text(".tree .root") == "Floor"
    page.locator(".node").nth(1).hover()
    assert page.locator(".object.lit").count() == 1


def test_questions_have_their_answers_and_evidence(page: Page, kitchens: Path) -> None:
    visit(page, kitchens, "#/frame/0?tab=questions")
    captions = frames_of(kitchens)[0].captions()
    assert captions is not None
    assert page.locator(".asked").all_inner_texts() == [item.question for item in captions.questions]
    assert page.locator(".answer").all_inner_texts() == [item.answer for item in captions.questions]
    kind = captions.questions[-1].kind
    page.select_option("#question-kind", kind)
    assert page.locator(".question:visible").count() == sum(item.kind == kind for item in captions.questions)
    asked = next(place for place, item in enumerate(captions.questions) if item.raw["evidence"]["nodes"])
    page.select_option("#question-kind", "")
    page.locator(".question").nth(asked).locator(".chip").first.hover()
    assert page.locator(".object.lit").evaluate_all("boxes => boxes.map(box => +box.dataset.ids)") == [
        captions.questions[asked].raw["evidence"]["nodes"][0]["id"]
    ]


def test_raw_json_is_the_documents_byte_for_byte(page: Page, kitchens: Path) -> None:
    visit(page, kitchens, "#/frame/0")
    page.click("#tab-raw")
    frame = frames_of(kitchens)[0]
    names = ["full graph", "pruned graph", "captions", "objects"]
    for name, kind in zip(names, ("full", "pruned", "caption", "object_data"), strict=True):
        page.locator(".raw .chips button", has_text=name).click()
        path = next(frame.root / item.path for item in frame.row.files if re.search(rf"{kind}[^/]*\.json$", item.path))
        until(page, "text => document.querySelector('.raw pre')?.textContent === text", arg=path.read_text(encoding="utf-8"))


def test_relations_are_listed_with_their_numbers(page: Page, kitchens: Path) -> None:
    visit(page, kitchens, "#/frame/0?tab=relations")
    graph = frames_of(kitchens)[0].graph()
    assert graph is not None
    edges = {(edge.source, edge.target): edge for edge in graph.edges()}
    paths = {item.id: item.path for item in graph.objects}
    rows = page.locator("tr[data-pair]")
    assert rows.count() == graph.pairs - len(graph.raw["pairs_without_relation"])
    cells = rows.evaluate_all("rows => rows.map(row => [row.dataset.pair, [...row.cells].map(cell => cell.innerText)])")
    for pair, cell in cells:
        first, second = (paths[int(number)] for number in pair.split("-"))
        edge = edges[first, second]
        assert cell[3] == f"{edge.distance:.2f} m"
        assert cell[4].split() == [f"{value:.2f}" for value in edge.raw["offset"]]
    page.select_option("#relation-word", "right")
    shown = rows.evaluate_all("rows => rows.map(row => row.cells[1].innerText)")
    assert shown
    assert all("right of" in text for text in shown)


def test_statistics_are_drawn_and_lead_to_the_frames(page: Page, kitchens: Path) -> None:
    visit(page, kitchens, "#/statistics")
    titles = page.locator(".plotcard h2").all_inner_texts()
    assert {"Labels", "Relations", "Objects in a frame", "Brief captions", "Global captions", "Questions"} <= set(titles)
    bowls = sum(item.label == "bowl" for frame in frames_of(kitchens).values() for item in frame.nodes())
    bar = page.locator('.plotcard a[aria-label^="bowl:"]').first
    assert bar.get_attribute("aria-label") == f"bowl: {bowls}, 4 frames, 100 % of scenes"
    bar.click()
    wait_for_cards(page, [0, 1, 2, 3])
    assert page.locator('[data-facet="labels"] input[value="bowl"]').is_checked()


def test_frames_that_are_not_there_are_listed_with_their_reasons(page: Page, kitchens: Path) -> None:
    visit(page, kitchens, "#/problems")
    text = page.inner_text(".problems")
    assert "empty: nothing in view" in text
    assert "failed: took too long" in text
    assert "a test's warning" in text
    page.goto(f"{(kitchens / 'report/index.html').as_uri()}#/frame/4")
    page.wait_for_selector(".error")
    assert "no frame 4" in page.inner_text(".error")


@pytest.mark.parametrize("where", ["#/", "#/frame/0?tab=questions", "#/frame/0?tab=relations", "#/frame/0?tab=objects",
                                   "#/frame/0?tab=support", "#/frame/0?tab=raw", "#/statistics", "#/problems"])  # fmt: skip
def test_hostile_text_stays_text(page: Page, hostile: Path, where: str) -> None:
    single = "support" in where or where == "#/"  # a page that holds its data in itself, too
    place = hostile.parent / "single" if single else hostile / "report"
    page.goto(f"{(place / 'index.html').as_uri()}{where}")
    page.wait_for_selector("main > :not(.loading)")
    if "raw" in where:
        page.wait_for_selector(".raw pre")
    for selector in (".span", ".object", "tr", ".node", ".card", ".plot .row"):
        for at in range(min(page.locator(f"{selector}:visible").count(), 4)):
            page.locator(f"{selector}:visible").nth(at).dispatch_event("mouseenter")
    assert page.evaluate("window.hacked === undefined && ({}).hacked === undefined")
    assert page.locator(".hacked, iframe, object, embed").count() == 0
    assert page.locator("main script, main img[onerror], main [onmouseover], main [onload]").count() == 0
    assert "</b>" in page.title() or "<i class=hacked>" in page.title()


def test_hostile_text_is_shown_as_it_is(page: Page, hostile: Path) -> None:
    visit(page, hostile)
    listed = page.locator('[data-facet="labels"] input').evaluate_all("inputs => inputs.map(input => input.value)")
    assert set(LABELS) <= set(listed)
    for label in ("__proto__", LABELS[0]):
        page.locator('[data-facet="labels"] input').nth(listed.index(label)).check()
        wait_for_cards(page, [0])
        page.click("#reset")
    page.goto(f"{(hostile / 'report/index.html').as_uri()}#/frame/0?tab=objects")
    page.wait_for_selector("table.objects")
    assert set(LABELS) - {LABELS[4], LABELS[6]} <= set(page.locator("td .label").all_inner_texts())
    assert REASON in page.locator(".notice li").all_text_contents()
    # Spans are told in characters: a robot is one of them, and two units of JavaScript.
    captions = frames_of(hostile)[0].captions()
    assert captions is not None
    assert captions.overall is not None
    text = captions.overall.text
    spans = page.locator('.caption[data-name="global_caption"] .span').all_text_contents()
    assert spans == [text[mention.start : mention.end] for mention in captions.overall.mentions]
    assert any("\U0001f916" in span for span in spans)


def test_one_file_holds_everything(page: Page, kitchens: Path, tmp_path: Path) -> None:
    place = tmp_path / "elsewhere"
    write_report(kitchens, place, single_file=True)
    alone = tmp_path / "alone.html"
    alone.write_bytes((place / "index.html").read_bytes())
    page.goto(alone.as_uri())
    wait_for_cards(page, [0, 1, 2, 3])
    page.locator(".card").nth(3).click()
    until(page, "document.querySelector('.shot')?.naturalWidth === 320")
    page.click("#tab-raw")
    page.wait_for_selector(".raw pre")


@pytest.mark.parametrize("options", [{"layout": "agent"}, {"layout": "object"}], ids=str)
def test_other_layouts_look_the_same(page: Page, tmp_path: Path, options: dict[str, Any]) -> None:
    root = write_dataset(tmp_path / "d", [kitchen(), kitchen(CAMERAS[1])], **options)
    write_report(root, tmp_path / "alone", copy_pictures=True)
    (tmp_path / "d").rename(tmp_path / "moved")  # a copy needs nothing of it
    page.goto(f"{(tmp_path / 'alone/index.html').as_uri()}#/frame/1")
    until(page, "document.querySelector('.shot').naturalWidth === 320")
    assert page.locator(".object").count() == len(kitchen(CAMERAS[1]).visible)
    assert page.locator(".caption").count() == 2


def test_without_a_picture_boxes_stand_on_their_own(page: Page, tmp_path: Path) -> None:
    frame = kitchen(buffers=())
    root = write_dataset(tmp_path / "d", [frame], visualize_caption=False, annotators=())
    write_report(root)
    visit(page, root)
    assert page.locator(".card .paper rect").count() == len(frame.visible)
    page.locator(".card").click()
    page.wait_for_selector(".frame")
    assert page.locator(".shot").count() == 0
    assert "No picture was drawn" in page.inner_text("figcaption")
    assert page.locator(".object").count() == len(frame.visible)


def repeat_rows(source: Path, root: Path, count: int) -> Path:
    """A dataset of many frames that share one frame's files."""
    shutil.copytree(source, root, ignore=shutil.ignore_patterns("report"))
    row = open_dataset(source).rows[0]
    rows = [dataclasses.replace(row, number=number, key=f"frame_{number}", frame_index=number) for number in range(count)]
    (root / "manifest.jsonl").write_text("".join(row.to_line() for row in rows), encoding="utf-8")
    return root


def test_many_frames_come_in_pages_and_only_when_asked_for(page: Page, kitchens: Path, tmp_path: Path) -> None:
    root = repeat_rows(kitchens, tmp_path / "many", 100)
    write_report(root)
    asked: list[str] = []
    page.on("request", lambda sent: asked.append(sent.url))
    visit(page, root)
    wait_for_cards(page, list(range(48)))
    assert all(page.locator(".card img").nth(at).get_attribute("loading") == "lazy" for at in (0, 47))
    page.click(".pager a[aria-label='Next page']")
    wait_for_cards(page, list(range(48, 96)))
    page.click(".pager a[aria-label='Page 3']")
    wait_for_cards(page, [96, 97, 98, 99])
    assert not [url for url in asked if "/frames/" in url or "/raw/" in url or "relations.js" in url]
    page.fill("#words", "frame_7")  # the key; and from page 3 to the first
    wait_for_cards(page, [7, *range(70, 80)])
    page.locator(".card").nth(1).click()
    page.wait_for_selector('.frame[data-number="70"]')
    until(page, "[...Report.data.keys()].filter(name => name.startsWith('frames/')).length === 3")
    assert sorted(url[-9:-3] for url in asked if "/frames/" in url) == ["000007", "000070", "000071"]
    assert not [url for url in asked if "/raw/" in url]
    for _ in range(4):
        page.click("#next")
    page.wait_for_selector('.frame[data-number="74"]')
    until(page, "[...Report.data.keys()].filter(name => name.startsWith('frames/')).length === 3")  # not all that were seen


def test_the_gallery_by_keyboard(page: Page, kitchens: Path) -> None:
    visit(page, kitchens, "#/")
    page.locator(".card").first.focus()
    focused = "document.activeElement.dataset.number"
    for key, number in (("ArrowRight", "1"), ("ArrowRight", "2"), ("ArrowLeft", "1")):
        page.keyboard.press(key)
        assert page.evaluate(focused) == number
    page.keyboard.press("Enter")
    page.wait_for_selector('.frame[data-number="1"]')
    page.keyboard.press("Escape")
    page.wait_for_selector(".gallery")
    assert page.evaluate(focused) == "1"  # where one was
    page.keyboard.press("?")
    assert page.locator("dialog[open]").count() == 1
    page.keyboard.press("Escape")
    page.keyboard.press("s")
    page.wait_for_selector(".statistics")
    page.keyboard.press("g")
    page.wait_for_selector(".gallery")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_light_and_dark_are_readable(browser: Browser, kitchens: Path, scheme: Literal["light", "dark"]) -> None:
    """Text stands out from what it stands on: a contrast of 4.5 (WCAG 2, AA)."""
    page = browser.new_page(color_scheme=scheme)
    for where in ("#/", "#/frame/0", "#/statistics"):
        visit(page, kitchens, where)
        colors = page.evaluate(
            """() => [...document.querySelectorAll('p, span, a, h1, h2, dt, dd, label, button, text.axis, text.value')]
              .filter(element => element.checkVisibility() && !element.closest('.mark, .off, .names, .loading'))
              .filter(element => element instanceof HTMLElement || element.matches('text'))
              .map(element => {
                let back = element;
                while (back && getComputedStyle(back).backgroundColor === 'rgba(0, 0, 0, 0)') back = back.parentElement;
                const style = getComputedStyle(element);
                const ink = element instanceof SVGElement ? style.fill : style.color;
                return [element.className.baseVal ?? element.className, ink, getComputedStyle(back).backgroundColor];
              })"""
        )
        assert len(colors) > 20
        for name, ink, paper in colors:
            assert contrast(ink, paper) >= 4.5, (where, name, ink, paper)
    page.close()


def contrast(ink: str, paper: str) -> float:
    """WCAG 2's contrast of two "rgb(r, g, b)"."""

    def luminance(color: str) -> float:
        parts = [float(value) / 255 for value in re.findall(r"[\d.]+", color)[:3]]
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    dark, bright = sorted((luminance(ink), luminance(paper)))
    return (bright + 0.05) / (dark + 0.05)
