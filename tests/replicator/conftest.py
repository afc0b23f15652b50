"""The stand-ins of Kit's modules, put where ``import omni...`` finds them, and scenes that are captured once."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

_HERE = Path(__file__).resolve().parent
_EXTENSION = _HERE.parents[1] / "exts" / "scenecap.replicator"


@pytest.fixture(scope="session", autouse=True)
def _importable() -> Iterator[None]:
    """Let the extension and the stand-ins be imported, unless they are installed."""
    added = [str(path) for path in (_EXTENSION, _HERE / "standin") if str(path) not in sys.path]
    sys.path[:0] = added
    yield
    for path in added:
        sys.path.remove(path)


@pytest.fixture
def rep() -> ModuleType:
    """The stand-in of ``omni.replicator.core``."""
    return importlib.import_module("omni.replicator.core")


@pytest.fixture
def kit(rep: ModuleType, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Kit with a stage open, in a state that is not the default one; see :class:`tests.replicator.kit.Kit`."""
    yield from importlib.import_module("tests.replicator.kit").make_kit(rep, monkeypatch)
