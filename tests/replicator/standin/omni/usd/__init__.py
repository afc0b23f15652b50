"""A stand-in of ``omni.usd``: one context with one stage, which a test sets."""

from __future__ import annotations

from typing import Any


class UsdContext:
    """The default context."""

    def __init__(self) -> None:
        self.stage: Any = None

    def get_stage(self) -> Any:
        return self.stage


_CONTEXT = UsdContext()


def get_context(name: str = "") -> UsdContext:
    return _CONTEXT
