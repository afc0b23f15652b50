"""Which scene goes to which split. A scene is never divided, whatever it is called and however often it was rendered."""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Iterable, Mapping
from types import MappingProxyType

from scenecap.errors import UsageError

#: Splits without ``--split``.
DEFAULT_SHARES: Mapping[str, float] = MappingProxyType({"train": 0.9, "val": 0.1})

#: By how much shares may miss 1 (thirds are written as 0.333).
_SUM_TOLERANCE = 0.005

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,31}")


def parse_shares(text: str) -> dict[str, float]:
    """Return the shares of ``train=0.9,val=0.1``.

    Raises:
        UsageError: It is not of that form, a name cannot be a file's, or the shares do not sum to 1.
    """
    remedy = "Example: --split train=0.8,val=0.1,test=0.1"
    shares: dict[str, float] = {}
    for item in text.split(","):
        name, _, value = (part.strip() for part in item.partition("="))
        if not _NAME.fullmatch(name):
            raise UsageError(f"--split: '{name:.40}' is no name of a split; letters, digits, _ and - only.", remedy=remedy)
        if name.lower() in {known.lower() for known in shares}:
            raise UsageError(f"--split: '{name}' is there twice.", remedy=remedy)
        try:
            share = float(value)
        except ValueError:
            share = math.nan
        if not 0.0 < share <= 1.0:
            raise UsageError(f"--split: {name}={value:.40}: the share must be a number above 0, at most 1.", remedy=remedy)
        shares[name] = share
    total = sum(shares.values())
    if abs(total - 1.0) > _SUM_TOLERANCE:
        raise UsageError(f"--split: the shares sum to {total:g}, not to 1.", remedy=remedy)
    return shares


def split_scenes(scenes: Iterable[str], shares: Mapping[str, float], *, seed: int) -> dict[str, str]:
    """Return scene -> split.

    Scenes are ordered by a hash of seed and identity, and dealt out in that order; how many each split gets follows the
    largest remainder of its share, and no split is left empty where there are scenes enough. The order in which scenes are
    given does not matter.

    Args:
        scenes: Identities.
        shares: Split -> share; they sum to 1.
        seed: Another seed, another order.

    Raises:
        UsageError: There are fewer scenes than splits.
    """
    unique = set(scenes)
    if len(unique) < len(shares):
        have = "there is one scene" if len(unique) == 1 else f"there are {len(unique)} scenes"
        raise UsageError(
            f"--split: {have}, and a scene is never divided, so {', '.join(shares)} cannot all be filled.",
            remedy=f"Add scenes, or give --split {next(iter(shares))}=1.",
        )
    ordered = sorted(unique, key=lambda scene: (hashlib.sha256(f"{seed}\n{scene}".encode()).hexdigest(), scene))
    counts = _counts(len(ordered), shares)
    names = [name for name in shares for _ in range(counts[name])]
    return dict(zip(ordered, names, strict=True))


def _counts(total: int, shares: Mapping[str, float]) -> dict[str, int]:
    """Return how many scenes each split gets."""
    scale = total / sum(shares.values())
    exact = {name: share * scale for name, share in shares.items()}
    counts = {name: math.floor(value + 1e-9) for name, value in exact.items()}
    by_remainder = sorted(shares, key=lambda name: counts[name] - exact[name])  # stable: ties in the order given
    for name in by_remainder[: total - sum(counts.values())]:
        counts[name] += 1
    for name in shares:
        if counts[name] == 0:
            counts[max(counts, key=lambda other: counts[other])] -= 1
            counts[name] = 1
    return counts
