"""Placed viewpoints: they depend on what names them alone, keep their distance, see what they are meant to see."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("numba")
pytest.importorskip("pxr")

from pxr import Gf, Usd, UsdGeom

from scenecap.errors import UsageError
from scenecap.run.config import make_config
from scenecap.run.embedded_run import EmbeddedRun

#: Cubes: name, centre [m], edge [m].
CUBES = (
    ("Mug", (0.0, 0.0, 0.15), 0.3),
    ("Box", (1.2, 0.4, 0.25), 0.5),
    ("Crate", (-1.0, 0.8, 0.4), 0.8),
    ("Pillar", (0.3, -1.4, 0.6), 1.2),
)


@pytest.fixture(scope="module")
def scene(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("viewpoints") / "cubes.usda"
    stage = Usd.Stage.CreateNew(str(path))
    UsdGeom.SetStageUpAxis(stage, UsdGeom.Tokens.z)
    UsdGeom.SetStageMetersPerUnit(stage, 1.0)
    stage.SetDefaultPrim(UsdGeom.Xform.Define(stage, "/World").GetPrim())
    for name, centre, edge in CUBES:
        xform = UsdGeom.Xform.Define(stage, f"/World/{name}")
        xform.AddTranslateOp().Set(Gf.Vec3d(*centre))
        UsdGeom.Cube.Define(stage, f"/World/{name}/Shape").CreateSizeAttr(edge)
    camera = UsdGeom.Camera.Define(stage, "/World/Camera")
    camera.AddTranslateOp().Set(Gf.Vec3d(0, 0, 5))
    stage.Save()
    return path


def opened(scene: Path, viewpoints, **keys) -> EmbeddedRun:
    keys = {"quality": "off", "resolution": "64x48", **keys}
    return EmbeddedRun(make_config({"scene_path": str(scene), "output_path": "out", "viewpoints": viewpoints, **keys}))


def views(scene: Path, viewpoints, **keys) -> dict[str, np.ndarray]:
    run = opened(scene, viewpoints, **keys)
    tasks = run.tasks()
    return {task.camera: run.observe(task).camera.camera_to_world for task in tasks}


def distance_to_cubes(eye: np.ndarray) -> float:
    """Distance [m] of a point to the nearest cube, negative inside: in closed form."""
    best = np.inf
    for _, centre, edge in CUBES:
        off = np.abs(eye - np.array(centre)) - edge / 2
        best = min(best, float(np.linalg.norm(np.maximum(off, 0.0)) + min(off.max(), 0.0)))
    return best


KINDS = {
    "orbit": {"kind": "orbit", "count": 3},
    "look_at": {"kind": "look_at", "at": "mug", "count": 3},
    "volume": {"kind": "volume", "count": 3},
}


#: An orbit's directions are shared out over its views, so their number decides them.
MORE = {"orbit": 3, "look_at": 5, "volume": 5}


@pytest.mark.parametrize("kind", KINDS)
def test_a_view_depends_on_its_own_name_and_number_only(scene, kind):
    alone = views(scene, [KINDS[kind]])
    more = views(
        scene, [{"kind": "all"}, *(item for name, item in KINDS.items() if name != kind), {**KINDS[kind], "count": MORE[kind]}]
    )
    assert len(alone) == 3
    assert all(np.array_equal(more[path], matrix) for path, matrix in alone.items())
    other = views(scene, [KINDS[kind]], random_seed=7)
    assert not any(np.array_equal(other[path], alone[path]) for path in alone if path in other)


def test_cameras_in_a_volume_keep_their_clearance(scene):
    found = views(scene, [{"kind": "volume", "count": 12, "clearance": 0.3}])
    assert len(found) >= 10
    assert min(distance_to_cubes(matrix[3, :3]) for matrix in found.values()) >= 0.3 - 1e-6


def test_a_view_of_an_object_shows_it_at_the_size_asked_for(scene):
    run = opened(scene, [{"kind": "look_at", "at": "mug", "count": 4, "share": 0.1}], resolution="160x120")
    for task in run.tasks():
        seen = next(item for item in run.observe(task).objects if item.path == "/World/Mug").visibility
        assert seen is not None
        assert 0.05 < seen.unoccluded_px / (160 * 120) < 0.15
        assert seen.visible_px >= 0.3 * seen.unoccluded_px


def test_a_path_goes_through_its_points(scene):
    points = [{"position": [3, -3, 1]}, {"position": [3, 3, 1]}, {"position": [-3, 3, 2]}]
    found = list(views(scene, [{"kind": "key_points", "points": points, "count": 5, "interpolation": "linear"}]).values())
    eyes = np.array([matrix[3, :3] for matrix in found])
    for point in points:
        assert np.linalg.norm(eyes - np.array(point["position"]), axis=1).min() < 0.6
    assert eyes[0] == pytest.approx([3, -3, 1], abs=1e-4)
    assert eyes[-1] == pytest.approx([-3, 3, 2], abs=1e-4)


def test_what_is_turned_down_is_counted_and_what_is_missing_is_said(scene):
    inside = [{"kind": "key_points", "points": [{"position": [0.3, -1.4, 0.6]}], "count": 1}, {"kind": "orbit", "count": 1}]
    run = opened(scene, inside)
    assert [task.camera for task in run.tasks()] == ["/orbit/0"]
    assert sum(run.rejected.values()) >= 1
    assert any("could not be placed" in problem for problem in run.problems)
    with pytest.raises(UsageError, match="none could be placed"):
        opened(scene, inside[:1]).tasks()


def test_cameras_of_the_stage_come_once(scene):
    found = views(scene, [{"kind": "all"}, {"kind": "paths", "paths": ["/World/Cam*"]}])
    assert list(found) == ["/World/Camera"]


#: Two walls in a corner: centre and edges [m].
CORNER = {"WallNorth": ((0.0, 1.8, 1.0), (4.0, 0.1, 2.0)), "WallEast": ((2.0, 0.0, 1.0), (0.1, 3.6, 2.0))}


@pytest.fixture(scope="module")
def corner(scene: Path) -> Path:
    path = scene.with_name("corner.usda")
    Usd.Stage.Open(str(scene)).Export(str(path))
    stage = Usd.Stage.Open(str(path))
    for name, (centre, edges) in CORNER.items():
        wall = UsdGeom.Cube.Define(stage, f"/World/{name}")
        wall.CreateSizeAttr(1.0)
        wall.AddTranslateOp().Set(Gf.Vec3d(*centre))
        wall.AddScaleOp().Set(Gf.Vec3f(*edges))
    stage.Save()
    return path


def share_behind_walls(eye: np.ndarray) -> float:
    """Share of the cubes' corners that a wall hides from a point: slabs, in closed form."""
    hidden = []
    for _, centre, edge in CUBES:
        for signs in np.ndindex(2, 2, 2):
            ray = np.array(centre) + (np.array(signs) - 0.5) * edge * 0.98 - eye
            cut = False
            for middle, edges in CORNER.values():
                with np.errstate(divide="ignore"):
                    slabs = np.sort((np.array(middle) + np.outer([-0.5, 0.5], edges) - eye) / ray, axis=0)
                enter, leave = slabs[0].max(), slabs[1].min()
                cut |= bool(0.0 < enter <= leave and enter < 1.0)
            hidden.append(cut)
    return float(np.mean(hidden))


def test_views_from_behind_the_walls_of_an_open_corner_are_turned_down(corner: Path) -> None:
    orbit = [{"kind": "orbit", "count": 12, "elevation": [10, 25]}]
    run = opened(corner, orbit)
    cameras = run.tasks()
    assert run.rejected["hidden_by_room"] > 0
    shares = [share_behind_walls(run.observe(task).camera.position_world) for task in cameras]
    assert len(shares) >= 4
    assert max(shares) < 0.5
    free = views(corner, orbit, rejection={"max_hidden_by_room": 1.0})
    assert max(share_behind_walls(pose[3, :3]) for pose in free.values()) > 0.5
