"""Reports each case of panel_cases.py, which runs on the real omni.ui in an interpreter of its own (Python 3.12 with ovui).

SCENECAP_UI_PYTHON names the interpreter; without it, the environment that .ci/ui_env makes is used where there is one.
"""

from __future__ import annotations

import ast
import json
import os
import subprocess
from pathlib import Path

import pytest

_HERE = Path(__file__).resolve().parent
_CASES = _HERE / "panel_cases.py"
_OWN = _HERE.parents[1] / ".venv-ui" / "bin" / "python"

#: The cases, read from the file: it cannot be imported without omni.ui's interpreter.
NAMES = [
    item.name
    for item in ast.parse(_CASES.read_text(encoding="utf-8")).body
    if isinstance(item, ast.AsyncFunctionDef) and item.name.startswith("case_")
]


@pytest.fixture(scope="module")
def outcomes() -> dict[str, str]:
    """Case -> what went wrong, or "". All cases run in one process: omni.ui starts once."""
    named = os.environ.get("SCENECAP_UI_PYTHON", "")
    python = Path(named) if named else _OWN
    if not python.is_file():
        if named:
            pytest.fail(f"SCENECAP_UI_PYTHON: there is no {named}")
        pytest.skip("needs Python 3.12 with ovui: run .ci/ui_env, or name an interpreter in SCENECAP_UI_PYTHON")
    done = subprocess.run([str(python), str(_CASES)], capture_output=True, text=True, timeout=600)
    lines = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    for line in lines:
        if "unavailable" in line:
            pytest.skip(f"omni.ui cannot run here: {line['unavailable']}")
    found = {line["case"]: line["failure"] for line in lines}
    if not found:
        pytest.fail(f"no case was run (exit code {done.returncode}):\n{done.stderr[-3000:]}")
    crashed = f"the process ended before this case (exit code {done.returncode}):\n{done.stderr[-2000:]}"
    return {name: found.get(name, crashed) for name in NAMES}


@pytest.mark.parametrize("name", NAMES)
def test_panel(name: str, outcomes: dict[str, str]) -> None:
    assert not outcomes[name], outcomes[name]
