"""SIGTERM: the frames in hand are finished, and the next run ends with the bytes of one that was not stopped."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytest.importorskip("numba")
pytest.importorskip("pxr")

SCENE = Path(__file__).resolve().parents[2] / "examples/living_room/living_room.usda"
FRAMES = 12


def command(output: Path) -> list[str]:
    program = "from scenecap.cli.main import main; raise SystemExit(main())"
    options = f"--frames 0..{FRAMES - 1} --camera *CoffeeTable --resolution 160x120 --quality off --quiet --set workers=1"
    return [sys.executable, "-c", program, "caption", str(SCENE), "--out", str(output), *options.split()]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGTERM to send to a program")
def test_a_terminated_run_goes_on_to_the_same_bytes(tmp_path):
    stopped, whole = tmp_path / "stopped", tmp_path / "whole"
    run = subprocess.Popen(command(stopped), stderr=subprocess.PIPE, text=True)
    manifest, deadline = stopped / "manifest.jsonl", time.monotonic() + 120
    while time.monotonic() < deadline and run.poll() is None and not (manifest.is_file() and manifest.stat().st_size):
        time.sleep(0.01)
    run.send_signal(signal.SIGTERM)
    _, said = run.communicate(timeout=120)
    assert run.returncode == 128 + signal.SIGTERM, said
    assert said.count("\n") == 1
    assert "run it again to go on" in said
    rows = manifest.read_text().count("\n")
    assert 0 < rows < FRAMES
    assert subprocess.run(command(stopped), timeout=300).returncode == 0
    assert subprocess.run(command(whole), timeout=300).returncode == 0
    files = [
        {path.relative_to(root): path.read_bytes() for path in root.rglob("*") if path.is_file()} for root in (stopped, whole)
    ]
    logs = [item.pop(Path("run_log.jsonl")) for item in files]
    assert files[0] == files[1]
    assert all(logs)
