"""What is above what, by paths alone."""

from __future__ import annotations

import numpy as np
import pytest

from scenecap.capture.variation.model import AUTHORED, StageVariation, anchor
from scenecap.contract import Variation

KNOWN = frozenset(("/World/Table", "/World/Pawns[3]", "/World/Table/Drawer", "/World/Tree"))


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/World/Table", "/World/Table"),
        ("/World/Table/Leg", "/World/Table"),
        ("/World/Table/Drawer/Knob/Shape", "/World/Table/Drawer"),
        ("/World/Tables", None),
        ("/World/Pawns[3]/Shape", "/World/Pawns[3]"),
        ("/World/Pawns[31]/Shape", None),
        ("/World/Pawns", None),
        ("/World/Tree/Leaves[7]/Leaf", "/World/Tree"),
        ("/World/Tree[7]", "/World/Tree"),
        ("/World", None),
        ("", None),
    ],
)
def test_the_nearest_at_or_above_a_path(path: str, expected: str | None) -> None:
    assert anchor(path, KNOWN) == expected


def test_what_is_below_moves_and_hides_with_what_is_above() -> None:
    motion = np.eye(4)
    varied = StageVariation(Variation(1), motions={"/World/Lamp": motion}, hidden=frozenset(("/World/Mug",)))
    assert varied.motion_at("/World/Lamp/Bulb") is motion
    assert varied.motion_at("/World/Lamps/Bulb") is None
    assert varied.hides("/World/Mug/Handle")
    assert not varied.hides("/World/Lamp")
    assert AUTHORED.record.number == 0
    assert not AUTHORED.hides("/World/Mug")
