"""A stand-in of ``omni.timeline``: one timeline; :func:`reset` makes it new."""

from __future__ import annotations


class Timeline:
    """Time [s] and whether it plays; every call that changes something is in ``calls``."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self._time = 0.0
        self._playing = False

    def get_current_time(self) -> float:
        return self._time

    def set_current_time(self, time: float) -> None:
        self.calls.append(f"time {time:g}")
        self._time = float(time)

    def is_playing(self) -> bool:
        return self._playing

    def play(self) -> None:
        self.calls.append("play")
        self._playing = True

    def pause(self) -> None:
        self.calls.append("pause")
        self._playing = False

    def commit(self) -> None:
        return None


_LINES = [Timeline()]


def get_timeline_interface() -> Timeline:
    return _LINES[0]


def reset() -> Timeline:
    """Start anew, for a test."""
    _LINES[0] = Timeline()
    return _LINES[0]
