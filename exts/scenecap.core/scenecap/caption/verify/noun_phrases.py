"""Noun phrases: determiner, number, adjectives, noun, and what follows it."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from scenecap.caption.lexicon import lexicon
from scenecap.caption.verify.syntax import Bound, Count, Mention, Word
from scenecap.caption.verify.tokens import Token
from scenecap.caption.verify.wordnet import wordnet
from scenecap.caption.verify.words import PhraseKind, is_plural_form, singular, words

_MORE = frozenset({"another", "more", "additional", "further", "second", "third", "fourth", "fifth"})
_ORDINALS = {"first": 1, "second": 2, "third": 3, "fourth": 4, "fifth": 5, "sixth": 6, "seventh": 7, "eighth": 8, "ninth": 9}
_SIDES = {"left": "left", "right": "right", "left-hand": "left", "right-hand": "right"}
_LABELED = frozenset({"labeled", "labelled", "named", "called", "marked"})
_PLURAL_PRONOUNS = frozenset({"them", "they", "these", "those", "both", "themselves"})
_PARTITIVE_NUMBERS = frozenset({"some", "several", "many", "most", "few", "half", "both", "all", "each", "none", "any"})


class NounPhrases:
    """Reads the noun phrases of a sentence.

    Args:
        tokens: Tagged tokens.
        heads: Last words of the frame's labels.
        label_words: All words of the frame's labels.
    """

    def __init__(self, tokens: Sequence[Token], heads: Collection[str], label_words: Collection[str]) -> None:
        self._tokens = tokens
        self._heads = heads
        self._label_words = label_words

    def _low(self, index: int) -> str:
        return self._tokens[index].low if 0 <= index < len(self._tokens) else ""

    # Kinds of words

    def is_noun(self, index: int) -> bool:
        """Whether a token may be (part of) a noun."""
        if index >= len(self._tokens):
            return False
        token = self._tokens[index]
        if token.label:
            return True
        if token.kind != "word" or token.phrase is not None:
            return False
        low, one = token.low, singular(token.low)
        lists = words()
        if lists.has("determiners", low) or lists.has("pronouns", low) or low in lists.numbers:
            return False
        if one in self._heads or low in self._heads:
            return not (token.is_verb and low in lists.verbs)
        if low in lists.verbs or lists.has("adverbs", low) or lists.has("clause_words", low):
            return token.tag in ("NN", "NNS") and self._low(index - 1) in ("a", "the", "an")
        if token.tag.startswith("NN"):
            return not self.is_adjective(index, nouns=False)
        return (
            token.tag in ("JJ", "FW", "VBG", "CD", "XX")
            and wordnet().is_thing(one)
            and not self.is_adjective(index, nouns=False)
        )

    def is_adjective(self, index: int, *, nouns: bool = True) -> bool:
        """Whether a token may be an adjective in front of a noun."""
        if index >= len(self._tokens):
            return False
        token = self._tokens[index]
        if token.kind != "word" or token.label or token.phrase is not None:
            return False
        low, lists, lexicon_ = token.low, words(), lexicon()
        known = (
            low in lexicon_.colors
            or low in lexicon_.shade_words
            or (low in lexicon_.materials and (nouns or low not in self._heads))
            or low in lexicon_.adjectives
            or low in lists.raw["superlatives"]
            or lists.has("size_large", low)
            or lists.has("size_small", low)
            or (lists.has("vague", low) and not token.tag.startswith(("IN", "RB")))
        )
        if known or not nouns:
            return known
        if "-" in low and all(part in lexicon_.colors or part == "and" for part in low.split("-")):
            return True
        if low in lists.verbs or lists.has("adverbs", low):
            return False
        return token.tag in ("JJ", "JJR", "JJS") or (token.tag in ("VBN", "VBG") and self.is_noun(index + 1))

    def opens_noun(self, index: int) -> bool:
        """Whether a noun phrase without a determiner starts (or goes on) at a token: adjectives, then a noun."""
        at = index
        while at < len(self._tokens) and not self.is_noun(at) and self.is_adjective(at):
            at += 1
        return self.is_noun(at)

    # Reading

    def read(self, index: int) -> tuple[Mention | None, int]:
        """Return the noun phrase that starts at a token and the index after it; None where there is none."""
        mention = Mention(self._tokens[index].start, self._tokens[index].end)
        at = self._before(index, mention)
        if at < 0:
            return None, index
        opened = at > index
        if opened and self._low(at) == "of":  # "one of the tables", "26 of the boxes"
            inner, after = self.read(at + 1) if at + 1 < len(self._tokens) else (None, at)
            if inner is not None and not inner.pronoun:
                inner.partitive = True
                inner.plural = True
                inner.count = mention.count or Count(1, Bound.LEAST, mention.start, mention.end)
                inner.more = mention.more
                inner.other = mention.other
                return self._close(inner, index, after), after
        at = self._middle(at, mention)
        if not mention.nouns:
            return self._without_noun(index, at, mention, opened=opened)
        at = self._after(at, mention)
        return self._close(mention, index, at), at

    def read_looks(self, index: int) -> tuple[list[Word], int]:
        """Return adjectives that stand without a noun ("red and wooden") and the index after them."""
        found: list[Word] = []
        at = index
        while at < len(self._tokens):
            token = self._tokens[at]
            if self.is_adjective(at) or (found and token.low in lexicon().materials):
                text = token.low
                if text in lexicon().shade_words and self._low(at + 1) in lexicon().colors:
                    found.append(Word(f"{text} {self._low(at + 1)}", token.start, self._tokens[at + 1].end))
                    at += 2
                    continue
                found.append(Word(text, token.start, token.end))
            elif not (found and token.low in ("and", ",") and self.is_adjective(at + 1) and not self.opens_noun(at + 1)):
                break
            at += 1
        return found, at

    def _close(self, mention: Mention, first: int, after: int) -> Mention:
        mention.start = self._tokens[first].start
        mention.end = self._tokens[after - 1].end
        mention.tokens = (first, after - 1)
        return mention

    def _before(self, index: int, mention: Mention) -> int:
        """Read determiners and numbers; return the index after them, or -1 where a pronoun or nothing stands there."""
        at = index
        bound = ""
        lists = words()
        while at < len(self._tokens):
            token = self._tokens[at]
            use = token.phrase
            number = self._number(token)
            if token.label:
                break
            if use is not None and use.kind is PhraseKind.BOUND and self._counts(at + 1):
                bound = str(use.value)
            elif (
                use is not None
                and use.kind is PhraseKind.RELATION
                and token.low in ("over", "around")
                and self._counts(at + 1)
            ):
                bound = "more" if token.low == "over" else "about"
            elif use is not None and use.kind is PhraseKind.BOUND:
                pass
            elif use is not None and use.kind is PhraseKind.QUANTIFIER:
                pair = int(use.value)
                value = (mention.count.value if mention.count else 1) * abs(pair) if pair < 0 else pair
                if token.low in ("a pair of", "pairs of") and singular(self._noun_after(at + 1)) in lexicon().pairs:
                    value = mention.count.value if mention.count and pair < 0 else 1
                mention.count = Count(value, self._bound(bound), token.start, token.end)
            elif use is not None and use.kind is PhraseKind.VAGUE:
                mention.count = Count(int(use.value), Bound.LEAST, token.start, token.end)
            elif use is not None and use.kind is PhraseKind.UNIVERSAL:
                mention.count = Count(0, Bound.ALL, token.start, token.end)
            elif use is not None and use.kind is PhraseKind.NONE:
                mention.count = Count(0, Bound.NONE, token.start, token.end)
            elif use is not None:
                break
            elif number is not None and not (number == 1 and mention.det in ("the", "this", "that")):
                mention.count = Count(number, self._bound(bound), token.start, token.end)
            elif (lists.has("determiners", token.low) and token.low not in ("which", "what", "that")) or token.low == "that":
                if token.low in _MORE and (token.low not in _ORDINALS or mention.det not in ("the", "")):
                    mention.more = True
                elif token.low in _ORDINALS and mention.det == "the":
                    mention.rank = _ORDINALS[token.low]
                if token.low == "other":
                    mention.other = mention.det == "the" or mention.other
                    mention.more = True
                elif not mention.det or mention.det not in ("the", "a", "an"):
                    mention.det = token.low
            else:
                break
            at += 1
        return at

    def _counts(self, index: int) -> bool:
        return index < len(self._tokens) and self._number(self._tokens[index]) is not None

    @staticmethod
    def _bound(word: str) -> Bound:
        return Bound(word) if word else Bound.EXACT

    @staticmethod
    def _number(token: Token) -> int | None:
        if token.kind == "number":
            digits = token.low.replace(",", "")
            return int(digits) if digits.isdigit() and len(digits) < 9 else None
        return words().numbers.get(token.low) if token.phrase is None else None

    def _noun_after(self, index: int) -> str:
        at = index
        while at < len(self._tokens) and not self.is_noun(at) and self.is_adjective(at):
            at += 1
        return self._low(at)

    def _middle(self, index: int, mention: Mention) -> int:
        """Read adjectives and nouns; return the index after them."""
        tokens = self._tokens
        at, start = index, index
        shade = ""
        nouns: list[str] = []
        last_noun = -1
        while at < len(tokens):
            token = tokens[at]
            low = token.low
            noun = self.is_noun(at)
            adjective = self.is_adjective(at)
            goes_on = adjective and self.opens_noun(at + 1)
            joins = low in ("and", ",", "&") and at > start and not nouns and self._joins(at)
            if token.label:
                nouns += token.label
                last_noun = at
            elif low in lexicon().shade_words and self._low(at + 1) in lexicon().colors and goes_on:
                shade = f"{low} "
            elif low in lexicon().colors and (goes_on or (self._joins(at + 1) and not nouns)) and not self._compound(at):
                mention.colors.append(Word(f"{shade}{low}", token.start - len(shade), token.end))
                shade = ""
            elif "-" in low and adjective and goes_on and low.split("-")[0] in lexicon().colors:
                mention.colors += [Word(part, token.start, token.end) for part in low.split("-") if part != "and"]
            elif low in lexicon().materials and (goes_on or self.is_noun(at + 1)) and not self._compound(at):
                mention.materials.append(Word(lexicon().materials[low], token.start, token.end))
            elif low in words().raw["superlatives"] and (goes_on or not nouns):
                mention.extreme = words().raw["superlatives"][low]
            elif low in _SIDES and self.opens_noun(at + 1) and not nouns:
                mention.extreme = _SIDES[low]
            elif goes_on and not noun:
                mention.adjectives.append(Word(low, token.start, token.end))
            elif noun and not (nouns and low in words().verbs):
                if adjective and goes_on and not (low in self._label_words or wordnet().is_thing(low)):
                    mention.adjectives.append(Word(low, token.start, token.end))
                else:
                    nouns.append(low)
                    last_noun = at
            elif not joins:
                break
            at += 1
        if last_noun < 0:
            return self._adjective_as_noun(start, at, mention)
        mention.plural = is_plural_form(nouns[-1]) and nouns[-1] not in lexicon().pairs
        mention.nouns = (*nouns[:-1], singular(nouns[-1]))
        return last_noun + 1

    def _joins(self, index: int) -> bool:
        """Whether "and" or a comma stands between two adjectives of one noun ("white and yellow mug")."""
        if self._low(index) not in ("and", ",", "&"):
            return False
        following = index + 1
        if self._low(index) == "," and self._low(following) == "and":
            following += 1
        return self.is_adjective(following) and self.opens_noun(following) and not self.is_noun(following)

    def _compound(self, index: int) -> bool:
        pair = (self._low(index), singular(self._low(index + 1)))
        return pair in lexicon().color_compounds or pair in lexicon().material_compounds

    def _adjective_as_noun(self, start: int, at: int, mention: Mention) -> int:
        """Take the last adjective for the noun where a determiner calls for one ("the remote")."""
        last = start
        while last < len(self._tokens) and self._tokens[last].kind == "word" and self.is_adjective(last):
            last += 1
        word = self._low(last - 1)
        if last == start or not mention.det or not (wordnet().is_thing(singular(word)) or singular(word) in self._heads):
            return at
        mention.colors, mention.materials, mention.adjectives = [], [], []
        for index in range(start, last - 1):
            token = self._tokens[index]
            target = mention.colors if token.low in lexicon().colors else mention.adjectives
            target.append(Word(token.low, token.start, token.end))
        mention.nouns = (singular(word),)
        return last

    def _after(self, at: int, mention: Mention) -> int:
        """Read what belongs to the noun: a quoted label, "of ..."."""
        if self._low(at) in _LABELED and at + 1 < len(self._tokens) and self._tokens[at + 1].kind == "quote":
            mention.quoted = self._tokens[at + 1].text[1:-1]
            return at + 2
        if at < len(self._tokens) and self._tokens[at].kind == "quote":
            mention.quoted = self._tokens[at].text[1:-1]
            return at + 1
        if self._low(at) == "of" and at + 1 < len(self._tokens):
            inner, after = self.read(at + 1)
            if inner is not None and not inner.pronoun and inner.nouns:
                lists = words()
                is_empty = lists.has("no_objects", mention.head) or lists.has("scene_nouns", mention.head)
                if is_empty and not self._known(mention):
                    # "the edge of the table": the table; "an image of a kitchen": the kitchen.
                    for name in ("nouns", "quoted", "det", "plural", "part_of", "other"):
                        setattr(mention, name, getattr(inner, name))
                    mention.count = inner.count
                    for name in ("colors", "materials", "adjectives"):
                        setattr(mention, name, getattr(inner, name))
                    return after
                mention.part_of = inner
                return after
        return at

    def _known(self, mention: Mention) -> bool:
        return mention.head in self._heads

    def _without_noun(self, index: int, at: int, mention: Mention, *, opened: bool) -> tuple[Mention | None, int]:
        """Return "it", "the other", "one", "ten (on the pallets)" as mentions without a noun."""
        low = self._low(index)
        lists = words()
        after_before = self._before(index, Mention(0, 0))
        if not opened:
            if lists.has("pronouns", low) and low not in ("this", "one"):
                mention.pronoun = low
                mention.plural = low in _PLURAL_PRONOUNS
                return self._close(mention, index, index + 1), index + 1
            return None, index
        colors = [item for item in (*mention.colors, *mention.materials, *mention.adjectives)]
        if colors and mention.det not in ("the", "a", "an"):
            return None, index
        texts = [self._tokens[k].low for k in range(index, after_before)]
        if (
            texts in (["this"], ["that"], ["these"], ["those"], ["both"], ["one"])
            or mention.count
            or mention.more
            or mention.rank
        ):
            mention.pronoun = "one" if mention.count or mention.more or mention.rank else texts[0]
            mention.plural = texts[0] in _PLURAL_PRONOUNS or bool(mention.count and mention.count.value > 1)
            if texts == ["another"] or mention.other or texts == ["other"] or texts == ["others"]:
                mention.pronoun = "other" if mention.other else "one"
            return self._close(mention, index, after_before), after_before
        return None, index
