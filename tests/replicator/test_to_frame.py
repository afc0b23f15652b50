"""Outputs of one render product as a frame, without a stage: labels, boxes, matrices, and what Replicator leaves out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from pxr import Gf, Usd, UsdGeom

from scenecap.contract import Buffer, Frame
from scenecap.errors import CameraError, CaptureError
from scenecap_replicator.payload_shapes import split_payload
from scenecap_replicator.to_frame import FrameContext, empty_because, frame_from_outputs, missing_outputs
from tests.replicator import payloads
from tests.replicator.payloads import Outputs
from tests.replicator.scene import CAMERAS, THINGS, captured

FRONT = "/World/Cameras/Front"


def outputs(**kwargs: Any) -> Outputs:
    scene = captured()
    return payloads.outputs_of(scene.front, scene.stage, **kwargs)


def frame_of(given: Outputs, *, up_axis: str = "z") -> Frame:
    (product,) = split_payload(payloads.render_product_shape({"rp": given})).values()
    return frame_from_outputs(product, FrameContext(scene="room", camera=FRONT, up_axis=up_axis))


def facts(frame: Frame) -> dict[str, tuple]:
    """Return what a frame says of its objects, to compare two frames."""
    return {
        item.path: (
            item.label,
            item.aabb_world.tolist() if item.aabb_world is not None else None,
            None
            if item.visibility is None
            else (item.visibility.box_tight, item.visibility.visible_px, item.visibility.occlusion),
        )
        for item in frame.objects
    }


SHAPES: dict[str, Callable[[Outputs], dict[str, Any]]] = {
    "legacy": lambda given: payloads.legacy({"rp": given}),
    "annotator": lambda given: payloads.annotator_shape({"rp": given}),
    "renderProduct": lambda given: payloads.render_product_shape({"rp": given}),
}


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("key", [int, str, np.uint32, np.int64], ids=["int", "str", "u4", "i8"])
def test_all_shapes_and_key_types_give_the_same_frame(shape: str, key: Callable[[int], Any]) -> None:
    (product,) = split_payload(SHAPES[shape](outputs(key=key))).values()
    frame = frame_from_outputs(product, FrameContext(scene="room", camera=FRONT))
    assert facts(frame) == facts(frame_of(outputs()))
    assert {item.path for item in frame.visible} == {f"/World/{name}" for name in THINGS}
    assert [element.path for element in frame.room] == ["/World/Floor"]
    assert frame.source == "replicator"


def test_several_render_products_give_the_frame_of_each_camera() -> None:
    scene = captured()
    both = {path.rsplit("/", 1)[1]: payloads.outputs_of(frame, scene.stage) for path, frame in scene.frames.items()}
    for shape in (payloads.legacy, payloads.annotator_shape, payloads.render_product_shape):
        products = split_payload(shape(both))
        assert list(products) == ["Front", "Side"]
        for path in CAMERAS:
            frame = frame_from_outputs(products[path.rsplit("/", 1)[1]], FrameContext(scene="room", camera=path))
            expected = scene.frames[path].camera
            np.testing.assert_allclose(frame.camera.position_world, expected.position_world, atol=1e-6)
            seen = {item.path: item.visibility.visible_px for item in frame.visible if item.visibility}
            assert seen == {item.path: item.visibility.visible_px for item in scene.frames[path].visible if item.visibility}


@pytest.mark.parametrize(("meters", "up_axis"), [(1.0, "Z"), (0.01, "Z"), (0.01, "Y"), (1.0, "Y")])
def test_matrices_are_row_vectors_and_multiply_left_to_right(meters: float, up_axis: str) -> None:
    """The trap: object -> camera is T @ V. PoseWriter's V @ T is another place as soon as something is turned and scaled."""
    scene = captured(meters, up_axis)
    given = payloads.outputs_of(scene.front, scene.stage)
    frame = frame_of(given, up_axis=up_axis.lower())
    # Independently: USD's own transforms, corner by corner, in stage units.
    cache = UsdGeom.XformCache(Usd.TimeCode.Default())
    view = cache.GetLocalToWorldTransform(scene.stage.GetPrimAtPath(FRONT)).GetInverse()
    params = given["camera_params"][0]
    lens = np.array(params["cameraProjection"]).reshape(4, 4)
    width, height = params["renderProductResolution"]
    for item in frame.objects:
        to_stage = cache.GetLocalToWorldTransform(scene.stage.GetPrimAtPath(item.path))
        cuboid = []
        for z in (-1, 1):
            for y in (-1, 1):
                for x in (-1, 1):
                    cuboid.append(view.Transform(to_stage.Transform(Gf.Vec3d(x, y, z))))
        in_camera = np.array(cuboid) * meters * _scale_left(view)
        ours = item.corners_world @ frame.camera.world_to_camera[:3, :3] + frame.camera.world_to_camera[3, :3]
        np.testing.assert_allclose(ours, in_camera, atol=2e-4)
        pixels, _ = frame.camera.project(item.corners_world)
        clip = np.concatenate([np.array(cuboid), np.ones((8, 1))], axis=1) @ lens
        expected = np.stack([(clip[:, 0] / clip[:, 3] + 1) / 2 * width, (1 - clip[:, 1] / clip[:, 3]) / 2 * height], axis=1)
        np.testing.assert_allclose(pixels, expected, atol=0.05)
        transform = next(
            t for path, t in zip(_paths(given), given["bounding_box_3d"][0]["transform"], strict=True) if path == item.path
        )
        stored_view = np.array(params["cameraViewTransform"]).reshape(4, 4)
        wrong = (stored_view @ np.asarray(transform, dtype=np.float64))[3, :3] * meters
        assert np.linalg.norm(wrong - ours.mean(axis=0)) > 0.1


def _scale_left(view: Gf.Matrix4d) -> float:
    """A camera under a scaled prim has its scale in the view matrix; Replicator's has not."""
    return 1.0 / float(np.linalg.norm(np.array(view)[:3, :3], axis=0).mean())


def _paths(given: Outputs) -> list[str]:
    return given["bounding_box_3d"][1]["primPaths"]


@pytest.mark.parametrize("ratio", [-1.0, np.nan])
def test_unknown_occlusion_is_none(ratio: float) -> None:
    given = outputs()
    for name in ("bounding_box_2d_tight", "bounding_box_2d_loose", "bounding_box_3d"):
        given[name][0]["occlusionRatio"] = ratio
    frame = frame_of(given)
    assert [item.visibility.occlusion for item in frame.visible if item.visibility] == [None] * len(THINGS)


def test_rows_without_an_occlusion_field_are_read() -> None:
    given = outputs()
    array, info = given["bounding_box_2d_tight"]
    names = [name for name in array.dtype.names or () if name != "occlusionRatio"]
    given["bounding_box_2d_tight"] = (array[names].copy(), info)
    given["bounding_box_3d"][0]["occlusionRatio"] = np.nan
    assert len(frame_of(given).visible) == len(THINGS)


def test_joined_labels_come_apart_and_the_prims_own_name_decides() -> None:
    given = outputs()
    array, info = given["bounding_box_3d"]
    row = info["primPaths"].index("/World/Box")
    info["idToLabels"][int(array["semanticId"][row])] = {"class": "amenity,box", "shape": "cube"}
    box = next(item for item in frame_of(given).objects if item.path == "/World/Box")
    assert {kind: set(values) for kind, values in box.labels.items()} == {"class": {"amenity", "box"}, "shape": {"cube"}}
    assert box.label == "box"


@pytest.mark.parametrize("nothing", [0.0, np.inf, np.nan, -1.0])
def test_depth_without_a_hit_is_infinite(nothing: float) -> None:
    given = outputs()
    depth = given["distance_to_image_plane"][0]
    sky = ~np.isfinite(captured().front.buffers[Buffer.DEPTH])
    assert sky.any()
    depth[sky] = nothing
    found = frame_of(given).buffers[Buffer.DEPTH]
    assert np.isinf(found[sky]).all()
    assert np.isfinite(found[~sky]).all()


def test_a_labelled_part_belongs_to_its_labelled_parent() -> None:
    """Replicator gives a row for both, and the pixels to the child."""
    given = outputs()
    for name in ("bounding_box_3d", "bounding_box_2d_tight", "bounding_box_2d_loose"):
        array, info = given[name]
        row = info["primPaths"].index("/World/Box")
        child = array[row : row + 1].copy()
        array["occlusionRatio"][row] = -1.0  # as for a prim with labelled children
        given[name] = (np.concatenate([array, child]), {**info, "primPaths": [*info["primPaths"], "/World/Box/Shape"]})
    _, info = given["instance_segmentation"]
    number = next(key for key, path in info["idToLabels"].items() if path == "/World/Box")
    info["idToLabels"][number] = "/World/Box/Shape"
    frame = frame_of(given)
    assert {item.path for item in frame.objects} == {f"/World/{name}" for name in THINGS}
    expected = next(item for item in captured().front.objects if item.path == "/World/Box").visibility
    box = next(item for item in frame.objects if item.path == "/World/Box").visibility
    assert box is not None
    assert expected is not None
    assert (box.visible_px, box.box_tight) == (expected.visible_px, expected.box_tight)
    assert ("/World/Box/Shape", "part") in {(item.path, item.code) for item in frame.left_out}


@pytest.mark.parametrize("name", ["camera_params", "bounding_box_3d"])
def test_a_needed_annotator_that_is_missing_is_named_with_its_purpose(name: str) -> None:
    given = outputs()
    del given[name]
    products = split_payload(payloads.legacy({"rp": given})).values()
    with pytest.raises(CaptureError, match=rf"{FRONT}, frame 0: {name} is not in the payload; it tells where .*Attach"):
        frame_from_outputs(next(iter(products)), FrameContext(scene="room", camera=FRONT))


@pytest.mark.parametrize("name", ["rgb", "distance_to_image_plane", "bounding_box_2d_loose", "bounding_box_2d_tight"])
def test_other_annotators_may_be_missing(name: str) -> None:
    given = outputs()
    del given[name]
    assert len(frame_of(given).visible) == len(THINGS)


def test_each_annotator_that_did_not_come_is_named_with_what_is_lost() -> None:
    given = outputs()
    del given["rgb"], given["bounding_box_2d_loose"]
    given["distance_to_image_plane"] = (None, {})
    (product,) = split_payload(payloads.render_product_shape({"rp": given})).values()
    asked = ("camera_params", "rgb", "distance_to_image_plane", "bounding_box_2d_tight", "bounding_box_2d_loose")
    said = missing_outputs(product, asked)
    assert [text.split(":")[0].removeprefix("the payload has no ") for text in said] == [
        "rgb",
        "distance_to_image_plane",
        "bounding_box_2d_loose",
    ]
    assert "no picture is written" in said[0]
    assert missing_outputs(product, ("camera_params", "bounding_box_2d_tight")) == ()


def test_without_segmentation_boxes_say_what_is_seen() -> None:
    given = outputs()
    del given["instance_segmentation"]
    frame = frame_of(given)
    assert len(frame.visible) == len(THINGS)
    assert any("instance_segmentation" in warning for warning in frame.warnings)


def test_rows_without_prim_paths_are_an_error_not_a_guess() -> None:
    given = outputs()
    given["bounding_box_3d"][1]["primPaths"] = []
    with pytest.raises(CaptureError, match=r"bounding_box_3d: .*0 prim paths"):
        frame_of(given)


def test_a_camera_that_is_no_pinhole_is_refused() -> None:
    given = outputs()
    given["camera_params"] = ({**given["camera_params"][0], "cameraModel": "fisheyePolynomial"}, {})
    with pytest.raises(CameraError, match="fisheyePolynomial"):
        frame_of(given)


def test_a_fresh_frame_is_not_empty_and_a_warm_up_frame_is() -> None:
    given = outputs()
    (product,) = split_payload(payloads.legacy({"rp": given})).values()
    assert empty_because(product) is None
    (product,) = split_payload(payloads.legacy({"rp": payloads.empty_outputs(given)})).values()
    assert empty_because(product) is not None


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda given: given.update(rgb=(None, {})), "rgb is empty"),
        (lambda given: given["camera_params"][0].update(cameraViewTransform=np.zeros(16)), "no pose"),
        (lambda given: _blank(given), "no box and no labelled pixel"),
    ],
)
def test_what_makes_a_frame_empty_is_said(change: Callable[[Outputs], None], reason: str) -> None:
    given = outputs()
    change(given)
    (product,) = split_payload(payloads.render_product_shape({"rp": given})).values()
    assert reason in str(empty_because(product))


def _blank(given: Outputs) -> None:
    for name in ("bounding_box_3d", "bounding_box_2d_tight", "bounding_box_2d_loose"):
        given[name] = (given[name][0][:0], {"idToLabels": {}, "primPaths": []})
    given["instance_segmentation"][0][:] = 1
