"""--json-log: one JSON object a line, whatever happens, and nothing else on stderr."""

from __future__ import annotations

import io
import json
import logging
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

pytest.importorskip("numba")
pytest.importorskip("pxr")

from scenecap.cli.json_log import JsonLog, JsonLogHandler
from scenecap.cli.main import main
from scenecap.run.events import RunOpened, WorkerLost
from tests.cli.stages import FLOOR, PROPS, camera, room, write_stage

FAST = ["--quality", "off", "--resolution", "96x72", "--set", "fsync=false", "--set", "workers=1"]


def events(text: str) -> list[dict]:
    """Parse a log; every line must be an object with a name and times, and the times must go up."""
    found = [json.loads(line) for line in text.splitlines()]
    assert text == "" or text.endswith("\n")
    assert all({"event", "time", "seconds"} <= event.keys() for event in found)
    assert [event["seconds"] for event in found] == sorted(event["seconds"] for event in found)
    return found


def test_on_stderr_there_is_nothing_else(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    scene = write_stage(tmp_path / "s.usda", FLOOR, PROPS, camera("Ortho", projection="orthographic"), camera("Good"))
    assert main(["caption", str(scene), "--out", str(tmp_path / "out"), *FAST, "--json", "--json-log"]) == 1
    captured = capsys.readouterr()
    assert json.loads(captured.out)["failed"] == 1
    told = events(captured.err)
    names = [event["event"] for event in told]
    assert names == ["open", "scene", "start", "frame", "frame", "progress", "end", "log"]
    assert [event["status"] for event in told if event["event"] == "frame"] == ["failed", "written"]
    assert told[-3].items() >= {"done": 2, "total": 2, "written": 1, "failed": 1}.items()
    assert told[-2].items() >= {"frames": 2, "written": 1, "failed": 1, "exit_code": 1, "error": ""}.items()
    assert told[-1]["level"] == "error"
    assert told[-1]["message"].startswith("/World/Ortho, frame 0 failed")


@pytest.mark.parametrize("quiet", [[], ["--quiet"]])
def test_a_file_gets_the_events_of_run_after_run(tmp_path: Path, capsys: pytest.CaptureFixture[str], quiet: list[str]) -> None:
    scene = room(tmp_path / "s.usda")
    for _ in range(2):
        options = [*FAST, *quiet, "--json-log", str(tmp_path / "log.jsonl")]
        assert main(["caption", str(scene), "--out", str(tmp_path / "out"), *options]) == 0
        captured = capsys.readouterr()
        assert captured.err == ""
        assert bool(captured.out) is not bool(quiet)
    told = [json.loads(line)["event"] for line in (tmp_path / "log.jsonl").read_text(encoding="utf-8").splitlines()]
    assert told == ["open", "scene", "start", "frame", "progress", "end"] * 2


def test_the_dataset_is_the_same_with_a_log(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    scene = room(tmp_path / "s.usda")
    main(["caption", str(scene), "--out", str(tmp_path / "one"), *FAST, "--json-log"])
    main(["caption", str(scene), "--out", str(tmp_path / "two"), *FAST])
    one, two = (
        {path.relative_to(tmp_path / name): path.read_bytes() for path in (tmp_path / name).rglob("*") if path.is_file()}
        for name in ("one", "two")
    )
    assert one.pop(Path("run_log.jsonl")) != two.pop(Path("run_log.jsonl"))
    assert one == two


def test_a_scene_that_is_not_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["caption", str(tmp_path / "none.usda"), "--out", str(tmp_path / "out"), "--json-log"]) == 2
    told = events(capsys.readouterr().err)
    assert [event["event"] for event in told] == ["open", "end", "log"]
    assert told[1]["exit_code"] == 2
    assert "none.usda" in told[1]["error"]
    assert told[2]["message"] == told[1]["error"]


def test_a_wrong_config_is_an_event_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    options = ["--out", str(tmp_path / "out"), "--set", "pruning_rato=1", "--json-log"]
    assert main(["caption", str(tmp_path / "s.usda"), *options]) == 2
    told = events(capsys.readouterr().err)
    assert [event["event"] for event in told] == ["log"]
    assert "pruning_ratio" in told[0]["message"]


@pytest.mark.parametrize(
    ("name", "words"),
    [("out/log.jsonl", "is in the output folder"), ("none/log.jsonl", "cannot be written (no such file"), (".", "directory")],
)
def test_a_place_that_does_not_do(tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, words: str) -> None:
    scene = room(tmp_path / "s.usda")
    code = main(["caption", str(scene), "--out", str(tmp_path / "out"), *FAST, "--json-log", str(tmp_path / name)])
    said = capsys.readouterr().err
    assert code == 2
    assert said.count("\n") == 1
    assert words in said
    assert not (tmp_path / "out").exists()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_ends_the_log_and_not_the_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    scene = room(tmp_path / "s.usda")
    assert main(["caption", str(scene), "--out", str(tmp_path / "out"), *FAST, "--json-log", "/dev/full"]) == 0
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "the JSON log ends here" in said


def test_lines_of_several_threads_are_whole() -> None:
    stream = io.StringIO()
    log = JsonLog(stream, clock=lambda: 1e9)
    handler = JsonLogHandler(log)
    record = logging.LogRecord("scenecap", logging.WARNING, "", 0, "%s\n\x1b[2J", ("é" * 300,), None)

    def write() -> None:
        for number in range(200):
            log(WorkerLost(number, reason="x" * number))
            handler.emit(record)

    threads = [threading.Thread(target=write) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    told = events(stream.getvalue())
    assert len(told) == 4 * 2 * 200
    messages = {event["message"] for event in told if event["event"] == "log"}
    assert messages == {"é" * 300 + " [2J"}


def test_a_stream_that_was_closed_is_no_error() -> None:
    stream = io.StringIO()
    log = JsonLog(stream)
    stream.close()
    log(RunOpened(1, "out"))
    log(RunOpened(1, "out"))


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGTERM to send to a program")
def test_a_terminated_run_says_so_in_its_last_event(tmp_path: Path) -> None:
    scene = write_stage(tmp_path / "s.usda", FLOOR, PROPS, camera("A"))
    program = "from scenecap.cli.main import main; raise SystemExit(main())"
    options = [*FAST, "--frames", "0..400", "--json-log"]
    command = [sys.executable, "-c", program, "caption", str(scene), "--out", str(tmp_path / "out"), *options]
    with open(tmp_path / "log", "wb") as stderr:
        run = subprocess.Popen(command, stderr=stderr, stdout=subprocess.DEVNULL)
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline and run.poll() is None and b'"frame"' not in (tmp_path / "log").read_bytes():
            time.sleep(0.02)
        run.send_signal(signal.SIGTERM)
        assert run.wait(timeout=120) == 128 + signal.SIGTERM
    told = events((tmp_path / "log").read_text(encoding="utf-8"))
    last = [event for event in told if event["event"] != "log"][-1]
    assert (last["event"], last["exit_code"], last["stopped"]) == ("end", 143, "stopped on request.")
    assert last["frames"] == sum(event["event"] == "frame" for event in told) > 0


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
def test_a_killed_run_leaves_whole_lines(tmp_path: Path) -> None:
    scene = write_stage(tmp_path / "s.usda", FLOOR, PROPS, camera("A"))
    program = "from scenecap.cli.main import main; raise SystemExit(main())"
    options = [*FAST, "--frames", "0..400", "--json-log", str(tmp_path / "log")]
    command = [sys.executable, "-c", program, "caption", str(scene), "--out", str(tmp_path / "out"), *options]
    run = subprocess.Popen(command, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    log, deadline = tmp_path / "log", time.monotonic() + 120
    while time.monotonic() < deadline and run.poll() is None and not (log.exists() and b'"frame"' in log.read_bytes()):
        time.sleep(0.02)
    run.kill()
    run.wait(timeout=30)
    assert events(log.read_text(encoding="utf-8"))[-1]["event"] == "frame"
