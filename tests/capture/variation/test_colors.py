"""Colours that are drawn: surfaces have them, captions say them, and never the old ones."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("numba")
pytest.importorskip("pxr")

from pxr import Gf, Usd, UsdGeom

from scenecap.capture.variation.colors import SURFACES
from scenecap.capture.variation.settings import ColorName
from scenecap.colours import BASIC_TERMS, basic_color_terms
from scenecap.contract import Buffer, ChangeKind
from scenecap.run.config import make_config
from scenecap.run.pipeline import caption_frame
from tests.capture.variation.rooms import add_box, add_camera, opened

#: path below /Room, centre, display colour (linear). Two say their colour by name, one by its group.
THINGS = (
    ("BlackBowl", (-0.9, 0.0, 0.15), (0.01, 0.01, 0.01)),
    ("RedMug", (-0.3, 0.0, 0.15), (0.5, 0.01, 0.02)),
    ("White/Plate", (0.3, 0.0, 0.15), (0.9, 0.9, 0.88)),
    ("Vase", (0.9, 0.0, 0.15), (0.02, 0.08, 0.5)),
    ("Orange", (0.0, 0.9, 0.15), (0.8, 0.2, 0.02)),
)
CAMERA = "/Room/Camera"
OLD = {"BlackBowl": "black", "RedMug": "red", "White/Plate": "white", "Vase": "blue"}


@pytest.fixture(scope="module")
def scene(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("colors") / "room.usda"
    stage = Usd.Stage.CreateNew(str(path))
    UsdGeom.SetStageUpAxis(stage, "Z")
    UsdGeom.SetStageMetersPerUnit(stage, 1.0)
    stage.SetDefaultPrim(UsdGeom.Xform.Define(stage, "/Room").GetPrim())
    add_box(stage, "/Room/Floor", (6.0, 6.0, 0.1), (0.0, 0.0, -0.05))
    for name, centre, color in THINGS:
        add_box(stage, f"/Room/{name}", (0.3, 0.3, 0.3), centre)
        UsdGeom.Cube(stage.GetPrimAtPath(f"/Room/{name}/Shape")).CreateDisplayColorAttr([Gf.Vec3f(*color)])
    add_camera(stage, "/Room/Camera", (0.0, -2.6, 2.2))
    stage.Save()
    return path


@pytest.mark.parametrize("name", ColorName)
def test_a_surface_is_called_by_the_colour_it_was_given(name: ColorName) -> None:
    term = int(basic_color_terms(np.array([SURFACES[name]], dtype=np.uint8))[0])
    assert BASIC_TERMS[term - 1] == name.value


def test_captions_say_the_new_colours_and_never_the_old_ones(scene: Path) -> None:
    run = opened(scene, variations={"count": 10, "colors": {"share": 0.6}})
    told: set[str] = set()
    for task in run.tasks():
        frame = run.observe(task)
        new = {c.path: c.values["color"] for c in frame.variation.changes if c.kind is ChangeKind.RECOLORED}
        expected = {f"/Room/{name}": color for name, color in OLD.items()} | new
        result = caption_frame(frame, make_config({}), variation=task.variation)
        texts = [result.captions.brief, result.captions.overall]
        for fact in (fact for text in texts for fact in text.facts if fact.kind == "color"):
            for node in fact.nodes:
                path = result.graph.nodes[node].path
                assert fact.value == expected[path], path
                told.add(path if path in new else "")
        labels = {item.path: item.label for item in frame.objects}
        for path in new:  # no word of a colour is left in what it is called, nor among what is known of it
            assert not set(labels[path].split()) & set(BASIC_TERMS)
        words = " ".join(text.text for text in texts).lower().replace(",", "").replace(".", "").split()
        gone = set(OLD.values()) - set(expected.values())
        assert not gone & set(words), (gone, words)
        for question in result.captions.questions:
            if question.question.startswith("What color") and question.evidence_nodes:
                assert question.answer == expected[result.graph.nodes[question.evidence_nodes[0]].path]
    assert told >= {"", *(f"/Room/{name}" for name in OLD)}


def test_an_orange_stays_orange(scene: Path) -> None:
    run = opened(scene, variations={"count": 1, "colors": {"share": 1.0, "colors": ["blue"]}})
    stage = run._drawer.stage(1)
    assert "/Room/Orange" not in stage.colors
    assert stage.record.counts == {"recolored": 4, "colors_fixed": 1}


def test_all_of_an_object_has_its_colour_and_nothing_else_has(scene: Path) -> None:
    run = opened(scene, variations={"count": 1, "colors": {"share": 1.0, "objects": ["vase", "black bowl"]}})
    run._source._wanted |= {Buffer.ALBEDO}
    before, after = (
        run._source.observe(run._camera(run._opened, CAMERA, 0.0), variation=run._drawer.stage(number)) for number in (0, 1)
    )
    colors = run._drawer.stage(1).colors
    assert set(colors) == {"/Room/Vase", "/Room/BlackBowl"}
    ids = after.buffers[Buffer.INSTANCE]
    painted = np.zeros(ids.shape, dtype=bool)
    for path, color in colors.items():
        mine = ids == after.entity_ids[path]
        assert mine.any()
        assert (after.buffers[Buffer.ALBEDO][mine] == np.array(color)).all()
        painted |= mine
    assert np.array_equal(before.buffers[Buffer.ALBEDO][~painted], after.buffers[Buffer.ALBEDO][~painted])
    assert np.array_equal(before.buffers[Buffer.DEPTH], after.buffers[Buffer.DEPTH])


@pytest.mark.parametrize("quality", ["draft", "preview"])
def test_pictures_show_the_colours(scene: Path, quality: str) -> None:
    if quality == "preview":
        pytest.importorskip("mitsuba")
    draw = {"share": 1.0, "objects": "vase", "colors": ["red"]}
    run = opened(scene, variations={"count": 1, "colors": draw}, quality=quality, resolution="96x72", annotators=["rgb"])
    for number, channel in ((0, 2), (1, 0), (0, 2)):  # and back again
        frame = run._source.observe(run._camera(run._opened, CAMERA, 0.0), variation=run._drawer.stage(number))
        vase = next(item for item in frame.objects if item.label == "vase").visibility.box_tight
        x, y = (vase[0] + vase[2]) // 2, (vase[1] + vase[3]) // 2
        assert frame.buffers[Buffer.RGB][y - 2 : y + 3, x - 2 : x + 3, :3].mean(axis=(0, 1)).argmax() == channel
