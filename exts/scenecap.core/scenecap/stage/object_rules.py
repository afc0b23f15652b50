"""The rules that decide, top-down, which prims are objects. ``docs/labels.md`` tells them with examples."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from scenecap.stage.joints import MIN_CHAIN, Joints
from scenecap.stage.label_map import LabelMap
from scenecap.stage.label_text import naming_label
from scenecap.stage.labels import read_labels
from scenecap.stage.name_words import CONTAINERS, TECHNICAL
from scenecap.stage.names import color_of_group, name_words, names_collection, names_scene, place_in, shared_lead, split_words
from scenecap.stage.object_tree import Node
from scenecap.stage.settings import LabelRule, LabelSettings, MapRole, PartsMode


@dataclass(eq=False)
class Candidate:
    """A prim that a rule made an object.

    Attributes:
        node: The prim.
        rule: Which rule, in words.
        number: The rule's number in the design.
        names_from: Nodes whose names may say what it is, best first.
        labels: Authored labels by taxonomy, of :attr:`labelled`.
        labelled: The node that the labels are authored on.
        map_rule: What the user's map says of it.
        drop_leading: Words that its siblings' names begin with too.
        color: Basic colour term of a group above it.
        part_of: The candidate that it is a part of.
        rows: Occurrences that belong to it.
    """

    node: Node
    rule: str
    number: int
    names_from: list[Node]
    labels: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    labelled: Node | None = None
    map_rule: LabelRule | None = None
    drop_leading: tuple[str, ...] = ()
    color: str | None = None
    part_of: Candidate | None = None
    rows: list[int] = field(default_factory=list)

    @property
    def has_own_label(self) -> bool:
        """Whether a person or tool labelled it: on the stage or in the map."""
        return naming_label(self.labels) is not None or (self.map_rule is not None and self.map_rule.label is not None)


@dataclass(frozen=True)
class _Context:
    """What a node gets from above.

    Attributes:
        chain: Nodes that were passed down from, because each had this one renderable child.
        color: Colour word of a group above.
        drop_leading: What the names of the node and its siblings begin with.
    """

    chain: tuple[Node, ...] = ()
    color: str | None = None
    drop_leading: tuple[str, ...] = ()


class ObjectRules:
    """One run of the rules over a stage.

    Args:
        top: The top of the tree of drawn gprims.
        settings: The user's map, parts, vendor words.
        joints: The stage's joints.
        default_prim: Path of the default prim, "" without one.
        reference_of: Returns the reference of a node to another file, or None.
        shows_room: Whether a gprim is a floor, wall or ceiling by name and shape.
        time_code: When labels are read.
    """

    def __init__(
        self,
        top: Node,
        *,
        settings: LabelSettings,
        joints: Joints,
        default_prim: str,
        reference_of: Callable[[Node], object | None],
        shows_room: Callable[[Node], bool],
        time_code: float,
    ) -> None:
        self.top = top
        self.settings = settings
        self.joints = joints
        self.default_prim = default_prim
        self.reference_of = reference_of
        self.shows_room = shows_room
        self.time_code = time_code
        self.map = LabelMap(settings.labels)
        self.candidates: list[Candidate] = []
        self.ignored: list[tuple[Node, str]] = []
        self.explanations: dict[str, str] = {}
        self.place: str | None = None
        self._pending: list[tuple[Node, _Context]] = []

    def run(self) -> list[Candidate]:
        """Apply the rules and return what they found; gprims are shared out among the candidates."""
        self._push_children(self.top, _Context())
        while self._pending:
            node, context = self._pending.pop()
            self._visit(node, context)
        # An object whose gprims all went to labelled prims below it was only their group.
        kept = [candidate for candidate in self.candidates if candidate.rows]
        for candidate in self.candidates:
            if not candidate.rows:
                self.explanations[candidate.node.path] = "group: everything under it is labelled and an object of its own"
        for candidate in kept:
            if candidate.part_of is not None and not candidate.part_of.rows:
                candidate.part_of = None
        return kept

    # -- one node --------------------------------------------------------------------------------------------------------

    def _visit(self, node: Node, context: _Context) -> None:
        found = self.map.find(node.path)
        if found is not None and found[1].role is not MapRole.PART:
            glob, rule = found
            if rule.role is MapRole.IGNORE:
                self.ignored.append((node, f"the map ignores '{glob}'"))
                self.explanations[node.path] = f"ignored: the map's '{glob}' says so"
            elif rule.role is MapRole.GROUP and not node.is_gprim:
                self._group(node, context, f"group: the map's '{glob}' says so")
            else:
                labelled, labels = self._labels(node)
                self._object(node, context, 1, f"the map's '{glob}'", labels=labels, labelled=labelled, map_rule=rule)
            return
        labelled, labels = self._labels(node)
        if any(self._is_mapped_part(child) for child in node.children):
            why = "the map says that something below it is a part of it"
            self._object(node, context, 1, why, labels=labels, labelled=labelled)
            return
        label = naming_label(labels)
        if label is not None:
            place = self._labelled_place(node, label)
            if place is None:
                self._object(node, context, 1, "an authored label", labels=labels, labelled=labelled)
                return
            self.place = self.place or place
            self._group(node, context, f"group: its label '{label}' names a place")
            return
        number, why = self._rule(node)
        if number == 7:
            self.explanations[node.path] = f"rule 7: {why}"
            self._push(node.children[0], self._passed_down(node, context))
        elif number == 8:
            self._group(node, context, f"rule 8: {why}")
        else:
            self._object(node, context, number, why)

    def _rule(self, node: Node) -> tuple[int, str]:
        """Return the number of the first of rules 2 to 8 that fits, and why."""
        if node.is_gprim:
            return (2, "a native instance") if node.prim.IsInstance() else (9, "a gprim under a group")
        if node.is_scope:
            return (7, "a folder with one thing in it") if len(node.children) == 1 else (8, "a Scope is a folder")
        top_level = node.is_root or node.path == self.default_prim
        words = self._words(node)
        # Kinds and names of groups: only an articulation may still be one thing.
        grouped = node.has_kind("group", "assembly") and not node.has_kind("component")
        grouped = grouped or (names_collection(words) and not node.has_kind("component"))
        if node.is_instance and not grouped:
            return 2, "a point instance" if node.instancer else "a native instance"
        if not top_level and not grouped:
            if node.has_kind("component", "subcomponent"):
                return 3, f"its kind is {node.kind}"
            reference = self.reference_of(node)
            if reference is not None and not any(below.has_kind("component") for below in node.below() if below is not node):
                return 3, "it references another file"
        if self._is_arm(node, top_level=top_level):
            return 4, f"an articulation with a chain of {MIN_CHAIN} or more moving joints"
        if not grouped and self._is_body(node, words, top_level=top_level):
            return 5, "gprims directly below it"
        if not grouped and not top_level and node.path in self.joints.meeting_points:
            return 6, "a moving joint joins its children or itself"
        if len(node.children) == 1:
            return 7, "one thing below it"
        return 8, "several things below it"

    def _is_arm(self, node: Node, *, top_level: bool) -> bool:
        if node.path in self.joints.roots:
            return self.joints.chains(node.path)[0] >= MIN_CHAIN
        if top_level:
            return False
        # Importers also put the API on a joint or the first link, and the links side by side.
        children = self.joints.roots_below.get(node.path)
        if not children or self.joints.chains(node.path)[0] < MIN_CHAIN:
            return False
        return all(self.joints.chains(child)[0] < MIN_CHAIN for child in children)

    def _is_body(self, node: Node, words: tuple[str, ...], *, top_level: bool) -> bool:
        direct = [child for child in node.children if child.is_gprim]
        for folder in node.children:
            # A model's own folder ("Geom", "Render") is no level of its own.
            if folder.is_scope and not top_level and all(word in TECHNICAL for word in split_words(folder.own_name)):
                direct += [child for child in folder.children if child.is_gprim]
        if not direct:
            return False
        if len(direct) + len(node.children) > 2 and any(self.shows_room(child) for child in direct):
            return False
        if top_level:
            return node.has_kind("component") and bool(words) and place_in(node.name) is None
        own = split_words(node.own_name)
        if own and not words and all(word in CONTAINERS for word in own):
            others = [child for child in node.children if not child.is_gprim]
            return len({self._words(child) for child in (*direct, *others)} - {()}) < 2
        return True

    # -- what becomes of it ----------------------------------------------------------------------------------------------

    def _group(self, node: Node, context: _Context, why: str) -> None:
        self.explanations[node.path] = why
        color = color_of_group(node.name) or context.color
        self._push_children(node, _Context(color=color))

    def _passed_down(self, node: Node, context: _Context) -> _Context:
        color = color_of_group(node.name)
        if color is not None:
            return replace(context, color=color, drop_leading=())
        usable = not (node.is_scope or node.is_root or node.path == self.default_prim)
        usable = usable and not names_collection(self._words(node))
        # The names of siblings further down are not compared with this one's.
        return replace(context, chain=(*context.chain, node) if usable else context.chain)

    def _object(
        self,
        node: Node,
        context: _Context,
        number: int,
        why: str,
        *,
        labels: Mapping[str, tuple[str, ...]] | None = None,
        labelled: Node | None = None,
        map_rule: LabelRule | None = None,
    ) -> None:
        chain = [*context.chain, node]
        # The outermost name that says something names it, and that prim is the object, or one above that physics moves as a
        # whole; a label and an instance stay where they are.
        spoken = next((item for item in chain if self._words(item) or item.is_physical), None)
        owner = node if number in (1, 2) else (spoken or chain[0])
        start = chain.index(owner)
        candidate = Candidate(
            node=owner,
            rule=why,
            number=8 if number == 9 else number,
            names_from=[*chain[start:], *reversed(chain[:start])],
            labels=labels or {},
            labelled=labelled,
            map_rule=map_rule,
            drop_leading=context.drop_leading,
            color=context.color,
        )
        self.candidates.append(candidate)
        self.explanations[node.path] = (
            f"rule {candidate.number}: object, because of {why}" if number != 9 else f"rule 8: {why}"
        )
        if owner is not node:
            self.explanations[owner.path] = f"object: one thing below it ({node.path}), named here"
        self._share_out(node, candidate)

    def _share_out(self, node: Node, candidate: Candidate) -> None:
        """Give the occurrences below an object to it, or to labelled prims below it."""
        stack = [(child, candidate) for child in reversed(node.children)]
        candidate.rows.extend(node.rows)
        while stack:
            below, owner = stack.pop()
            found = self.map.find(below.path)
            if found is not None and found[1].role is MapRole.IGNORE:
                self.ignored.append((below, f"the map ignores '{found[0]}'"))
                self.explanations[below.path] = f"ignored: the map's '{found[0]}' says so"
                continue
            inner = self._labelled_below(below, owner, found)
            if inner is not None:
                owner = inner
            owner.rows.extend(below.rows)
            stack.extend((child, owner) for child in reversed(below.children))

    def _labelled_below(self, node: Node, owner: Candidate, found: tuple[str, LabelRule] | None) -> Candidate | None:
        """Make a labelled prim below an object an object of its own or a part; None where it stays the object's."""
        rule = found[1] if found is not None else None
        if rule is not None and rule.role in (MapRole.PART, MapRole.GROUP):
            return None
        labels = read_labels(node.prim, time_code=self.time_code)
        label = naming_label(labels)
        if rule is None and label is None:
            return None
        is_part = owner.has_own_label
        if rule is None and not is_part and label is not None and split_words(label) == self._words(owner.node):
            # Only its gprims carry the label of the whole.
            owner.labels, owner.labelled = labels, node
            self.explanations[node.path] = f"part of {owner.node.path}, which is called the same"
            return None
        if is_part and self.settings.parts is PartsMode.ROLLUP:
            self.explanations[node.path] = f"part of {owner.node.path} (parts: rollup)"
            return None
        why = f"the map's '{found[0]}'" if found is not None else "an authored label"
        inner = Candidate(
            node=node,
            rule=why,
            number=1,
            names_from=[node],
            labels=labels if label is not None else {},
            labelled=node if label is not None else None,
            map_rule=rule,
            color=owner.color,
            part_of=owner if is_part else None,
        )
        self.candidates.append(inner)
        self.explanations[node.path] = f"rule 1: object, because of {why}" + (
            f"; part of {owner.node.path}" if is_part else ""
        )
        return inner

    # -- helpers -----------------------------------------------------------------------------------------------------------

    def _push(self, node: Node, context: _Context) -> None:
        self._pending.append((node, context))

    def _push_children(self, node: Node, context: _Context) -> None:
        lead = shared_lead(child.name for child in node.children)
        for child in reversed(node.children):
            self._push(child, replace(context, drop_leading=lead))

    def _labels(self, node: Node) -> tuple[Node, dict[str, tuple[str, ...]]]:
        """Return the labels authored on a node; a point instance has its prototype's, else its instancer's."""
        labels = read_labels(node.prim, time_code=self.time_code)
        if naming_label(labels) is None and node.instancer is not None:
            prim = node.prim.GetStage().GetPrimAtPath(node.instancer)
            if prim:
                of_instancer = read_labels(prim, time_code=self.time_code)
                if naming_label(of_instancer) is not None:
                    return Node(node.instancer, prim), of_instancer
        return node, labels

    def _words(self, node: Node) -> tuple[str, ...]:
        return name_words(node.name, vendor_words=self.settings.vendor_words)

    def _is_mapped_part(self, node: Node) -> bool:
        found = self.map.find(node.path) if self.map else None
        return found is not None and found[1].role is MapRole.PART

    def _labelled_place(self, node: Node, label: str) -> str | None:
        """Return the place that a label names ("" for a mere scene) where it is on more than one thing, else None."""
        words = split_words(label)
        if node.is_gprim or (len(node.children) < 2 and not node.is_root) or not names_scene(words):
            return None
        return place_in(label) or ("room" if words == ("room",) else "")
