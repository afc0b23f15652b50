"""Nouns for things and their broader terms, from WordNet 3.1; ``scripts/build_wordnet.py`` makes the data file."""

from __future__ import annotations

from functools import cache, lru_cache
from importlib import resources

#: Senses of a noun that count, the commonest first.
_SENSES = 3


class WordNet:
    """The noun hierarchy of WordNet, as far as it names things.

    Args:
        text: The data file's text.
    """

    def __init__(self, text: str) -> None:
        above, _, rest = text.partition("@nouns\n")
        nouns, _, abstract = rest.partition("@abstract\n")
        self._above = [tuple(map(int, line.split())) for line in above.split("\n")[:-1] if not line.startswith("#")]
        self._senses: dict[str, tuple[int, ...]] = {}
        for line in nouns.splitlines():
            senses, *lemmas = line.split("|")
            numbers = tuple(map(int, senses.split()[:_SENSES]))
            self._senses.update(dict.fromkeys(lemmas, numbers))
        self._abstract = frozenset(abstract.split())

    def is_thing(self, noun: str) -> bool:
        """Return whether a noun (lower case, singular) names a thing that can be seen."""
        return noun in self._senses

    def is_abstract(self, noun: str) -> bool:
        """Return whether a noun is known and names no thing ("arrangement")."""
        return noun in self._abstract

    def is_noun(self, word: str) -> bool:
        """Return whether a word is a noun at all."""
        return word in self._senses or word in self._abstract

    def _closure(self, noun: str) -> frozenset[int]:
        found: set[int] = set()
        queue = list(self._senses.get(noun, ()))
        while queue:
            sense = queue.pop()
            if sense not in found:
                found.add(sense)
                queue.extend(self._above[sense])
        return frozenset(found)

    def is_kind_of(self, noun: str, broader: str) -> bool:
        """Return whether a noun names a kind of what another names ("mug", "container"), or the same."""
        wanted = self._senses.get(broader)
        return bool(wanted) and not _closure_of(self, noun).isdisjoint(wanted)

    def is_same(self, noun: str, other: str) -> bool:
        """Return whether two nouns share a sense ("sofa", "couch")."""
        return not set(self._senses.get(noun, ())).isdisjoint(self._senses.get(other, ()))


@lru_cache(maxsize=8192)
def _closure_of(net: WordNet, noun: str) -> frozenset[int]:
    return net._closure(noun)


@cache
def wordnet() -> WordNet:
    """Return the hierarchy, read once."""
    return WordNet(resources.files("scenecap.caption.verify").joinpath("wordnet_objects.txt").read_text(encoding="utf-8"))
