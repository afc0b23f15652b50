"""The datasets that a browser is shown."""

from __future__ import annotations

from pathlib import Path

import pytest

from scenecap.output.manifest import FrameStatus
from scenecap.output.report.build import write_report
from tests.output.dataset.make import CAMERAS, fault, kitchen, write_dataset
from tests.output.report.hostile import write_hostile


@pytest.fixture(scope="session")
def kitchens(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A dataset of two scenes and two cameras, one of three frames, with two frames that are not there; and its report."""
    root = tmp_path_factory.mktemp("kitchens") / "kitchens"
    frames = [kitchen(), kitchen(CAMERAS[1]), kitchen(frame_index=1), kitchen(scene="second kitchen")]
    faults = [fault(FrameStatus.EMPTY, "nothing in view"), fault(FrameStatus.FAILED, f"{CAMERAS[0]}: took too long")]
    write_dataset(root, frames, faults=faults)
    write_report(root)
    return root


@pytest.fixture(scope="session")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A hostile dataset with its report, and another of one file in the folder "single" beside it."""
    root = write_hostile(tmp_path_factory.mktemp("hostile") / "hostile <i class=hacked>")
    write_report(root)
    write_report(root, root.parent / "single", single_file=True)
    return root
