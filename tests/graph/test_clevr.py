"""CLEVR's published relations, on frames cast from its scene files without any part of the capture."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from scenecap.graph.build import build_scene_graph
from scenecap.graph.model import Relation
from tests.graph.clevr_frames import frame_of

pytestmark = pytest.mark.shared

DIRECTIONS = {"left": Relation.LEFT, "right": Relation.RIGHT, "front": Relation.FRONT, "behind": Relation.BEHIND}
#: CLEVR asserts a relation where the offset along its direction exceeds this [m].
MARGIN = 0.2


def test_no_contradiction_and_nine_tenths_of_what_clevr_separates(shared: Path) -> None:
    contradictions, clear, told = [], 0, 0
    for path in sorted((shared / "scenes" / "clevr").glob("*.json")):
        scene = json.loads(path.read_text())
        graph = build_scene_graph(frame_of(scene))
        coords = np.array([obj["3d_coords"] for obj in scene["objects"]])
        assert len(graph.nodes) == len(coords)
        for i in range(len(coords)):
            for j in range(len(coords)):
                if i == j:
                    continue
                ids = [graph.node_of(f"/World/Object_{index}").id for index in (i, j)]  # type: ignore[union-attr]
                relation = graph.relation(*ids)
                for name, flag in DIRECTIONS.items():
                    if relation & flag and i not in scene["relationships"][name][j]:
                        contradictions.append((path.name, i, name, j))
                    if float(np.dot(coords[i] - coords[j], scene["directions"][name])) > MARGIN:
                        clear += 1
                        told += bool(relation & flag)
    assert contradictions == []
    assert clear == 540
    assert told >= 0.9 * clear
