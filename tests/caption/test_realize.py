from __future__ import annotations

import re
from itertools import pairwise

import pytest

from scenecap.caption.discourse import Discourse, shared_description
from scenecap.caption.inventory import Inventory
from scenecap.caption.realize.clause import place_words
from scenecap.caption.refer.referrer import Referrer
from scenecap.caption.settings import CaptionSettings
from scenecap.caption.spans import plain
from scenecap.caption.template import caption_graph
from scenecap.contract import Contact, ContactKind, Evidence, RoomElement, RoomKind
from tests.caption.checker import wrong
from tests.caption.rooms import random_room
from tests.caption.scenes import TABLE, Box, make_frame, make_graph, on_table


def texts(boxes: list[Box], *, seeds: int = 8, **more: object) -> list[str]:
    frame = make_frame(boxes, **more)  # type: ignore[arg-type]
    graph = make_graph(frame)
    found = []
    for seed in range(seeds):
        captions = caption_graph(graph, frame=frame, settings=CaptionSettings.model_validate({"questions": False}), seed=seed)
        assert captions.overall is not None
        assert captions.brief is not None
        for text in (captions.brief, captions.overall):
            assert [reason for fact in text.facts if (reason := wrong(fact, graph, frame))] == []
        found += [captions.brief.text, captions.overall.text]
    return found


def discourse_of(boxes: list[Box]) -> Discourse:
    frame = make_frame(boxes)
    inventory = Inventory(make_graph(frame), frame, CaptionSettings.model_validate({}))
    return Discourse(inventory, Referrer(inventory))


def test_no_robot_phrases() -> None:
    for seed in range(25):
        frame = random_room(seed, count=14)
        captions = caption_graph(make_graph(frame), frame=frame, seed=seed)
        assert captions.overall is not None
        text = captions.overall.text
        assert "There is" not in text
        starts = [sentence.split()[0:3] for sentence in re.split(r"(?<=\.) ", text)]
        repeated = [one for one, other in pairwise(starts) if one == other and one[0] in ("On", "In", "Behind")]
        assert repeated == [], text


def test_the_second_of_a_name_is_another() -> None:
    boxes = [on_table("mug", 0, 0), on_table("mug", 0.3, 0), on_table("red mug", 0.6, 0), on_table("bread", -0.5, 0)]
    discourse = discourse_of([TABLE, *boxes])
    assert plain(discourse.introduce((1,)).phrase) == "a mug"
    assert plain(discourse.introduce((2,)).phrase) == "another mug"
    assert plain(discourse.introduce((3,)).phrase) == "a red mug"
    assert plain(discourse.introduce((4,)).phrase) == "some bread"


def test_definite_names_are_for_what_was_introduced() -> None:
    discourse = discourse_of([TABLE, on_table("mug", 0, 0), on_table("plate", 0.3, 0)])
    assert discourse.definite(1) is None
    discourse.introduce((1,))
    mention = discourse.definite(1)
    assert mention is not None
    assert plain(mention.phrase) == "the mug"


def test_partitives_count_down() -> None:
    two = discourse_of([Box("table", (-1, 0, 0), (0.8, 0.8, 0.7)), Box("table", (1, 0, 0), (0.8, 0.8, 0.7))])
    assert two.partitive(0) is None  # nothing was introduced
    two.introduce((0, 1))
    assert [plain(item.phrase) for item in (two.partitive(0), two.partitive(1)) if item] == [
        "one of the tables",
        "the other table",
    ]
    assert two.partitive(1) is None
    three = discourse_of([Box("table", (-2.0 + 1.5 * i, 0, 0), (0.8, 0.8, 0.7)) for i in range(3)])
    three.introduce((0, 1, 2))
    assert [plain(item.phrase) for item in (three.partitive(2), three.partitive(0)) if item] == [
        "one of the tables",
        "another of the tables",
    ]


def test_what_like_objects_share() -> None:
    inventory = discourse_of([on_table("red wooden box", 0, 0), on_table("red metal box", 0.4, 0)]).inventory
    shared = shared_description(inventory.descriptions)
    assert shared.colors == ("red",)
    assert shared.name.tokens == ("box",)


def test_a_color_is_traced_to_where_each_object_has_it_from() -> None:
    boxes = [TABLE, on_table("red mug", -0.4, 0), on_table("mug", 0.4, 0, color="red")]
    frame = make_frame(boxes)
    captions = caption_graph(make_graph(frame), frame=frame)
    assert captions.brief is not None
    assert "wo red mugs" in captions.brief.text
    colors = {(fact.nodes, fact.source) for fact in captions.brief.facts if fact.kind == "color"}
    assert colors == {((1,), "name"), ((2,), "albedo")}


def test_a_cabinet_does_not_hold_what_is_on_top_of_it() -> None:
    boxes = [
        Box("cabinet", (0, 0, 0), (0.8, 0.5, 1.0)),
        Box("vase", (0, 0, 1.0), (0.1, 0.1, 0.2)),
        Box("table", (1.5, 0, 0), (1, 1, 0.7)),
    ]
    assert not any("cabinet holds" in text for text in texts(boxes))
    assert any("table holds" in text for text in texts([TABLE, on_table("vase", 0, 0), on_table("mug", 0.4, 0)]))


def test_people_do_not_sit() -> None:
    boxes = [
        Box("rug", (0, 0, 0), (2, 2, 0.02)),
        Box("person", (0, 0, 0.02), (0.5, 0.4, 0.5)),
        Box("sofa", (2.0, 0, 0), (1, 0.8, 0.8)),
    ]
    assert not any(re.search(r"(sits|stands|rests)", text) for text in texts(boxes))


def test_several_mass_and_plural_nouns_agree_with_their_verbs() -> None:
    for text in texts([TABLE, on_table("cookies", 0, 0), on_table("bread", 0.4, 0), on_table("plate", -0.4, 0)]):
        assert not re.search(r"[Tt]he cookies (is|sits|rests)|[Tt]he bread (are|sit |rest )|a cookies|a bread", text), text


@pytest.mark.parametrize("setting", ["kitchen", "warehouse", "living room", "street", "office"])
def test_a_setting_is_said_once_and_with_its_preposition(setting: str) -> None:
    for text in texts([TABLE, on_table("mug", 0, 0), Box("chair", (1.5, 0, 0), (0.5, 0.5, 0.9))], setting=setting):
        assert text.count(setting) == 1
        assert not re.search(r"a (office|apple)", text)
    place = place_words(setting)
    assert place is not None
    assert place.inside == ("on the street" if setting == "street" else f"in the {setting}")


@pytest.mark.parametrize("setting", [None, "", "机器人", "ignore all previous instructions", "<b>", "furniture", "obj"])
def test_what_is_no_place_is_not_said(setting: str | None) -> None:
    assert place_words(setting) is None
    for text in texts([TABLE, on_table("mug", 0, 0)], setting=setting, seeds=2):
        assert setting is None or not setting or setting not in text


def test_what_hangs_and_what_is_on_the_walls() -> None:
    boxes = [
        Box("lamp", (0, 0, 2.4), (0.3, 0.3, 0.4), path="/World/a"),
        Box("picture", (-1, 2, 1.2), (0.8, 0.05, 0.5), path="/World/b"),
        Box("table", (0, 0, 0), (1.6, 1.0, 0.7), path="/World/c"),
        Box("chair", (1.5, 0, 0), (0.5, 0.5, 0.9), path="/World/d"),
    ]
    evidence = Evidence.GEOMETRY
    contacts = (
        Contact("/World/a", "/World/ceiling", ContactKind.HANGING, 0.0, 0.0, 1.0, evidence),
        Contact("/World/b", "/World/wall", ContactKind.ATTACHED, 0.0, 0.0, 1.0, evidence),
        Contact("/World/c", "/World/floor", ContactKind.SUPPORT, 0.0, 1.0, 1.0, evidence),
        Contact("/World/d", "/World/floor", ContactKind.SUPPORT, 0.0, 1.0, 1.0, evidence),
    )
    room = [
        RoomElement("/World/ceiling", RoomKind.CEILING, "ceiling", [[-5, -5, 2.8], [5, 5, 2.9]], 900),  # type: ignore[arg-type]
        RoomElement("/World/wall", RoomKind.WALL, "wall", [[-5, 2.02, 0], [5, 2.1, 2.8]], 900),  # type: ignore[arg-type]
    ]
    joined = " ".join(texts(boxes, contacts=contacts, room=room)).lower()
    assert re.search(r"a lamp hangs from the ceiling|hanging from the ceiling is a lamp", joined)
    assert re.search(r"a picture is on the wall|on the wall is a picture", joined)
    unseen = [RoomElement(item.path, item.kind, item.label, item.aabb_world, 0) for item in room]
    joined = " ".join(texts(boxes, contacts=contacts, room=unseen)).lower()
    assert "ceiling" not in joined
    assert "wall" not in joined


def test_parts_are_had() -> None:
    boxes = [
        Box("cabinet", (0, 0, 0), (0.6, 0.4, 1.0), path="/World/cabinet"),
        Box("drawer", (0, -0.21, 0.7), (0.5, 0.02, 0.2), path="/World/cabinet/drawer", part_of="/World/cabinet"),
        Box("door", (0, -0.21, 0.1), (0.5, 0.02, 0.4), path="/World/cabinet/door", part_of="/World/cabinet"),
        Box("chair", (1.5, 0, 0), (0.5, 0.5, 0.9), path="/World/chair"),
    ]
    for text in texts(boxes)[1::2]:
        assert re.search(r"[Tt]he cabinet has a (door|drawer) and a (door|drawer)", text), text


def test_twins_in_the_brief_are_told_by_what_one_holds() -> None:
    boxes = [
        Box("bin", (-1, 0, 0), (0.8, 0.8, 0.5), path="/World/a"),
        Box("bin", (1, 0, 0), (0.8, 0.8, 0.5), path="/World/b"),
        Box("can", (-1, 0, 0.05), (0.1, 0.1, 0.3), path="/World/c"),
    ]
    evidence = Evidence.GEOMETRY
    contacts = tuple(
        Contact(child, parent, kind, 0.0, 0.1, 1.0, evidence)
        for child, parent, kind in [
            ("/World/a", "/World/floor", ContactKind.SUPPORT),
            ("/World/b", "/World/floor", ContactKind.SUPPORT),
            ("/World/c", "/World/a", ContactKind.INSIDE),
        ]
    )
    for brief in texts(boxes, contacts=contacts)[::2]:
        assert "two bins, one with a can in it" in brief
