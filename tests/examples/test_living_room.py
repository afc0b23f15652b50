"""The demo scene is what its script writes, has what its documentation says, and everything in it really rests."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from scenecap.capture.contacts import find_contacts

from ..capture.contact_scenes import instance_bodies, stage_body, subtree_pieces

pxr = pytest.importorskip("pxr")
from pxr import Sdf, Usd, UsdGeom, UsdShade  # noqa: E402

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "examples" / "living_room"
GROUPS = ("Furniture", "Tableware", "Books", "Decor")


@pytest.fixture(scope="module")
def files() -> dict[str, bytes]:
    sys.path.insert(0, str(ROOT / "scripts"))
    try:
        import make_demo_scene
    finally:
        sys.path.pop(0)
    return make_demo_scene.scene_files()


@pytest.fixture(scope="module")
def stage() -> Usd.Stage:
    return Usd.Stage.Open(str(FOLDER / "living_room.usda"))


def test_the_script_writes_the_committed_files(files):
    committed = {path.relative_to(FOLDER).as_posix() for path in FOLDER.rglob("*") if path.suffix in (".usda", ".png")}
    assert committed == set(files)
    for name, data in files.items():
        now = (FOLDER / name).read_bytes()
        if name.endswith(".png"):  # compressed differently by different zlibs: the pixels count
            np.testing.assert_array_equal(np.asarray(Image.open(io.BytesIO(data))), np.asarray(Image.open(io.BytesIO(now))))
        else:
            assert now == data, f"{name}: run scripts/make_demo_scene.py and commit what it writes"


def test_it_is_small():
    assert sum(path.stat().st_size for path in FOLDER.rglob("*") if path.is_file()) < 3_000_000


def test_it_composes_and_needs_nothing_outside(stage):
    assert stage.GetCompositionErrors() == []
    assert UsdGeom.GetStageMetersPerUnit(stage) == 1.0
    assert UsdGeom.GetStageUpAxis(stage) == UsdGeom.Tokens.z
    assert (stage.GetStartTimeCode(), stage.GetEndTimeCode()) == (0.0, 10.0)
    for layer in stage.GetUsedLayers(includeClipLayers=True):
        if not layer.anonymous:
            assert FOLDER in Path(layer.realPath).parents
    textures = 0
    for prim in stage.TraverseAll():
        shader = UsdShade.Shader(prim)
        if shader and shader.GetIdAttr().Get() == "UsdUVTexture":
            textures += 1
            assert Path(shader.GetInput("file").Get().resolvedPath).parent == FOLDER / "textures"
    assert textures >= 4


def test_meshes_are_sound_and_wound_outwards(stage):
    checked = 0
    for prim in Usd.PrimRange(stage.GetPseudoRoot(), Usd.TraverseInstanceProxies()):
        if not prim.IsA(UsdGeom.Mesh):
            continue
        mesh = UsdGeom.Mesh(prim)
        points = np.array(mesh.GetPointsAttr().Get())
        normals = np.array(mesh.GetNormalsAttr().Get())
        counts, indices = np.array(mesh.GetFaceVertexCountsAttr().Get()), np.array(mesh.GetFaceVertexIndicesAttr().Get())
        assert UsdGeom.Mesh.ValidateTopology(indices.tolist(), counts.tolist(), len(points))[0], prim.GetPath()
        assert normals.shape == points.shape
        np.testing.assert_allclose(np.linalg.norm(normals, axis=1), 1.0, atol=2e-3)
        extent = np.array(mesh.GetExtentAttr().Get())
        np.testing.assert_allclose(extent, [points.min(axis=0), points.max(axis=0)], atol=1e-4)
        flat, volume, start = 0, 0.0, 0
        center = points.mean(axis=0)
        for count in counts:
            corners = points[indices[start : start + count]]
            normal = sum(np.cross(corners[k] - corners[0], corners[k + 1] - corners[0]) for k in range(1, count - 1))
            flat += float(normal @ normals[indices[start : start + count]].sum(axis=0)) < 0
            volume += float(normal @ (corners[0] - center))
            start += count
        assert flat == 0, f"{prim.GetPath()}: {flat} polygons face away from their normals"
        if not mesh.GetDoubleSidedAttr().Get() and prim.GetName() != "Canvas":
            assert volume > 0, f"{prim.GetPath()} is inside out"
        checked += 1
    assert checked > 100


def test_it_has_the_traps_that_its_documentation_lists(stage):
    def prim(path: str) -> Usd.Prim:
        found = stage.GetPrimAtPath(f"/LivingRoom/{path}")
        assert found, path
        return found

    labels = prim("Furniture/SM_Sofa_01")
    assert "SemanticsLabelsAPI:class" in labels.GetAppliedSchemas() or "SemanticsLabelsAPI:class" in str(
        labels.GetMetadata("apiSchemas")
    )
    assert list(labels.GetAttribute("semantics:labels:class").Get()) == ["sofa"]
    assert prim("Furniture/Bookshelf").GetAttribute("semantic:Semantics:params:semanticData").Get() == "bookshelf"
    assert "SemanticsAPI:Semantics" in str(prim("Furniture/Bookshelf").GetMetadata("apiSchemas"))
    assert "vase" in prim("Tableware/SM_Vase_01").GetMetadata("documentation")
    assert prim("Tableware/Plate_01").GetAssetInfoByKey("name") == "dinner plate"
    chairs = [child for child in prim("Furniture").GetChildren() if "DiningChair" in child.GetName()]
    assert len(chairs) == 4
    assert len({chair.GetPrototype().GetPath() for chair in chairs}) == 1
    fruit = UsdGeom.PointInstancer(prim("Tableware/Fruit"))
    assert sorted(fruit.GetProtoIndicesAttr().Get()) == [0, 0, 0, 1, 1]
    subset = UsdGeom.Subset(prim("Decor/BeachBall_01/Geom/Skin/BallRed"))
    assert len(subset.GetIndicesAttr().Get()) > 20
    assert prim("Furniture/SM_Sofa_01/Geom/Collision").GetAttribute("purpose").Get() == "guide"
    assert UsdGeom.Imageable(prim("Stored/SM_StoredTable_01/Geom/Top")).ComputeVisibility() == "invisible"
    ball = UsdGeom.Xformable(prim("Decor/BeachBall_01"))
    moved = [np.array(ball.ComputeLocalToWorldTransform(time))[3, 0] for time in (0, 5, 10)]
    assert moved[0] < moved[1] < moved[2] == pytest.approx(moved[0] + 0.8)
    assert UsdGeom.Xformable(prim("Cameras/Orbit")).TransformMightBeTimeVarying()
    covers = {
        str(UsdShade.MaterialBindingAPI(prim(f"Books/Book_{k:02d}/Geom/Book")).ComputeBoundMaterial()[0].GetPath()).rsplit(
            "/", 1
        )[1]
        for k in range(1, 19)
    }
    assert len(covers) == 5
    units = {name: Sdf.Layer.FindOrOpen(str(FOLDER / "assets" / f"{name}.usda")) for name in ("laptop", "potted_plant", "rug")}
    assert {name: layer.pseudoRoot.GetInfo("metersPerUnit") for name, layer in units.items()} == {
        "laptop": 0.01,
        "potted_plant": 0.01,
        "rug": 1.0,
    }
    assert units["potted_plant"].pseudoRoot.GetInfo("upAxis") == "Y"


def world_points(stage: Usd.Stage, name: str) -> np.ndarray:
    pieces = subtree_pieces(stage, f"/LivingRoom/{name}")
    return np.concatenate([piece.points @ piece.local_to_world[:3, :3] + piece.local_to_world[3, :3] for piece in pieces])


@pytest.mark.parametrize(
    ("name", "width", "height"),  # longest side on the ground of the box in world, height [m]
    [
        ("Furniture/SM_Sofa_01", 2.1, 0.83),
        ("Furniture/SM_DiningTable_01", 1.5, 0.74),
        ("Furniture/SM_DiningChair_02", 0.5, 0.87),
        ("Furniture/Bookshelf", 0.86, 1.9),
        ("Decor/Laptop", 0.34, 0.21),
        ("Decor/Teddy_Bear_01", 0.26, 0.34),
        ("Decor/PottedPlant_01", 0.6, 1.35),
        ("Tableware/Mug_Red_01", 0.1, 0.094),
        ("Tableware/Plate_01", 0.27, 0.022),
    ],
)
def test_sizes_are_believable(stage, name, width, height):
    size = np.ptp(world_points(stage, name), axis=0)
    assert max(size[:2]) == pytest.approx(width, rel=0.2)
    assert size[2] == pytest.approx(height, rel=0.15)


FLOOR = "Architecture/Floor"
SUPPORTED = {
    "Furniture/Rug": FLOOR,
    "Furniture/SM_Sofa_01": FLOOR,
    "Furniture/SM_Armchair_01": FLOOR,
    "Furniture/CoffeeTable": "Furniture/Rug",
    "Furniture/SideTable_01": FLOOR,
    "Furniture/SM_DiningTable_01": FLOOR,
    "Furniture/SM_DiningChair_01": FLOOR,
    "Furniture/SM_DiningChair_02": FLOOR,
    "Furniture/SM_DiningChair_03": FLOOR,
    "Furniture/SM_DiningChair_04": FLOOR,
    "Furniture/Bookshelf": FLOOR,
    "Furniture/TVStand": FLOOR,
    "Furniture/FloorLamp_03": FLOOR,
    "Decor/PottedPlant_01": FLOOR,
    "Decor/SM_ToyBox_01": FLOOR,
    "Decor/BeachBall_01": FLOOR,
    "Decor/TV": "Furniture/TVStand",
    "Decor/SM_TableLamp_01": "Furniture/SideTable_01",
    "Decor/Cushion_Yellow_01": "Furniture/SM_Sofa_01",
    "Decor/Cushion_Cream_01": "Furniture/SM_Sofa_01",
    "Decor/Teddy_Bear_01": "Furniture/SM_Armchair_01",
    "Decor/Laptop": "Furniture/CoffeeTable",
    "Decor/CardboardBox_01": "Furniture/Bookshelf",
    "Decor/Window_01": "Architecture/Wall_Left",  # in its opening
    "Tableware/Mug_Red_01": "Furniture/CoffeeTable",
    "Tableware/Mug_Blue_01": "Furniture/SM_DiningTable_01",
    "Tableware/SM_FruitBowl_01": "Furniture/SM_DiningTable_01",
    "Tableware/SM_Vase_01": "Furniture/SM_DiningTable_01",
    "Tableware/Plate_01": "Furniture/SM_DiningTable_01",
    "Tableware/Plate_02": "Furniture/SM_DiningTable_01",
    "Tableware/Plate_03": "Furniture/SM_DiningTable_01",
    "Tableware/Tulips_01": "Tableware/SM_Vase_01",
    "Books/Book_21": "Furniture/CoffeeTable",
    "Books/Book_22": "Books/Book_21",
    **{f"Books/Book_{k:02d}": "Furniture/Bookshelf" for k in range(1, 19)},
    **{f"Decor/Toy_Block_{k:02d}": "Decor/SM_ToyBox_01" for k in (1, 2, 3)},
    **{f"Tableware/Fruit[{k}]": "Tableware/SM_FruitBowl_01" for k in range(4)},
}
INSIDE = {
    **{f"Books/Book_{k:02d}": "Furniture/Bookshelf" for k in range(1, 19)},
    **{f"Decor/Toy_Block_{k:02d}": "Decor/SM_ToyBox_01" for k in (1, 2, 3)},
    **{f"Tableware/Fruit[{k}]": "Tableware/SM_FruitBowl_01" for k in range(5)},
    "Tableware/Tulips_01": "Tableware/SM_Vase_01",
}
HELD = {
    ("Decor/FramedPicture", "attached", "Architecture/Wall_Back"),
    ("Decor/WallClock_01", "attached", "Architecture/Wall_Back"),
    ("Decor/CurtainRod", "attached", "Architecture/Wall_Left"),
    ("Decor/Curtain_01", "hanging", "Decor/CurtainRod"),
    ("Decor/Curtain_02", "hanging", "Decor/CurtainRod"),
    ("Decor/PendantLamp_01", "hanging", "Architecture/Ceiling"),
}


def bodies_of(stage: Usd.Stage) -> list:
    room = [f"/LivingRoom/Architecture/{name}" for name in ("Floor", "Ceiling", "Wall_Back", "Wall_Left", "Wall_Right")]
    bodies = [stage_body(stage, path, is_room=True) for path in room]
    for group in GROUPS:
        for child in stage.GetPrimAtPath(f"/LivingRoom/{group}").GetChildren():
            path = str(child.GetPath())
            bodies += instance_bodies(stage, path) if child.IsA(UsdGeom.PointInstancer) else [stage_body(stage, path)]
    return bodies


def test_contacts_are_these_and_no_others(stage):
    contacts = find_contacts(bodies_of(stage))
    found = {(c.child[12:], c.kind.value, c.parent[12:]) for c in contacts}
    expected = {(child, "support", parent) for child, parent in SUPPORTED.items()}
    expected |= {(child, "inside", parent) for child, parent in INSIDE.items()} | HELD
    assert found - expected == set()
    assert expected - found == set()


def test_things_really_rest(stage):
    for contact in find_contacts(bodies_of(stage)):
        if (
            contact.kind.value == "support" and "Fruit" not in contact.child
        ):  # fruit touches the bowl's slope, not below itself
            assert -0.0005 <= contact.gap <= 0.0021, contact


def test_furniture_keeps_its_distance(stage):
    standing = [
        name for name, parent in SUPPORTED.items() if parent == FLOOR and name not in ("Furniture/Rug", "Decor/PottedPlant_01")
    ]
    boxes = {name: (lambda p: (p.min(axis=0), p.max(axis=0)))(world_points(stage, name)) for name in standing}
    pairs = [(one, other) for one in standing for other in standing if one < other]
    close = set()
    for one, other in pairs:
        (a0, a1), (b0, b1) = boxes[one], boxes[other]
        if np.maximum(a0 - b1, b0 - a1)[:2].max() < 0.0:
            close.add((one, other))
    # Chairs are pushed under the table; nothing else stands within another's outline.
    assert all("DiningChair" in one and "DiningTable" in other for one, other in close)
    assert len(close) == 4


def test_cameras_see_the_room(stage):
    from scenecap.capture.embedded import EmbeddedSource
    from scenecap.capture.settings import CaptureSettings
    from scenecap.stage.cameras import camera_view
    from scenecap.stage.open import open_stage

    opened = open_stage(FOLDER / "living_room.usda")
    source = EmbeddedSource(opened, CaptureSettings(quality="off"))
    for name, least in (("Overview", 50), ("DiningTable", 30), ("CoffeeTable", 12), ("Orbit", 50)):
        for size in ((640, 480), (1280, 720)):
            view = camera_view(opened, f"/LivingRoom/Cameras/{name}", time_code=0.0, resolution=size)
            frame = source.observe(view, time_code=0.0)
            seen = [item for item in frame.objects if item.visibility is not None and item.visibility.visible_px >= 20]
            assert len(seen) >= least, name
    assert list(opened.problems) == []
