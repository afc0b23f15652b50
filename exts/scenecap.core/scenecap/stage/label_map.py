"""The user's map: globs of prim paths -> what the prims are."""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping

from scenecap.stage.settings import LabelRule

_INSTANCE = re.compile(r"\[-?\d+\]$")


class LabelMap:
    """Finds the rule of a path. The first glob that fits wins.

    ``*`` and ``?`` stay within a name, ``**`` crosses levels; everything else is literal (``/Pawns[3]`` is a point
    instance, ``/Pawns`` all of its instances).
    """

    def __init__(self, rules: Mapping[str, LabelRule]) -> None:
        self._rules = [(glob, _pattern(glob), rule) for glob, rule in rules.items()]

    def __bool__(self) -> bool:
        return bool(self._rules)

    def find(self, path: str) -> tuple[str, LabelRule] | None:
        """Return the glob that fits a path and its rule, or None."""
        instancer = _INSTANCE.sub("", path)
        for glob, pattern, rule in self._rules:
            if pattern.fullmatch(path) or (instancer != path and pattern.fullmatch(instancer)):
                return glob, rule
        return None


@functools.lru_cache(maxsize=1024)
def _pattern(glob: str) -> re.Pattern[str]:
    parts = []
    for piece in re.split(r"(\*\*/|\*\*|\*|\?)", glob):
        parts.append({"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}.get(piece, re.escape(piece)))
    return re.compile("".join(parts))
