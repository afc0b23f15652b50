"""What a mention speaks of: the objects that its noun, colors and other words leave, and the claims that these words make."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from scenecap.caption.color_terms import basic_color
from scenecap.caption.english import Countability
from scenecap.caption.lexicon import lexicon
from scenecap.caption.verify.chunks import is_scene_word
from scenecap.caption.verify.model import Claim, ClaimKind, ClaimStatus
from scenecap.caption.verify.places import Places
from scenecap.caption.verify.predicates import MAYBE, NO, YES, Predicates
from scenecap.caption.verify.scene import Entity, Scene, Where
from scenecap.caption.verify.settings import Strictness
from scenecap.caption.verify.syntax import Bound, Mention, Word
from scenecap.caption.verify.wordnet import wordnet
from scenecap.caption.verify.words import words

STATUS = {NO: ClaimStatus.CONTRADICTED, MAYBE: ClaimStatus.UNKNOWN, YES: ClaimStatus.SUPPORTED}


@dataclass(eq=False)
class Reference:
    """What a mention speaks of.

    Attributes:
        mention: The mention.
        base: Entities that its noun names.
        candidates: Of those that everything said so far leaves.
        known: Whether the picture shows what it names.
        generic: Whether its noun says nothing ("object").
        introduces: Whether it brings something new into the text.
        loose: How many more objects it may name in a wider sense.
        doubtful: Whether it may be there without the graph's knowing (a part, a word that is in no dictionary).
        narrowed_by_choice: Candidates before one of several readings narrowed them down, or None.
    """

    mention: Mention
    base: tuple[int, ...] = ()
    candidates: tuple[int, ...] = ()
    known: bool = False
    generic: bool = False
    introduces: bool = False
    loose: int = 0
    doubtful: bool = False
    narrowed_by_choice: tuple[int, ...] | None = field(default=None, repr=False)

    @property
    def demand(self) -> int:
        """How many objects it needs."""
        count = self.mention.count
        if count is None or count.bound in (Bound.ALL, Bound.NONE, Bound.MOST, Bound.FEWER):
            return 1
        return max(1, count.value + (count.bound is Bound.MORE))


class Resolver:
    """Resolves the mentions of one text.

    Args:
        scene: The frame.
        predicates: Judge of relations.
        text: The text.
        add: Takes each claim.
    """

    def __init__(self, scene: Scene, predicates: Predicates, text: str, add: Callable[[Claim], None]) -> None:
        self._scene = scene
        self._places = Places(scene, predicates)
        self._text = text
        self._add = add
        self.references: dict[Mention, Reference] = {}

    @property
    def places(self) -> Places:
        """Judge of places in the picture and in rows."""
        return self._places

    def claim(self, kind: ClaimKind, status: int, span: tuple[int, int], why: str, **rest: object) -> None:
        """Add a claim."""
        self._add(Claim(kind, STATUS[status], self._text[span[0] : span[1]], span, why, **rest))  # type: ignore[arg-type]

    def before(self, mention: Mention) -> str:
        """Return what a text says just before a mention: up to 40 characters."""
        return self._text[max(0, mention.start - 40) : mention.start]

    def words(self, mention: Mention) -> str:
        """Return a mention's words."""
        return self._text[mention.start : mention.end]

    def resolve(self, mention: Mention, *, absent: bool = False) -> Reference | None:
        """Return what a mention speaks of and add its claims; None for what is no object.

        Args:
            mention: A noun phrase.
            absent: Whether the text says that it is not there.
        """
        if mention in self.references:
            return self.references[mention]
        if not (mention.nouns or mention.quoted) or (
            is_scene_word(mention) and (mention.is_picture or mention.head not in self._scene.vocabulary.heads)
        ):
            return None
        nouns = self._nouns(mention)
        generic = words().has("generic", nouns[-1]) and not mention.quoted and not self._scene.find(nouns).seen
        if generic:
            everything = tuple(e.index for e in self._scene.entities if e.where in (Where.NODE, Where.SEEN))
            reference = Reference(mention, everything, everything, known=bool(everything), generic=True)
            self._look(reference)
            self.references[mention] = reference
            return reference
        found = self._scene.find(nouns, mention.quoted)
        if not found.seen and not found.narrower and not found.hidden and self._is_no_object(nouns):
            return None
        pool = found.seen or found.narrower
        introduces = not mention.definite and not mention.partitive and not mention.pronoun
        reference = Reference(mention, pool, pool, known=bool(found.seen), introduces=introduces)
        reference.loose = len(found.narrower) if found.seen else 0
        self.references[mention] = reference
        if absent:
            return reference
        if mention.part_of is not None and not found.seen:
            return self._part(reference)
        self._object_claim(reference, found.seen, found.narrower, found.hidden)
        if pool:
            self._look(reference)
            self._extreme(reference)
            self._follow(reference)
        return reference

    # Nouns

    def _nouns(self, mention: Mention) -> tuple[str, ...]:
        """Return a mention's noun without words for the place ("the living room floor")."""
        if len(mention.nouns) < 2 or self._scene.find(mention.nouns).seen:
            return mention.nouns or ("object",)
        lists = words()
        nouns = mention.nouns[len(self._scene.place_of(mention.nouns)) :]
        kept = [noun for noun in nouns[:-1] if not (lists.has("setting_nouns", noun) or lists.has("scene_nouns", noun))]
        return (*kept, nouns[-1])

    def _is_no_object(self, nouns: tuple[str, ...]) -> bool:
        lists, net, head = words(), wordnet(), nouns[-1]
        if lists.has("things", head):
            return False
        if lists.has("no_objects", head) or lists.has("scene_nouns", head) or lists.has("setting_nouns", head):
            return True
        return net.is_abstract(head) and not net.is_thing(head) and not net.is_thing(" ".join(nouns))

    def _object_claim(self, reference: Reference, seen: Sequence[int], narrower: Sequence[int], hidden: Sequence[int]) -> None:
        mention, scene = reference.mention, self._scene
        span, said = (mention.start, mention.end), " ".join(mention.nouns)
        rest = {"predicate": mention.quoted or said, "subject": self.words(mention)}
        if seen:
            labels = sorted({scene.entities[index].label for index in seen})
            why = f"The picture shows {', '.join(labels[:4])}."
            self.claim(ClaimKind.OBJECT, YES, span, why, **rest, **self.evidence(seen))
            return
        if narrower:
            labels = sorted({scene.entities[index].label for index in narrower})
            why = f"The graph knows {', '.join(labels[:3])}; whether that is '{said}' it does not know."
            self.claim(ClaimKind.OBJECT, MAYBE, span, why, **rest, **self.evidence(narrower))
        elif hidden:
            paths = tuple(scene.entities[index].path for index in hidden)
            why = f"'{said}' is on the stage ({paths[0]}) but this camera does not see it."
            self.claim(ClaimKind.OBJECT, NO, span, why, **rest, paths=paths[:10])
        elif mention.head in lexicon().parts:
            reference.doubtful = True
            why = f"'{said}' may be a part of something; the graph does not hold parts."
            self.claim(ClaimKind.OBJECT, MAYBE, span, why, **rest)
        elif scene.shows_word(mention.head) or scene.may_hide_unknowns:
            reference.doubtful = True
            why = f"No object is called '{said}', but the picture shows things whose labels do not say what they are."
            self.claim(ClaimKind.OBJECT, MAYBE, span, why, **rest)
        elif not wordnet().is_noun(mention.head) and not mention.quoted:
            reference.doubtful = True
            why = f"No object is called '{said}', and the word is not in the dictionary."
            self.claim(ClaimKind.OBJECT, MAYBE, span, why, **rest)
        else:
            why = f"Nothing on the stage is called '{mention.quoted or said}'."
            self.claim(ClaimKind.OBJECT, NO, span, why, **rest)

    def _part(self, reference: Reference) -> Reference | None:
        """Judge "the drawer of the cabinet", "a bowl of soup" where the part (or vessel) is no object of its own."""
        mention = reference.mention
        assert mention.part_of is not None
        whole = self.resolve(mention.part_of)
        span = (mention.start, mention.end)
        said = " ".join(mention.nouns)
        if whole is not None and whole.known:
            why = f"The graph does not hold parts such as '{said}'."
            self.claim(ClaimKind.OBJECT, MAYBE, span, why, predicate=said, subject=self.words(mention))
        else:
            self._object_claim(reference, (), (), ())
        return reference

    def evidence(self, indices: Sequence[int]) -> dict[str, tuple]:
        """Return entities as evidence: node ids and prim paths of what is no node."""
        nodes = tuple(index for index in indices if self._scene.is_node(index))
        return {
            "nodes": nodes,
            "paths": tuple(self._scene.entities[k].path for k in indices if not self._scene.is_node(k))[:10],
        }

    def _follow(self, reference: Reference) -> None:
        """Let "the mug" be one that the text spoke of before, where it did."""
        mention = reference.mention
        if not mention.definite or mention.extreme or mention.rank or mention.other:
            return
        if mention.count is not None and mention.count.bound is Bound.ALL:
            return
        earlier: set[int] = set()
        for other in self.references.values():
            if other.mention.start < mention.start and other.known and not other.generic:
                earlier.update(other.candidates)
        left = tuple(index for index in reference.candidates if index in earlier)
        if left:
            reference.candidates = left

    # Looks

    def _look(self, reference: Reference) -> None:
        mention = reference.mention
        for word in mention.colors:
            self.color(reference, word)
        for word in mention.materials:
            self.material(reference, word)
        for word in mention.adjectives:
            self.adjective(reference, word)

    def looks(self, reference: Reference, looks: Sequence[Word], *, negated: bool = False) -> None:
        """Judge adjectives that a sentence says of a mention ("is red and wooden")."""
        for word in looks:
            if word.text.split(" ")[-1] in lexicon().colors:
                self.color(reference, word, negated=negated)
            elif word.text in lexicon().materials:
                material = Word(lexicon().materials[word.text], word.start, word.end)
                self.material(reference, material, negated=negated)
            else:
                self.adjective(reference, word, negated=negated)

    def _narrow(
        self,
        reference: Reference,
        fits: Callable[[Entity], int],
        kind: ClaimKind,
        word: Word,
        why: str,
        *,
        negated: bool = False,
    ) -> None:
        """Judge one attribute: narrow the candidates down to those that have it, and claim it."""
        grades = {index: fits(self._scene.entities[index]) for index in reference.candidates}
        if not grades:
            return
        if negated:
            grades = {index: YES - grade for index, grade in grades.items()}
        best = max(grades.values())
        kept = tuple(index for index, grade in grades.items() if grade == best)
        shown = self._scene.entities[kept[0]]
        self.claim(
            kind,
            best,
            (word.start, word.end),
            f"{why}{self._known(shown, kind)}",
            predicate=word.text,
            subject=self.words(reference.mention),
            **self.evidence(kept),
        )
        if best != NO:
            reference.candidates = kept

    def _known(self, entity: Entity, kind: ClaimKind) -> str:
        description = entity.description
        if kind is ClaimKind.COLOR:
            shares = entity.observed.visibility.color_shares if entity.observed and entity.observed.visibility else ()
            measured = ", ".join(f"{term} {share:.0%}" for term, share in shares[:3])
            known = " and ".join(description.colors) or "not known"
            return f"color of {entity.label}: {known}" + (f" (seen: {measured})." if measured else ".")
        known = description.material or " ".join(description.name.materials) or "not known"
        return f"material of {entity.label}: {known}."

    def color(self, reference: Reference, word: Word, *, negated: bool = False) -> None:
        """Judge a color."""
        wanted = basic_color(word.text)

        def fits(entity: Entity) -> int:
            return self._color_fit(entity, wanted, word.text)

        self._narrow(reference, fits, ClaimKind.COLOR, word, "By the graph, ", negated=negated)

    def _color_fit(self, entity: Entity, wanted: str, said: str) -> int:
        description = entity.description
        has = description.basic_colors
        if wanted in has:
            return YES
        if said in description.name.tokens:
            return YES  # "orange" in the noun itself
        shares: dict[str, float] = {}
        if entity.observed is not None and entity.observed.visibility is not None:
            shares = dict(entity.observed.visibility.color_shares)
        if not has:
            if not shares:
                return MAYBE
            share = max((part for term, part in shares.items() if basic_color(term) == wanted), default=0.0)
            return (
                MAYBE
                if share >= 0.1 or sum(shares.values()) < 0.5
                else self._near_color(frozenset(map(basic_color, shares)), wanted)
            )
        return self._near_color(
            has, wanted, measured=description.color_source is not None and description.color_source.value == "albedo"
        )

    def _near_color(self, has: frozenset[str], wanted: str, *, measured: bool = False) -> int:
        different = all(frozenset((one, wanted)) not in lexicon().confusable_colors for one in has)
        if different:
            return NO
        if self._scene.settings.strictness is Strictness.LENIENT:
            return YES
        return YES if measured and self._scene.settings.strictness is Strictness.NORMAL else MAYBE

    def material(self, reference: Reference, word: Word, *, negated: bool = False) -> None:
        """Judge a material."""

        def fits(entity: Entity) -> int:
            has = {entity.description.material, *entity.description.name.materials} - {""}
            if word.text in has or word.text in entity.description.name.tokens:
                return YES
            return NO if has else MAYBE

        self._narrow(reference, fits, ClaimKind.MATERIAL, word, "By the graph, ", negated=negated)

    def adjective(self, reference: Reference, word: Word, *, negated: bool = False) -> None:
        """Judge any other adjective: what the graph has as a word of the label or as an attribute holds, taste is let pass."""
        text = word.text
        lists = words()

        def fits(entity: Entity) -> int:
            known = {*entity.description.name.tokens}
            if entity.observed is not None:
                known |= {part for value in entity.observed.attributes.values() for part in str(value).lower().split()}
                known |= {part for name in entity.names for part in name.tokens}
            if text in known:
                return YES
            return self._size_fit(entity, text)

        if text in lists.raw["superlatives"]:
            return
        vague = lists.has("vague", text) or lists.has("size_large", text) or lists.has("size_small", text)
        best = max((fits(self._scene.entities[index]) for index in reference.candidates), default=MAYBE)
        if vague and best == MAYBE and not self._scene.settings.vague_words:
            return
        kind = ClaimKind.SIZE if lists.has("size_large", text) or lists.has("size_small", text) else ClaimKind.ATTRIBUTE
        if best == NO and kind is ClaimKind.SIZE:
            shown = self._scene.entities[reference.candidates[0]]
            edge = float(shown.observed.size_world.max()) if shown.observed is not None else 0.0
            self._narrow(reference, fits, kind, word, f"It is {edge:.2f} m large; ", negated=negated)
            return
        self._narrow(reference, fits, kind, word, f"Whether it is '{text}' the graph does not say; ", negated=negated)

    def _size_fit(self, entity: Entity, text: str) -> int:
        """Contradict sizes that nobody would say: a large thing of 5 cm, a tiny one of 2 m."""
        lists = words()
        if entity.observed is None:
            return MAYBE
        edge = float(np.max(entity.observed.size_world))
        if lists.has("size_large", text):
            return NO if edge < 0.04 else MAYBE
        if lists.has("size_small", text):
            return NO if edge > 2.0 else MAYBE
        return MAYBE

    # One of several

    def _extreme(self, reference: Reference) -> None:
        mention = reference.mention
        if not mention.extreme or mention.rank:
            return
        self.extreme(reference, mention.extreme, (mention.start, mention.end))

    def extreme(self, reference: Reference, which: str, span: tuple[int, int]) -> None:
        """Judge "the leftmost mug", "the larger box"."""
        best, kept, why = self._places.extreme(reference.candidates, which, rivals=reference.candidates)
        if best is None:
            return
        kind = ClaimKind.SIZE if which in ("largest", "smallest", "tallest", "shortest") else ClaimKind.POSITION
        self.claim(kind, best, span, why, predicate=which, subject=self.words(reference.mention), **self.evidence(kept))
        if best != NO and kept:
            reference.candidates = kept

    def is_mass(self, reference: Reference) -> bool:
        """Whether what a mention names is not counted ("cookies")."""
        kinds = {self._scene.entities[index].description.name.countability for index in reference.base}
        return bool(kinds & {Countability.MASS, Countability.PLURAL}) or reference.mention.head in lexicon().mass
