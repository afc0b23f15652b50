"""What changed on a stage since it was read: nothing, where things are, or what there is."""

from __future__ import annotations

import enum
from collections.abc import Callable
from typing import Any

from pxr import Sdf, Tf, Usd, UsdGeom

#: Properties that move prims; all others that geometry depends on count as a change of what there is.
_MOVES = ("xformOp", "positions", "orientations", "orientationsf", "scales", "velocities", "angularVelocities", "physics:")
#: Properties that neither move nor change anything that is captured.
_NOTHING = ("outputs:", "ui:", "omni:", "refinement", "node:", "doNotCastShadows", "kit:")
_SHADING = frozenset(("Shader", "Material", "NodeGraph"))
#: Root prims that Kit's tools keep for themselves: render products, graphs; the viewport's cameras begin with the prefix. Not
#: among them is /Replicator, for rep.create puts objects of the scene there.
_TOOLS = frozenset(("Render", "Orchestrator", "OmniGraph"))
_VIEWPORT = "OmniverseKit"


class Change(enum.IntEnum):
    """How much of what was read is out of date; a larger one includes the smaller."""

    NONE = 0
    POSES = 1
    CONTENT = 2


def is_of_tools(path: str) -> bool:
    """Return whether a prim is one that Kit's tools keep for themselves."""
    root = path.split("/", 2)[1].split(".", 1)[0] if path.startswith("/") else ""
    return root in _TOOLS or root.startswith(_VIEWPORT)


class StageWatch:
    """Listens to a stage's change notices, which USD sends on the thread that edits (Kit's main thread).

    Args:
        stage: The stage.
        concerns: Whether a prim path holds something that was read; paths of new prims are judged by their types.
    """

    def __init__(self, stage: Usd.Stage, concerns: Callable[[str], bool]) -> None:
        self._stage = stage
        self._concerns = concerns
        self._change = Change.NONE
        self._key: Any = Tf.Notice.Register(Usd.Notice.ObjectsChanged, self._on_changed, stage)

    def take(self) -> Change:
        """Return what changed since the last call."""
        change, self._change = self._change, Change.NONE
        return change

    def close(self) -> None:
        """Stop listening."""
        if self._key is not None:
            self._key.Revoke()
            self._key = None

    def _on_changed(self, notice: Usd.Notice.ObjectsChanged, _sender: object) -> None:
        if self._change is Change.CONTENT:
            return
        if any(self._is_content(str(path)) for path in notice.GetResyncedPaths()):
            self._change = Change.CONTENT
            return
        for path in notice.GetChangedInfoOnlyPaths():
            if not path.IsPropertyPath():
                continue
            kind = self._kind_of(path)
            if kind > self._change and not is_of_tools(str(path)):
                self._change = kind
                if kind is Change.CONTENT:
                    return

    def _kind_of(self, path: Sdf.Path) -> Change:
        name = path.name
        if name.startswith("inputs:"):  # of a shader: colours; of a light: nothing that is read
            prim = self._stage.GetPrimAtPath(path.GetPrimPath())
            return Change.CONTENT if prim and prim.GetTypeName() in _SHADING else Change.NONE
        if name.startswith(_NOTHING) or not self._concerns(str(path.GetPrimPath())):
            return Change.NONE
        return Change.POSES if name.startswith(_MOVES) else Change.CONTENT

    def _is_content(self, path: str) -> bool:
        if is_of_tools(path):
            return False
        path = path.partition(".")[0]
        if path == "/" or self._concerns(path):
            return True
        prim = self._stage.GetPrimAtPath(path)
        if not prim:
            return False
        drawn = (UsdGeom.Gprim, UsdGeom.PointInstancer)
        return any(below.IsA(kind) for below in Usd.PrimRange(prim, Usd.TraverseInstanceProxies()) for kind in drawn)
