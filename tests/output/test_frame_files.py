"""The three layouts: exactly the files that are known of IRC's trees, for what was asked for."""

from __future__ import annotations

import dataclasses
import io
import json

import numpy as np
import pytest
from PIL import Image

from scenecap.caption.model import Caption, Captions
from scenecap.contract import Buffer
from scenecap.graph.build import build_scene_graph
from scenecap.output.frame_files import frame_files
from scenecap.output.model import FrameResult
from scenecap.output.settings import OutputSettings
from tests.output.scenes import boxes_frame, job_facts, look_at

FRAME = boxes_frame(frame_index=3)
RESULT = FrameResult(FRAME, build_scene_graph(FRAME), Captions(brief=Caption("Some things.")))
CAMERA = "World_Cameras_Camera"


def names(job=None, result=RESULT, **options) -> set[str]:
    return set(frame_files(result, OutputSettings(annotators=[], **options), job or job_facts()))


STANDALONE = {
    f"{CAMERA}/Captions/full_scene_graph.json",
    f"{CAMERA}/Captions/pruned_scene_graph.json",
    f"{CAMERA}/Captions/scene_graph_caption.json",
    f"{CAMERA}/Captions/vis_camera_scene_graph.jpg",
    f"{CAMERA}/Data/object_data.json",
    f"{CAMERA}/Image/{CAMERA}.png",
}
AGENT = {
    f"{CAMERA}/caption_pruned_json/scene_graph_pruned_0003.json",
    f"{CAMERA}/caption_full_json/scene_graph_full_0003.json",
    f"{CAMERA}/caption_rgb/rgb_0003.jpg",
    f"{CAMERA}/caption/scene_graph_caption_0003.json",
    f"{CAMERA}/rgb/rgb_0003.png",
}
OBJECT = {
    f"caption/caption_pruned_json/10_{CAMERA}.json",
    f"caption/caption_full_json/10_{CAMERA}.json",
    f"caption_rgb/10_{CAMERA}.jpg",
    f"{CAMERA}/caption_dict/10_{CAMERA}.json",
    f"images/10_{CAMERA}.png",
}


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, STANDALONE),
        ({"layout": "agent"}, AGENT),
        ({"layout": "object"}, OBJECT),
        ({"viz_alias": True}, STANDALONE | {f"{CAMERA}/Captions/viz_camera_scene_graph.jpg"}),
        (
            {"layout": "agent", "agent_version": "5"},
            AGENT - {f"{CAMERA}/caption/scene_graph_caption_0003.json"} | {f"{CAMERA}/caption/caption_0003.json"},
        ),
        (
            {"layout": "agent", "export_depth": True, "export_point_cloud": True},
            AGENT | {f"{CAMERA}/depth/depth_0003.npy", f"{CAMERA}/pointcloud/pointcloud_0003.npy"},
        ),
        ({"save_full_scene_graph": False}, STANDALONE - {f"{CAMERA}/Captions/full_scene_graph.json"}),
        ({"save_pruned_scene_graph": False}, STANDALONE - {f"{CAMERA}/Captions/pruned_scene_graph.json"}),
        ({"visualize_caption": False}, STANDALONE - {f"{CAMERA}/Captions/vis_camera_scene_graph.jpg"}),
        ({"save_object_data": False}, STANDALONE - {f"{CAMERA}/Data/object_data.json"}),
        ({"save_image": False}, STANDALONE - {f"{CAMERA}/Image/{CAMERA}.png"}),
        ({"layout": "agent", "frame_padding": 1}, {name.replace("0003", "3") for name in AGENT}),
    ],
)
def test_layouts(options, expected):
    assert names(**options) == expected


def test_several_frames_nest_in_the_standalone_layout_only():
    job = job_facts(several_frames=True)
    assert names(job) == {name.replace(f"{CAMERA}/", f"{CAMERA}/frame_0003/", 1) for name in STANDALONE}
    assert names(job, layout="agent") == AGENT
    assert names(job, layout="object") == OBJECT


def test_what_is_not_there_is_not_written():
    bare = dataclasses.replace(RESULT, frame=boxes_frame(buffers=(), frame_index=3), captions=None)
    assert names(result=bare) == STANDALONE - {
        f"{CAMERA}/Captions/scene_graph_caption.json",
        f"{CAMERA}/Image/{CAMERA}.png",
    }
    lean = dataclasses.replace(RESULT, graph=build_scene_graph(FRAME, full=False))
    assert names(result=lean) == STANDALONE - {f"{CAMERA}/Captions/full_scene_graph.json"}


@pytest.mark.parametrize(
    ("cameras", "options", "path"),
    [
        (1, {}, "replicator/rgb_0003.png"),
        (2, {}, f"replicator/{CAMERA}/rgb/rgb_0003.png"),
        (1, {"annotators_tree": "nested"}, f"replicator/{CAMERA}/rgb/rgb_0003.png"),
        (2, {"annotators_tree": "flat", "annotators_dir": ""}, "rgb_0003.png"),
    ],
)
def test_annotator_outputs_lie_beside_the_layout(cameras, options, path):
    job = job_facts("/World/Cameras/Camera", *["/World/Other"][: cameras - 1])
    assert path in frame_files(RESULT, OutputSettings(**options), job)


def test_files_hold_what_their_names_say():
    files = frame_files(RESULT, OutputSettings(layout="agent", export_depth=True, export_point_cloud=True), job_facts())
    assert json.loads(files[f"{CAMERA}/caption/scene_graph_caption_0003.json"])["brief_caption"] == "Some things."
    assert json.loads(files[f"{CAMERA}/caption_full_json/scene_graph_full_0003.json"])["meta"]["kind"] == "full_scene_graph"
    with Image.open(io.BytesIO(files[f"{CAMERA}/caption_rgb/rgb_0003.jpg"])) as image:
        assert (image.format, image.size) == ("JPEG", (320, 240))
    depth = np.load(io.BytesIO(files[f"{CAMERA}/depth/depth_0003.npy"]))
    assert np.array_equal(depth, FRAME.buffers[Buffer.DEPTH])
    points = np.load(io.BytesIO(files[f"{CAMERA}/pointcloud/pointcloud_0003.npy"]))
    assert (points.dtype, len(points)) == (np.float32, np.isfinite(depth).sum())
    pixels, distance = FRAME.camera.project(points)
    rows, columns = np.nonzero(np.isfinite(depth))
    assert np.abs(pixels - np.stack([columns + 0.5, rows + 0.5], axis=1)).max() < 1e-2
    assert np.allclose(distance, depth[rows, columns], atol=1e-4)
    on_floor = FRAME.buffers[Buffer.INSTANCE][rows, columns] == FRAME.entity_ids["/World/Floor"]
    assert np.abs(points[on_floor & (np.abs(points[:, :2]).max(axis=1) < 3.9), 2]).max() < 1e-4


def test_the_same_result_gives_the_same_bytes():
    again = FrameResult(boxes_frame.__wrapped__(frame_index=3), build_scene_graph(FRAME), RESULT.captions)
    assert frame_files(again, OutputSettings(), job_facts()) == frame_files(RESULT, OutputSettings(), job_facts())


def test_two_cameras_share_no_file():
    other = boxes_frame(camera=look_at((1, -2, 2), (0, 0, 0.5), path="/World/Cameras_Camera"), frame_index=3)
    job = job_facts("/World/Cameras/Camera", "/World/Cameras_Camera")
    for layout in ("standalone", "agent", "object"):
        settings = OutputSettings(layout=layout)
        first = set(frame_files(RESULT, settings, job))
        second = set(frame_files(FrameResult(other, build_scene_graph(other)), settings, job))
        assert not first & second
