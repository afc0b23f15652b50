"""Every kind of damage is found, told once, and nothing else is; a sound dataset has no problem."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scenecap.errors import UsageError
from scenecap.output.canonical import dumps
from scenecap.output.dataset.check_documents import check_documents
from scenecap.output.dataset.files import DERIVED_NAME, DOCUMENTS, FileKind
from scenecap.output.dataset.problems import ProblemKind
from scenecap.output.dataset.reader import open_dataset
from scenecap.output.dataset.verify import verify_dataset
from scenecap.output.licences import LICENCES_NAME, LicensedScene, licences_document
from scenecap.output.manifest import FrameStatus, RunLog
from tests.output.dataset.make import CAMERAS, fault, kitchen, write_dataset

FRAMES = (kitchen(), kitchen(CAMERAS[1]))
LEFT = "World_Cameras_Left"
FULL = f"{LEFT}/Captions/full_scene_graph.json"
CAPTIONS = f"{LEFT}/Captions/scene_graph_caption.json"
OBJECTS = f"{LEFT}/Data/object_data.json"
PICTURE = f"{LEFT}/Image/{LEFT}.png"


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sound") / "dataset"
    return write_dataset(folder, FRAMES, faults=[fault(FrameStatus.EMPTY, "nothing in view")])


@pytest.fixture
def dataset(sound: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(sound, tmp_path / "dataset"))


def found(root: Path, **options) -> list[tuple[str, str]]:
    return [(problem.kind.value, problem.path) for problem in verify_dataset(root, **options).problems]


def rewrite(root: Path, path: str, change: Callable[[dict], None]) -> None:
    """Change a document and its record in the manifest, as one who means the damage would."""
    document = json.loads((root / path).read_bytes())
    change(document)
    content = json.dumps(document).encode()
    (root / path).write_bytes(content)
    lines = (root / "manifest.jsonl").read_text("utf-8").splitlines()
    for place, line in enumerate(lines):
        row = json.loads(line)
        for record in row["files"]:
            if record["path"] == path:
                record.update(bytes=len(content), sha256=hashlib.sha256(content).hexdigest())
                lines[place] = json.dumps(row)
    (root / "manifest.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")


def edit_rows(root: Path, change: Callable[[list[dict]], object]) -> None:
    rows = [json.loads(line) for line in (root / "manifest.jsonl").read_text("utf-8").splitlines()]
    change(rows)
    (root / "manifest.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


@pytest.mark.parametrize("options", [{}, {"layout": "agent"}, {"layout": "object"}, {"export_edges": False}], ids=str)
def test_what_the_writers_wrote_is_sound(tmp_path: Path, options: dict) -> None:
    done = verify_dataset(write_dataset(tmp_path, FRAMES, **options))
    assert done.problems == ()
    files = [path for path in tmp_path.rglob("*") if path.is_file() and path.name != "manifest.jsonl"]
    assert (done.frames, done.written, done.files) == (2, 2, len(files))
    assert done.bytes == sum(path.stat().st_size for path in files)


def test_nothing_is_changed(dataset: Path) -> None:
    (dataset / PICTURE).write_bytes(b"")
    before = {path: path.stat().st_mtime_ns for path in dataset.rglob("*")}
    verify_dataset(dataset)
    assert {path: path.stat().st_mtime_ns for path in dataset.rglob("*")} == before


@pytest.mark.parametrize("path", [FULL, PICTURE, CAPTIONS, "replicator/World_Cameras_Left/occlusion/occlusion_0000.npy"])
def test_damage_to_a_file_is_told_once(dataset: Path, path: str) -> None:
    content = (dataset / path).read_bytes()
    flipped = bytearray(content)
    flipped[len(content) // 2] ^= 1
    (dataset / path).write_bytes(flipped)
    assert found(dataset) == [("hash", path)]
    (dataset / path).write_bytes(content + b"\n")
    assert found(dataset) == [("size", path)]
    (dataset / path).unlink()
    assert found(dataset) == [("missing", path)]
    (dataset / path).mkdir()
    assert found(dataset) == [("missing", path)]


def test_without_hashes_documents_are_still_read(dataset: Path) -> None:
    for path in (FULL, PICTURE):
        content = (dataset / path).read_bytes()
        (dataset / path).write_bytes(b"?" + content[1:])
    assert found(dataset, hashes=False) == [("bad document", FULL)]


@pytest.mark.parametrize(
    ("path", "change", "kind", "words"),
    [
        (FULL, lambda d: d["meta"].update(format_version="2.0"), "bad document", "format version is 2.0"),
        (FULL, lambda d: d["meta"].pop("format_version"), "bad document", "no format_version"),
        (FULL, lambda d: d.pop("meta"), "bad document", "no meta block"),
        (FULL, lambda d: d["meta"].update(kind="pruned_scene_graph"), "bad document", "meta.kind is 'pruned"),
        (FULL, lambda d: d["meta"].update(scene="other"), "bad document", "manifest says 'kitchen'"),
        (FULL, lambda d: d["meta"].update(frame=5), "bad document", "meta.frame is 5"),
        (FULL, lambda d: d["meta"]["camera"].update(path="/X"), "bad document", "meta.camera.path"),
        (FULL, lambda d: d.pop("obj"), "bad document", "no key 'obj'"),
        (FULL, lambda d: d["edges"]["obj-obj"].pop(), "count", "do not make"),
        (FULL, lambda d: d["meta"].update(pairs=d["meta"]["pairs"] + 1), "count", "full_edges"),
        (FULL, lambda d: d["edges"]["obj-obj"][0].update(target="/Nowhere"), "bad document", "'/Nowhere'"),
        (FULL, lambda d: next(iter(d["obj"].values())).update(id=40), "bad document", "do not run from 0"),
        (CAPTIONS, lambda d: d["qa_caption"].pop(), "count", "questions"),
        (CAPTIONS, lambda d: d["grounding"]["brief_caption"][0].update(end=9999), "bad document", "not in the text"),
        (CAPTIONS, lambda d: d["grounding"]["brief_caption"][0]["objects"][0].update(id=77), "bad document", "not object 77"),
        (CAPTIONS, lambda d: d.update(brief_caption=["x"]), "bad document", "not a text"),
        (OBJECTS, lambda d: d["objects"].popitem(), "count", "objects_in_view"),
    ],
)
def test_documents_that_do_not_hold_together(dataset: Path, path: str, change: Callable, kind: str, words: str) -> None:
    rewrite(dataset, path, change)
    problems = verify_dataset(dataset).problems
    assert problems
    assert {(problem.kind.value, problem.path) for problem in problems} <= {
        (kind, path),
        ("bad document", path.replace("full", "pruned")),
    }
    assert any(words in problem.text for problem in problems), [problem.text for problem in problems]
    assert all(problem.frame == 0 for problem in problems)


JSON = st.one_of(st.none(), st.integers(-3, 3), st.text(max_size=3), st.just([]), st.just({}), st.just([[]]))


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_no_document_however_wrong_ends_the_check(sound: Path, data: st.DataObject) -> None:
    """A value of a document is replaced by another anywhere in it: problems, or none, but no exception."""
    frame = next(open_dataset(sound).frames())
    kind = data.draw(st.sampled_from([*DOCUMENTS, FileKind.SIDECAR]))
    documents = {each: frame.read_json(each) or {} for each in (*DOCUMENTS, FileKind.SIDECAR)}
    place: Any = documents[kind]
    for _ in range(data.draw(st.integers(0, 5))):
        child = data.draw(st.sampled_from(list(place) if isinstance(place, dict) else range(len(place))))
        if not isinstance(place[child], (dict, list)) or not place[child]:
            break
        place = place[child]
    key = data.draw(st.sampled_from(list(place) if isinstance(place, dict) else range(len(place))))
    place[key] = data.draw(JSON)
    list(check_documents(frame, documents))


def test_stray_files_are_told(dataset: Path) -> None:
    (dataset / "notes.txt").touch()
    (dataset / LEFT / "Captions" / "old.json").touch()
    (dataset / "run_log.jsonl").touch()
    (dataset / "empty").mkdir()
    assert found(dataset) == [("stray", f"{LEFT}/Captions/old.json"), ("stray", "notes.txt")]


def test_what_was_made_from_a_dataset_is_not_stray(dataset: Path, tmp_path: Path) -> None:
    """A report in the dataset's folder is known by its marker; elsewhere, or by a link, the marker excuses nothing."""
    for folder in (dataset / "report", dataset / LEFT / "report", tmp_path / "outside"):
        (folder / "data").mkdir(parents=True)
        (folder / DERIVED_NAME).write_text("{}", encoding="utf-8")
        (folder / "data" / "x.js").touch()
    assert found(dataset) == [("stray", f"{LEFT}/report/data/x.js"), ("stray", f"{LEFT}/report/{DERIVED_NAME}")]
    (dataset / "link").symlink_to(tmp_path / "outside")
    assert ("stray", "link") in found(dataset)


def test_what_is_known_of_licences_is_read_and_is_no_stray(dataset: Path) -> None:
    (dataset / LICENCES_NAME).write_bytes(dumps(licences_document([LicensedScene(name="kitchen", identity="0" * 64)])))
    assert found(dataset) == []
    (dataset / LICENCES_NAME).write_text("{", encoding="utf-8")
    assert found(dataset) == [("bad document", LICENCES_NAME)]
    (dataset / LICENCES_NAME).write_text('{"scenes": [{}], "texts": {}}', encoding="utf-8")
    assert found(dataset) == [("bad document", LICENCES_NAME)]


def test_links_that_lead_out_are_told(dataset: Path, tmp_path: Path) -> None:
    target = tmp_path / "secret"
    shutil.move(dataset / PICTURE, target)
    (dataset / PICTURE).symlink_to(target)
    (dataset / "elsewhere").symlink_to(tmp_path)
    assert found(dataset) == [("outside", PICTURE), ("stray", "elsewhere")]


@pytest.mark.parametrize("path", ["../secret", "/etc/passwd", "a/../../b"])
def test_a_manifest_cannot_name_files_outside(dataset: Path, tmp_path: Path, path: str) -> None:
    (tmp_path / "secret").write_bytes(b"s")
    edit_rows(dataset, lambda rows: rows[0]["files"].append({"path": path, "bytes": 1, "sha256": "x"}))
    assert found(dataset) == [("outside", path)]


def test_a_torn_manifest(dataset: Path) -> None:
    manifest = dataset / "manifest.jsonl"
    manifest.write_bytes(manifest.read_bytes()[:-20])
    problems = verify_dataset(dataset).problems
    assert [problem.kind for problem in problems] == [ProblemKind.TORN_MANIFEST]
    assert "line 3" in problems[0].text


def test_a_damaged_row_and_what_it_stands_for(dataset: Path) -> None:
    lines = (dataset / "manifest.jsonl").read_bytes().split(b"\n")
    lines[1] = b"\xff" + lines[1]
    (dataset / "manifest.jsonl").write_bytes(b"\n".join(lines))
    kinds = [problem.kind for problem in verify_dataset(dataset).problems]
    assert kinds[:2] == [ProblemKind.BAD_ROW, ProblemKind.FRAMES_MISSING]
    assert set(kinds[2:]) == {ProblemKind.STRAY}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda rows: rows.append(rows[0]), "frame 0 has two rows"),
        (lambda rows: rows.reverse(), "frame 1 is out of order"),
        (lambda rows: rows[2].update(reason=""), "has no reason"),
        (lambda rows: rows[2].update(status="written", reason=""), "has no file"),
        (lambda rows: rows[1]["files"].append(rows[0]["files"][0]), "is also frame 0's"),
        (lambda rows: rows[0].update(status="failed", reason="x"), "has files"),
        (lambda rows: rows[0]["files"][0].update(path=3), "belongs to no frame"),
    ],
)
def test_rows_that_cannot_be(dataset: Path, change: Callable, words: str) -> None:
    edit_rows(dataset, change)
    assert any(words in problem.text for problem in verify_dataset(dataset).problems)


def test_missing_frames_are_listed_as_ranges(dataset: Path) -> None:
    edit_rows(dataset, lambda rows: [row.update(number=number) for row, number in zip(rows, (1, 2, 7), strict=True)])
    first = verify_dataset(dataset).problems[0]
    assert (first.kind, first.detail) == (ProblemKind.FRAMES_MISSING, "5 of 8: 0, 3-6")


def test_the_log_says_how_many_frames_there_should_be(dataset: Path) -> None:
    RunLog(dataset).append("start", frames=4, kept=1)
    assert verify_dataset(dataset).problems[0].detail == "2 of 5: 3-4"
    (dataset / "run_log.jsonl").write_text('{"event": "start", "frames": ', encoding="utf-8")
    assert verify_dataset(dataset).sound


def test_an_unfinished_run(tmp_path: Path) -> None:
    write_dataset(tmp_path, FRAMES, finished=False)
    problems = verify_dataset(tmp_path).problems
    assert [problem.kind for problem in problems] == [ProblemKind.UNFINISHED]
    assert "goes on where it stopped" in problems[0].remedy
    (tmp_path / "manifest.jsonl").unlink()  # the journal holds the rows too
    assert verify_dataset(tmp_path).written == 2


def test_an_unreadable_file(dataset: Path) -> None:
    if os.geteuid() == 0:
        pytest.skip("root may read everything")
    (dataset / PICTURE).chmod(0)
    assert found(dataset) == [("unreadable", PICTURE)]


def test_each_kind_has_a_text_and_a_remedy() -> None:
    from scenecap.output.dataset.problems import Problem

    for kind in ProblemKind:
        problem = Problem(kind, "x")
        assert problem.text
        assert problem.remedy.endswith(".")


def test_what_is_no_dataset(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="not a dataset"):
        verify_dataset(tmp_path)
