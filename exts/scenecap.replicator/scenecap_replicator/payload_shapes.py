"""What ``Writer.write(data)`` gets, taken apart: one entry per render product, one :class:`RawAnnotator` per annotator.

Replicator hands data over in one of three shapes, and which one depends on the writer's ``data_structure`` and on the version:

* ``legacy``: ``data["rgb"]`` with one render product, ``data["rgb-<render product>"]`` with several; what is known of boxes
  lies in ``["info"]`` beside ``["data"]``.
* ``annotator``: ``data["annotators"]["rgb"]["<render product>"]``.
* ``renderProduct``: ``data["renderProducts"]["<render product>"]["rgb"]``; the fields of ``info`` stand beside ``data``.

All three are recognised by what is there, so a writer need not know which it got. Nothing is copied or checked here.
"""

from __future__ import annotations

import enum
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from scenecap.replicator_format import Annotator

#: Replicator's names of an annotator -> the one name used here.
ALIASES: Mapping[str, str] = {
    "LdrColor": "rgb",
    "instance_segmentation_fast": "instance_segmentation",
    "bounding_box_2d_tight_fast": "bounding_box_2d_tight",
    "bounding_box_2d_loose_fast": "bounding_box_2d_loose",
    "bounding_box_3d_fast": "bounding_box_3d",
}

#: Annotators that are looked for, the names used here.
KNOWN = tuple(item.value for item in Annotator)

#: Name of the render product where the payload does not say it (legacy with one render product).
ONLY_RENDER_PRODUCT = "Replicator"

#: Annotators whose value is a mapping of its own, not ``{"data": ..., "info": ...}``.
_MAPPINGS = frozenset({"camera_params"})
#: What legacy payloads call the entry that says a render product's camera and size.
_LEGACY_PRODUCT = "rp_"


class PayloadShape(str, enum.Enum):
    """The shapes of Replicator's payloads; the values are those of ``Writer.data_structure``."""

    LEGACY = "legacy"
    ANNOTATOR = "annotator"
    RENDER_PRODUCT = "renderProduct"


@dataclass(frozen=True, eq=False)
class RawAnnotator:
    """One annotator's output for one render product.

    Attributes:
        data: An array, for ``camera_params`` the mapping of parameters; None where the annotator had nothing yet.
        info: What is said of it: ``idToLabels``, ``idToSemantics``, ``primPaths``, ...
    """

    data: Any
    info: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class RenderProductPayload:
    """The outputs of one render product.

    Attributes:
        name: Its name.
        annotators: Annotator name (without ``_fast``) -> output.
        camera: Prim path of its camera, or None where the payload does not say.
        resolution: Width and height [px], or None.
    """

    name: str
    annotators: Mapping[str, RawAnnotator]
    camera: str | None = None
    resolution: tuple[int, int] | None = None


def payload_shape(data: Mapping[str, Any]) -> PayloadShape:
    """Return which shape a payload has."""
    if isinstance(data.get("renderProducts"), Mapping):
        return PayloadShape.RENDER_PRODUCT
    if isinstance(data.get("annotators"), Mapping):
        return PayloadShape.ANNOTATOR
    return PayloadShape.LEGACY


def split_payload(data: Mapping[str, Any]) -> dict[str, RenderProductPayload]:
    """Return what a payload holds by render product, in the payload's order.

    Keys that are no annotator of :data:`KNOWN` (``trigger_outputs``, ``reference_time``, others' annotators) are left out.

    Args:
        data: What ``Writer.write`` got.
    """
    found: dict[str, dict[str, RawAnnotator]] = {}
    facts: dict[str, Mapping[str, Any]] = {}
    shape = payload_shape(data)
    if shape is PayloadShape.RENDER_PRODUCT:
        for name, outputs in data["renderProducts"].items():
            found.setdefault(str(name), {})
            facts[str(name)] = outputs
            for key, value in outputs.items():
                _take(found, str(name), _known(str(key)), value)
    elif shape is PayloadShape.ANNOTATOR:
        for key, by_product in data["annotators"].items():
            if not isinstance(by_product, Mapping):
                continue
            for name, value in by_product.items():
                _take(found, str(name), _known(str(key)), value)
        facts.update(_products_beside(data))
    else:
        for key, value in data.items():
            annotator, name = _split_key(str(key))
            _take(found, name, annotator, value)
        facts.update(_products_beside(data))
        if len(facts) == 1 and list(found) == [ONLY_RENDER_PRODUCT]:  # with one render product, keys do not name it
            found = {next(iter(facts)): found[ONLY_RENDER_PRODUCT]}
    return {
        name: RenderProductPayload(
            name=name,
            annotators=annotators,
            camera=_camera(facts.get(name, {})),
            resolution=_resolution(facts.get(name, {})),
        )
        for name, annotators in found.items()
        if annotators or name in facts
    }


def as_array(value: Any) -> np.ndarray | None:
    """Return an annotator's data as a numpy array: arrays on a device are fetched, None stays None."""
    if value is None or isinstance(value, np.ndarray):
        return value
    fetch = getattr(value, "numpy", None)
    return np.asarray(fetch() if callable(fetch) else value)


def copied(payload: RenderProductPayload) -> RenderProductPayload:
    """Return a copy that shares nothing with Replicator, which uses its arrays again for the next frame."""
    return RenderProductPayload(
        name=payload.name,
        annotators={key: RawAnnotator(copy_of(raw.data), copy_of(raw.info)) for key, raw in payload.annotators.items()},
        camera=payload.camera,
        resolution=payload.resolution,
    )


def copy_of(value: Any) -> Any:
    """Return a copy of a payload, or of any part of it, that shares no array with it."""
    if isinstance(value, np.ndarray):
        return value.copy()
    if isinstance(value, Mapping):
        return {key: copy_of(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        # Lists hold prim paths or ids by the thousand; only arrays in them need a copy of their own.
        deep = any(isinstance(item, (np.ndarray, Mapping)) for item in value)
        return [copy_of(item) for item in value] if deep else list(value)
    if callable(getattr(value, "numpy", None)):
        return np.array(as_array(value))
    return value


def _known(key: str) -> str | None:
    name = ALIASES.get(key, key)
    return name if name in KNOWN else None


def _split_key(key: str) -> tuple[str | None, str]:
    """Return (annotator, render product) of a legacy key; names of render products may hold hyphens."""
    head, hyphen, tail = key.partition("-")
    name = _known(head)
    return name, tail if hyphen and tail else ONLY_RENDER_PRODUCT


def _take(found: dict[str, dict[str, RawAnnotator]], product: str, annotator: str | None, value: Any) -> None:
    if annotator is not None:
        found.setdefault(product, {})[annotator] = _raw(annotator, value)


def _raw(annotator: str, value: Any) -> RawAnnotator:
    if not isinstance(value, Mapping):
        return RawAnnotator(value)
    if annotator in _MAPPINGS:
        inner = value.get("data")
        return RawAnnotator(inner if isinstance(inner, Mapping) else dict(_without(value, "resolution", "camera")) or None)
    info = dict(_without(value, "data", "info"))
    nested = value.get("info")
    if isinstance(nested, Mapping):
        info.update(nested)
    return RawAnnotator(value.get("data"), info)


def _without(value: Mapping[str, Any], *keys: str) -> Iterator[tuple[str, Any]]:
    return ((key, item) for key, item in value.items() if key not in keys)


def _products_beside(data: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """Return what a payload says of its render products beside the annotators (``rp_<name>``)."""
    return {
        str(key)[len(_LEGACY_PRODUCT) :]: value
        for key, value in data.items()
        if str(key).startswith(_LEGACY_PRODUCT) and isinstance(value, Mapping)
    }


def _camera(facts: Mapping[str, Any]) -> str | None:
    camera = facts.get("camera")
    return str(camera) if camera is not None and str(camera).startswith("/") else None


def _resolution(facts: Mapping[str, Any]) -> tuple[int, int] | None:
    value = as_array(facts.get("resolution"))
    if value is None or value.size != 2:
        return None
    width, height = (int(number) for number in value.ravel())
    return (width, height) if width > 0 and height > 0 else None
