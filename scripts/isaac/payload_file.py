"""What ``Writer.write(data)`` got, in two files: ``<name>.npz`` for the arrays, ``<name>.json`` for all else.

Types that decide how a payload has to be read are kept: keys that are int or text, numpy integers, tuples, structured arrays.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

#: Version of the files.
FORMAT = 1


def save_payload(folder: Path, name: str, data: Mapping[str, Any], **facts: Any) -> tuple[Path, Path]:
    """Write a payload.

    Args:
        folder: Where to; it is made.
        name: Of the two files.
        data: What ``write`` got.
        **facts: What else is known of it (version, shape), as JSON.

    Returns:
        The JSON file and the arrays' file.
    """
    folder.mkdir(parents=True, exist_ok=True)
    arrays: dict[str, np.ndarray] = {}
    document = {"format": FORMAT, **facts, "data": _encode(data, arrays)}
    json_file, array_file = folder / f"{name}.json", folder / f"{name}.npz"
    json_file.write_text(json.dumps(document, indent=1, ensure_ascii=False, allow_nan=True) + "\n", encoding="utf-8")
    np.savez_compressed(array_file, **arrays)  # type: ignore[arg-type]
    return json_file, array_file


def load_payload(folder: Path, name: str) -> dict[str, Any]:
    """Return a payload as ``write`` got it. Nothing in the files is executed.

    Raises:
        ValueError: They are of another version.
    """
    document = json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))
    if document.get("format") != FORMAT:
        raise ValueError(f"{name}.json: format {document.get('format')} is not {FORMAT}")
    with np.load(folder / f"{name}.npz", allow_pickle=False) as arrays:
        return _decode(document["data"], arrays)


def _encode(value: Any, arrays: dict[str, np.ndarray]) -> Any:
    if isinstance(value, Mapping):
        return {"map": [[_encode(key, arrays), _encode(item, arrays)] for key, item in value.items()]}
    if isinstance(value, (list, tuple)):
        return {"list" if isinstance(value, list) else "tuple": [_encode(item, arrays) for item in value]}
    if isinstance(value, (np.integer, np.floating, np.bool_)):
        return {"scalar": [value.dtype.str, value.item()]}
    if isinstance(value, (str, bool, int, float)) or value is None:
        return value
    fetch = getattr(value, "numpy", None)  # an array on a device
    array = value if isinstance(value, np.ndarray) else np.asarray(fetch()) if callable(fetch) else None
    if array is None or array.dtype.hasobject:
        return {"other": [type(value).__name__, str(value)[:500]]}
    name = f"a{len(arrays)}"
    arrays[name] = array
    return {"array": name}


def _decode(value: Any, arrays: Mapping[str, np.ndarray]) -> Any:
    if not isinstance(value, dict):
        return value
    ((kind, content),) = value.items()
    if kind == "map":
        return {_decode(key, arrays): _decode(item, arrays) for key, item in content}
    if kind in ("list", "tuple"):
        items = [_decode(item, arrays) for item in content]
        return items if kind == "list" else tuple(items)
    if kind == "scalar":
        return np.dtype(content[0]).type(content[1])
    return arrays[content] if kind == "array" else content[1]
