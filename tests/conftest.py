"""Fixtures that the whole suite shares."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import settings

# A property that holds may take long on a machine that is busy, and numba compiles within the first example.
settings.register_profile("scenecap", deadline=None, print_blob=True)
settings.load_profile("scenecap")

SHARED = Path(__file__).resolve().parents[1].parent / "shared"


@pytest.fixture(scope="session")
def shared() -> Path:
    """Folder of other people's scenes and ground truth, which is not part of the repository."""
    if not SHARED.is_dir():
        pytest.skip("needs ../shared (scenes and ground truth by others), which is not part of the repository")
    return SHARED
