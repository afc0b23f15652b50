"""What a scene is by its content, so that one scene under two names, or with two seeds, is known for one."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping

from scenecap.output.manifest import DATABASE_INPUT, FrameRow

_HASH = re.compile(r"[0-9a-f]{16,128}")


def scene_identity(row: FrameRow) -> str:
    """Return the identity of a frame's scene."""
    return identity_of(row.scene, row.inputs)


def identity_of(scene: str, inputs: Mapping[str, str]) -> str:
    """Return a hash of the set of the input files' hashes or, where one is not known, of the scene's name.

    Folders, file names, seeds and the label database do not count.

    Args:
        scene: Its name.
        inputs: Input name -> hash.
    """
    hashes = {value for name, value in inputs.items() if name != DATABASE_INPUT}
    known = bool(hashes) and all(_HASH.fullmatch(value) for value in hashes)
    text = "files\n" + "\n".join(sorted(hashes)) if known else f"name\n{scene}"
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
