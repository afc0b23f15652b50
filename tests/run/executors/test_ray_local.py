"""A cluster that lives as long as its run: SIGTERM is a request, what is killed leaves nothing that writes, stdout is ours."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.cli.stages import FLOOR, PROPS, write_stage
from tests.run.executors.faulty import contents

pytest.importorskip("ray", reason="needs ray (extra ray)")
pytest.importorskip("pxr", reason="needs usd-core (extra capture)")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.xdist_group("ray"),
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="looks at processes in /proc"),
]

SECONDS = 180


def ray_processes() -> set[int]:
    """Processes of any Ray cluster of this machine that are not already dead."""
    found = set()
    for folder in Path("/proc").iterdir():
        if folder.name.isdecimal():
            try:
                command = (folder / "cmdline").read_bytes()
                state = (folder / "stat").read_text(encoding="utf-8", errors="replace").rsplit(")", 1)[1].split()[0]
            except OSError:
                continue
            if state != "Z" and (command.startswith(b"ray::") or b"/ray/core/" in command or b"/ray/_private/" in command):
                found.add(int(folder.name))
    return found


def gone(processes: set[int], *, seconds: float) -> bool:
    end = time.monotonic() + seconds
    while processes & ray_processes():
        if time.monotonic() > end:
            return False
        time.sleep(0.1)
    return True


def command(folder: Path, *more: str) -> list[str]:
    options = ["run", str(folder / "batch.yaml"), "--set", "executor=ray", "--set", "workers=2", "--json", *more]
    return [sys.executable, "-m", "scenecap", *options]


def started(folder: Path, output: Path) -> subprocess.Popen[str]:
    """Start a run and return it once it has made frames."""
    journal = output / ".scenecap" / "journal.jsonl"

    def frames() -> int:
        return len(journal.read_bytes().splitlines()) if journal.exists() else 0

    there = frames()
    process = subprocess.Popen(
        command(folder, "--out", str(output)),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    end = time.monotonic() + SECONDS
    while frames() < there + 3:
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < end
        time.sleep(0.02)
    return process


def test_a_run_that_is_killed_or_asked_to_stop_leaves_nothing_behind_and_is_gone_on_with(tmp_path: Path) -> None:
    write_stage(tmp_path / "s.usda", FLOOR, PROPS)
    (tmp_path / "batch.yaml").write_text(
        "scenecap: {scenes: [s.usda], viewpoints: [{kind: orbit, count: 60}], resolution: 96x72, quality: 'off'}",
        encoding="utf-8",
    )
    before = ray_processes()
    out = tmp_path / "out"

    process = started(tmp_path, out)
    workers = {pid for pid in ray_processes() - before if b"RayWorker" in Path(f"/proc/{pid}/cmdline").read_bytes()}
    process.kill()
    process.communicate(timeout=SECONDS)
    assert workers
    assert gone(workers, seconds=2), "a worker outlives its run"

    process = started(tmp_path, out)
    process.send_signal(signal.SIGTERM)
    stdout, stderr = process.communicate(timeout=SECONDS)
    assert process.returncode == 143, stderr
    assert "stopped on request" in stderr
    assert json.loads(stdout)["exit_code"] == 143
    assert gone({pid for pid in ray_processes() - before if _session(pid) == process.pid}, seconds=10)

    whole = tmp_path / "whole"
    for output in (out, whole):  # the rest in this process: who makes a frame decides nothing
        options = [*command(tmp_path, "--out", str(output)), "--set", "executor=here", "--set", "workers=0"]
        done = subprocess.run(options, capture_output=True, text=True, timeout=SECONDS, check=False)
        assert done.returncode == 0, done.stderr
    assert len(json.loads(done.stdout)["frames"]) == 60
    assert contents(out) == contents(whole)


def _session(pid: int) -> int | None:
    try:
        return os.getsid(pid)
    except OSError:
        return None
