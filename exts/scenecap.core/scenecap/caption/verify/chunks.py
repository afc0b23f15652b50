"""From tokens to elements: noun phrases, relations, verbs, measures, places in the picture."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from scenecap.caption.lexicon import lexicon
from scenecap.caption.verify.noun_phrases import NounPhrases
from scenecap.caption.verify.syntax import Bound, Element, Kind, Mention
from scenecap.caption.verify.tokens import Token
from scenecap.caption.verify.words import PhraseKind, words

#: Relations whose words are also said of the picture ("on the left").
_PLACE_STARTS = frozenset({"on", "in", "at", "to", "from", "toward", "towards"})
_PLACE_SIDES = frozenset(
    ("left", "right", "top", "bottom", "center", "centre", "middle", "front", "back", "foreground", "background", "distance",
     "rear", "upper", "lower", "far", "near", "very", "left-hand", "right-hand", "extreme")
)  # fmt: skip
_PLACE_NOUNS = frozenset(
    ("side", "corner", "half", "part", "third", "area", "edge", "portion", "section", "end", "region", "hand")
)
_MEASURE = re.compile(r"(\d+(?:\.\d+)?)-?(mm|cm|m|ft|in)")
#: Relations that are bounds of numbers too ("over 20 boxes").
_RELATIVE_BOUNDS = frozenset({"over", "around", "under", "by"})


@dataclass(frozen=True)
class Vocabulary:
    """Nouns of the frame.

    Attributes:
        heads: Last words of labels, singular, lower case.
        words: All words of labels.
        labels: Labels of two words and more.
    """

    heads: frozenset[str] = frozenset()
    words: frozenset[str] = frozenset()
    labels: frozenset[tuple[str, ...]] = frozenset()


@dataclass
class Chunker:
    """Reads one sentence.

    Args:
        tokens: Tagged tokens.
        vocabulary: Nouns of the frame.
    """

    tokens: Sequence[Token]
    vocabulary: Vocabulary
    elements: list[Element] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._phrases = NounPhrases(self.tokens, self.vocabulary.heads, self.vocabulary.words)

    def run(self) -> list[Element]:
        """Return the sentence's elements."""
        index = 0
        while index < len(self.tokens):
            index = self._next(index)
        return self.elements

    def _add(self, kind: Kind, first: int, last: int, **rest: object) -> int:
        head = self.tokens[first].head
        self.elements.append(
            Element(kind, self.tokens[first].start, self.tokens[last].end, token=first, head=head, **rest)  # type: ignore[arg-type]
        )
        return last + 1

    def _next(self, index: int) -> int:
        token = self.tokens[index]
        if token.kind == "mark":
            kind = (
                Kind.COMMA if token.low in (",", "(", ")", "–", "—") else Kind.BREAK if token.low in (";", ":") else Kind.OTHER
            )
            return self._add(kind, index, index) if token.low not in ".!?" else index + 1
        for read in (self._position, self._measure):
            after = read(index)
            if after:
                return after
        use = token.phrase
        if use is not None and not token.label and not self._is_bound(index):
            if use.kind in (PhraseKind.RELATION, PhraseKind.PASSIVE):
                return self._relation(index, str(use.value))
            if use.kind is PhraseKind.POSSESSIVE:
                return self._add(Kind.POSSESSIVE, index, index, value=str(use.value))
            if use.kind is PhraseKind.RECIPROCAL:
                return self._add(Kind.RECIPROCAL, index, index, value=str(use.value))
            if use.kind is PhraseKind.COORDINATOR:
                return self._add(Kind.AND, index, index)
        return self._plain(index)

    def _is_bound(self, index: int) -> bool:
        """Whether a relation word bounds a number ("over 20 boxes")."""
        token = self.tokens[index]
        following = self.tokens[index + 1] if index + 1 < len(self.tokens) else None
        number = following is not None and (following.kind == "number" or following.low in words().numbers)
        return token.low in _RELATIVE_BOUNDS and number and following is not None and following.low != "one"

    def _relation(self, index: int, value: str) -> int:
        token = self.tokens[index]
        # "along", "by", "past" as adverbs have nothing after them.
        if index + 1 >= len(self.tokens) or self.tokens[index + 1].kind == "mark":
            return self._add(Kind.OTHER, index, index, value=token.low)
        return self._add(Kind.RELATION, index, index, value=value)

    def _plain(self, index: int) -> int:
        token = self.tokens[index]
        lists = words()
        low = token.low
        if lists.has("clause_words", low) and not token.label:
            return self._add(Kind.BREAK, index, index)
        if low == "there" and self._verb_follows(index):
            return self._add(Kind.THERE, index, index)
        if lists.has("negations", low):
            return self._add(Kind.NOT, index, index)
        if low in ("which", "who") or (low == "that" and self._verb_follows(index)):
            return self._add(Kind.WHICH, index, index)
        if low in ("with", "without"):
            return self._add(Kind.RELATION, index, index, value=low)
        if self._is_verb(index):
            return self._verb(index)
        mention, after = self._phrases.read(index)
        if mention is not None:
            return self._add(Kind.MENTION, index, after - 1, mention=mention)
        looks, after = self._phrases.read_looks(index)
        if looks:
            return self._add(Kind.LOOKS, index, after - 1, words=looks)
        if lists.has("adverbs", low) or token.tag.startswith("RB"):
            return index + 1
        return self._add(Kind.OTHER, index, index, value=low)

    # Verbs

    def _verb_follows(self, index: int) -> bool:
        return index + 1 < len(self.tokens) and (
            words().verbs.get(self.tokens[index + 1].low) is not None or self.tokens[index + 1].is_verb
        )

    def _is_verb(self, index: int) -> bool:
        token = self.tokens[index]
        if token.label or token.kind != "word":
            return False
        kind = words().verbs.get(token.low)
        if kind == "be":
            return True
        if kind is not None and not self._phrases.opens_noun(index):
            return True
        return token.is_verb and not self._phrases.opens_noun(index)

    def _verb(self, index: int) -> int:
        """Read a chain of verbs ("is placed", "can be seen sitting"); the last says what kind it is."""
        first = last = index
        kind = words().verbs.get(self.tokens[index].low, "other")
        finite = self._finite(index)
        at = index + 1
        while at < len(self.tokens):
            token = self.tokens[at]
            if token.kind == "mark" or token.label or token.phrase is not None:
                break
            if words().has("negations", token.low):
                self._add(Kind.NOT, at, at)
            elif self._is_verb(at) and (kind == "be" or not self._finite(at)) and words().verbs.get(token.low) != "be":
                kind = words().verbs.get(token.low, "other")
                last = at
            elif token.low in ("be", "been", "being"):
                kind, last = "be", at
            elif not (words().has("adverbs", token.low) or token.tag.startswith("RB")) or self._phrases.opens_noun(at):
                break
            at += 1
        following = self.tokens[last + 1].phrase if last + 1 < len(self.tokens) else None
        if kind == "other" and self.tokens[last].tag == "VBN" and following is not None:
            kind = "posture"  # "arrayed on the table": some participle
        self._add(Kind.VERB, first, last, value=kind, finite=finite)
        return last + 1

    def _finite(self, index: int) -> bool:
        token = self.tokens[index]
        if words().verbs.get(token.low) == "be":
            return token.low not in ("be", "been", "being")
        if token.low.endswith("ing") or token.tag in ("VBG", "VBN"):
            return False
        return not token.low.endswith("ed")

    # Places in the picture, measures

    def _position(self, index: int) -> int:
        """Read "on the left", "in the upper right corner of the image"; 0 where it is something else."""
        tokens = self.tokens
        if tokens[index].low not in _PLACE_STARTS or index + 2 > len(tokens):
            return 0
        at = index + 1
        if at < len(tokens) and tokens[at].low in ("the", "a"):
            at += 1
        first = at
        while at < len(tokens) and tokens[at].low in _PLACE_SIDES:
            at += 1
        sides = [token.low.split("-")[0] for token in tokens[first:at]]
        if not sides:
            return 0
        if at < len(tokens) and tokens[at].low in _PLACE_NOUNS:
            at += 1
        elif at < len(tokens) and (tokens[at].label or self._phrases.opens_noun(at)):
            return 0  # "on the left table"
        if tokens[index].low == "from" and at - index > 3:
            return 0
        if at < len(tokens) and tokens[at].low == "of":
            last = at + 2 if at + 1 < len(tokens) and tokens[at + 1].low in ("the", "this") else at + 1
            if last >= len(tokens) or not (
                words().has("scene_nouns", tokens[last].low) or tokens[last].low in ("room", "composition")
            ):
                if any(side in ("background", "foreground") for side in sides):
                    return self._add(Kind.POSITION, index, at - 1, value=" ".join(sides))
                value = next((side for side in ("left", "right") if side in sides), "at")
                return self._add(Kind.RELATION, index, at, value="at" if len(sides) > 1 else value)
            at = last + 1
        start = tokens[index].low
        return self._add(Kind.POSITION, index, at - 1, value=" ".join((start, *sides)))

    def _measure(self, index: int) -> int:
        """Read "about 40 cm", "1.2 meters tall"; 0 where it is something else."""
        tokens = self.tokens
        at, bound = index, Bound.ABOUT
        phrase = tokens[at].phrase
        if phrase is not None:
            if phrase.kind is not PhraseKind.BOUND and tokens[at].low not in _RELATIVE_BOUNDS:
                return 0
            value = str(phrase.value)
            bound = Bound(value) if value in Bound._value2member_map_ else Bound.MORE if tokens[at].low == "over" else bound
            at += 1
        if at >= len(tokens):
            return 0
        glued = _MEASURE.fullmatch(tokens[at].low)
        if glued is not None:
            meters, last = float(glued.group(1)) * words().raw["units"][glued.group(2)], at
        else:
            number = self._number(at)
            unit = words().raw["units"].get(tokens[at + 1].low) if at + 1 < len(tokens) else None
            if number is None or unit is None or (tokens[at + 1].low in ("in", "foot") and not self._ends_at(at + 2)):
                return 0
            meters, last = number * unit, at + 1
        dimension = ""
        if last + 1 < len(tokens) and tokens[last + 1].low in words().raw["dimensions"]:
            last += 1
            dimension = words().raw["dimensions"][tokens[last].low]
        return self._add(Kind.MEASURE, index, last, meters=meters, dimension=dimension, bound=bound)

    def _ends_at(self, index: int) -> bool:
        return index >= len(self.tokens) or self.tokens[index].phrase is not None or self.tokens[index].kind == "mark"

    def _number(self, index: int) -> float | None:
        token = self.tokens[index]
        if token.kind == "number":
            try:
                return float(token.low.replace(",", ""))
            except ValueError:
                return None
        number = words().numbers.get(token.low)
        return None if number is None else float(number)


def is_scene_word(mention: Mention) -> bool:
    """Return whether a mention speaks of the picture itself."""
    return bool(mention.head) and words().has("scene_nouns", mention.head) and not mention.quoted


def is_setting_word(mention: Mention) -> bool:
    """Return whether a mention names a kind of place."""
    text = " ".join(mention.nouns)
    lists = words()
    if is_scene_word(mention) and any(lists.has("setting_nouns", noun) for noun in mention.nouns[:-1]):
        return True  # "a kitchen scene"
    return bool(text) and (
        lists.has("setting_nouns", text)
        or lists.has("setting_nouns", mention.head)
        or mention.head in lexicon().setting_prepositions
    )
