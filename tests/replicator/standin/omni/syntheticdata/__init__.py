"""A stand-in of ``omni.syntheticdata``: the global semantic filter; :func:`reset` makes it new."""

from __future__ import annotations


class SyntheticData:
    """Keeps the filter."""

    _instance: SyntheticData | None = None

    def __init__(self) -> None:
        self.history = ["*:*"]

    @classmethod
    def Get(cls) -> SyntheticData:  # noqa: N802 - Kit's name
        if cls._instance is None:
            cls._instance = SyntheticData()
        return cls._instance

    def get_instance_mapping_semantic_filter(self) -> str:
        return self.history[-1]

    def set_instance_mapping_semantic_filter(self, predicate: str) -> None:
        self.history.append(predicate)


def reset() -> SyntheticData:
    """Start anew, for a test."""
    SyntheticData._instance = None
    return SyntheticData.Get()
