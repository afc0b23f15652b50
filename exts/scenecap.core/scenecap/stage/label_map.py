"""The user's map: globs of prim paths -> what the prims are."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from scenecap.stage.settings import LabelRule

_INSTANCE = re.compile(r"\[-?\d+\]$")
_ANY_LEVELS = "**"
_Item = TypeVar("_Item")


class LabelMap:
    """Finds the rule of a path. The first glob that fits wins.

    ``*`` and ``?`` stay within a name, ``**`` stands for any number of levels (at the end: one or more), a glob without a
    slash fits names at any level; everything else is literal (``/Pawns[3]`` is a point instance, ``/Pawns`` all of them).
    """

    def __init__(self, rules: Mapping[str, LabelRule]) -> None:
        self._rules = [(glob, _levels(glob), rule) for glob, rule in rules.items()]

    def __bool__(self) -> bool:
        return bool(self._rules)

    def find(self, path: str) -> tuple[str, LabelRule] | None:
        """Return the glob that fits a path and its rule, or None."""
        if not self._rules:
            return None
        names = path.split("/")
        instancer = [*names[:-1], _INSTANCE.sub("", names[-1])]
        for glob, levels, rule in self._rules:
            if _fits(levels, names) or (instancer != names and _fits(levels, instancer)):
                return glob, rule
        return None


def _levels(glob: str) -> list[str]:
    levels = glob.split("/") if "/" in glob else [_ANY_LEVELS, glob]
    # "**" at the end is what is below, not the prim itself.
    return [*levels[:-1], "*", _ANY_LEVELS] if levels[-1] == _ANY_LEVELS else levels


def _fits(levels: list[str], names: list[str]) -> bool:
    return _match(levels, names, any_number=_ANY_LEVELS, same=_fits_name)


def _fits_name(pattern: str, name: str) -> bool:
    if "*" not in pattern and "?" not in pattern:
        return pattern == name
    return _match(pattern, name, any_number="*", same=lambda char, other: char in ("?", other))


def _match(
    pattern: Sequence[_Item], items: Sequence[_Item], *, any_number: _Item, same: Callable[[_Item, _Item], bool]
) -> bool:
    """Match a pattern with wildcards in time len(pattern) * len(items), where a regular expression may take for ever."""
    at, spot = 0, 0
    star, resume = -1, 0
    while spot < len(items):
        if at < len(pattern) and pattern[at] == any_number:
            star, resume = at, spot
            at += 1
        elif at < len(pattern) and same(pattern[at], items[spot]):
            at += 1
            spot += 1
        elif star >= 0:
            # Let the last wildcard take one more.
            resume += 1
            at, spot = star + 1, resume
        else:
            return False
    return all(item == any_number for item in pattern[at:])
