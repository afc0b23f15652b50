"""A stand-in of ``omni.usd``: one context with one stage, which a test sets."""

from __future__ import annotations

from typing import Any


class UsdContext:
    """The default context."""

    def __init__(self) -> None:
        self.stage: Any = None
        self.pending_edit = False
        self.opened: list[str] = []

    def get_stage(self) -> Any:
        return self.stage

    def has_pending_edit(self) -> bool:
        return self.pending_edit

    async def open_stage_async(self, path: str) -> tuple[bool, str]:
        from pxr import Usd

        self.opened.append(path)
        self.stage = Usd.Stage.Open(path)
        self.pending_edit = False
        return self.stage is not None, ""

    def get_stage_loading_status(self) -> tuple[str, int, int]:
        return "", 0, 0


_CONTEXT = UsdContext()


def get_context(name: str = "") -> UsdContext:
    return _CONTEXT
