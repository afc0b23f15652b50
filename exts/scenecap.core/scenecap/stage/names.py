"""Read what a thing is called from the name of its prim.

``SM_OfficeChair_02`` is an office chair, ``akita_black_bowl_1_main`` a black bowl (akita is a vendor's word), and
``Xform_12`` says nothing.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Collection, Iterable, Sequence

from scenecap.colours import BASIC_TERMS
from scenecap.stage.name_words import (
    AMBIGUOUS_PLACES,
    ASSET_PREFIXES,
    COLLECTIONS,
    COMPOUNDS,
    MARKER_ALONE,
    MARKER_WORDS,
    PIECES,
    PLACE_NAMES,
    PLACES,
    ROBOT_MODELS,
    ROBOT_PARTS,
    SCENE_WORDS,
    SCENERY,
    SPORTS,
    SURROUNDINGS,
    TASK_TAIL,
    TECHNICAL,
    TECHNICAL_TAIL,
    UNINFORMATIVE,
    VENDOR_WORDS,
)
from scenecap.stage.transcoding import PREFIX, decode_identifier
from scenecap.text import clean_text

#: Colours as they are written in names -> basic colour term.
COLOR_TERMS = {**{term: term for term in BASIC_TERMS}, "grey": "gray"}

_SEPARATORS = re.compile(r"[\s_\-./\\:|,;+#()\[\]{}~]+")
# "OfficeChair" -> Office Chair, "USDModel" -> USD Model; only where upper and lower case exist.
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
# "SMOfficeLamp": an engine's prefix without its underscore; those only that begin no word of their own.
_GLUED_PREFIX = re.compile(r"^(?:SM|SKM?|SMC|SMR|BP|PFB)(?=[A-Z][a-z])")
_LETTER_DIGIT = re.compile(r"(?<=[^\W\d_])(?=\d)|(?<=\d)(?=[^\W\d_])")
_VERSION = re.compile(r"^(?:g|lod|v|ver|version|rev|id|nr|no|vis|geo|geom|mesh|inst|copy|var|mat|uid|n|r|t)?\d+$", re.I)
_DIMENSIONS = re.compile(r"^\d+(?:x\d+)+[a-z]{0,2}$", re.I)
_MEASURE = re.compile(r"^\d+(?:mm|cm|m|in|ft|oz|ml|l|g|kg|k|px|deg)$", re.I)
_HASH = re.compile(r"^(?=[0-9a-f]*\d)(?=[0-9a-f]*[a-f])[0-9a-f]{8,}$", re.I)


@functools.lru_cache(maxsize=8192)
def readable_name(name: str) -> str:
    """Return a prim name with encoded characters decoded (``tn__MuJoCoModel_nB`` -> ``MuJoCo Model``), clean."""
    if name.startswith(PREFIX):
        decoded = decode_identifier(name)
        if decoded is None and "_" in name[len(PREFIX) :]:
            decoded = name[len(PREFIX) :]
        name = decoded or name[len(PREFIX) :] or name
    return clean_text(name)


def name_words(name: str, *, vendor_words: Iterable[str] = VENDOR_WORDS, drop_leading: Sequence[str] = ()) -> tuple[str, ...]:
    """Split a name into the words that say what it is, lower case; empty where it says nothing.

    Args:
        name: A prim's name, its display name or an asset's.
        vendor_words: Words to drop wherever more is left.
        drop_leading: Words that are dropped at the start where more is left (what all siblings begin with).
    """
    return _said(readable_name(name), tuple(vendor_words), tuple(drop_leading))


def clean_label(name: str, *, vendor_words: Iterable[str] = VENDOR_WORDS, drop_leading: Sequence[str] = ()) -> str:
    """Return what a name says as a label ("office chair"), or ""; arguments as :func:`name_words`."""
    return clean_text(" ".join(name_words(name, vendor_words=vendor_words, drop_leading=drop_leading)))


def split_words(text: str) -> tuple[str, ...]:
    """Split a text into lower-case words without asset prefixes, numbers and versions, dropping nothing else."""
    return _split(readable_name(text))


def says_nothing(name: str, *, vendor_words: Iterable[str] = VENDOR_WORDS) -> bool:
    """Return whether a name does not say what the thing is ("Xform_3", "obj", "geometry")."""
    return not name_words(name, vendor_words=vendor_words)


def names_collection(words: Sequence[str]) -> bool:
    """Return whether words name a collection or a place ("furniture", "kitchen", "props") and not a thing."""
    rest = tuple(word for word in words if word not in UNINFORMATIVE and word not in COLLECTIONS)
    return rest in PLACES or (not rest and any(word in COLLECTIONS for word in words))


def names_scene(words: Sequence[str]) -> bool:
    """Return whether words can only mean the whole scene ("kitchen", "environment"): no bar, station or library."""
    rest = tuple(word for word in words if word not in SCENE_WORDS)
    return bool(words) and (not rest or (rest in PLACES and rest[-1] not in AMBIGUOUS_PLACES))


def place_in(name: str) -> str | None:
    """Return the kind of place that a name tells ("franka_kitchen" -> "kitchen"), or None."""
    words = list(_split(readable_name(name)))
    for place in PLACES:
        for end in range(len(place), len(words) + 1):
            if tuple(words[end - len(place) : end]) != place:
                continue
            # "kitchen_scene", "warehouse_with_shelves", "franka_kitchen"; a kitchen knife is no kitchen.
            if end == len(words) or words[end] in UNINFORMATIVE or words[end] in ("with", "of", "and"):
                return PLACE_NAMES.get(place, " ".join(place))
    return None


def color_of_group(name: str) -> str | None:
    """Return the basic colour term where a group's name is a colour and nothing else ("White", "black_group")."""
    words = [word for word in _split(readable_name(name)) if word not in UNINFORMATIVE]
    return COLOR_TERMS.get(words[0]) if len(words) == 1 else None


def names_only_robot(words: Collection[str]) -> bool:
    """Return whether words say no more of a robot than its model or first part ("panda", "ur10", "robot base")."""
    return all(word in UNINFORMATIVE or word in ROBOT_MODELS or word in ROBOT_PARTS for word in words)


def names_marker(words: Sequence[str], *, single_shape: bool) -> bool:
    """Return whether words name a helper that a simulation or editor draws ("robot0 mocap", "goal site"), not a thing.

    Args:
        words: All words of a prim's name.
        single_shape: Whether it is drawn as one sphere, box or the like.
    """
    if any(word in MARKER_WORDS for word in words):
        return True
    alone = [word for word in words if word not in UNINFORMATIVE or word in MARKER_ALONE]
    return single_shape and bool(alone) and all(word in MARKER_ALONE for word in alone)


def names_surroundings(words: Sequence[str]) -> bool:
    """Return whether words name what is around a scene ("kitchen", "sky dome") rather than a thing in it."""
    return not is_scenery(words) and (names_scene(words) or any(word in SURROUNDINGS for word in words))


def shared_lead(names: Iterable[str]) -> tuple[str, ...]:
    """Return the words that three or more siblings begin with where they are about the place, not the thing.

    ``kitchen_background_stove_vis``, ``kitchen_background_pot_vis``, ... begin with ("kitchen", "background").
    """
    counts: dict[tuple[str, ...], int] = {}
    for name in sorted(set(names)):
        words = _split(readable_name(name))
        for size in range(1, len(words)):
            counts[tuple(words[:size])] = counts.get(tuple(words[:size]), 0) + 1
    shared = [lead for lead, count in counts.items() if count >= 3 and _is_scenery(lead)]
    return max(shared, key=lambda lead: (len(lead), lead), default=())


def _is_scenery(words: Sequence[str]) -> bool:
    rest = tuple(word for word in words if word not in UNINFORMATIVE)
    return (not rest or rest in PLACES) and any(word in SCENERY or (word,) in PLACES for word in words)


def is_scenery(words: Sequence[str]) -> bool:
    """Return whether words name the background of a place and nothing in it ("kitchen background")."""
    return any(word in SCENERY for word in words) and _is_scenery(words)


@functools.lru_cache(maxsize=8192)
def _said(text: str, vendor_words: tuple[str, ...], drop_leading: tuple[str, ...]) -> tuple[str, ...]:
    words = list(_split(text))
    lead = tuple(word.lower() for word in drop_leading)
    if lead and tuple(words[: len(lead)]) == lead and _informative(words[len(lead) :]):
        words = words[len(lead) :]
    vendors = {word.lower() for word in vendor_words}
    kept = [word for word in words if word not in vendors]
    words = kept if _informative(kept) else words
    while words and words[0] in TECHNICAL:
        words = words[1:]
    while words and (words[-1] in TECHNICAL_TAIL or _is_task(words)):
        words = words[:-1]
    # "Chair_A", "BishopL", "KnightR": a variant or a side, and nothing to say.
    while len(words) > 1 and len(words[-1]) == 1 and words[-1].isascii():
        words = words[:-1]
    while len(words) > 1 and len(words[0]) == 1 and words[0].isascii():
        words = words[1:]
    return tuple(words) if _informative(words) else ()


def _is_task(words: Sequence[str]) -> bool:
    return len(words) > 1 and words[-1] in TASK_TAIL and words[-2] not in SPORTS and _informative(words[:-1])


def _informative(words: Sequence[str]) -> bool:
    return any(word not in UNINFORMATIVE for word in words)


@functools.lru_cache(maxsize=4096)
def _split(text: str) -> tuple[str, ...]:
    """Split readable text into lower-case words, without asset prefixes, numbers, versions and hashes."""
    segments = [segment for segment in _SEPARATORS.split(text) if segment]
    if len(segments) > 1 and segments[0] in ASSET_PREFIXES:
        segments = segments[1:]
    elif segments:
        segments[0] = _GLUED_PREFIX.sub("", segments[0])
    words: list[str] = []
    for segment in segments:
        if any(pattern.match(segment) for pattern in (_VERSION, _DIMENSIONS, _MEASURE, _HASH)):
            continue
        for piece in [segment] if _whole(segment.lower()) else _CAMEL.split(segment):
            for token in _LETTER_DIGIT.split(piece):
                if not any(char.isalpha() for char in token):
                    continue
                words.extend(_unglue(token.lower()))
    return tuple(words)


def _unglue(word: str) -> tuple[str, ...]:
    """Split a glued word ("hingecabinet") into known pieces, as few as possible; else leave it whole."""
    if not 6 <= len(word) <= 40 or not word.isascii() or _whole(word):
        return (word,)
    best: list[tuple[str, ...] | None] = [(), *[None] * len(word)]
    for end in range(3, len(word) + 1):
        for start in range(0, end - 2):
            before = best[start]
            piece = word[start:end]
            if before is None or not (piece in COMPOUNDS or _known(piece) or (start and piece in _GLUED_TAILS)):
                continue
            if best[end] is None or len(before) + 1 < len(best[end] or ()):
                best[end] = (*before, piece)
    found = best[-1]
    return found if found is not None and len(found) > 1 else (word,)


#: Technical words that are glued behind a name ("kettleroot", "tablelink").
_GLUED_TAILS = frozenset(("root", "link", "body", "base", "mesh", "geom", "visual", "main", "joint"))


def _whole(word: str) -> bool:
    return word in COMPOUNDS or word in UNINFORMATIVE or word in ROBOT_MODELS or _known(word)


def _known(word: str) -> bool:
    return word in PIECES or (word.endswith("s") and word[:-1] in PIECES)
