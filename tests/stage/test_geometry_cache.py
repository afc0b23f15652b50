"""The geometry cache: sharing, time, exact bounds, and gprims that are not meshes."""

from __future__ import annotations

import numpy as np
import pytest
from pxr import Gf, Usd, UsdGeom, Vt

from scenecap.contract import footprint_directions
from scenecap.stage.geometry import GeometryCache
from scenecap.stage.walk import walk_stage
from tests.stage.stages import CUBE_FACES, CUBE_POINTS, drawn, mesh, new_stage, opened, place


def test_bounds_and_outlines_equal_those_of_every_point() -> None:
    stage = new_stage(up="Y", meters=0.01)
    rng = np.random.default_rng(3)
    for k in range(4):
        made = mesh(stage, f"/M{k}", rng.normal(size=(30, 3)), [list(rng.permutation(30)[:3]) for _ in range(40)])
        place(made, translate=rng.normal(size=3) * 50, rotate=rng.uniform(0, 360, 3), scale=rng.uniform(1, 9, 3))
    open_stage = opened(stage)
    walk = walk_stage(open_stage)
    state = walk.evaluate(0.0)
    bounds, outlines = GeometryCache(open_stage).extremes_world(walk, state)
    cache = UsdGeom.XformCache(0.0)
    for row, gprim in enumerate(walk.gprims):
        prim = gprim.prim
        points = np.array(UsdGeom.Mesh(prim).GetPointsAttr().Get(), dtype=np.float64)
        used = points[np.unique(np.array(UsdGeom.Mesh(prim).GetFaceVertexIndicesAttr().Get()))]
        stage_points = [cache.GetLocalToWorldTransform(prim).Transform(Gf.Vec3d(*map(float, p))) for p in used]
        world = np.array([(p[0], -p[2], p[1]) for p in stage_points]) * 0.01
        assert bounds[row] == pytest.approx(np.stack([world.min(axis=0), world.max(axis=0)]))
        assert outlines[row] == pytest.approx((world[:, :2] @ footprint_directions().T).max(axis=0))


@pytest.mark.parametrize("flat", [False, True])
def test_many_occurrences_have_the_bounds_that_each_has_alone(flat: bool) -> None:
    stage = new_stage()
    rng = np.random.default_rng(5)
    points = rng.normal(size=(300, 3)) * [1, 1, 0 if flat else 1]
    mesh(stage, "/Proto", points, [list(range(300))[k : k + 3] for k in range(0, 300, 3)])
    for k in range(12):
        prim = stage.DefinePrim(f"/Copy_{k}", "Xform")
        prim.GetReferences().AddInternalReference("/Proto")
        prim.SetInstanceable(True)
        place(UsdGeom.Xform(prim), translate=rng.normal(size=3), rotate=rng.uniform(0, 360, 3), scale=rng.uniform(0.1, 3, 3))
    open_stage = opened(stage)
    walk = walk_stage(open_stage)
    state = walk.evaluate(0.0)
    cache = GeometryCache(open_stage)
    together = cache.extremes_world(walk, state)
    for row in range(len(walk.gprims)):
        alone = GeometryCache(open_stage).extremes_world(walk, state, rows=np.array([row]))
        assert together[0][row] == pytest.approx(alone[0][0], abs=1e-9)
        assert together[1][row] == pytest.approx(alone[1][0], abs=1e-9)


def test_prototypes_are_read_once_and_moving_shapes_at_each_time() -> None:
    stage = new_stage()
    still = mesh(stage, "/Still", CUBE_POINTS, CUBE_FACES)
    alive = UsdGeom.Sphere.Define(stage, "/Alive")
    alive.GetRadiusAttr().Set(1.0, 0.0)
    alive.GetRadiusAttr().Set(3.0, 10.0)
    cache = GeometryCache(opened(stage))
    assert cache.get(drawn(still.GetPrim()), 0.0) is cache.get(drawn(still.GetPrim()), 5.0)
    assert not cache.varies(drawn(still.GetPrim()))
    assert cache.varies(drawn(alive.GetPrim()))
    radii = [cache.bounds_local(drawn(alive.GetPrim()), time)[1, 2] for time in (0.0, 5.0, 10.0, 0.0)]
    assert radii == pytest.approx([1, 2, 3, 1])


def test_what_is_broken_is_empty_and_told_once_with_its_path() -> None:
    stage = new_stage()
    UsdGeom.Mesh.Define(stage, "/Empty")
    UsdGeom.NurbsPatch.Define(stage, "/Patch")
    open_stage = opened(stage)
    cache = GeometryCache(open_stage)
    for path in ("/Empty", "/Patch", "/Empty"):
        assert cache.get(drawn(stage.GetPrimAtPath(path)), 0.0).empty
        assert np.isnan(cache.bounds_local(drawn(stage.GetPrimAtPath(path)), 0.0)).all()
    assert [problem.split(":")[0] for problem in cache.problems] == ["/Empty", "/Patch"]
    assert any("NurbsPatch" in problem for problem in open_stage.problems)


def curves(stage: Usd.Stage, points, *, kind: str, basis: str = "bezier", wrap: str = "nonperiodic", width: float = 0.1):
    made = UsdGeom.BasisCurves.Define(stage, "/Curves")
    made.GetPointsAttr().Set(Vt.Vec3fArray([Gf.Vec3f(*map(float, p)) for p in points]))
    made.GetCurveVertexCountsAttr().Set([len(points)])
    made.GetTypeAttr().Set(kind)
    made.GetBasisAttr().Set(basis)
    made.GetWrapAttr().Set(wrap)
    made.GetWidthsAttr().Set([width])
    made.SetWidthsInterpolation("constant")
    return GeometryCache(opened(stage)).get(drawn(made.GetPrim()), 0.0)


@pytest.mark.parametrize(
    ("kind", "basis", "points", "ends"),
    [
        ("linear", "bezier", [(0, 0, 0), (1, 0, 0), (1, 1, 0)], ((0, 0, 0), (1, 1, 0))),
        ("cubic", "bezier", [(0, 0, 0), (0, 2, 0), (3, 2, 0), (3, 0, 0)], ((0, 0, 0), (3, 0, 0))),
        ("cubic", "catmullRom", [(-1, 0, 0), (0, 0, 0), (1, 1, 0), (2, 0, 0)], ((0, 0, 0), (1, 1, 0))),
        ("cubic", "bspline", [(0, 0, 0), (1, 0, 0), (2, 0, 0), (3, 0, 0)], ((1, 0, 0), (2, 0, 0))),
    ],
)
def test_curves_are_tubes_from_end_to_end(kind, basis, points, ends) -> None:
    made = curves(new_stage(), points, kind=kind, basis=basis)
    first, last = made.points[:6].mean(axis=0), made.points[-6:].mean(axis=0)
    assert first == pytest.approx(ends[0], abs=1e-9)
    assert last == pytest.approx(ends[1], abs=1e-9)
    assert np.linalg.norm(made.points[:6] - first, axis=1) == pytest.approx(np.full(6, 0.05))


def test_closed_curves_come_back_and_bad_ones_do_no_harm() -> None:
    square = [(0, 0, 0), (1, 0, 0), (1, 1, 0), (0, 1, 0)]
    made = curves(new_stage(), square, kind="linear", wrap="periodic")
    assert made.points[:6].mean(axis=0) == pytest.approx(made.points[-6:].mean(axis=0))
    assert curves(new_stage(), [(0, 0, 0), (np.nan, 0, 0)], kind="linear").empty
    assert curves(new_stage(), [(0, 0, 0)], kind="linear").empty
    assert curves(new_stage(), [(1, 1, 1)] * 3, kind="linear").empty


def test_points_are_octahedra_of_their_widths() -> None:
    stage = new_stage()
    made = UsdGeom.Points.Define(stage, "/P")
    made.GetPointsAttr().Set([Gf.Vec3f(0, 0, 0), Gf.Vec3f(5, 0, 0), Gf.Vec3f(np.nan, 0, 0)])
    made.GetWidthsAttr().Set([2.0, 4.0, 1.0])
    result = GeometryCache(opened(stage)).get(drawn(made.GetPrim()), 0.0)
    assert result.bounds.tolist() == [[-1, -2, -2], [7, 2, 2]]
    assert len(result.triangles) == 16
