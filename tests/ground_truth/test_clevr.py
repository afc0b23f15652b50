"""CLEVR's published relations and pixel coordinates, held against stages built from its scene files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from scenecap.contract import Frame
from scenecap.graph.model import Relation, SceneGraph
from tests.ground_truth import clevr_stage
from tests.ground_truth.observe import graphs

pytestmark = pytest.mark.shared

DIRECTIONS = {"left": Relation.LEFT, "right": Relation.RIGHT, "front": Relation.FRONT, "behind": Relation.BEHIND}
#: CLEVR asserts a relation where the offset along the direction exceeds this [m].
MARGIN = 0.2


@pytest.fixture(scope="module")
def scenes(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> list[tuple[dict, Frame, SceneGraph]]:
    result = []
    for path in sorted((shared / "scenes" / "clevr").glob("*.json")):
        scene = clevr_stage.load(path)
        stage = clevr_stage.write_stage(scene, tmp_path_factory.mktemp("clevr") / f"{path.stem}.usda")
        ((frame, graph),) = graphs(stage, resolution=(clevr_stage.WIDTH, clevr_stage.HEIGHT))
        result.append((scene, frame, graph))
    assert len(result) == 5
    return result


def test_relations_agree_wherever_asserted_and_cover_what_is_clear(scenes: list[tuple[dict, Frame, SceneGraph]]) -> None:
    contradictions, clear, covered = [], 0, 0
    for scene, _, graph in scenes:
        coords = np.array([obj["3d_coords"] for obj in scene["objects"]])
        for i in range(len(coords)):
            for j in range(len(coords)):
                subject, other = (graph.node_of(f"/World/Object_{index}") for index in (i, j))
                if i == j or subject is None or other is None:
                    continue
                relation = graph.relation(subject.id, other.id)
                for name, flag in DIRECTIONS.items():
                    # relationships[name][j] lists the objects that are <name> of object j.
                    theirs = i in scene["relationships"][name][j]
                    if relation & flag and not theirs:
                        contradictions.append((scene["image_filename"], i, name, j))
                    if np.dot(coords[i] - coords[j], scene["directions"][name]) > MARGIN:
                        clear += 1
                        covered += bool(relation & flag)
    assert contradictions == []
    assert clear > 200
    assert covered >= 0.9 * clear, f"{covered} of {clear}"


def test_box_centers_fall_on_the_published_pixels(scenes: list[tuple[dict, Frame, SceneGraph]]) -> None:
    for scene, frame, _ in scenes:
        for index, obj in enumerate(scene["objects"]):
            observed = next(item for item in frame.objects if item.path == f"/World/Object_{index}")
            (pixel,), _ = frame.camera.project(observed.center_world)
            assert np.abs(pixel - obj["pixel_coords"][:2]).max() <= 2.0


def test_depth_of_centers_is_the_published_depth(scenes: list[tuple[dict, Frame, SceneGraph]]) -> None:
    for scene, frame, _ in scenes:
        for index, obj in enumerate(scene["objects"]):
            observed = next(item for item in frame.objects if item.path == f"/World/Object_{index}")
            _, (depth,) = frame.camera.project(observed.center_world)
            assert depth == pytest.approx(obj["pixel_coords"][2], abs=0.03)


def test_every_object_has_its_published_color(scenes: list[tuple[dict, Frame, SceneGraph]]) -> None:
    for scene, frame, _ in scenes:
        for index, obj in enumerate(scene["objects"]):
            observed = next(item for item in frame.objects if item.path == f"/World/Object_{index}")
            if observed.visibility is None or not observed.visibility.color_shares or obj["color"] == "cyan":
                continue  # cyan is no basic colour term
            term, share = observed.visibility.color_shares[0]
            if share >= 0.6:
                assert term == obj["color"], obj
