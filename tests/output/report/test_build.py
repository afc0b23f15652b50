"""What a report is on the disk: the same bytes, whole or not there, the dataset untouched, errors that name things."""

from __future__ import annotations

import base64
import json
import os
import re
import shutil
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from scenecap.errors import OutputError, UsageError
from scenecap.output.dataset.files import DERIVED_NAME
from scenecap.output.dataset.verify import verify_dataset
from scenecap.output.manifest import FrameStatus
from scenecap.output.report import build, page
from scenecap.output.report.build import write_report
from scenecap.output.report.pictures import THUMBNAIL
from scenecap.output.report.script_data import data_script, inline_json
from tests.output.dataset.make import CAMERAS, fault, kitchen, write_dataset
from tests.output.report.hostile import LABELS, write_hostile

LEFT = "World_Cameras_Left"


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    frames = [kitchen(), kitchen(CAMERAS[1])]
    return write_dataset(tmp_path_factory.mktemp("d") / "d", frames, faults=[fault(FrameStatus.EMPTY, "nothing")])


@pytest.fixture
def dataset(sound: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(sound, tmp_path / "dataset"))


def tree(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def data_of(report: Path, name: str) -> Any:
    """What a data script hands over, read without a browser: the string's escapes are those of JSON and \\x."""
    text = (report / "data" / f"{name}.js").read_text(encoding="ascii")
    match = re.fullmatch(r"Report\.take\('([\w/]+)', '(.*)'\);\n", text)
    assert match is not None
    assert match[1] == name
    plain = re.sub(
        r"\\(x[0-9a-f]{2}|.)", lambda found: chr(int(found[1][1:], 16)) if found[1][0] == "x" else found[1], match[2]
    )
    return json.loads(plain)


def test_the_same_dataset_gives_the_same_bytes_and_stays_as_it_is(dataset: Path, tmp_path: Path) -> None:
    before = tree(dataset)
    first = write_report(dataset)
    assert first.page == dataset / "report" / "index.html"
    assert (first.frames, first.faults, first.problems, first.unfinished) == (2, 1, (), False)
    report = tree(dataset / "report")
    assert (first.files, first.bytes) == (len(report), sum(map(len, report.values())))
    write_report(dataset, force=True)
    assert tree(dataset / "report") == report
    assert {name: content for name, content in tree(dataset).items() if not name.startswith("report/")} == before
    assert verify_dataset(dataset).sound  # a report is no stray
    moved = tmp_path / "other" / "dataset"
    moved.parent.mkdir()
    shutil.copytree(dataset, moved)
    write_report(moved, force=True)
    assert tree(moved / "report") == report  # no path of this machine is in it


def test_pictures_are_the_datasets_own_unless_copied(dataset: Path, tmp_path: Path) -> None:
    write_report(dataset)
    index, frame = data_of(dataset / "report", "index"), data_of(dataset / "report", "frames/000000")
    assert frame["picture"] == f"../{LEFT}/Image/{LEFT}.png"
    assert (dataset / "report" / frame["picture"]).resolve().is_file()
    for entry in index["frames"]:
        with Image.open(dataset / "report" / entry["thumb"]) as small:
            assert small.format == "JPEG"
            assert small.width <= THUMBNAIL[0]
            assert small.height <= THUMBNAIL[1]
    write_report(dataset, tmp_path / "elsewhere")
    apart = data_of(tmp_path / "elsewhere", "frames/000000")
    assert (tmp_path / "elsewhere" / apart["picture"]).resolve() == (dataset / f"{LEFT}/Image/{LEFT}.png").resolve()
    write_report(dataset, tmp_path / "copy", copy_pictures=True)
    copied = data_of(tmp_path / "copy", "frames/000000")
    assert copied["picture"] == "pictures/000000.png"
    assert copied["dataset"] is None
    assert (tmp_path / "copy" / copied["picture"]).read_bytes() == (dataset / f"{LEFT}/Image/{LEFT}.png").read_bytes()


def test_addresses_of_pictures_are_escaped(tmp_path: Path) -> None:
    root = write_dataset(tmp_path / "a #1? 100%", [kitchen(scene="one # two"), kitchen(scene="other")])
    write_report(root, tmp_path / "report")
    address = data_of(tmp_path / "report", "frames/000000")["picture"]
    assert address == f"../a%20%231%3F%20100%25/one%20%23%20two/{LEFT}/Image/{LEFT}.png"


def test_the_index_says_what_is_in_the_frames(dataset: Path) -> None:
    write_report(dataset)
    report = dataset / "report"
    index, relations = data_of(report, "index"), data_of(report, "relations")
    assert index["scenes"] == ["kitchen"]
    assert index["cameras"] == list(CAMERAS)
    assert [row[4:] for row in index["faults"]] == [["empty", "nothing"]]
    for place, name in enumerate(("World_Cameras_Left", "World_Cameras_Right")):
        graph = json.loads((dataset / name / "Captions/full_scene_graph.json").read_bytes())
        captions = json.loads((dataset / name / "Captions/scene_graph_caption.json").read_bytes())
        entry = index["frames"][place]
        assert entry["brief"] == captions["brief_caption"]
        assert {index["labels"][number] for number in entry["labels"]} == {item["class"] for item in graph["obj"].values()}
        words = {word for edge in graph["edges"]["obj-obj"] for word in edge["relation"].split(",")}
        assert {word for bit, (word, _, _) in enumerate(index["relations"]) if entry["relations"] >> bit & 1} == words
        spoken = {thing["path"] for item in captions["grounding"].values() for span in item for thing in span["objects"]}
        seen = [graph["obj"][path]["visibility"] for path in spoken]
        assert entry["least_px"] == min(item["visible_px"] for item in seen)
        assert entry["most_hidden"] == pytest.approx(max(item["occlusion"] for item in seen), abs=1e-4)
        triples = {
            (edge["source_name"], word, edge["target_name"])
            for edge in graph["edges"]["obj-obj"]
            for word in edge["relation"].split(",")
        }
        told = set()
        for source, bit, target, places in relations["triples"]:
            word, inverse, _ = index["relations"][bit]
            if place in places:
                told |= {
                    (index["labels"][source], word, index["labels"][target]),
                    (index["labels"][target], inverse, index["labels"][source]),
                }
        assert told == triples


def test_a_frames_page_holds_its_edges_once(dataset: Path) -> None:
    write_report(dataset)
    shown = data_of(dataset / "report", "frames/000001")
    graph = json.loads((dataset / "World_Cameras_Right/Captions/full_scene_graph.json").read_bytes())
    pruned = json.loads((dataset / "World_Cameras_Right/Captions/pruned_scene_graph.json").read_bytes())
    paths = {item["id"]: item["path"] for item in shown["objects"]}
    rebuilt = []
    for source, target, word, distance, centers, right, forward, up, clock, margin, weight, evidence, kept in shown["edges"][
        "rows"
    ]:
        there, back = shown["edges"]["words"][word]
        rebuilt.append(
            (paths[source], paths[target], there, distance, centers, [right, forward, up], clock, margin, weight, evidence)
        )
        in_pruned = any(
            {edge["source"], edge["target"]} == {paths[source], paths[target]} for edge in pruned["edges"]["obj-obj"]
        )
        assert bool(kept) is in_pruned
        assert back
    names = ("source", "target", "relation", "distance", "center_distance", "offset", "clock", "margin", "weight", "evidence")
    assert rebuilt == [tuple(edge[name] for name in names) for edge in graph["edges"]["obj-obj"][::2]]


def test_raw_documents_are_the_files(dataset: Path) -> None:
    write_report(dataset)
    for path, size, content in data_of(dataset / "report", "raw/000000")["documents"]:
        unpacked = zlib.decompress(base64.b64decode(content))
        assert len(unpacked) == size
        assert unpacked == (dataset / path).read_bytes()


@pytest.mark.parametrize("text", [*LABELS, "\ud800", "\0", "]]>", "<!--", "\\", "\\'", "&lt;"])
def test_data_is_inert_and_comes_back(text: str, tmp_path: Path) -> None:
    value = {"a": [text], text: 1}
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "x.js").write_bytes(data_script("x", value))
    assert data_of(tmp_path, "x") == value
    content = data_script("x", value).decode("ascii")
    assert not set("<>&") & set(content)
    assert "'" not in content.replace("\\'", "").replace("take('x', '", "").replace("');", "", 1).removesuffix("');\n")
    assert not set("<>&") & set(inline_json(value))
    assert json.loads(inline_json(value)) == value


def test_policy_and_title(tmp_path: Path) -> None:
    html = page.linked_page("</title><script>1</script>{{style}}")
    assert "<script>1" not in html
    assert html.count('<link rel="stylesheet"') == 1
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', html)
    assert policy is not None
    assert policy[1].startswith("default-src 'none'; script-src 'self';")
    assert "unsafe" not in policy[1]
    assert not re.search(r"https?://", html)
    for name in (page.STYLE, *page.SCRIPTS):
        text = page.asset(name)
        assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|fetch\(", text), (
            name
        )
        assert re.findall(r"https?://[^\"'\s]+", text) in ([], ["http://www.w3.org/2000/svg"]), name
        assert "</" not in text.replace("</g", ""), name  # such a script can stand in a page


def test_one_file_is_one_file(dataset: Path, tmp_path: Path) -> None:
    write_report(dataset, tmp_path / "one", single_file=True)
    assert set(tree(tmp_path / "one")) == {"index.html", DERIVED_NAME}


def test_too_many_frames_for_one_file(dataset: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(build, "MOST_IN_ONE_FILE", 1)
    with pytest.raises(UsageError, match="2 frames are too many"):
        write_report(dataset, single_file=True)


def test_what_is_there_is_not_replaced(dataset: Path, tmp_path: Path) -> None:
    write_report(dataset)
    with pytest.raises(UsageError, match="there is a report already"):
        write_report(dataset)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").touch()
    (tmp_path / "file").touch()
    (tmp_path / "link").symlink_to(dataset / "report")
    (tmp_path / "export").mkdir()
    (tmp_path / "export" / DERIVED_NAME).write_text('{"kind": "export"}', encoding="utf-8")
    for out, words in (
        (tmp_path / "mine", "is no report and not empty"),
        (tmp_path / "export", "is no report and not empty"),
        (tmp_path / "file", "in the way"),
        (tmp_path / "link", "in the way"),
        (dataset, "holds the dataset itself"),
        (tmp_path, "holds the dataset itself"),
        (dataset / LEFT / "report", "within a folder of the dataset"),
    ):
        with pytest.raises(UsageError, match=words):
            write_report(dataset, out, force=True)
    assert (tmp_path / "mine" / "thesis.txt").is_file()


@pytest.mark.parametrize("force", [False, True])
def test_a_report_is_whole_or_not_there(dataset: Path, monkeypatch: pytest.MonkeyPatch, force: bool) -> None:
    before = {}
    if force:
        write_report(dataset)
        before = tree(dataset / "report")

    def fail(*_: object) -> str:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(
        Path, "write_bytes", lambda self, content: fail() if self.name == "index.html" else _write(self, content)
    )
    with pytest.raises(OutputError, match=r"report/index\.html: cannot be written \(no space left"):
        write_report(dataset, force=force)
    monkeypatch.undo()
    assert [path.name for path in dataset.iterdir() if path.name.startswith(".")] == []
    assert (tree(dataset / "report") if force else {}) == before
    assert (dataset / "report").exists() is force


def _write(path: Path, content: bytes) -> None:
    with open(path, "wb") as file:
        file.write(content)


def test_what_a_killed_run_left_is_cleared(dataset: Path) -> None:
    write_report(dataset)
    os.rename(dataset / "report", dataset / ".report.partial")
    assert verify_dataset(dataset).sound
    write_report(dataset)
    assert not (dataset / ".report.partial").exists()


def test_what_cannot_be_read_is_named_and_costs_only_itself(dataset: Path) -> None:
    (dataset / f"{LEFT}/Captions/scene_graph_caption.json").write_text("{", encoding="utf-8")
    (dataset / f"{LEFT}/Image/{LEFT}.png").unlink()
    (dataset / "World_Cameras_Right/Image/World_Cameras_Right.png").write_bytes(b"no picture")
    graph = dataset / "World_Cameras_Right/Captions/full_scene_graph.json"
    graph.write_text(graph.read_text(encoding="utf-8").replace('"distance"', '"far"'), encoding="utf-8")
    report = write_report(dataset)
    assert [problem.split(": ")[0] for problem in report.problems] == [
        f"{LEFT}/Captions/scene_graph_caption.json",
        f"{LEFT}/Image/{LEFT}.png",
        "World_Cameras_Right/Image/World_Cameras_Right.png",
    ]
    assert all("/tmp" not in problem for problem in report.problems)
    shown = data_of(dataset / "report", "frames/000000")
    assert len(shown["objects"]) == len(kitchen().visible)
    assert shown["texts"] == []
    assert len(shown["problems"]) == 2
    assert data_of(dataset / "report", "index")["problems"] == list(report.problems)


@pytest.mark.parametrize(
    "change",
    [
        lambda d: d["edges"].update({"obj-obj": [{"source": 1}]}),
        lambda d: d.update(support_tree=[]),
        lambda d: d.update(selection="none"),
        lambda d: d["obj"].clear(),
        lambda d: d.update(room=[{}]),
        lambda d: d["meta"].update(camera=3),
        lambda d: d["meta"].pop("pairs"),
    ],
)
def test_a_damaged_document_is_no_traceback(dataset: Path, change: Any) -> None:
    path = dataset / f"{LEFT}/Captions/full_scene_graph.json"
    document = json.loads(path.read_bytes())
    change(document)
    path.write_text(json.dumps(document), encoding="utf-8")
    report = write_report(dataset)
    assert report.frames == 2


def test_normals_or_depth_stand_in_for_a_picture(tmp_path: Path) -> None:
    from scenecap.contract import Buffer

    for name, buffers in (("normals", (Buffer.NORMALS,)), ("depth", (Buffer.DEPTH,))):
        root = write_dataset(tmp_path / name, [kitchen(buffers=buffers)])
        write_report(root)
        shown = data_of(root / "report", "frames/000000")
        assert (shown["picture_kind"], shown["picture"]) == (name, "pictures/000000.jpg")
        with Image.open(root / "report" / shown["picture"]) as drawn:
            assert drawn.size == (320, 240)
            assert np.asarray(drawn).std() > 10  # something is seen


def test_several_frames_and_the_graph_alone(tmp_path: Path) -> None:
    frames = [kitchen(frame_index=index) for index in range(3)]
    root = write_dataset(tmp_path / "d", frames, save_full_scene_graph=False)
    assert write_report(root).problems == ()
    shown = data_of(root / "report", "frames/000002")
    assert shown["frame"] == 2
    assert all(row[-1] == 1 for row in shown["edges"]["rows"])


def test_a_graph_without_edges_says_so(tmp_path: Path) -> None:
    root = write_dataset(tmp_path / "d", [kitchen()], export_edges=False)
    write_report(root)
    assert data_of(root / "report", "frames/000000")["edges"]["written"] is False


def test_an_unfinished_run_has_a_report(tmp_path: Path) -> None:
    root = write_dataset(tmp_path / "d", [kitchen()], finished=False)
    assert write_report(root).unfinished
    assert data_of(root / "report", "index")["unfinished"] is True


def test_only_faults_are_a_report_too(tmp_path: Path) -> None:
    root = write_dataset(tmp_path / "d", [], faults=[fault(FrameStatus.FAILED, "no")])
    report = write_report(root)
    assert (report.frames, report.faults) == (0, 1)


def test_no_dataset_and_no_frame(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="not a dataset"):
        write_report(tmp_path)
    assert list(tmp_path.iterdir()) == []
    write_dataset(tmp_path / "d", [])
    with pytest.raises(UsageError, match="has no frame yet"):
        write_report(tmp_path / "d")


def test_hostile_names_are_data(tmp_path: Path) -> None:
    root = write_hostile(tmp_path / "d")
    write_report(root)
    assert set(LABELS) <= set(data_of(root / "report", "index")["labels"])
    html = (root / "report" / "index.html").read_text(encoding="utf-8")
    assert "hacked" not in html
