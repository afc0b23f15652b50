"""Variant sets that are switched: the frame is that of a stage on which somebody had selected so, and no file changes."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("numba")
pytest.importorskip("pxr")

from pxr import Gf, Sdf, Usd, UsdGeom

from scenecap.contract import Buffer, ChangeKind
from scenecap.errors import ConfigError, UsageError
from scenecap.run.config import make_config
from scenecap.run.job import run_job
from scenecap.run.pipeline import caption_frame
from tests.capture.variation.rooms import add_box, add_camera, opened

CAMERA = "/Room/Camera"
VARIANTS = [{"prim": "/Room/*", "variant_set": "look"}, {"prim": "/Room/Seat", "variant_set": "kind"}]
COLORS = {"red": (0.5, 0.01, 0.02), "blue": (0.02, 0.08, 0.5)}


def add_look(stage: Usd.Stage, path: str, selected: str) -> None:
    """A variant set that colours the cube of a thing."""
    prim = stage.GetPrimAtPath(path)
    variants = prim.GetVariantSets().AddVariantSet("look")
    for name, color in COLORS.items():
        variants.AddVariant(name)
        variants.SetVariantSelection(name)
        with variants.GetVariantEditContext():
            UsdGeom.Cube(stage.OverridePrim(f"{path}/Shape")).CreateDisplayColorAttr([Gf.Vec3f(*color)])
    variants.SetVariantSelection(selected)


@pytest.fixture
def scene(tmp_path: Path) -> Path:
    """Two cubes with looks, one called after its own; a seat that is a stool, or a chair from a file of its own."""
    chair = Usd.Stage.CreateNew(str(tmp_path / "chair.usda"))
    UsdGeom.SetStageMetersPerUnit(chair, 1.0)
    UsdGeom.SetStageUpAxis(chair, "Z")
    add_box(chair, "/Chair", (0.4, 0.4, 0.9), (0.0, 0.0, 0.45))
    chair.SetDefaultPrim(chair.GetPrimAtPath("/Chair"))
    chair.Save()
    stage = Usd.Stage.CreateNew(str(tmp_path / "room.usda"))
    UsdGeom.SetStageMetersPerUnit(stage, 1.0)
    UsdGeom.SetStageUpAxis(stage, "Z")
    stage.SetDefaultPrim(UsdGeom.Xform.Define(stage, "/Room").GetPrim())
    add_box(stage, "/Room/Floor", (6.0, 6.0, 0.1), (0.0, 0.0, -0.05))
    add_box(stage, "/Room/RedBox", (0.4, 0.4, 0.4), (-0.9, 0.0, 0.2))
    add_box(stage, "/Room/Vase", (0.3, 0.3, 0.5), (0.0, 0.0, 0.25))
    add_look(stage, "/Room/RedBox", "red")
    add_look(stage, "/Room/Vase", "blue")
    seat = UsdGeom.Xform.Define(stage, "/Room/Seat")
    seat.AddTranslateOp().Set(Gf.Vec3d(1.0, 0.0, 0.0))
    kinds = seat.GetPrim().GetVariantSets().AddVariantSet("kind")
    for name in ("stool", "chair"):
        kinds.AddVariant(name)
        kinds.SetVariantSelection(name)
        with kinds.GetVariantEditContext():
            if name == "stool":
                add_box(stage, "/Room/Seat/Stool", (0.4, 0.4, 0.5), (0.0, 0.0, 0.25))
            else:
                stage.DefinePrim("/Room/Seat/Chair").GetReferences().AddReference("./chair.usda")
                add_look_inside(stage)
    kinds.SetVariantSelection("stool")
    add_camera(stage, CAMERA, (0.0, -2.8, 2.2))
    stage.Save()
    return tmp_path / "room.usda"


def add_look_inside(stage: Usd.Stage) -> None:
    """A set that is only there where the seat is a chair."""
    prim = stage.GetPrimAtPath("/Room/Seat/Chair")
    variants = prim.GetVariantSets().AddVariantSet("look")
    for name, color in COLORS.items():
        variants.AddVariant(name)
        variants.SetVariantSelection(name)
        with variants.GetVariantEditContext():
            UsdGeom.Cube(stage.OverridePrim("/Room/Seat/Chair/Shape")).CreateDisplayColorAttr([Gf.Vec3f(*color)])
    variants.ClearVariantSelection()


def selected(scene: Path, target: Path, changes) -> Path:
    """The stage with the selections authored in its root layer."""
    target.parent.mkdir(exist_ok=True)
    layer = Sdf.Layer.FindOrOpen(str(scene))
    layer.Export(str(target))
    (target.parent / "chair.usda").write_bytes((scene.parent / "chair.usda").read_bytes())
    stage = Usd.Stage.Open(str(target))
    for change in sorted(changes, key=lambda item: item.path):
        prim = stage.GetPrimAtPath(change.path)
        prim.GetVariantSet(change.values["set"]).SetVariantSelection(change.values["variant"])
    stage.Save()
    return target


def test_a_frame_is_that_of_a_stage_on_which_somebody_had_selected_so(scene: Path, tmp_path: Path) -> None:
    run = opened(scene, variations={"count": 12, "variants": VARIANTS})
    seen = set()
    for task in run.tasks()[1:]:
        frame = run.observe(task)
        changes = [change for change in frame.variation.changes if change.kind is ChangeKind.VARIANT]
        assert frame.variation.counts["variants"] == len(changes)
        theirs = opened(selected(scene, tmp_path / str(task.variation) / "room.usda", changes))
        same = theirs._source.observe(theirs._camera(theirs._opened, CAMERA, 0.0))
        assert [item.path for item in frame.objects] == [item.path for item in same.objects]
        assert frame.contacts == same.contacts
        for mine, other in zip(frame.objects, same.objects, strict=True):
            assert vars(mine.visibility) == vars(other.visibility)
        for name in (Buffer.DEPTH, Buffer.NORMALS):
            assert np.array_equal(frame.buffers[name], same.buffers[name])
        seen |= {(item.path, round(item.size_world[2], 1), item.visibility.color_shares[:1]) for item in frame.objects}
    assert {height for path, height, _ in seen if path == "/Room/Seat"} == {0.5, 0.9}
    assert len(seen) == 7  # each look of each, and a stool without one


def test_a_name_that_another_variant_makes_untrue_is_not_said(scene: Path) -> None:
    run = opened(scene, variations={"count": 8, "variants": VARIANTS[:1]})
    spoken = set()
    for task in run.tasks()[1:]:
        frame = run.observe(task)
        chosen = {c.path: c.values["variant"] for c in frame.variation.changes if c.kind is ChangeKind.VARIANT}
        result = caption_frame(frame, make_config({}), variation=task.variation)
        text = result.captions.overall.text
        assert f"a {chosen['/Room/RedBox']} box" in text.lower()
        assert f"{'red' if chosen['/Room/RedBox'] == 'blue' else 'blue'} box" not in text.lower()
        spoken.add(chosen["/Room/RedBox"])
    assert spoken == set(COLORS)


def test_of_a_point_instancer_the_instances_show_their_prototypes_variant(tmp_path: Path) -> None:
    path = tmp_path / "room.usda"
    stage = Usd.Stage.CreateNew(str(path))
    UsdGeom.SetStageMetersPerUnit(stage, 1.0)
    UsdGeom.SetStageUpAxis(stage, "Z")
    stage.SetDefaultPrim(UsdGeom.Xform.Define(stage, "/Room").GetPrim())
    add_box(stage, "/Room/Floor", (6.0, 6.0, 0.1), (0.0, 0.0, -0.05))
    instancer = UsdGeom.PointInstancer.Define(stage, "/Room/Pawns")
    add_box(stage, "/Room/Pawns/Prototypes/RedPawn", (0.2, 0.2, 0.4), (0.0, 0.0, 0.0))
    add_look(stage, "/Room/Pawns/Prototypes/RedPawn", "red")
    instancer.CreatePrototypesRel().SetTargets([Sdf.Path("/Room/Pawns/Prototypes/RedPawn")])
    instancer.CreateProtoIndicesAttr([0, 0])
    instancer.CreatePositionsAttr([Gf.Vec3f(-0.5, 0, 0.2), Gf.Vec3f(0.5, 0, 0.2)])
    add_camera(stage, CAMERA, (0.0, -2.8, 2.2))
    stage.Save()
    choice = {"prim": "*/RedPawn", "variant_set": "look", "variants": ["blue"]}
    run = opened(path, variations={"count": 1, "variants": [choice]})
    text = caption_frame(run.observe(run.tasks()[1]), make_config({}), variation=1).captions.overall.text
    assert "two blue pawns" in text.lower()
    assert "red" not in text.lower()


def test_no_file_changes_and_the_stage_that_was_given_stays_as_it_is(scene: Path) -> None:
    from scenecap.run.embedded_run import EmbeddedRun
    from scenecap.stage.open import open_stage

    before = {path: hashlib.sha256(path.read_bytes()).hexdigest() for path in scene.parent.glob("*.usda")}
    given = open_stage(scene)
    given.session.comment = "theirs"
    session = given.session.ExportToString()
    keys = {"scene_path": str(scene), "output_path": "out", "quality": "off", "resolution": "64x48"}
    run = EmbeddedRun(make_config({**keys, "variations": {"count": 3, "variants": VARIANTS}}), opened=given)
    for task in run.tasks():
        run.observe(task)
    assert given.session.ExportToString() == session
    assert not any(layer.dirty for layer in given.stage.GetUsedLayers() if not layer.anonymous)
    assert {path: hashlib.sha256(path.read_bytes()).hexdigest() for path in scene.parent.glob("*.usda")} == before


def test_the_inputs_are_those_of_all_variants(scene: Path) -> None:
    assert "chair.usda" not in opened(scene).inputs()
    assert "chair.usda" in opened(scene, variations={"count": 1, "variants": VARIANTS}).inputs()


def test_two_workers_make_the_same_bytes(scene: Path, tmp_path: Path) -> None:
    varied = {"count": 3, "variants": VARIANTS, "pose": {"distance": 0.2}, "colors": {"share": 0.3}}
    keys = {"scene_path": str(scene), "quality": "off", "resolution": "64x48", "fsync": False, "variations": varied}
    made = []
    for workers in (1, 2):
        folder = tmp_path / f"out{workers}"
        executor = "here" if workers == 1 else "processes"
        assert (
            run_job(make_config({**keys, "output_path": str(folder), "executor": executor, "workers": workers})).exit_code == 0
        )
        files = (path for path in folder.rglob("*") if path.is_file() and path.name != "run_log.jsonl")
        made.append({str(path.relative_to(folder)): path.read_bytes() for path in files})
    assert made[0] == made[1]


@pytest.mark.parametrize(
    ("choice", "message"),
    [
        ({"prim": "/Room/Vaze", "variant_set": "look"}, "variants.0.prim: '/Room/Vaze' fits no prim"),
        ({"prim": "/Room/Vase", "variant_set": "loook"}, "has a set 'loook'; did you mean 'look'"),
        ({"prim": "/Room/Vase", "variant_set": "look", "variants": ["blu"]}, "has no 'blu'; did you mean 'blue'"),
    ],
)
def test_a_choice_that_fits_nothing_is_an_error(scene: Path, tmp_path: Path, choice: dict, message: str) -> None:
    keys = {"scene_path": str(scene), "output_path": str(tmp_path / "out"), "quality": "off", "executor": "here"}
    with pytest.raises(UsageError) as error:
        run_job(make_config({**keys, "variations": {"count": 1, "variants": [choice]}}))
    assert message in str(error.value)


def test_a_choice_names_a_prim_by_path() -> None:
    with pytest.raises(ConfigError, match="a prim path starts with /"):
        make_config({"variations": {"count": 1, "variants": [{"prim": "Vase", "variant_set": "look"}]}})
