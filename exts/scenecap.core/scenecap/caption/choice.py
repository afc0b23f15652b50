"""Choices that a seed decides: the same seed and key choose the same on any machine and Python version."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")


class Chooser:
    """Chooses among wordings by a hash of the seed and of what is chosen for.

    The choice for one key does not depend on how many choices were made before, so a change in one sentence leaves the
    wording of the others alone.

    Args:
        seed: Anything that stands for frame and seed.
    """

    def __init__(self, seed: str) -> None:
        self._seeded = hashlib.blake2b(f"{seed}\x00".encode("utf-8", "surrogatepass"), digest_size=8)

    def number(self, key: str) -> int:
        """Return a 64-bit number for a key."""
        hashed = self._seeded.copy()  # a frame makes thousands of choices: the seed is hashed once
        hashed.update(key.encode("utf-8", "surrogatepass"))
        return int.from_bytes(hashed.digest(), "little")

    def pick(self, options: Sequence[T], key: str) -> T:
        """Return one of the options."""
        return options[self.number(key) % len(options)]

    def shuffled(self, items: Sequence[T], key: str) -> list[T]:
        """Return the items in an order that the seed decides."""
        return [
            item for _, _, item in sorted((self.number(f"{key}\x00{index}"), index, item) for index, item in enumerate(items))
        ]
