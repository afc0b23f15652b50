"""What a text says of the kind of place: "a kitchen"."""

from __future__ import annotations

import re
from collections.abc import Sequence

from scenecap.caption.verify.model import ClaimKind
from scenecap.caption.verify.predicates import MAYBE, NO, YES
from scenecap.caption.verify.resolve import Resolver
from scenecap.caption.verify.scene import Scene
from scenecap.caption.verify.syntax import Bound, Mention, Sentence
from scenecap.caption.verify.wordnet import wordnet
from scenecap.caption.verify.words import singular, words
from scenecap.contract import RoomKind

#: What a place's name may stand before: parts of the room.
_ROOM = frozenset(kind.value for kind in RoomKind if kind is not RoomKind.OTHER)
#: What denies the place that follows: "is not in", "isn't". "Not just a kitchen" denies nothing.
_DENIED = re.compile(r"(\bnot|n['’]t|\bnever|\bno longer)(\s+(in|inside|within|at|part of))?\s*$", re.IGNORECASE)


def judge_settings(scene: Scene, resolver: Resolver, sentences: Sequence[Sentence]) -> None:
    """Add a claim for each mention of a kind of place that says something ("room" and "space" do not)."""
    known = [singular(word) for word in (scene.frame.setting or "").lower().split()]
    lists = words()
    for sentence in sentences:
        for mention in sentence.settings:
            nouns = [noun for noun in mention.nouns if lists.has("setting_nouns", noun) or noun in known]
            said = [noun for noun in nouns if not lists.has("plain_settings", noun)]
            whole = " ".join(mention.nouns)
            if not said and not lists.has("setting_nouns", whole):
                continue
            _judge(scene, resolver, mention, said or [whole], whole)
        for mention in sentence.mentions:
            # "The bathroom floor" says that the place is a bathroom; "a kitchen table" may stand anywhere.
            place = scene.place_of(mention.nouns) if mention.head in _ROOM and mention not in sentence.settings else ()
            if place and not lists.has("plain_settings", " ".join(place)):
                _judge(scene, resolver, mention, [" ".join(place)], " ".join(place))


def _judge(scene: Scene, resolver: Resolver, mention: Mention, said: Sequence[str], whole: str) -> None:
    known = [singular(word) for word in (scene.frame.setting or "").lower().split()]
    if not known:
        status, why = MAYBE, "Nothing on the stage says what kind of place it is."
    elif any(noun in known or wordnet().is_kind_of(" ".join(known), noun) for noun in said):
        status, why = YES, f"The place is: {scene.frame.setting}."
    elif all(words().has("plain_settings", noun) for noun in said):
        return  # "a place", "a living space": any is one
    else:
        status, why = NO, f"The place is: {scene.frame.setting}."
    span = (mention.start, mention.end)
    if _is_denied(mention, resolver.before(mention), resolver.words(mention)):
        status = YES - status
    resolver.claim(ClaimKind.SETTING, status, span, why, predicate=whole, subject=resolver.words(mention))


def _is_denied(mention: Mention, before: str, said: str) -> bool:
    """Whether a text says that it is not this place."""
    if said.lower().startswith(("just ", "only ", "merely ", "simply ")):
        return False
    return (mention.count is not None and mention.count.bound is Bound.NONE) or _DENIED.search(before) is not None
