"""The shapes of Replicator's payloads all come apart into the same outputs."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from scenecap_replicator.payload_shapes import (
    ONLY_RENDER_PRODUCT,
    PayloadShape,
    RenderProductPayload,
    as_array,
    copied,
    payload_shape,
    split_payload,
)

BOXES = np.zeros(2, dtype=[("semanticId", "<u4"), ("x_min", "<i4")])
INFO = {"idToLabels": {2: {"class": "cup"}}, "primPaths": ["/A", "/B"]}
RGB = np.full((2, 3, 4), 7, dtype=np.uint8)
PARAMS = {"cameraViewTransform": np.eye(4).ravel(), "renderProductResolution": [3, 2]}

LEGACY_BOXES = {"data": BOXES, "info": INFO}
FLAT_BOXES = {"data": BOXES, **INFO}

ONE: dict[str, tuple[dict[str, Any], PayloadShape, str]] = {
    "legacy": (
        {"rgb": RGB, "bounding_box_3d": LEGACY_BOXES, "camera_params": PARAMS},
        PayloadShape.LEGACY,
        ONLY_RENDER_PRODUCT,
    ),
    "legacy, product told": (
        {
            "rgb": RGB,
            "bounding_box_3d": LEGACY_BOXES,
            "camera_params": PARAMS,
            "rp_Cam": {"camera": "/C", "resolution": (3, 2)},
        },
        PayloadShape.LEGACY,
        "Cam",
    ),
    "annotator": (
        {"annotators": {"rgb": {"Cam": RGB}, "bounding_box_3d": {"Cam": FLAT_BOXES}, "camera_params": {"Cam": PARAMS}}},
        PayloadShape.ANNOTATOR,
        "Cam",
    ),
    "annotator with info": (
        {
            "annotators": {
                "rgb": {"Cam": {"data": RGB}},
                "bounding_box_3d": {"Cam": LEGACY_BOXES},
                "camera_params": {"Cam": {"data": PARAMS}},
            }
        },
        PayloadShape.ANNOTATOR,
        "Cam",
    ),
    "renderProduct": (
        {"renderProducts": {"Cam": {"rgb": {"data": RGB}, "bounding_box_3d": FLAT_BOXES, "camera_params": PARAMS}}},
        PayloadShape.RENDER_PRODUCT,
        "Cam",
    ),
    "renderProduct, bare array and fast names": (
        {"renderProducts": {"Cam": {"LdrColor": RGB, "bounding_box_3d_fast": FLAT_BOXES, "camera_params": PARAMS}}},
        PayloadShape.RENDER_PRODUCT,
        "Cam",
    ),
}


@pytest.mark.parametrize("case", ONE)
def test_one_render_product(case: str) -> None:
    data, shape, name = ONE[case]
    assert payload_shape(data) is shape
    (product,) = split_payload(data).values()
    assert product.name == name
    assert product.annotators["rgb"].data is RGB
    assert product.annotators["bounding_box_3d"].data is BOXES
    assert dict(product.annotators["bounding_box_3d"].info) == INFO
    assert dict(product.annotators["camera_params"].data) == PARAMS


def test_several_render_products_of_a_legacy_payload_are_told_apart_by_their_suffix() -> None:
    second = RGB + 1
    data = {
        "rgb-Camera_01": RGB,
        "rgb-front-left": second,  # names may hold hyphens themselves
        "bounding_box_3d-front-left": LEGACY_BOXES,
        "camera_params-Camera_01": PARAMS,
        "trigger_outputs": {"on_frame": 1},
        "reference_time": (1, 60),
    }
    products = split_payload(data)
    assert list(products) == ["Camera_01", "front-left"]
    assert products["front-left"].annotators["rgb"].data is second
    assert set(products["Camera_01"].annotators) == {"rgb", "camera_params"}


def test_render_products_say_their_camera_and_size() -> None:
    outputs = {"rgb": {"data": RGB}, "camera": "/World/Cam", "resolution": np.array([3, 2])}
    product = split_payload({"renderProducts": {"rp": outputs, "other": {"rgb": {"data": RGB}, "camera": "no path"}}})
    assert (product["rp"].camera, product["rp"].resolution) == ("/World/Cam", (3, 2))
    assert (product["other"].camera, product["other"].resolution) == (None, None)


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"trigger_outputs": {}, "reference_time": (0, 1)},
        {"skeleton_data": {}, "motion_vectors": RGB},
        {"annotators": {"x": 3}},
    ],
)
def test_a_payload_without_known_annotators_holds_nothing(data: dict[str, Any]) -> None:
    assert split_payload(data) == {}


def test_missing_data_is_none_not_an_error() -> None:
    product = split_payload({"renderProducts": {"rp": {"rgb": None, "bounding_box_3d": {"data": None}, "camera_params": {}}}})[
        "rp"
    ]
    assert product.annotators["rgb"].data is None
    assert product.annotators["bounding_box_3d"].data is None
    assert product.annotators["camera_params"].data is None


def test_a_copy_shares_nothing_with_replicator() -> None:
    data = {
        "rgb": RGB.copy(),
        "bounding_box_3d": {"data": BOXES.copy(), "info": {"idToLabels": {2: {"class": "cup"}}, "ids": [1]}},
    }
    product = split_payload(data)[ONLY_RENDER_PRODUCT]
    mine = copied(product)
    data["rgb"][:] = 0
    data["bounding_box_3d"]["data"]["x_min"] = 99
    data["bounding_box_3d"]["info"]["idToLabels"][2]["class"] = "changed"
    data["bounding_box_3d"]["info"]["ids"].append(2)
    assert (mine.annotators["rgb"].data == 7).all()
    assert (mine.annotators["bounding_box_3d"].data["x_min"] == 0).all()
    assert mine.annotators["bounding_box_3d"].info == {"idToLabels": {2: {"class": "cup"}}, "ids": [1]}


def test_arrays_on_a_device_are_fetched() -> None:
    class OnDevice:
        def numpy(self) -> np.ndarray:
            return RGB

    assert as_array(OnDevice()) is RGB
    raw = split_payload({"rgb": OnDevice()})[ONLY_RENDER_PRODUCT]
    copy = copied(RenderProductPayload("rp", raw.annotators)).annotators["rgb"].data
    assert isinstance(copy, np.ndarray)
    assert copy is not RGB
    assert (copy == RGB).all()
