"""The extensions in Kit's real kernel (NVIDIA's package omniverse-kit, Python 3.12).

Running the kernel means accepting NVIDIA's licence. That is for the person who runs the tests to decide: these run only where
OMNI_KIT_ACCEPT_EULA is set already and the package is there (SCENECAP_KIT_PYTHON names its interpreter, else this one's is
asked), and are skipped otherwise. The kernel has no stage, no renderer and no Replicator: what can be seen is that Kit
reads the extensions, that they come and go without a trace, and that a script ends the application with its exit code.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

CHILD = Path(__file__).resolve().parent / "kernel_child.py"
SCRIPT = Path(__file__).resolve().parents[2] / "scripts" / "isaac" / "kit_exec.py"
_ASK = "import importlib.util, sys; sys.exit(importlib.util.find_spec('omni.kit_app') is None)"


@pytest.fixture(scope="module")
def python() -> str:
    """The interpreter that has the kernel."""
    if not os.environ.get("OMNI_KIT_ACCEPT_EULA"):
        pytest.skip("Kit's kernel: nobody has accepted its licence here (OMNI_KIT_ACCEPT_EULA is not set)")
    named = os.environ.get("SCENECAP_KIT_PYTHON", sys.executable)
    if subprocess.run([named, "-c", _ASK], capture_output=True, check=False).returncode:
        pytest.skip(f"Kit's kernel: {named} has no omniverse-kit")
    return named


def run(python: str, folder: Path, what: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    folder.mkdir(exist_ok=True)
    command = [python, str(CHILD), what, str(folder), *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=180, check=False)


def test_the_core_comes_and_goes_without_a_trace(python: str, tmp_path: Path) -> None:
    done = run(python, tmp_path / "kit", "life", "scenecap.core")
    lines = [json.loads(line) for line in done.stdout.splitlines() if line.startswith('{"life"')]
    assert lines, done.stdout[-2000:] + done.stderr[-2000:]
    assert lines[0] == {"life": {"scenecap.core": {"enabled": True, "disabled": True}}, "modules": []}
    assert "still alive" not in done.stdout + done.stderr
    assert not re.findall(r"^.*\[Error\].*scenecap.*$", done.stdout + done.stderr, re.MULTILINE)


@pytest.mark.parametrize(
    ("config", "code", "message"),
    [
        ("scenecap: {capture: replicator, colour: 1}", 2, "colour"),
        ("scenecap: {capture: replicator, output_path: out}", 2, "No stage is open"),  # the kernel has no omni.usd
    ],
)
def test_a_script_ends_kit_with_its_exit_code(python: str, tmp_path: Path, config: str, code: int, message: str) -> None:
    file = tmp_path / "config.yaml"
    file.write_text(config, encoding="utf-8")
    done = run(python, tmp_path / "kit", "exec", f"{SCRIPT} {file}")
    assert message in done.stdout + done.stderr
    assert done.returncode == code
