"""Whether a description fits an object, with three values: surely, surely not, perhaps."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from scenecap.caption.attributes import ColorSource, Description, clearly_different

#: Terms that differ in lightness alone.
_BY_LIGHTNESS = frozenset(("black", "gray"))


@dataclass(frozen=True)
class Matches:
    """What a description may speak of.

    Attributes:
        certain: Node ids that it is true of.
        possible: Further node ids that a reader may think of (color unknown, a synonym).
        others: Whether a visible object that is no node may be meant.
    """

    certain: tuple[int, ...]
    possible: tuple[int, ...]
    others: bool

    def is_exactly(self, nodes: Iterable[int]) -> bool:
        """Return whether it means these nodes and nothing else."""
        return not self.possible and not self.others and set(self.certain) == set(nodes)


@lru_cache(maxsize=16_384)
def words_of(text: str) -> frozenset[str]:
    """Return the lower-case words of a label or prim path, plurals also without their s."""
    split = "".join(f" {char}" if char.isupper() else char if char.isalpha() else " " for char in text)
    joined = "".join(char if char.isalpha() else " " for char in text).lower()
    found = {word for word in (*split.lower().split(), *joined.split()) if len(word) > 1}
    singular = {word[:-1] for word in found if word.endswith("s")} | {word[:-2] for word in found if word.endswith("es")}
    return frozenset(found | singular)


def color_match(description: Description, wanted: frozenset[str], *, measured: bool = False) -> bool | None:
    """Return whether an object has the colors (basic terms): True, False, or None for perhaps.

    Args:
        description: The object.
        wanted: The colors; empty for any.
        measured: Whether those that have the colors have them from what is seen. Of two things of which one was measured black
            and the other gray, the black one is the darker, whatever each would be called alone.
    """
    if not wanted:
        return True
    has = description.basic_colors
    if has == wanted:
        return True
    if len(wanted) > 1 and len(has) == 1:  # one color covers nearly all of it, so it is not "white and yellow"
        return False
    if measured and description.color_source is ColorSource.ALBEDO and has | wanted == _BY_LIGHTNESS:
        return False
    return False if clearly_different(has, wanted) else None


def material_match(description: Description, wanted: str) -> bool | None:
    """Return whether an object is of the material; None where it is not known."""
    if not wanted:
        return True
    has = {description.material, *description.name.materials} - {""}
    return True if wanted in has else (False if has else None)
