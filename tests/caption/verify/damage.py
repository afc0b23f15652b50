"""Known damage to true captions, made from words alone and checked against the graph: no code of the verifier decides."""

from __future__ import annotations

import enum
import random
import re
from collections.abc import Iterator
from dataclasses import dataclass

from scenecap.caption.model import Caption, Fact
from scenecap.contract import Frame
from scenecap.graph.model import SceneGraph


class Damage(str, enum.Enum):
    """Kinds of edits."""

    OBJECT_SWAPPED = "object swapped"
    OBJECT_ADDED = "object added"
    COUNT_CHANGED = "count changed"
    COLOR_CHANGED = "color changed"
    RELATION_FLIPPED = "relation flipped"
    ENDS_EXCHANGED = "ends exchanged"


@dataclass(frozen=True)
class Damaged:
    """A text with one edit.

    Attributes:
        kind: What was done.
        text: The text after it.
        start: First character of the sentence that was edited.
        end: One past its last.
        note: What was replaced by what.
    """

    kind: Damage
    text: str
    start: int
    end: int
    note: str


_STRANGERS = [
    "toaster",
    "umbrella",
    "violin",
    "bicycle",
    "candle",
    "helmet",
    "pumpkin",
    "trumpet",
    "ladder",
    "suitcase",
    "globe",
]
_NUMBERS = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"]
#: Color -> one that nobody takes for it.
_OTHER_COLOR = {
    "red": "blue", "blue": "yellow", "green": "purple", "yellow": "purple", "white": "green", "black": "yellow",
    "gray": "yellow", "orange": "blue", "brown": "green", "purple": "yellow", "pink": "green",
}  # fmt: skip
#: New color -> colors that somebody may take for it.
_CLOSE = {
    "purple": {"pink", "blue", "red"},
    "yellow": {"orange", "brown", "green", "white"},
    "blue": {"purple", "green"},
    "green": {"yellow", "blue", "brown"},
}
_FLIPS = {
    "to the left of": "to the right of",
    "to the right of": "to the left of",
    "in front of": "behind",
    "behind": "in front of",
    "above": "below",
    "below": "above",
    "near": "far from",
    "next to": "far from",
    "on": "under",
    "in": "under",
}
_MAIN = r"\b(?:is|are|sits?|rests?|stands?) (?:also )?"
_PHRASES = "|".join(_FLIPS)


def damages(caption: Caption, graph: SceneGraph, frame: Frame, chance: random.Random) -> Iterator[Damaged]:
    """Yield one damage of each kind that the caption gives occasion for."""
    for make in (_swapped, _added, _count, _color, _flipped, _exchanged):
        found = list(make(caption, graph, frame, chance))
        if found:
            yield chance.choice(found)


def _sentence(text: str, at: int) -> tuple[int, int]:
    start = max(text.rfind(". ", 0, at) + 2, 0) if text.rfind(". ", 0, at) >= 0 else 0
    end = text.find(". ", at)
    return start, len(text) if end < 0 else end + 1


def _edit(kind: Damage, text: str, start: int, end: int, new: str) -> Damaged:
    old = text[start:end]
    result = text[:start] + new + text[end:]
    first, last = _sentence(text, start)
    return Damaged(kind, result, first, last + len(new) - len(old), f"{old!r} -> {new!r}")


def _label_words(frame: Frame) -> set[str]:
    return {word for item in frame.objects for word in item.label.lower().split()}


def _strangers(frame: Frame) -> list[str]:
    return [noun for noun in _STRANGERS if noun not in _label_words(frame)]


def _swapped(caption: Caption, graph: SceneGraph, frame: Frame, chance: random.Random) -> Iterator[Damaged]:
    """Give an object the noun of something that is nowhere on the stage."""
    for span in caption.spans:
        words = caption.text[span.start : span.end]
        if len(span.nodes) != 1 or " " not in words or '"' in words or words.lower().startswith(("one", "some", "the other")):
            continue
        if re.search(r"\b(of|on|in|at|with|between|to|from|next|behind|above|below|the other|labeled)\b", words):
            continue
        head = words.rfind(" ") + 1
        if words[head:].endswith("s") or words.startswith("a pair"):
            continue
        new = chance.choice(_strangers(frame))
        # "an apple" -> "a toaster": the article goes with the noun only where it stands right before it.
        yield _edit(Damage.OBJECT_SWAPPED, caption.text, span.start + head, span.end, new)


def _added(caption: Caption, graph: SceneGraph, frame: Frame, chance: random.Random) -> Iterator[Damaged]:
    """Put a thing that is nowhere on the stage into a list."""
    for match in re.finditer(r"(?<=[a-z]),? and (?=an? |some |two |three |another )", caption.text):
        new = f", a {chance.choice(_strangers(frame))}{match.group()}"
        yield _edit(Damage.OBJECT_ADDED, caption.text, match.start(), match.end(), new)
    where = [match for match in re.finditer(r"\bthe (\w+)\.", caption.text)]
    for match in where[:1]:
        new = f"{match.group()} A {chance.choice(_strangers(frame))} is next to the {match.group(1)}."
        start, end = match.start(), match.end()
        text = caption.text[:start] + new + caption.text[end:]
        at = start + len(match.group()) + 1
        yield Damaged(Damage.OBJECT_ADDED, text, at, start + len(new), new)


def _count(caption: Caption, graph: SceneGraph, frame: Frame, chance: random.Random) -> Iterator[Damaged]:
    """Say more objects than there are of that noun."""
    exact = {fact.nodes for fact in caption.facts if fact.kind == "count"}
    for span in caption.spans:
        words = caption.text[span.start : span.end]
        first = words.split(" ")[0].lower()
        if span.nodes not in exact or first not in _NUMBERS or "of the" in words:
            continue
        heads = {graph.nodes[node].label.lower().split()[-1] for node in span.nodes}
        like = sum(bool(set(item.label.lower().split()) & heads) for item in frame.objects)
        target = max(len(span.nodes), like) + chance.choice((1, 2, 3))
        if target < len(_NUMBERS):
            new = _NUMBERS[target]
            new = new.capitalize() if words[0].isupper() else new
            yield _edit(Damage.COUNT_CHANGED, caption.text, span.start, span.start + len(first), new)


def _color(caption: Caption, graph: SceneGraph, frame: Frame, chance: random.Random) -> Iterator[Damaged]:
    """Give an object a color that neither it nor anything of its noun has."""
    for span in caption.spans:
        words = caption.text[span.start : span.end]
        match = re.search(r"\b(" + "|".join(_OTHER_COLOR) + r")\b", words)
        if match is None or '"' in words or not span.nodes or " and " in words:
            continue
        new = _OTHER_COLOR[match.group(1)]
        heads = {graph.nodes[node].label.lower().split()[-1] for node in span.nodes}
        like = [item for item in frame.objects if set(item.label.lower().split()) & heads]
        seen = set()
        for item in like:
            seen |= set(item.label.lower().split()) | set(str(item.attributes.get("color", "")).split())
            if item.visibility is not None:
                seen |= {term for term, share in item.visibility.color_shares if share > 0.02}
        close = _CLOSE[new]
        unknown = any(not _has_color(item) for item in like)
        if new in seen or close & seen or unknown:
            continue
        yield _edit(Damage.COLOR_CHANGED, caption.text, span.start + match.start(), span.start + match.end(), new)


def _has_color(item) -> bool:
    known = set(item.label.lower().split()) & set(_OTHER_COLOR) or item.attributes.get("color")
    return bool(known or (item.visibility is not None and item.visibility.color_shares))


def _flipped(caption: Caption, graph: SceneGraph, frame: Frame, chance: random.Random) -> Iterator[Damaged]:
    """Turn the main relation of a sentence round."""
    text = caption.text
    for match in re.finditer(rf"({_MAIN})({_PHRASES})(?= the\b)", text):
        yield _edit(Damage.RELATION_FLIPPED, text, match.start(2), match.end(2), _FLIPS[match.group(2)])
    for match in re.finditer(rf"(?:^|\. )({'|'.join(item.capitalize() for item in _FLIPS)})(?= the\b)", text):
        new = _FLIPS[match.group(1).lower()].capitalize()
        yield _edit(Damage.RELATION_FLIPPED, text, match.start(1), match.end(1), new)


_ONE_WAY = {"left", "right", "front", "behind", "above", "below", "on", "inside", "hanging"}


def _exchanged(caption: Caption, graph: SceneGraph, frame: Frame, chance: random.Random) -> Iterator[Damaged]:
    """Exchange the ends of a relation that holds in one direction only."""
    text = caption.text
    for fact in caption.facts:
        if fact.kind not in _ONE_WAY or len(fact.nodes) != 1 or len(fact.objects) != 1:
            continue
        for one, other in _ends(caption, fact):
            (a, b), (c, d) = sorted((one, other))
            if b > c or _sentence(text, a) != _sentence(text, c):
                continue
            middle = text[b:c]
            if not re.fullmatch(rf" (?:{_MAIN})?(?:also )?(?:{_PHRASES}) | (?:is|are) ", middle) or '"' in text[a:d]:
                continue
            first, second = text[a:b], text[c:d]
            start = a == 0 or text[a - 2 : a] == ". "
            new_first = second[0].upper() + second[1:] if start else second
            new_second = first[0].lower() + first[1:] if start else first
            if not first.lower().startswith("the ") or not second.lower().startswith("the "):
                continue
            yield _edit(Damage.ENDS_EXCHANGED, text, a, d, f"{new_first}{middle}{new_second}")


def _ends(caption: Caption, fact: Fact) -> Iterator[tuple[tuple[int, int], tuple[int, int]]]:
    ones = [(span.start, span.end) for span in caption.spans if span.nodes == fact.nodes]
    others = [(span.start, span.end) for span in caption.spans if span.nodes == fact.objects]
    for one in ones:
        for other in others:
            yield one, other
