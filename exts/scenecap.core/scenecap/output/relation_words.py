"""The words of the ``relation`` key in graph files."""

from __future__ import annotations

from scenecap.graph.model import Relation

#: Relation -> word, in the order in which an edge lists them. The first eight are the words seen in IRC's files.
WORDS: dict[Relation, str] = {
    Relation.ON: "supported by",
    Relation.SUPPORTS: "supports",
    Relation.LEFT: "left",
    Relation.RIGHT: "right",
    Relation.FRONT: "front",
    Relation.BEHIND: "behind",
    Relation.NEAR: "near",
    Relation.FAR: "far",
    Relation.INSIDE: "inside",
    Relation.CONTAINS: "contains",
    Relation.ATTACHED: "attached to",
    Relation.HANGING: "hanging from",
    Relation.HOLDS: "holds",
    Relation.ABOVE: "above",
    Relation.BELOW: "below",
    Relation.TOUCHING: "touching",
    Relation.NEXT_TO: "next to",
}


def relation_words(relations: int) -> str:
    """Return a bit set of relations as comma-joined words, ``left,near``; "" for none."""
    return ",".join(word for relation, word in WORDS.items() if relations & relation)
