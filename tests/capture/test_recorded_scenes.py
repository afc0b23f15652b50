"""Scenes of other people, observed, written, read back: the same frame, graph and captions."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from scenecap.caption.settings import CaptionSettings
from scenecap.caption.template import caption_graph
from scenecap.capture.embedded import EmbeddedSource
from scenecap.capture.recorded import RecordedSource
from scenecap.capture.settings import CaptureSettings
from scenecap.contract import Buffer, Frame
from scenecap.graph.build import build_scene_graph
from scenecap.output.canonical import dumps
from scenecap.output.caption_json import caption_document
from scenecap.output.graph_json import graph_document
from scenecap.output.model import FrameResult
from scenecap.stage.cameras import camera_view, list_cameras
from scenecap.stage.open import open_stage
from scenecap.stage.settings import LabelSettings
from tests.capture.test_recorded import assert_same, save
from tests.output.scenes import job_facts

SCENES = [
    "chess_set/chess_set.usda",  # Y up, point instances, a placed view
    "robosuite_pickplace/robosuite_pickplace_cams.usda",  # ghosts, an open bin
]
FOREIGN = ["chess_set/chess_set.usda", "libero_kitchen6/kitchen_scene6_close_the_microwave_cams.usda"]


def observe(path: Path) -> Frame:
    opened = open_stage(path)
    source = EmbeddedSource(opened, CaptureSettings.model_validate({"quality": "off"}), LabelSettings())
    cameras = list_cameras(opened)
    if cameras:
        view = camera_view(opened, cameras[0].path, time_code=opened.start, resolution=(320, 240))
    else:
        view = source.auto_views(1, resolution=(320, 240))[0]
    return source.observe(view)


def documents(frame: Frame) -> list[bytes]:
    graph = build_scene_graph(frame)
    captions = caption_graph(graph, frame=frame, settings=CaptionSettings.model_validate({}), seed=3)
    result = FrameResult(frame, graph, captions)
    job = job_facts(frame.camera.path)
    return [
        dumps(graph_document(result, job, which="full")),
        dumps(graph_document(result, job, which="pruned")),
        dumps(caption_document(result, job)),
    ]


@pytest.mark.shared
@pytest.mark.parametrize("scene", SCENES)
def test_a_scene_survives_its_annotator_outputs(shared, tmp_path, scene):
    frame = observe(shared / "scenes" / scene)
    save(tmp_path, frame)
    (back,) = RecordedSource(tmp_path).frames()
    assert_same(frame, back)
    for name in (Buffer.DEPTH, Buffer.INSTANCE, Buffer.SEMANTIC):
        assert np.array_equal(frame.buffers[name], back.buffers[name])
    assert documents(frame) == documents(back)


@pytest.mark.shared
@pytest.mark.parametrize("scene", FOREIGN)
def test_without_our_sidecar_the_same_objects_are_found_at_the_same_places(shared, tmp_path, scene):
    frame = observe(shared / "scenes" / scene)
    save(tmp_path, frame, sidecar=False)
    (back,) = RecordedSource(tmp_path, up_axis="y" if "chess" in scene else "z").frames()
    seen = {item.path: item for item in frame.visible}
    found = {item.path: item for item in back.visible}
    assert set(found) == set(seen)
    for path_of, item in found.items():
        assert item.label == seen[path_of].label
        assert item.visibility.box_tight == seen[path_of].visibility.box_tight
        assert np.abs(item.corners_world - seen[path_of].corners_world).max() < 5e-4
