"""Colour words go out of what an object is called, or it is left alone."""

from __future__ import annotations

import pytest

pytest.importorskip("pxr")

from scenecap.contract import LabelSource
from scenecap.run.uncolored import uncolored
from scenecap.stage.model import Role, StageEntity


def entity(label: str, **values) -> StageEntity:
    return StageEntity("/World/Thing", Role.OBJECT, label, LabelSource.PRIM_NAME, "", **values)


@pytest.mark.parametrize(
    ("label", "expected"),
    [
        ("bowl", "bowl"),
        ("black bowl", "bowl"),
        ("dark red mug", "mug"),
        ("red and white ball", "ball"),
        ("small grey wooden stool", "small wooden stool"),
        ("mug red", "mug"),
        ("navy sofa", "sofa"),
        ("red box of cookies", "box of cookies"),
        ("blackboard", "blackboard"),
        ("orange", None),
        ("orange juice", None),
        ("box of red pens", None),
        ("机器人 black", None),
        ("机器人", "机器人"),
    ],
)
def test_a_label_loses_its_colours_or_keeps_the_object_as_it_is(label: str, expected: str | None) -> None:
    found = uncolored(entity(label))
    assert (None if found is None else found.label) == expected


def test_what_is_known_of_a_colour_goes_and_the_rest_stays() -> None:
    known = {"color": "white", "material": "wood"}
    found = uncolored(entity("chair", attributes=known, attribute_sources={"color": "parent", "material": "database"}))
    assert found is not None
    assert found.attributes == {"material": "wood"}
    assert found.attribute_sources == {"material": "database"}


@pytest.mark.parametrize(
    ("caption", "kept"), [("A chair with a Blue seat.", False), ("A dining chair.", True), ("A grey-ish chair", False)]
)
def test_a_caption_of_its_own_that_speaks_of_colours_goes(caption: str, kept: bool) -> None:
    found = uncolored(entity("chair", caption=caption))
    assert found is not None
    assert found.caption == (caption if kept else None)
