"""Colors in words: basic terms, which of them people may mix up, and the one that an object shows."""

from __future__ import annotations

import re

from scenecap.caption.lexicon import lexicon
from scenecap.contract import ObservedObject
from scenecap.text import clean_text

#: Terms that are no hue.
_NEUTRAL = frozenset(("black", "white", "gray"))


def basic_color(word: str) -> str:
    """Return the basic term of a color word ("navy" -> "blue", "dark red" -> "red")."""
    return lexicon().colors.get(word.split(" ")[-1], word)


def clearly_different(first: frozenset[str], second: frozenset[str]) -> bool:
    """Return whether nobody would call the one color the other; sets of basic terms, both known."""
    if not first or not second or first & second:
        return False
    confusable = lexicon().confusable_colors
    return all(frozenset((one, other)) not in confusable for one in first for other in second)


def seen_color(obj: ObservedObject, *, min_share: float, max_other: float, min_px: int) -> str:
    """Return the basic term of what an object's visible albedo is, or "" where that is no one color.

    Args:
        obj: The object.
        min_share: Share that the term must cover.
        max_other: Largest share of another term that is clearly a different color, and beside a neutral one of no term.
        min_px: Fewest visible pixels.
    """
    view = obj.visibility
    if view is None or not view.color_shares or view.visible_px < min_px:
        return ""
    term, share = view.color_shares[0]
    term = lexicon().color_spelling.get(term, term)
    if share < min_share or term not in lexicon().colors:
        return ""
    # A red arm on a gray base is neither gray nor red; wood that is brown and here and there orange is brown.
    own = frozenset((term,))
    others = [(lexicon().color_spelling.get(other, other), part) for other, part in view.color_shares[1:]]
    mixed = any(part > max_other and clearly_different(own, frozenset((other,))) for other, part in others)
    # Beside black, white or gray, what no term is certain of may be any color (a dusty red); beside a color it is a shade.
    unnamed = 1.0 - sum(part for _, part in view.color_shares)
    return "" if mixed or (term in _NEUTRAL and unnamed > max_other) else term


def color_words(value: str) -> tuple[str, ...]:
    """Return the color words of an attribute ("light blue and white"), or none where it holds anything else."""
    words = lexicon()
    result: list[str] = []
    shade = ""
    for token in re.split(r"[\s,/]+", clean_text(value).lower()):
        token = words.color_spelling.get(token, token)
        if token in words.shade_words:
            shade = f"{token} "
        elif token in words.colors:
            result.append(f"{shade}{token}")
            shade = ""
        elif token != "and":
            return ()
    return tuple(dict.fromkeys(result))
