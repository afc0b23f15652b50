"""Meshes as authored: winding, primvars of every interpolation, subsets, subdivision, hostile input."""

from __future__ import annotations

import numpy as np
import pytest
from pxr import Gf, Sdf, Usd, UsdGeom, UsdShade, Vt

from scenecap.stage.mesh import LocalMesh, read_mesh
from tests.stage.stages import CUBE_FACES, CUBE_POINTS, area, mesh, new_stage, primvar, signed_volume


def read(made: UsdGeom.Mesh, *, level: int = 2, time: float = 0.0) -> LocalMesh:
    return read_mesh(made.GetPrim(), Usd.TimeCode(time), subdivision_level=level)


def cube(scheme: str = "none") -> UsdGeom.Mesh:
    return mesh(new_stage(), "/Cube", CUBE_POINTS, CUBE_FACES, scheme=scheme)


def vec3(values) -> Vt.Vec3fArray:
    return Vt.Vec3fArray([Gf.Vec3f(*map(float, value)) for value in values])


def vec2(values) -> Vt.Vec2fArray:
    return Vt.Vec2fArray([Gf.Vec2f(*map(float, value)) for value in values])


@pytest.mark.parametrize("orientation", ["rightHanded", "leftHanded"])
@pytest.mark.parametrize("scheme", ["none", "catmullClark", "bilinear"])
def test_triangles_face_outwards_whatever_the_orientation(orientation: str, scheme: str) -> None:
    made = cube(scheme)
    if orientation == "leftHanded":
        made.GetFaceVertexIndicesAttr().Set([index for face in CUBE_FACES for index in reversed(face)])
        made.GetOrientationAttr().Set("leftHanded")
    result = read(made)
    volume = signed_volume(result.points, result.triangles)
    assert volume == pytest.approx(8.0) if scheme != "catmullClark" else 2.0 < volume < 8.0
    normals = result.normals.mean(axis=1)
    centers = result.points[result.triangles].mean(axis=1)
    assert (np.einsum("ij,ij->i", normals, centers) > 0).all()


def test_a_subdivision_surface_is_refined_and_its_box_is_the_surfaces_not_the_cages() -> None:
    smooth = read(cube("catmullClark"), level=3)
    assert smooth.refined == 3
    assert len(smooth.triangles) == 2 * 6 * 4**3
    assert 0.8 < smooth.bounds[1].max() < 0.9
    assert smooth.smooth
    caged = read(cube("catmullClark"), level=0)
    assert caged.refined == 0
    assert caged.bounds.tolist() == [[-1, -1, -1], [1, 1, 1]]
    assert np.abs(caged.normals[0]) == pytest.approx(np.full((3, 3), 3**-0.5))  # smooth at the cage's corners


def test_creases_and_corners_are_read() -> None:
    made = cube("catmullClark")
    made.GetCreaseIndicesAttr().Set([4, 5, 7, 6, 4])
    made.GetCreaseLengthsAttr().Set([5])
    made.GetCreaseSharpnessesAttr().Set([10.0])
    assert read(made, level=2).bounds[1, 2] == pytest.approx(1.0)
    made.GetCornerIndicesAttr().Set([0])
    made.GetCornerSharpnessesAttr().Set([10.0])
    assert read(made, level=2).bounds[0].tolist() == [-1, -1, -1]
    made.GetCreaseIndicesAttr().Set([4, 5, 700])  # does no harm
    assert not read(made).empty


def test_dense_cages_are_not_refined_further(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("scenecap.stage.mesh.MAX_REFINED_FACES", 100)
    assert read(cube("catmullClark"), level=5).refined == 2  # 24, 96, 384


def test_loop_needs_triangles_and_says_so() -> None:
    result = read(cube("loop"), level=1)
    assert result.refined == 1
    assert any("Loop" in problem for problem in result.problems)
    triangles = [[face[0], face[k], face[k + 1]] for face in CUBE_FACES for k in (1, 2)]
    result = read(mesh(new_stage(), "/M", CUBE_POINTS, triangles, scheme="loop"), level=1)
    assert not result.problems
    assert len(result.triangles) == 48


UV_INTERPOLATIONS = {
    "vertex": (lambda points, faces: [(p[0], p[1]) for p in points]),
    "faceVarying": (lambda points, faces: [(points[i][0], points[i][1]) for face in faces for i in face]),
    "uniform": (lambda points, faces: [(k, -k) for k in range(len(faces))]),
    "constant": (lambda points, faces: [(0.5, 0.25)]),
}


@pytest.mark.parametrize("interpolation", UV_INTERPOLATIONS)
@pytest.mark.parametrize("indexed", [False, True])
@pytest.mark.parametrize("left_handed", [False, True])
def test_texture_coordinates_come_to_their_corners(interpolation: str, indexed: bool, left_handed: bool) -> None:
    made = cube()
    if left_handed:
        made.GetOrientationAttr().Set("leftHanded")
    values = UV_INTERPOLATIONS[interpolation](CUBE_POINTS, CUBE_FACES)
    indices = None
    if indexed:
        unique = sorted(set(values))
        indices = [unique.index(value) for value in values]
        values = unique
    primvar(made, "st", Sdf.ValueTypeNames.TexCoord2fArray, vec2(values), interpolation, indices)
    result = read(made)
    assert result.uv is not None
    if interpolation in ("vertex", "faceVarying"):
        assert result.uv == pytest.approx(result.points[result.triangles][..., :2])
    elif interpolation == "uniform":
        face = np.repeat(np.arange(6), 2)
        assert result.uv[:, 0, 0].tolist() == face.tolist()
        assert (result.uv == result.uv[:, :1]).all()
    else:
        assert (result.uv == np.array([0.5, 0.25], dtype=np.float32)).all()


@pytest.mark.parametrize("left_handed", [False, True])
def test_texture_coordinates_follow_a_refined_surface(left_handed: bool) -> None:
    made = cube("catmullClark")
    if left_handed:
        made.GetOrientationAttr().Set("leftHanded")
    values = [(k % 2, k // 2) for _ in CUBE_FACES for k in (0, 1, 3, 2)]
    primvar(made, "st", Sdf.ValueTypeNames.TexCoord2fArray, vec2(values), "faceVarying")
    primvar(made, "other", Sdf.ValueTypeNames.TexCoord2fArray, vec2([(5, 6)]), "constant")
    result = read(made, level=1)
    assert result.uv is not None
    # A quad of the cube becomes four, the middle of which has (0.5, 0.5); each keeps a quarter of the square.
    flat = result.uv.reshape(6, 8 * 3, 2)
    for face in flat:
        assert sorted(map(tuple, np.unique(face, axis=0).tolist())) == [(a / 2, b / 2) for a in range(3) for b in range(3)]
    a, b, c = (result.uv[:, k] for k in range(3))
    turn = (b - a)[:, 0] * (c - a)[:, 1] - (b - a)[:, 1] * (c - a)[:, 0]
    assert np.abs(turn).sum() / 2 == pytest.approx(6.0)
    assert (turn < 0).all() if left_handed else (turn > 0).all()
    other = result.uv_named("other")
    assert other is not None
    assert np.unique(other.reshape(-1, 2), axis=0).tolist() == [[5, 6]]


def test_a_named_set_is_found_and_a_missing_one_is_none() -> None:
    made = cube()
    primvar(made, "UVMap", Sdf.ValueTypeNames.TexCoord2fArray, vec2([(1, 2)]), "constant")
    primvar(made, "broken", Sdf.ValueTypeNames.TexCoord2fArray, vec2([(1, 2)] * 3), "vertex")
    result = read(made)
    assert result.uv is not None
    assert result.uv_named("UVMap") is not None
    assert result.uv_named("st") is None
    assert result.uv_named("broken") is None  # three values for eight points


@pytest.mark.parametrize("interpolation", ["vertex", "faceVarying", "uniform", "constant"])
@pytest.mark.parametrize("as_primvar", [False, True])
def test_authored_normals_come_to_their_corners(interpolation: str, as_primvar: bool) -> None:
    made = cube()
    count = {"vertex": 8, "faceVarying": 24, "uniform": 6, "constant": 1}[interpolation]
    values = np.random.default_rng(1).normal(size=(count, 3))
    if as_primvar:
        made.GetNormalsAttr().Set(vec3(np.ones((24, 3))))  # the primvar wins
        made.SetNormalsInterpolation("faceVarying")
        primvar(made, "normals", Sdf.ValueTypeNames.Normal3fArray, vec3(values), interpolation)
    else:
        made.GetNormalsAttr().Set(vec3(values))
        made.SetNormalsInterpolation(interpolation)
    result = read(made)
    unit = values / np.linalg.norm(values, axis=1, keepdims=True)
    fan = np.array([[4 * f, 4 * f + k, 4 * f + k + 1] for f in range(6) for k in (1, 2)])
    by_corner = {
        "faceVarying": unit[fan] if count == 24 else None,
        "vertex": unit[result.triangles] if count == 8 else None,
        "uniform": np.repeat(np.repeat(unit, 2, axis=0)[:, None], 3, axis=1) if count == 6 else None,
        "constant": np.broadcast_to(unit[0], (12, 3, 3)),
    }[interpolation]
    assert result.normals == pytest.approx(by_corner, abs=1e-6)
    assert result.smooth == (interpolation in ("vertex", "faceVarying"))


def test_normals_of_the_wrong_length_fall_back_to_the_faces() -> None:
    made = cube()
    made.GetNormalsAttr().Set(vec3([(0, 0, 1)] * 5))
    result = read(made)
    assert np.sort(np.abs(result.normals), axis=2)[..., 2] == pytest.approx(np.ones((12, 3)))


def test_subsets_number_the_triangles_of_their_faces() -> None:
    made = cube()
    api = UsdShade.MaterialBindingAPI.Apply(made.GetPrim())
    api.CreateMaterialBindSubset("top", Vt.IntArray([1]))
    api.CreateMaterialBindSubset("sides", Vt.IntArray([2, 3, 99, -4]))
    UsdGeom.Subset.CreateGeomSubset(made, "other", "face", Vt.IntArray([0]), "somethingElse")
    assert read(made).face_material.tolist() == [0, 0, 1, 1, 2, 2, 2, 2, 0, 0, 0, 0]


def test_unused_and_broken_points_do_not_widen_the_box() -> None:
    points = [*CUBE_POINTS, (50, 0, 0), (np.nan, 0, 0)]
    result = read(mesh(new_stage(), "/M", points, [*CUBE_FACES, [0, 1, 9]]))
    assert result.bounds.tolist() == [[-1, -1, -1], [1, 1, 1]]
    assert len(result.points) == 8
    assert any("not finite" in problem for problem in result.problems)


def test_face_areas_survive_any_triangulation() -> None:
    concave = [(0, 0, 0), (3, 0, 0), (3, 1, 0), (1, 1, 0), (1, 3, 0), (0, 3, 0)]
    result = read(mesh(new_stage(), "/L", concave, [[0, 1, 2, 3, 4, 5]]))
    assert area(result.points, result.triangles) == pytest.approx(5.0)


@pytest.mark.parametrize(
    ("points", "counts", "indices"),
    [
        ([], [], []),
        ([(0, 0, 0)], [3], [0, 0, 0]),
        ([(0, 0, 0), (1, 0, 0)], [3], [0, 1, 7]),
        ([(0, 0, 0), (1, 0, 0), (2, 0, 0)], [3], [0, 1, 2]),
        (CUBE_POINTS, [4, 4], [0, 1]),
        ([(np.inf, 0, 0), (1, 0, 0), (0, 1, 0)], [3], [0, 1, 2]),
    ],
)
@pytest.mark.parametrize("scheme", ["none", "catmullClark"])
def test_hostile_meshes_do_no_harm(points, counts, indices, scheme) -> None:
    made = UsdGeom.Mesh.Define(new_stage(), "/M")
    made.GetPointsAttr().Set(vec3(points))
    made.GetFaceVertexCountsAttr().Set(counts)
    made.GetFaceVertexIndicesAttr().Set(indices)
    made.GetSubdivisionSchemeAttr().Set(scheme)
    result = read(made)
    assert np.isfinite(result.points).all()
    assert np.isfinite(result.normals).all()
    assert result.empty == bool(result.empty)
    if result.empty:
        assert result.problems


def test_a_skinned_mesh_is_drawn_in_its_rest_pose_and_says_so() -> None:
    made = cube()
    primvar(made, "skel:jointIndices", Sdf.ValueTypeNames.IntArray, [0], "constant")
    result = read(made)
    assert len(result.triangles) == 12
    assert any("rest pose" in problem for problem in result.problems)


def test_points_are_read_at_the_time() -> None:
    made = cube()
    made.GetPointsAttr().Set(vec3(np.array(CUBE_POINTS) * 2.0), 1.0)
    made.GetPointsAttr().Set(vec3(np.array(CUBE_POINTS) * 4.0), 3.0)
    assert read(made, time=2.0).bounds[1].tolist() == [3, 3, 3]
