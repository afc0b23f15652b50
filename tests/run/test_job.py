"""A run's frames: what is written, what is not and why, what a stopped run leaves, and that two runs are the same bytes."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pytest

from scenecap.contract import AssetLicence, Frame, LeftOut, SceneLicences
from scenecap.errors import CameraError, DatasetError, UsageError
from scenecap.output.dataset.licences import read_licences
from scenecap.output.dataset.scene_identity import identity_of
from scenecap.output.dataset.verify import verify_dataset
from scenecap.output.manifest import FrameStatus
from scenecap.run import resume
from scenecap.run.config import ScenecapConfig, make_config
from scenecap.run.job import run_job
from scenecap.run.plan import FrameTask, FrameTime
from scenecap.run.result import FrameOutcome
from scenecap.run.timings import OPEN, STEPS
from tests.output.scenes import boxes_frame, look_at

EYES = {"/World/A": (1.4, -2.0, 1.9), "/World/B": (-1.5, -1.8, 1.6)}


class BoxSource:
    """A source of ray-cast boxes: no stage, no rasteriser."""

    scene = "kitchen"
    problems: Sequence[str] = ("a texture is missing",)

    def __init__(
        self, tasks: Sequence[FrameTask], *, change: Callable[[Frame], Frame] = lambda frame: frame, digest: str = "0"
    ) -> None:
        self._tasks = tuple(tasks)
        self._change = change
        self._digest = digest
        self.observed: list[FrameTask] = []

    def inputs(self) -> Mapping[str, str]:
        return {"kitchen.usda": self._digest}

    def tasks(self) -> tuple[FrameTask, ...]:
        return self._tasks

    def observe(self, task: FrameTask) -> Frame:
        self.observed.append(task)
        if task.camera == "/World/Ortho":
            raise CameraError("/World/Ortho: an orthographic camera is not supported.")
        if task.camera == "/World/Bug":
            raise KeyError("bug")
        camera = look_at(EYES[task.camera], (0.0, 0.0, 0.7), width=160, height=120, path=task.camera)
        return self._change(boxes_frame(camera=camera, frame_index=task.time.index))


def tasks(*cameras: str, times: int = 1) -> list[FrameTask]:
    return [FrameTask(camera, FrameTime(index, float(index))) for index in range(times) for camera in cameras]


def config(output: Path, **keys: object) -> ScenecapConfig:
    return make_config({"output_path": str(output), "fsync": False, **keys})


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def manifest(folder: Path) -> list[dict]:
    return [json.loads(line) for line in (folder / "manifest.jsonl").read_text(encoding="utf-8").splitlines()]


def test_every_frame_is_written_and_is_in_the_manifest(tmp_path: Path) -> None:
    result = run_job(config(tmp_path), source=BoxSource(tasks("/World/A", "/World/B")))
    assert result.exit_code == 0
    assert [frame.row.status for frame in result.frames] == [FrameStatus.WRITTEN] * 2
    assert all(frame.brief for frame in result.frames)
    rows = manifest(tmp_path)
    assert [row["camera"] for row in rows] == ["/World/A", "/World/B"]
    listed = {item["path"] for row in rows for item in row["files"]} | {"manifest.jsonl", "licences.json"}
    assert listed == set(contents(tmp_path))


def test_two_runs_are_the_same_bytes_wherever_they_go(tmp_path: Path) -> None:
    for name in ("one", "two"):
        run_job(config(tmp_path / name), source=BoxSource(tasks("/World/A", "/World/B", times=2)))
    assert contents(tmp_path / "one") == contents(tmp_path / "two")
    run_job(config(tmp_path / "one"), source=BoxSource(tasks("/World/A", "/World/B", times=2)))
    assert contents(tmp_path / "one") == contents(tmp_path / "two")


def test_a_frame_alone_is_the_same_frame(tmp_path: Path) -> None:
    """Seeds come from what the frame is, not from which frames came before."""
    run_job(config(tmp_path / "all", annotators_tree="nested"), source=BoxSource(tasks("/World/A", "/World/B")))
    run_job(config(tmp_path / "one", annotators_tree="nested"), source=BoxSource(tasks("/World/B")))
    alone = contents(tmp_path / "one")
    alone.pop("manifest.jsonl")
    everything = contents(tmp_path / "all")
    assert alone
    assert {name: everything[name] for name in alone} == alone


@pytest.mark.parametrize(("camera", "words"), [("/World/Ortho", "orthographic"), ("/World/Bug", "unexpected KeyError")])
def test_one_camera_that_fails_does_not_stop_the_others(tmp_path: Path, camera: str, words: str) -> None:
    result = run_job(config(tmp_path), source=BoxSource(tasks(camera, "/World/A")))
    assert result.exit_code == 1
    assert [frame.row.status.value for frame in result.frames] == ["failed", "written"]
    assert words in result.frames[0].row.reason
    assert [row["status"] for row in manifest(tmp_path)] == ["failed", "written"]


def unseen(frame: Frame) -> Frame:
    return dataclasses.replace(frame, objects=tuple(dataclasses.replace(item, visibility=None) for item in frame.objects))


def without_objects(*left_out: LeftOut) -> Callable[[Frame], Frame]:
    return lambda frame: dataclasses.replace(frame, objects=(), left_out=left_out)


GUIDES = (
    LeftOut("/a", "a helper", "guide"),
    LeftOut("/b", "a helper", "guide"),
    LeftOut("/c", "it is invisible", "invisible"),
)
UNLABELLED = (LeftOut("/a", "no label", "unlabelled"),)


@pytest.mark.parametrize(
    ("change", "keys", "words"),
    [
        (unseen, {}, "none of the scene's 7 objects is in view of this camera"),
        (without_objects(), {}, "the scene has nothing but its floor, walls and ceiling"),
        (
            without_objects(*GUIDES),
            {},
            "the scene has no object; left out: 2 helper or collision shapes (purpose guide), 1 invisible",
        ),
        (
            without_objects(*UNLABELLED),
            {"attach_label_to_usd": False},
            "nothing in the scene is labelled, and attach_label_to_usd is off",
        ),
        (lambda frame: frame, {"caption_only": True}, "none of the 7 objects in view has a caption in the label database"),
    ],
)
def test_an_empty_frame_says_precisely_why_and_writes_nothing(
    tmp_path: Path, change: Callable[[Frame], Frame], keys: dict[str, object], words: str
) -> None:
    result = run_job(config(tmp_path, **keys), source=BoxSource(tasks("/World/A"), change=change))
    assert result.exit_code == 3
    assert result.frames[0].row.status is FrameStatus.EMPTY
    assert words in result.frames[0].row.reason
    assert set(contents(tmp_path)) == {"manifest.jsonl", "licences.json"}
    assert not (tmp_path / ".scenecap").exists()


def test_some_empty_frames_are_exit_code_1(tmp_path: Path) -> None:
    change = lambda frame: unseen(frame) if frame.camera.path == "/World/A" else frame  # noqa: E731
    assert run_job(config(tmp_path), source=BoxSource(tasks("/World/A", "/World/B"), change=change)).exit_code == 1


class Stop(KeyboardInterrupt):
    """A person's Ctrl-C."""


def stop_after(number: int) -> Callable[[FrameOutcome, int, int], None]:
    def progress(_outcome: FrameOutcome, done: int, _total: int) -> None:
        if done == number:
            raise Stop

    return progress


def test_a_stopped_run_goes_on_and_ends_with_the_same_bytes(tmp_path: Path) -> None:
    frames = tasks("/World/A", "/World/B", times=2)
    run_job(config(tmp_path / "whole"), source=BoxSource(frames))
    with pytest.raises(Stop):
        run_job(config(tmp_path / "part"), source=BoxSource(frames), progress=stop_after(2))
    source = BoxSource(frames)
    result = run_job(config(tmp_path / "part"), source=source)
    assert [frame.kept for frame in result.frames] == [True, True, False, False]
    assert source.observed == frames[2:]
    assert contents(tmp_path / "part") == contents(tmp_path / "whole")


@pytest.mark.parametrize("what", ["config", "input", "file", "other frames"])
def test_a_stopped_run_keeps_nothing_that_no_longer_holds(tmp_path: Path, what: str) -> None:
    frames = tasks("/World/A", "/World/B")
    with pytest.raises(Stop):
        run_job(config(tmp_path), source=BoxSource(frames), progress=stop_after(1))
    keys: dict[str, object] = {"random_seed": 5} if what == "config" else {}
    if what == "file":
        next(tmp_path.rglob("full_scene_graph.json")).write_text("{}")
    if what == "other frames":
        frames = frames[::-1]
    source = BoxSource(frames, digest="1" if what == "input" else "0")
    result = run_job(config(tmp_path, **keys), source=source)
    assert source.observed == frames
    assert result.exit_code == 0


def test_a_run_that_ended_is_done_again(tmp_path: Path) -> None:
    run_job(config(tmp_path), source=BoxSource(tasks("/World/A")))
    source = BoxSource(tasks("/World/A"))
    run_job(config(tmp_path), source=source)
    assert len(source.observed) == 1


def test_a_frame_that_is_made_again_keeps_no_file_that_it_no_longer_has(tmp_path: Path) -> None:
    fewer = {"save_full_scene_graph": False, "save_object_data": False}
    frames = tasks("/World/A", "/World/B")
    run_job(config(tmp_path / "one", **fewer), source=BoxSource(frames))
    run_job(config(tmp_path / "two"), source=BoxSource(frames))
    assert len(contents(tmp_path / "two")) > len(contents(tmp_path / "one"))
    (tmp_path / "two" / "notes.txt").write_text("mine")
    (tmp_path / "outside.txt").write_text("mine too")
    rows = (tmp_path / "two" / "manifest.jsonl").read_text(encoding="utf-8").splitlines()
    edited = json.loads(rows[0])
    edited["files"].append({"path": "../outside.txt", "bytes": 8, "sha256": "0"})
    (tmp_path / "two" / "manifest.jsonl").write_text("\n".join([json.dumps(edited), *rows[1:], ""]), encoding="utf-8")
    run_job(config(tmp_path / "two", **fewer), source=BoxSource(frames))
    (tmp_path / "two" / "notes.txt").unlink()
    assert contents(tmp_path / "two") == contents(tmp_path / "one")
    assert (tmp_path / "outside.txt").exists()


def fails(frame: Frame) -> Frame:
    raise CameraError(f"{frame.camera.path}: no longer.")


def is_empty(frame: Frame) -> Frame:
    return dataclasses.replace(frame, objects=())


CHANGES = [pytest.param(fails, FrameStatus.FAILED, id="failed"), pytest.param(is_empty, FrameStatus.EMPTY, id="empty")]


def only_b(change: Callable[[Frame], Frame]) -> Callable[[Frame], Frame]:
    return lambda frame: change(frame) if frame.camera.path == "/World/B" else frame


@pytest.mark.parametrize(("change", "status"), CHANGES)
def test_a_frame_that_is_no_longer_there_leaves_no_file(
    tmp_path: Path, change: Callable[[Frame], Frame], status: FrameStatus
) -> None:
    frames = tasks("/World/A", "/World/B")
    run_job(config(tmp_path / "one"), source=BoxSource(frames, change=only_b(change)))
    run_job(config(tmp_path / "two"), source=BoxSource(frames))
    (tmp_path / "two" / "World_B" / "notes.txt").write_text("mine")
    result = run_job(config(tmp_path / "two"), source=BoxSource(frames, change=only_b(change)))
    assert [frame.row.status for frame in result.frames] == [FrameStatus.WRITTEN, status]
    assert [path.name for path in (tmp_path / "two" / "World_B").iterdir()] == ["notes.txt"]
    (tmp_path / "two" / "World_B" / "notes.txt").unlink()
    assert contents(tmp_path / "two") == contents(tmp_path / "one")
    assert not (tmp_path / "two" / ".scenecap").exists()


def stopped_run(settings: ScenecapConfig, source: BoxSource, *, after: int, ending: str) -> None:
    """Make a run that ends after so many frames (a kill: after one more than are done)."""

    def kill(outcome: FrameOutcome, number: int, total: int) -> None:
        if number > after:
            raise KeyboardInterrupt

    if ending == "asked":
        run_job(settings, source=source, stop=lambda: len(source.observed) >= after)
    else:
        with pytest.raises(KeyboardInterrupt):
            run_job(settings, source=source, progress=kill)


@pytest.mark.parametrize("stops", [[0], [1], [2, 3], [1, 2, 3]])
@pytest.mark.parametrize("ending", ["killed", "asked"])
@pytest.mark.parametrize(("change", "status"), CHANGES)
def test_nor_where_the_run_that_makes_it_again_is_stopped(
    tmp_path: Path, change: Callable[[Frame], Frame], status: FrameStatus, ending: str, stops: list[int]
) -> None:
    """Not a file of the earlier run stays, be it of an empty frame or one that a frame no longer has."""
    frames = tasks("/World/A", "/World/B", times=2)
    fewer = {"save_full_scene_graph": False, "save_object_data": False}
    run_job(config(tmp_path / "one", **fewer), source=BoxSource(frames, change=only_b(change)))
    run_job(config(tmp_path / "two"), source=BoxSource(frames))
    for stop in stops:
        source = BoxSource(frames, change=only_b(change))
        stopped_run(config(tmp_path / "two", **fewer), source, after=stop, ending=ending)
    result = run_job(config(tmp_path / "two", **fewer), source=BoxSource(frames, change=only_b(change)))
    assert [frame.row.status for frame in result.frames] == [FrameStatus.WRITTEN, status] * 2
    assert contents(tmp_path / "two") == contents(tmp_path / "one")
    assert not (tmp_path / "two" / ".scenecap").exists()


def test_what_a_killed_worker_staged_goes_with_its_failed_frame(tmp_path: Path) -> None:
    def half_written(frame: Frame) -> Frame:
        stage = tmp_path / ".scenecap" / "staging" / "World_B_0"
        stage.mkdir(parents=True)
        (stage / "1").write_text("staged")
        (stage / "plan.json").write_text(json.dumps({"moves": [["0", "World_B/a.json"], ["1", "World_B/b.json"]], "gone": []}))
        (tmp_path / "World_B").mkdir()
        (tmp_path / "World_B" / "a.json").write_text("moved")
        raise CameraError("gone")

    run_job(config(tmp_path), source=BoxSource(tasks("/World/A", "/World/B"), change=only_b(half_written)))
    assert not (tmp_path / ".scenecap").exists()
    assert not (tmp_path / "World_B").exists()
    assert manifest(tmp_path)[1]["status"] == "failed"


def test_a_damaged_note_of_earlier_files_costs_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    monkeypatch.setattr(resume._LOG, "warning", lambda text, *values: said.append(text % values))
    (tmp_path / ".scenecap").mkdir()
    (tmp_path / ".scenecap" / "earlier.json").write_text("[1")
    assert run_job(config(tmp_path), source=BoxSource(tasks("/World/A"))).exit_code == 0
    assert ["earlier.json is damaged" in text for text in said] == [True]
    assert not (tmp_path / ".scenecap").exists()


def test_the_log_holds_times_and_the_dataset_does_not(tmp_path: Path) -> None:
    ticks = iter(range(1_000_000_000, 1_000_000_100))
    run_job(config(tmp_path / "one"), source=BoxSource(tasks("/World/A", "/World/Ortho")), clock=lambda: float(next(ticks)))
    run_job(config(tmp_path / "two"), source=BoxSource(tasks("/World/A", "/World/Ortho")))
    one, two = contents(tmp_path / "one"), contents(tmp_path / "two")
    events = [json.loads(line) for line in one.pop("run_log.jsonl").splitlines()]
    assert one == two
    assert [event["event"] for event in events] == ["open", "scene", "start", "frame", "frame", "end"]
    assert [event["seconds"] for event in events] == [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]
    assert events[0]["time"] == "2001-09-09T01:46:41.000+00:00"
    assert [event["status"] for event in events[3:5]] == ["written", "failed"]
    assert [set(event["steps"]) for event in events[3:5]] == [set(STEPS), {"observe"}]
    assert events[-1]["steps"].keys() == {OPEN, *STEPS}
    assert events[-1]["exit_code"] == 1


def test_other_peoples_files_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    (tmp_path / "World_A").mkdir()
    (tmp_path / "World_A" / "mine.json").write_text("{}")
    run_job(config(tmp_path), source=BoxSource(tasks("/World/A")))
    assert (tmp_path / "notes.txt").read_text() == "mine"
    assert (tmp_path / "World_A" / "mine.json").read_text() == "{}"


@pytest.mark.parametrize("place", ["file/out", "file"])
def test_an_output_folder_that_cannot_be_is_told_before_the_first_frame(tmp_path: Path, place: str) -> None:
    (tmp_path / "file").write_text("in the way")
    source = BoxSource(tasks("/World/A"))
    with pytest.raises(UsageError, match="cannot be written"):
        run_job(config(tmp_path / place), source=source)
    assert source.observed == []
    assert set(contents(tmp_path)) == {"file"}


def test_a_full_disk_ends_the_run_and_leaves_whole_frames(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import errno

    import scenecap.output.atomic as atomic

    real, written = atomic._write, []

    def write(path: Path, content: bytes, *, fsync: bool) -> None:
        written.append(path)
        if len(written) > 60 and path.name != "manifest.jsonl":
            raise OSError(errno.ENOSPC, "No space left on device")
        real(path, content, fsync=fsync)

    run_job(config(tmp_path / "whole"), source=BoxSource(tasks("/World/A", times=4)))
    monkeypatch.setattr(atomic, "_write", write)
    result = run_job(config(tmp_path / "full"), source=BoxSource(tasks("/World/A", times=4)))
    assert result.exit_code == 1
    assert "no space left" in result.stopped
    assert 0 < len(result.frames) < 4
    there, whole = contents(tmp_path / "full"), contents(tmp_path / "whole")
    frames = {
        name: content
        for name, content in there.items()
        if name not in ("manifest.jsonl", "licences.json") and not name.startswith(".scenecap")
    }
    complete = [frame for frame in result.frames if frame.row.status is FrameStatus.WRITTEN]
    assert set(frames) == {item.path for frame in complete for item in frame.row.files}
    assert all(whole[name] == content for name, content in frames.items())


def test_a_run_needs_an_output_folder_and_a_frame(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no output folder"):
        run_job(make_config({}), source=BoxSource(tasks("/World/A")))
    with pytest.raises(UsageError, match="no frame to make"):
        run_job(config(tmp_path), source=BoxSource([]))


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ({"engine": "chat", "on_unsupported": "accept"}, "model_url: no address is given"),
        ({"capture": "replicator"}, "runs inside Isaac Sim only"),
        ({"capture": "recorded"}, "recorded_path: no folder is given"),
        ({}, "scene_path: no scene is given"),
    ],
)
def test_what_cannot_be_started_says_why(tmp_path: Path, keys: dict[str, object], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        run_job(config(tmp_path / "out", **keys))
    assert not (tmp_path / "out").exists()


def test_what_is_known_of_licences_lies_beside_the_manifest(tmp_path: Path) -> None:
    """Once for each scene: what its files say, what a person states, and the texts, which have to go with every copy."""

    class Licensed(BoxSource):
        licences = SceneLicences(
            found=(AssetLicence(name="MIT", source="file LICENSE", files=2, examples=("a.usd",), text="MIT License"),),
            unknown=1,
            unknown_examples=("b.usd",),
        )

    digest = "ab" * 32
    run_job(config(tmp_path, licence="CC-BY-4.0"), source=Licensed(tasks("/World/A"), digest=digest))
    known = read_licences(tmp_path)
    assert known.recorded
    scene = known.of(identity_of("another name", {"moved/kitchen.usda": digest, "label database": "f" * 64}))
    assert scene.names == ("CC-BY-4.0", "MIT")
    assert [(note.source, note.files, note.text) for note in scene.notes] == [("file LICENSE", 2, "MIT License")]
    assert known.of(identity_of("kitchen", {})).names == ("unknown",)
    before = (tmp_path / "licences.json").read_bytes()
    run_job(config(tmp_path, licence="CC-BY-4.0"), source=Licensed(tasks("/World/A"), digest=digest))
    assert (tmp_path / "licences.json").read_bytes() == before
    assert verify_dataset(tmp_path).sound


def test_a_source_that_cannot_tell_leaves_licences_unknown(tmp_path: Path) -> None:
    run_job(config(tmp_path), source=BoxSource(tasks("/World/A")))
    assert read_licences(tmp_path).of(identity_of("kitchen", {"k": "0"})).names == ("unknown",)
    (tmp_path / "licences.json").write_text('{"scenes": [3]}', encoding="utf-8")
    with pytest.raises(DatasetError, match=r"licences\.json: is not a list of licences"):
        read_licences(tmp_path)
    (tmp_path / "licences.json").unlink()
    assert not read_licences(tmp_path).recorded
