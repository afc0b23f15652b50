"""How a person writes frames, a resolution and cameras in a config or on the command line, and the models' types for it."""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import BeforeValidator, WithJsonSchema

#: Frames of one run; more is a typing mistake.
MAX_FRAMES = 1_000_000
#: Pixels of one picture's edge.
MAX_EDGE = 16_384
#: Words that stand for cameras.
CAMERAS_ALL = "all"
CAMERAS_AUTO = "auto"

_NUMBER = r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?"
_RANGE = re.compile(rf"^\s*({_NUMBER})\s*\.\.\s*({_NUMBER})\s*(?::\s*({_NUMBER})\s*)?$")
_RESOLUTION = re.compile(r"^\s*(\d{1,6})\s*[xX*,]\s*(\d{1,6})\s*$")


def parse_frames(value: Any) -> tuple[float, ...] | None:
    """Return the time codes that a ``frames`` value stands for.

    Args:
        value: ``0..10`` (both ends included), ``0..100:5`` (every fifth), one number, a list of these, or None for the
            stage's first frame.

    Raises:
        ValueError: It is none of these, or the range is empty.
    """
    if value is None:
        return None
    if isinstance(value, (list, tuple)):
        times = [time for item in value for time in parse_frames(item) or ()]
    elif isinstance(value, str) and "," in value:
        return parse_frames(value.split(","))
    else:
        times = _frames_of_item(value)
    if not times:
        raise ValueError("no frame is named")
    if len(times) > MAX_FRAMES:
        raise ValueError(f"more than {MAX_FRAMES} frames")
    return tuple(dict.fromkeys(times))


def _frames_of_item(value: Any) -> list[float]:
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        number = float(value)
        if not math.isfinite(number):
            raise ValueError("a frame must be a finite number")
        return [number]
    match = _RANGE.match(str(value)) if isinstance(value, str) else None
    if match is None:
        if isinstance(value, str) and re.fullmatch(rf"\s*{_NUMBER}\s*", value):
            return _frames_of_item(float(value))
        raise ValueError("not frames")
    first, last, step = float(match[1]), float(match[2]), float(match[3] or 1)
    if not all(map(math.isfinite, (first, last, step))):
        raise ValueError("a frame must be a finite number")
    if step <= 0:
        raise ValueError("the step of a range must be greater than 0")
    if last < first:
        raise ValueError(f"the range ends before it starts ({match[1]} > {match[2]})")
    count = math.floor((last - first) / step + 1e-9) + 1
    if count > MAX_FRAMES:
        raise ValueError(f"more than {MAX_FRAMES} frames")
    return [first + step * index for index in range(count)]


def parse_resolution(value: Any) -> tuple[int, int]:
    """Return (width, height) [px] of ``1280x720`` or ``[1280, 720]``.

    Raises:
        ValueError: It is neither, or an edge is 0 or larger than :data:`MAX_EDGE`.
    """
    if isinstance(value, str):
        match = _RESOLUTION.match(value)
        if match is None:
            raise ValueError("not a resolution")
        edges = (int(match[1]), int(match[2]))
    elif isinstance(value, (list, tuple)) and len(value) == 2 and all(type(edge) is int for edge in value):
        edges = (value[0], value[1])
    else:
        raise ValueError("not a resolution")
    if not all(1 <= edge <= MAX_EDGE for edge in edges):
        raise ValueError(f"an edge must be 1 to {MAX_EDGE} pixels")
    return edges


def parse_cameras(value: Any) -> tuple[str, ...]:
    """Return camera patterns: ``("all",)``, ``("auto",)``, or prim paths and globs.

    Raises:
        ValueError: It is not text or a list of texts, a path does not start with ``/``, or a word is mixed with paths.
    """
    if value is None or value == "":
        return (CAMERAS_ALL,)
    items = value if isinstance(value, (list, tuple)) else [value]
    if not items or not all(isinstance(item, str) and item.strip() for item in items):
        raise ValueError("not cameras")
    patterns = tuple(dict.fromkeys(item.strip() for item in items))
    words = [item for item in patterns if item in (CAMERAS_ALL, CAMERAS_AUTO)]
    if words and len(patterns) > 1:
        raise ValueError(f"'{words[0]}' stands alone; it cannot be mixed with paths")
    for item in patterns:
        if item not in words and not item.startswith(("/", "*")):
            raise ValueError(f"'{item}' is not a prim path; it must start with /")
    return patterns


def parse_output(value: Any) -> Any:
    """Return an output as a folder's path, or as the address that it is: a path would lose one of its slashes.

    Raises:
        ValueError: It is no text.
    """
    if isinstance(value, Path):
        return value
    if not isinstance(value, str):
        raise ValueError("not a path")
    if value.startswith("file://"):
        from urllib.request import url2pathname  # brings an HTTP client with it, which Kit need not load at start-up

        return Path(url2pathname(urlsplit(value).path))
    return value if "://" in value else Path(value)


#: A folder, or an address with ``://`` in it.
OutputPath = Annotated[Path | str, BeforeValidator(parse_output), WithJsonSchema({"type": "string", "format": "path"})]

#: Time codes, as written by a person.
Frames = Annotated[
    tuple[float, ...] | None,
    BeforeValidator(parse_frames),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string", "pattern": r"^[^a-zA-Z]+$", "description": "0..10, 0..100:5 or 1, 4, 9"},
                {"type": "number"},
                {"type": "array", "items": {"type": ["number", "string"]}},
                {"type": "null"},
            ],
            "x-allowed": "a range with both ends included (0..10), one with a step (0..100:5), a number, or a list",
        }
    ),
]

#: (width, height) [px].
Resolution = Annotated[
    tuple[int, int],
    BeforeValidator(parse_resolution),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string", "pattern": r"^\s*\d+\s*[xX*,]\s*\d+\s*$"},
                {"type": "array", "items": {"type": "integer", "minimum": 1}, "minItems": 2, "maxItems": 2},
            ],
            "x-allowed": "WIDTHxHEIGHT in pixels, as in 1280x720",
        }
    ),
]

#: Camera prim paths, globs, or one of the words.
Cameras = Annotated[
    tuple[str, ...],
    BeforeValidator(parse_cameras),
    WithJsonSchema(
        {
            "anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}],
            "x-allowed": "all, auto, a prim path, a glob (/World/Cam*), or a list of paths and globs",
        }
    ),
]
