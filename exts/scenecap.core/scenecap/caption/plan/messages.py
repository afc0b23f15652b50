"""Messages: what one sentence is to say, without its words."""

from __future__ import annotations

from dataclasses import dataclass

from scenecap.contract import ContactKind, RoomKind
from scenecap.graph.model import Relation

#: Node ids of like objects.
Group = tuple[int, ...]


@dataclass(frozen=True)
class Overview:
    """The scene shows these groups.

    Attributes:
        groups: The most salient first.
        main: The object of the last group that carries what ``expanded`` names in the same sentence, or None.
        expanded: Groups on (or in) it.
        kind: How it holds them.
    """

    groups: tuple[Group, ...]
    main: int | None = None
    expanded: tuple[Group, ...] = ()
    kind: ContactKind = ContactKind.SUPPORT


@dataclass(frozen=True)
class Held:
    """Groups that rest on, lie in, hang from or are attached to one object or to the room.

    Attributes:
        groups: What is held.
        kind: How.
        holder: Node id, or None for the room.
        room: Kind of room element where ``holder`` is None.
        also: Whether another sentence spoke of the same holder before.
    """

    groups: tuple[Group, ...]
    kind: ContactKind
    holder: int | None = None
    room: RoomKind | None = None
    also: bool = False


@dataclass(frozen=True)
class KindPart:
    """Those of one kind's objects that are on (in) objects of another kind.

    Attributes:
        children: The ones meant.
        group: All of their kind.
        holders: All objects of the holders' kind.
        kind: How they are held.
    """

    children: Group
    group: Group
    holders: Group
    kind: ContactKind


@dataclass(frozen=True)
class HeldKinds:
    """How many objects of which kinds are where: parts with the same group, or with the same holders and kind."""

    parts: tuple[KindPart, ...]
    by_holder: bool


@dataclass(frozen=True)
class Contrast:
    """What tells two like objects apart that were introduced together."""

    group: Group


@dataclass(frozen=True)
class Relate:
    """One object stands in a relation to another, or (no relation, two anchors) between two."""

    subject: int
    relation: Relation
    anchors: tuple[int, ...]


@dataclass(frozen=True)
class Others:
    """Objects that no other sentence named.

    Attributes:
        groups: Some of them.
        rest: Whether there are more.
    """

    groups: tuple[Group, ...]
    rest: bool = False


Message = Overview | Held | HeldKinds | Contrast | Relate | Others
