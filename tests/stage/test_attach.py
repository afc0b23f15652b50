"""Writing labels: to the session or a label layer, never to the user's files."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from pxr import Sdf, Usd, UsdGeom

from scenecap.contract import LabelSource
from scenecap.errors import OutputError, UsageError
from scenecap.stage.attach import (
    LabelPlan,
    PlannedLabel,
    attach_to_session,
    detach_from_session,
    effective_schema,
    plan_labels,
    write_label_layer,
)
from scenecap.stage.labels import read_labels
from scenecap.stage.open import OpenStage, open_stage, wrap_stage
from scenecap.stage.settings import LabelSchema

from .authoring import box, find, instancer, label, labels_of, new_stage, xform


@pytest.fixture
def scene(tmp_path: Path) -> OpenStage:
    """Two chairs (one labelled), instances of both sorts, a ghost, a floor; centimetres, y up."""
    stage = new_stage(tmp_path / "scene.usda", up="Y", meters=0.01)
    stage.SetStartTimeCode(5)
    stage.SetEndTimeCode(9)
    xform(stage, "/World/SM_Chair_01")
    box(stage, "/World/SM_Chair_01/mesh")
    xform(stage, "/World/SM_Chair_02")
    box(stage, "/World/SM_Chair_02/mesh")
    label(stage.GetPrimAtPath("/World/SM_Chair_02"), "throne")
    instancer(stage, "/World/Pawns", ["/World/Pawns/Pawn"], [0, 0], [(0, 0, 0), (50, 0, 0)])
    box(stage, "/World/Pawns/Pawn")
    stage.CreateClassPrim("/Lamp")
    box(stage, "/Lamp/shade")
    for number in (1, 2):
        prim = xform(stage, f"/World/lamp_{number}")
        prim.GetReferences().AddInternalReference("/Lamp")
        prim.SetInstanceable(True)
    box(stage, "/World/VisualCup", opacity=0.3)
    box(stage, "/World/floor", size=(500, 1, 500), at=(0, -5, 0))
    stage.Save()
    return open_stage(tmp_path / "scene.usda")


def test_plan(scene: OpenStage) -> None:
    plan = plan_labels(scene, find(scene))
    assert [(item.prim_path, item.label, item.objects) for item in plan.labels] == [
        ("/World/Pawns/Pawn", "pawn", ("/World/Pawns[0]", "/World/Pawns[1]")),
        ("/World/SM_Chair_01", "chair", ("/World/SM_Chair_01",)),
        ("/World/floor", "floor", ("/World/floor",)),
        ("/World/lamp_1", "lamp", ("/World/lamp_1",)),
        ("/World/lamp_2", "lamp", ("/World/lamp_2",)),
    ]
    assert {item.path: item.reason for item in plan.skipped} == {
        "/World/SM_Chair_02": "it has a label already",
        "/World/VisualCup": "it is a ghost",
    }
    assert not scene.session.rootPrims, "a plan changes nothing"


@pytest.mark.parametrize(
    ("schema", "attributes", "applied"),
    [
        (LabelSchema.LABELS, {"semantics:labels:class"}, ["SemanticsLabelsAPI:class"]),
        (
            LabelSchema.LEGACY,
            {"semantic:Semantics:params:semanticType", "semantic:Semantics:params:semanticData"},
            ["SemanticsAPI:Semantics"],
        ),
    ],
)
def test_session(scene: OpenStage, schema: LabelSchema, attributes: set[str], applied: list[str]) -> None:
    before = labels_of(find(scene))
    assert attach_to_session(scene, plan_labels(scene, find(scene)), schema=schema) == 5
    prim = scene.stage.GetPrimAtPath("/World/SM_Chair_01")
    assert {name for name in prim.GetAuthoredPropertyNames() if name.startswith("semantic")} == attributes
    assert scene.session.GetPrimAtPath("/World/SM_Chair_01").GetInfo("apiSchemas").prependedItems == applied
    assert read_labels(prim) == {"class": ("chair",)}
    assert labels_of(find(scene)) == before
    assert read_labels(scene.stage.GetPrimAtPath("/World/SM_Chair_02")) == {"class": ("throne",)}


def test_labels_are_known_to_usd_itself(scene: OpenStage) -> None:
    UsdSemantics = pytest.importorskip("pxr.UsdSemantics")
    attach_to_session(scene, plan_labels(scene, find(scene)))
    prim = scene.stage.GetPrimAtPath("/World/lamp_1")
    assert prim.HasAPI(UsdSemantics.LabelsAPI, "class")
    assert list(UsdSemantics.LabelsAPI(prim, "class").GetLabelsAttr().Get()) == ["lamp"]
    query = UsdSemantics.LabelsQuery("class", Usd.TimeCode.Default())
    shade = scene.stage.GetPrimAtPath("/World/lamp_1/shade")
    assert query.ComputeUniqueInheritedLabels(shade) == ["lamp"], "the instance root's label reaches its proxies"


def test_detach_takes_back_only_its_own(scene: OpenStage) -> None:
    scene.stage.GetPrimAtPath("/World/SM_Chair_01").GetAttribute("xformOp:translate").Set((1, 2, 3))
    scene.stage.GetPrimAtPath("/World/SM_Chair_01").AddAppliedSchema("MyAPI")
    before = scene.session.ExportToString()
    plan = plan_labels(scene, find(scene))
    attach_to_session(scene, plan, schema=LabelSchema.BOTH)
    detach_from_session(scene, plan)
    assert scene.session.ExportToString() == before


@pytest.mark.parametrize("suffix", [".usda", ".usdc", ".usd"])
def test_label_layer(scene: OpenStage, tmp_path: Path, suffix: str) -> None:
    before = Path(scene.path).read_bytes()
    found = find(scene)
    file = write_label_layer(scene, plan_labels(scene, found), tmp_path / f"out/labels{suffix}")
    assert Path(scene.path).read_bytes() == before
    assert [item.name for item in file.parent.iterdir()] == [file.name], "no temporary file is left"
    opened = open_stage(file)
    assert (opened.up_axis, opened.meters_per_unit, opened.start, opened.end) == ("Y", 0.01, 5, 9)
    assert opened.stage.GetDefaultPrim().GetPath() == "/World"
    assert opened.problems == []
    assert labels_of(find(opened)) == labels_of(found)
    assert find(opened).entities[0].label_source is LabelSource.AUTHORED


def test_label_layer_moves_with_its_scene(scene: OpenStage, tmp_path: Path) -> None:
    file = write_label_layer(scene, plan_labels(scene, find(scene)), tmp_path / "labels.usda")
    assert list(Sdf.Layer.FindOrOpen(str(file)).subLayerPaths) == ["./scene.usda"]
    assert str(tmp_path) not in file.read_text()


def test_same_labels_same_bytes(scene: OpenStage, tmp_path: Path) -> None:
    plan = plan_labels(scene, find(scene))
    first = write_label_layer(scene, plan, tmp_path / "a.usda").read_bytes()
    assert write_label_layer(scene, plan, tmp_path / "b.usda").read_bytes() == first
    assert write_label_layer(scene, plan, tmp_path / "a.usda").read_bytes() == first, "its own file may be written again"


def test_written_again_it_is_read_again(scene: OpenStage, tmp_path: Path) -> None:
    file = write_label_layer(scene, plan_labels(scene, find(scene)), tmp_path / "labels.usda")
    opened = open_stage(file)
    write_label_layer(scene, LabelPlan((), ()), file)
    assert read_labels(opened.stage.GetPrimAtPath("/World/SM_Chair_01")) == {}


def test_scene_layers_are_refused(scene: OpenStage, tmp_path: Path) -> None:
    plan = plan_labels(scene, find(scene))
    targets = [Path(scene.path), Path(scene.path).parent / "x" / ".." / "scene.usda"]
    (tmp_path / "x").mkdir()
    link, hard = tmp_path / "link.usda", tmp_path / "hard.usda"
    link.symlink_to(scene.path)
    os.link(scene.path, hard)
    before = Path(scene.path).read_bytes()
    for target in (*targets, link, hard):
        with pytest.raises(UsageError, match="is a layer of the scene"):
            write_label_layer(scene, plan, target, overwrite=True)
    assert Path(scene.path).read_bytes() == before


def test_sublayers_are_layers_of_the_scene(tmp_path: Path) -> None:
    inner = new_stage(tmp_path / "inner.usda")
    box(inner, "/World/cup")
    inner.Save()
    outer = Sdf.Layer.CreateNew(str(tmp_path / "outer.usda"))
    outer.subLayerPaths.append("./inner.usda")
    outer.Save()
    opened = open_stage(tmp_path / "outer.usda")
    with pytest.raises(UsageError, match="is a layer of the scene"):
        write_label_layer(opened, plan_labels(opened, find(opened)), tmp_path / "inner.usda", overwrite=True)


@pytest.mark.parametrize(
    ("target", "words"),
    [("labels.txt", "no name for a label layer"), ("labels.usdz", "no name"), (".", "no name"), ("other.usda", "exists")],
)
def test_wrong_targets(scene: OpenStage, tmp_path: Path, target: str, words: str) -> None:
    (tmp_path / "other.usda").write_text("#usda 1.0\n")
    with pytest.raises(UsageError, match=words):
        write_label_layer(scene, LabelPlan((), ()), tmp_path / target)
    assert (tmp_path / "other.usda").read_text() == "#usda 1.0\n"


def test_foreign_file_may_be_overwritten_when_asked(scene: OpenStage, tmp_path: Path) -> None:
    (tmp_path / "other.usda").write_text("not usd at all")
    write_label_layer(scene, plan_labels(scene, find(scene)), tmp_path / "other.usda", overwrite=True)
    assert open_stage(tmp_path / "other.usda").stage.GetPrimAtPath("/World/SM_Chair_01")


def test_folder_that_cannot_be_written(scene: OpenStage, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="cannot be written"):
        write_label_layer(scene, LabelPlan((), ()), tmp_path / "file" / "labels.usda")


def test_failed_export_leaves_the_old_file(scene: OpenStage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = write_label_layer(scene, plan_labels(scene, find(scene)), tmp_path / "labels.usda")
    before = file.read_bytes()

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(OutputError, match="No space left"):
        write_label_layer(scene, LabelPlan((), ()), file)
    assert file.read_bytes() == before
    assert sorted(item.name for item in tmp_path.iterdir()) == ["labels.usda", "scene.usda"]


def test_stage_without_a_file_has_no_label_layer(tmp_path: Path) -> None:
    stage = new_stage()
    with pytest.raises(UsageError, match="has no file"):
        write_label_layer(wrap_stage(stage), LabelPlan((), ()), tmp_path / "labels.usda")


def test_stage_without_a_session_layer() -> None:
    layer = Sdf.Layer.CreateAnonymous()
    opened = wrap_stage(Usd.Stage.Open(layer, sessionLayer=None))
    assert not opened.session
    with pytest.raises(UsageError, match="no session layer"):
        attach_to_session(opened, LabelPlan((), ()))


def test_objects_within_instances_are_skipped() -> None:
    stage = new_stage()
    stage.CreateClassPrim("/Office")
    for name in ("desk", "chair"):
        box(stage, f"/Office/{name}/geo")
    prim = xform(stage, "/World/office_1", kind="assembly")
    prim.GetReferences().AddInternalReference("/Office")
    prim.SetInstanceable(True)
    opened = wrap_stage(stage)
    plan = plan_labels(opened, find(opened))
    assert plan.labels == ()
    assert {item.path for item in plan.skipped} == {"/World/office_1/chair", "/World/office_1/desk"}
    assert all("within an instance" in item.reason for item in plan.skipped)


def test_two_prototypes() -> None:
    stage = new_stage()
    instancer(stage, "/World/m", ["/World/m/cup", "/World/m/bowl"], [0, 1, 0], [(0, 0, 0), (1, 0, 0), (2, 0, 0)])
    box(stage, "/World/m/cup")
    box(stage, "/World/m/bowl")
    opened = wrap_stage(stage)
    plan = plan_labels(opened, find(opened))
    assert [(item.prim_path, item.objects) for item in plan.labels] == [
        ("/World/m/bowl", ("/World/m[1]",)),
        ("/World/m/cup", ("/World/m[0]", "/World/m[2]")),
    ]


def test_hostile_label_is_text_in_the_file(scene: OpenStage, tmp_path: Path) -> None:
    evil = '"] custom string x = "' + "\\" + "'''"
    plan = LabelPlan((PlannedLabel("/World/SM_Chair_01", evil, LabelSource.MAP, ()),), ())
    file = write_label_layer(scene, plan, tmp_path / "labels.usda")
    opened = open_stage(file)
    prim = opened.stage.GetPrimAtPath("/World/SM_Chair_01")
    assert list(prim.GetAttribute("semantics:labels:class").Get()) == [evil]
    assert not prim.HasAttribute("x")


def test_schema_falls_back_where_usd_does_not_know_it(monkeypatch: pytest.MonkeyPatch) -> None:
    assert effective_schema(LabelSchema.LEGACY) is LabelSchema.LEGACY
    if Usd.SchemaRegistry().FindAppliedAPIPrimDefinition("SemanticsLabelsAPI") is not None:
        assert effective_schema(LabelSchema.BOTH) is LabelSchema.BOTH

    class Old:
        def FindAppliedAPIPrimDefinition(self, _: str) -> None:  # noqa: N802 (the name is USD's)
            return None

    monkeypatch.setattr(Usd, "SchemaRegistry", Old)
    assert effective_schema(LabelSchema.LABELS) is LabelSchema.LEGACY
    assert effective_schema(LabelSchema.BOTH) is LabelSchema.LEGACY


def test_edit_target_stays(scene: OpenStage) -> None:
    target = scene.stage.GetEditTarget().GetLayer()
    attach_to_session(scene, plan_labels(scene, find(scene)))
    assert scene.stage.GetEditTarget().GetLayer() == target
    assert UsdGeom.GetStageUpAxis(scene.stage) == "Y"
