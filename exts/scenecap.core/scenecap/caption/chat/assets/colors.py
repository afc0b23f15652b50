"""Colours that a model claims of an asset, held against what its surface is."""

from __future__ import annotations

import re
from collections.abc import Sequence

from scenecap.caption.chat.assets.model import SeenAsset
from scenecap.caption.color_terms import basic_color
from scenecap.caption.lexicon import lexicon
from scenecap.colours import BASIC_TERMS

#: Share of the surface whose colour must be known, for any colour to be said.
MIN_KNOWN = 0.5
#: Share of the surface that must be near a colour, for it to be one of the asset's colours; and for it to be a part's.
MAIN_SHARE, DETAIL_SHARE = 0.1, 0.003
#: Share of the surface that an asset's colours must cover together: a beige rug with a blue border is no blue rug.
COVERED = 0.5

_WORD = re.compile(r"[a-z]+(?:-[a-z]+)?")


def objection(seen: SeenAsset, color: str, *, detail: bool = False) -> str:
    """Return why an asset is not of a colour, or "" where nothing speaks against it.

    Args:
        seen: The asset.
        color: A colour word.
        detail: Whether a small part of that colour is enough.
    """
    term = basic_color(color)
    if term not in BASIC_TERMS:
        return f"'{color}' is no color that can be checked"
    if seen.color_known < MIN_KNOWN:
        return "its colors are not known"
    terms = {term}
    if color not in BASIC_TERMS:  # beige counts to brown and is as near to gray and white: words between terms get both
        terms |= {other for other in BASIC_TERMS if frozenset((term, other)) in lexicon().confusable_colors}
    if max(seen.color_near.get(item, 0.0) for item in terms) >= (DETAIL_SHARE if detail else MAIN_SHARE):
        return ""
    shown = ", ".join(f"{name} {share:.0%}" for name, share in seen.color_shares[:3] if share >= 0.01)
    return f"its surface is not {term}" + (f" ({shown})" if shown else "")


def covered_by(seen: SeenAsset, colors: Sequence[str]) -> float:
    """Return which share of an asset's surface is, at most, near one of some basic colour terms."""
    return min(1.0, sum(seen.color_near.get(color, 0.0) for color in colors))


def colors_in(text: str, *, but: str = "") -> tuple[str, ...]:
    """Return the colour words of a sentence, each once.

    Args:
        text: The sentence.
        but: A label: its own words are not taken for colours ("an orange").
    """
    own = set(_WORD.findall(but.lower()))
    words = [word.removesuffix("-colored") for word in _WORD.findall(text.lower())]
    pieces = [piece for word in words for piece in ([word] if word in lexicon().colors else word.split("-"))]
    return tuple(dict.fromkeys(piece for piece in pieces if piece in lexicon().colors and piece not in own))
