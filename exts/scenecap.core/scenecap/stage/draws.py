"""Random numbers that depend on nothing but a seed and names: the same in any order, on any worker."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from typing import TypeVar

import numpy as np

_T = TypeVar("_T")


class Draws:
    """A stream of random numbers of its own for each use.

    Built on the plain 64-bit outputs of PCG64, whose sequence numpy promises not to change.

    Args:
        seed: The run's seed.
        names: What the numbers are for ("scene", "orbit", 3); another name gives another stream.
    """

    def __init__(self, seed: int, *names: str | int) -> None:
        text = "\n".join(map(str, (seed, *names)))
        self._bits = np.random.PCG64(int.from_bytes(hashlib.sha256(text.encode("utf-8")).digest()[:16], "big"))

    def unit(self) -> float:
        """Return a number from 0 up to, but not including, 1."""
        return (int(self._bits.random_raw()) >> 11) * 2.0**-53

    def between(self, low: float, high: float) -> float:
        """Return a number between two, all equally likely."""
        return low + (high - low) * self.unit()

    def factor(self, low: float, high: float) -> float:
        """Return a factor between two that are greater than 0; half and double are equally likely."""
        return low if low == high else math.exp(self.between(math.log(low), math.log(high)))

    def choice(self, items: Sequence[_T]) -> _T:
        """Return one of some items, all equally likely."""
        return items[min(int(self.unit() * len(items)), len(items) - 1)]

    def disk(self, radius: float) -> tuple[float, float]:
        """Return a point of a disk around the origin, all equally likely."""
        away, turn = radius * math.sqrt(self.unit()), self.between(0.0, 2.0 * math.pi)
        return away * math.cos(turn), away * math.sin(turn)

    def ball(self, radius: float) -> np.ndarray:
        """Return a (3,) point of a ball around the origin, all equally likely."""
        away = radius * self.unit() ** (1.0 / 3.0)
        height, turn = self.between(-1.0, 1.0), self.between(0.0, 2.0 * math.pi)
        flat = math.sqrt(max(1.0 - height * height, 0.0))
        return away * np.array([flat * math.cos(turn), flat * math.sin(turn), height])
