"""The user's map of labels."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from scenecap.stage.label_map import LabelMap
from scenecap.stage.settings import LabelRule, LabelSettings, MapRole


def find(globs: dict[str, str], path: str) -> str | None:
    found = LabelMap(LabelSettings.model_validate({"labels": globs}).labels).find(path)
    return None if found is None else found[1].label or found[1].role.value


@pytest.mark.parametrize(
    ("glob", "path", "fits"),
    [
        ("/World/Chair", "/World/Chair", True),
        ("/World/Chair", "/World/Chair_1", False),
        ("/World/Chair", "/World/Chair/leg", False),
        ("/World/Chair*", "/World/Chair_1", True),
        ("/World/*", "/World/Chair/leg", False),
        ("/World/**", "/World/Chair/leg", True),
        ("/World/**/leg", "/World/leg", True),
        ("/World/**/leg", "/World/a/b/leg", True),
        ("**/Chair", "/World/a/Chair", True),
        ("*Chair*", "/World/a/RedChair_1", True),
        ("*Chair", "/World/Chair/leg", False),
        ("/World/Chair_?", "/World/Chair_1", True),
        ("/World/Chair_?", "/World/Chair_12", False),
        ("/World/Pawns[3]", "/World/Pawns[3]", True),  # brackets are literal
        ("/World/Pawns[3]", "/World/Pawns[4]", False),
        ("/World/Pawns", "/World/Pawns[4]", True),  # an instancer means its instances
        ("/World/a.b", "/World/aXb", False),  # so are dots
        ("/World/(x)+", "/World/(x)+", True),
    ],
)
def test_globs(glob: str, path: str, fits: bool) -> None:
    assert (find({glob: "thing"}, path) is not None) == fits


def test_first_glob_that_fits_wins() -> None:
    assert find({"/World/Red*": "red chair", "/World/*": "chair"}, "/World/Red_1") == "red chair"
    assert find({"/World/*": "chair", "/World/Red*": "red chair"}, "/World/Red_1") == "chair"


@pytest.mark.parametrize("word", ["group", "part", "room", "ignore", "Ignore"])
def test_words_for_roles(word: str) -> None:
    rule = LabelRule.model_validate(word)
    assert rule.label is None
    assert rule.role is MapRole(word.lower())


def test_label_with_a_role() -> None:
    rule = LabelRule.model_validate({"label": "brick wall", "role": "room"})
    assert (rule.label, rule.role) == ("brick wall", MapRole.ROOM)


@pytest.mark.parametrize(
    "labels",
    [
        {"World/Chair": "chair"},  # no path
        {"": "chair"},
        {"/World": {"role": "chair"}},
        {"/World": {"lable": "chair"}},
        {"/World": " \x00 "},
        {"/World": 3},
        {"/" + "x" * 2000: "chair"},
    ],
)
def test_wrong_maps_are_refused(labels: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        LabelSettings.model_validate({"labels": labels})


def test_texts_in_settings_are_cleaned() -> None:
    settings = LabelSettings.model_validate(
        {"labels": {"/a": "red\n\x1bchair"}, "vendor_words": ["ACME", " "], "scene_label": "kit\x00chen"}
    )
    assert settings.labels["/a"].label == "red chair"
    assert settings.vendor_words == ("acme",)
    assert settings.scene_label == "kit chen"


def test_a_map_with_many_stars_is_quick() -> None:
    globs = {"/" + "*a" * 12: "x"}
    assert find(globs, "/" + "a" * 60 + "!") is None
