"""Who has been spoken of so far, and how to name things next: "a mug", "another mug", "the mug next to the plate"."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace

from scenecap.caption.attributes import (
    Description,
    definite_is_plural,
    indefinite_text,
    is_plural_phrase,
    noun_text,
    suffix_matches,
)
from scenecap.caption.english import Countability, countability
from scenecap.caption.inventory import Inventory
from scenecap.caption.model import Fact
from scenecap.caption.refer.phrasing import color_facts
from scenecap.caption.refer.query import EXTREME_SIDES, QueryKind
from scenecap.caption.refer.referrer import Reference, Referrer
from scenecap.caption.spans import Phrase, Ref, phrase
from scenecap.graph.model import Relation


@dataclass(frozen=True)
class Mention:
    """A noun phrase in a text.

    Attributes:
        phrase: Its words and grounding.
        plural: Whether it takes a plural verb.
        facts: What it claims.
        nodes: What it speaks of.
    """

    phrase: Phrase
    plural: bool
    facts: tuple[Fact, ...]
    nodes: tuple[int, ...]


def shared_description(descriptions: Sequence[Description]) -> Description:
    """Return what several objects of one noun have in common: the words, colors and material that all of them share."""
    first = descriptions[0]
    if all(other == first for other in descriptions[1:]):
        return first
    name = first.name
    if any(other.name.tokens != name.tokens or other.name.post != name.post for other in descriptions):
        tokens = name.core_tokens
        post = name.post if all(other.name.post == name.post for other in descriptions) else ""
        name = replace(name, tokens=tokens, leading=0, post=post, materials=(), countability=countability(tokens))
    same_color = all(other.colors == first.colors for other in descriptions)
    same_material = all(other.material == first.material for other in descriptions)
    return Description(
        replace(name, colors=first.name.colors if same_color else ()),
        first.colors if same_color else (),
        first.color_source if same_color else None,
        first.material if same_material else "",
    )


class Discourse:
    """The state of one text.

    Args:
        inventory: The frame.
        referrer: Its referring expressions.
    """

    def __init__(self, inventory: Inventory, referrer: Referrer) -> None:
        self.inventory = inventory
        self.referrer = referrer
        self.introduced: set[int] = set()
        #: Nodes that were told from others of their name by where they are ("the bin on the left").
        self.singled_out: set[int] = set()
        self._axis_of: dict[tuple[str, ...], tuple[Relation, ...]] = {}
        self._said: list[Description] = []
        self._partitives: dict[tuple[int, ...], list[int]] = {}

    def introduce(self, nodes: Sequence[int], *, start: bool = False, everywhere: bool = False) -> Mention:
        """Return an indefinite noun phrase for objects that are new, and remember them.

        Args:
            nodes: Objects of one noun.
            start: Whether the phrase opens a sentence.
            everywhere: Whether the phrase reads as counting the whole picture ("the scene shows two mugs").
        """
        inventory = self.inventory
        description = shared_description([inventory.descriptions[node] for node in nodes])
        counted = not inventory.indistinct(description)
        if counted and everywhere and len(nodes) > 1:
            name = description.name
            found = inventory.matching(name.tokens, post=name.post, colors=description.basic_colors)
            counted = set(found.certain) <= set(nodes)
        more = any(_covers(said, description) for said in self._said)
        text = indefinite_text(description, len(nodes), start=start, counted=counted, more=more)
        plural = is_plural_phrase(description, len(nodes))
        self._said.append(description)
        self.introduced.update(nodes)
        return Mention((Ref(phrase(text), tuple(nodes)),), plural, self._facts(nodes, description, counted), tuple(nodes))

    def _facts(self, nodes: Sequence[int], description: Description, counted: bool) -> tuple[Fact, ...]:
        facts = [Fact("exists", tuple(nodes))]
        kind = description.name.countability
        if len(nodes) > 1 and kind in (Countability.COUNT, Countability.PAIR):
            facts.append(Fact("count" if counted else "at_least", tuple(nodes), value=len(nodes)))
        if description.colors:
            facts.extend(color_facts(self.inventory, nodes))
        if description.material:
            facts.append(Fact("material", tuple(nodes), value=description.material))
        return tuple(facts)

    def definite(
        self, node: int, *, avoid: Collection[int] = (), allow: Callable[[Reference], bool] | None = None
    ) -> Mention | None:
        """Return an unambiguous "the ..." for an object that was introduced, or None.

        Args:
            node: Node id.
            avoid: Nodes that the expression must not name (the rest of the sentence does).
            allow: Further condition.
        """
        if node not in self.introduced:
            return None

        def fits(reference: Reference) -> bool:
            known = all(anchor in self.introduced and anchor not in avoid for anchor in reference.anchors)
            return known and self._keeps_axis(reference) and (allow is None or allow(reference))

        reference = self.referrer.refer(node, fits)
        if reference is None:
            return None
        if reference.query.kind is not QueryKind.NAME:
            self.singled_out.add(node)
        if reference.query.extreme is not None:
            self._axis_of.setdefault(reference.query.noun, EXTREME_SIDES.get(reference.query.extreme, ()))
        return Mention(reference.phrase, reference.plural, reference.facts, (node,))

    def plain(self, node: int) -> Mention | None:
        """Return "the red mug" for an object that was introduced and that a name alone means, or None."""
        reference = self.referrer.plain(node) if node in self.introduced else None
        return None if reference is None else Mention(reference.phrase, reference.plural, reference.facts, (node,))

    def _keeps_axis(self, reference: Reference) -> bool:
        """Whether an expression orders the objects of a name as the text did before: left to right, or front to back."""
        if reference.query.extreme is None:
            return True
        sides = EXTREME_SIDES.get(reference.query.extreme, ())
        return self._axis_of.get(reference.query.noun, sides) == sides

    def definite_group(self, nodes: Sequence[int], *, counted: bool = True) -> Mention | None:
        """Return "the two bowls" for objects that were introduced, where that means exactly them."""
        if len(nodes) == 1:
            return self.definite(nodes[0])
        if not all(node in self.introduced for node in nodes):
            return None
        reference = self.referrer.refer_plural(nodes, counted=counted)
        return None if reference is None else Mention(reference.phrase, True, reference.facts, tuple(nodes))

    def partitive(self, node: int) -> Mention | None:
        """Return "one of the tables", then "another of the tables" or "the other table", for one of an introduced group."""
        inventory = self.inventory
        name = inventory.descriptions[node].name
        if name.countability is not Countability.COUNT or (name.generic and not name.quoted):
            return None
        group = inventory.named(name.core_tokens, name.post if name.quoted else "")
        members = group.certain
        if len(members) < 2 or not group.is_exactly(members) or not self.introduced.issuperset(members):
            return None
        spoken = self._partitives.setdefault(members, [])
        if node in spoken:
            return None
        noun = noun_text(replace(name, post=name.post), suffix=len(name.core_tokens))
        plural = noun_text(name, plural=True, suffix=len(name.core_tokens))
        if not spoken:
            text = f"one of the {plural}"
        elif len(members) == 2:
            text = f"the other {noun}"
        else:
            text = f"another of the {plural}"
        spoken.append(node)
        return Mention((Ref(phrase(text), (node,)),), False, (Fact("exists", (node,)),), (node,))

    def is_plural_one(self, node: int) -> bool:
        """Return whether "the ..." for one node takes a plural verb."""
        return definite_is_plural(self.inventory.descriptions[node].name)


def _covers(said: Description, new: Description) -> bool:
    """Return whether a new description would read as the thing that was named before."""
    if not suffix_matches(said.name.tokens, new.name.tokens) or said.name.post != new.name.post:
        return False
    return set(new.colors) <= set(said.colors) and new.material in ("", said.material)
