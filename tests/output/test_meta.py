"""The block of facts that every JSON file carries."""

from __future__ import annotations

import dataclasses

import pytest

from scenecap.contract import Change, ChangeKind, Variation
from scenecap.output.canonical import dumps
from scenecap.output.meta import meta_block
from scenecap.output.model import JobFacts
from scenecap.output.names import CameraNames
from tests.output.scenes import boxes_frame

VARIED = Variation(
    3,
    (
        Change(ChangeKind.HIDDEN, "/World/Mug"),
        Change(ChangeKind.MOVED, "/World/Table", {"offset": [0.1, -0.02], "yaw": 12.5, "pivot": [1.0, 2.0]}),
    ),
    {"moved": 1, "hidden": 1},
)


@pytest.mark.parametrize("export_world", [True, False])
def test_a_variation_is_told_with_its_numbers_and_places_only_where_the_world_may_be_known(export_world: bool) -> None:
    frame = boxes_frame()
    facts = JobFacts(CameraNames.of([frame.camera.path]))
    assert "variation" not in meta_block("x", frame, facts, export_world=export_world)
    block = meta_block("x", dataclasses.replace(frame, variation=VARIED), facts, export_world=export_world)
    table = {"what": "moved", "path": "/World/Table", "offset": [0.1, -0.02], "yaw": 12.5}
    told = [{"what": "hidden", "path": "/World/Mug"}, {**table, "pivot": [1.0, 2.0]} if export_world else table]
    assert block["variation"] == {"number": 3, "changes": told}
    assert dumps(block)
