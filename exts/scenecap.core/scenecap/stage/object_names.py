"""Choose an object's label, from the first source that says something."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from scenecap.contract import LabelSource
from scenecap.stage.assets import AssetReference, asset_name
from scenecap.stage.label_text import label_from_authored, naming_label
from scenecap.stage.name_words import ROBOT_HAND_PARTS
from scenecap.stage.names import clean_label, is_scenery, name_words, names_only_robot, split_words
from scenecap.stage.object_rules import Candidate
from scenecap.stage.object_tree import Node
from scenecap.stage.settings import LabelSettings, LabelStyle
from scenecap.text import clean_text

#: What a gprim without a name of its own is called.
_SHAPES = {
    "Cube": "box",
    "Sphere": "sphere",
    "Cylinder": "cylinder",
    "Cylinder_1": "cylinder",
    "Capsule": "capsule",
    "Capsule_1": "capsule",
    "Cone": "cone",
    "Plane": "plane",
}
#: A box whose edges differ by no more than this is a cube.
_CUBIC = 1.1
#: What is thinner than this part of its longest edge is no furniture.
_FLAT = 0.05
#: What an object is called when nothing says what it is.
UNKNOWN = "object"


@dataclass(frozen=True)
class NamedLabel:
    """A label and where it came from."""

    text: str
    source: LabelSource


def label_of(
    candidate: Candidate,
    *,
    settings: LabelSettings,
    reference: AssetReference | None,
    database_label: str | None,
    chains: tuple[int, int],
    size: np.ndarray,
) -> NamedLabel:
    """Choose the label: authored, map, database, ``assetInfo``, prototype root's name, prim name, then the rule's own.

    Args:
        candidate: The object.
        settings: Style and vendor words.
        reference: The file that the object's prim references.
        database_label: The database's label for it.
        chains: Moving joints of its two longest chains, for an articulation.
        size: (3,) edges of its box [m], for a shape without a name.
    """
    authored = naming_label(candidate.labels)
    if authored is not None:
        if settings.label_style is LabelStyle.BASENAME:
            return NamedLabel(authored, LabelSource.AUTHORED)
        name = candidate.labelled.own_name if candidate.labelled is not None else ""
        text = label_from_authored(authored, prim_name=name, vendor_words=settings.vendor_words)
        return NamedLabel(text, LabelSource.AUTHORED)
    if candidate.map_rule is not None and candidate.map_rule.label is not None:
        return NamedLabel(candidate.map_rule.label, LabelSource.MAP)
    if database_label:
        return NamedLabel(database_label, LabelSource.DATABASE)
    if settings.label_style is LabelStyle.BASENAME:
        return _basename(candidate)
    return _from_names(candidate, settings, reference, chains, size)


def _basename(candidate: Candidate) -> NamedLabel:
    node = candidate.node
    if node.instancer is not None:
        return NamedLabel(clean_text(node.prim.GetName()) or UNKNOWN, LabelSource.PROTOTYPE)
    return NamedLabel(clean_text(node.own_name) or UNKNOWN, LabelSource.PRIM_NAME)


def _from_names(
    candidate: Candidate,
    settings: LabelSettings,
    reference: AssetReference | None,
    chains: tuple[int, int],
    size: np.ndarray,
) -> NamedLabel:
    named = _first_name(candidate, settings, reference)
    if candidate.number == 4:
        words = name_words(named.text) if named is not None else ()
        if names_only_robot(words):
            if chains[1] >= 3 and any(word in ROBOT_HAND_PARTS for word in words):
                return NamedLabel("robot hand", LabelSource.RULE)  # its fingers are the chains
            # A second chain as long makes it more than an arm: two arms, or legs.
            return NamedLabel("robot" if chains[1] >= 3 else "robot arm", LabelSource.RULE)
    if named is not None:
        words = split_words(named.text)
        if is_scenery(words) and size.min() > _FLAT * size.max():
            # "kitchen background" is the furniture that stands there; a flat one is a picture or a screen.
            rest = [word for word in words if word not in ("background", "scenery", "backdrop")]
            return NamedLabel(" ".join([*rest, "furniture"]), LabelSource.RULE)
        return named
    kinds = {node.prim.GetTypeName() for node in candidate.node.below() if node.is_gprim}
    shape = _SHAPES.get(kinds.pop(), UNKNOWN) if len(kinds) == 1 and len(candidate.rows) == 1 else UNKNOWN
    if shape == "box" and size.max() <= _CUBIC * size.min():
        shape = "cube"
    return NamedLabel(shape, LabelSource.RULE)


def _first_name(candidate: Candidate, settings: LabelSettings, reference: AssetReference | None) -> NamedLabel | None:
    def clean(name: str) -> str:
        return clean_label(name, vendor_words=settings.vendor_words, drop_leading=candidate.drop_leading)

    node = candidate.node
    stated = asset_name(node.prim)
    if stated and (text := clean(stated)):
        return NamedLabel(text, LabelSource.ASSET_INFO)
    if node.is_instance:
        prototype = node.prim.GetName() if node.instancer is not None else (reference.root_name if reference else "")
        if text := clean(prototype):
            return NamedLabel(text, LabelSource.PROTOTYPE)
        if node.instancer is not None and (text := clean(node.own_name)):
            return NamedLabel(text, LabelSource.PRIM_NAME)
    for source in candidate.names_from:
        if text := clean(source.name) or clean(source.own_name):
            return NamedLabel(text, LabelSource.PRIM_NAME)
    if reference is not None and (text := clean(reference.root_name)):
        return NamedLabel(text, LabelSource.ASSET_INFO)
    text = _from_below(candidate.node, settings)
    return NamedLabel(text, LabelSource.PRIM_NAME) if text else None


def _from_below(node: Node, settings: LabelSettings) -> str:
    """Return what all the names directly below say together: one name, or the words that they all begin with."""
    while True:
        words = [name_words(child.name, vendor_words=settings.vendor_words) for child in node.children]
        spoken = [item for item in words if item]
        if spoken:
            break
        if len(node.children) != 1:
            return ""
        node = node.children[0]
    shared = spoken[0]
    for item in spoken[1:]:
        same = 0
        while same < min(len(shared), len(item)) and shared[same] == item[same]:
            same += 1
        shared = shared[:same]
    return clean_label(" ".join(shared), vendor_words=settings.vendor_words)
