"""Which scenes a batch has, in which order, and what their folders are called."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scenecap.errors import UsageError
from scenecap.run.batch.scenes import find_scenes, scene_names
from scenecap.text import safe_name

#: A tree of files to glob in; "/" at the end makes a folder.
TREE = (
    "kitchen/scene.usda",
    "kitchen/textures/wood.png",
    "office/scene.usd",
    "office/parts/desk.usdc",
    "office/notes.md",
    "b[1].usda",
    "pack.USDZ",
    "recordings/one/",
    "recordings/two/",
)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for name in TREE:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if name.endswith("/"):
            path.mkdir()
        else:
            path.write_bytes(b"")
    return tmp_path


@pytest.mark.parametrize(
    ("patterns", "found"),
    [
        (["*/scene.usd*"], ["kitchen/scene.usda", "office/scene.usd"]),
        (["**/*"], ["b[1].usda", "kitchen/scene.usda", "office/parts/desk.usdc", "office/scene.usd", "pack.USDZ"]),
        (["office/*"], ["office/scene.usd"]),
        (["office/scene.usd", "**/scene.*"], ["office/scene.usd", "kitchen/scene.usda"]),
        (["kitchen/../office/scene.usd", "office/*.usd"], ["office/scene.usd"]),
        (["b[1].usda"], ["b[1].usda"]),
    ],
    ids=["one star", "any folders, USD only", "no folders", "order of patterns", "each once", "brackets in a name"],
)
def test_globs_find_usd_files_in_order(tree: Path, patterns: list[str], found: list[str]) -> None:
    scenes = find_scenes([str(tree / pattern) for pattern in patterns])
    assert [Path(scene.path).relative_to(tree).as_posix() for scene in scenes] == found


def test_recordings_are_folders(tree: Path) -> None:
    scenes = find_scenes([str(tree / "recordings" / "*")], recorded=True)
    assert [(Path(scene.path).name, scene.name) for scene in scenes] == [("one", "one"), ("two", "two")]


def test_addresses_of_other_systems_are_taken_as_they_are() -> None:
    address = "omniverse://host/Projects/kitchen.usd"
    (scene,) = find_scenes([address])
    assert (scene.path, scene.name) == (address, "kitchen")


@pytest.mark.parametrize(
    ("pattern", "words"),
    [
        ("kitchen/*.usdz", ["kitchen/*.usdz matches no file", "config file's folder"]),
        ("kitchn/**/*.usd", ["matches no file", "There is no folder", "kitchn."]),
        ("office/*.md", ["matches 1 thing", "none of it is a USD file"]),
        ("kitchen/scne.usda", ["there is no file", "Did you mean scene.usda?"]),
        ("nowhere/scene.usda", ["there is no file", "There is no folder", "nowhere."]),
    ],
)
def test_a_pattern_that_finds_nothing_is_an_error(tree: Path, pattern: str, words: list[str]) -> None:
    with pytest.raises(UsageError) as caught:
        find_scenes([str(tree / "office" / "*.usd"), str(tree / pattern)])
    assert str(caught.value).startswith("scenes: ")
    for word in words:
        assert word in str(caught.value)


def test_a_glob_of_recordings_takes_no_file(tree: Path) -> None:
    with pytest.raises(UsageError, match="none of it is a folder"):
        find_scenes([str(tree / "office" / "*.md")], recorded=True)


@pytest.mark.parametrize(
    ("paths", "names"),
    [
        (["/s/a.usd", "/s/b.usd"], ["a", "b"]),
        (["/s/kitchen/scene.usd", "/s/office/scene.usd", "/s/office/desk.usd"], ["kitchen_scene", "office_scene", "desk"]),
        (["/s/x/1/scene.usd", "/s/y/1/scene.usd", "/s/y/2/scene.usd"], ["x_1_scene", "y_1_scene", "2_scene"]),
        (["/s/a.usd", "/s/a.usda"], ["a_usd", "a_usda"]),
        (["/s/x/Room.usd", "/s/y/room.usd"], ["x_Room", "y_room"]),
        (["/s/My Room (2).usd"], ["My_Room_2"]),
        (["/s/x/manifest.jsonl.usd", "/s/y/b.usd"], ["x_manifest.jsonl", "b"]),
    ],
    ids=["stems", "a folder tells apart", "as few folders as will do", "endings", "case", "unsafe", "taken by the manifest"],
)
def test_names(paths: list[str], names: list[str]) -> None:
    assert [scene_names(paths)[path] for path in paths] == names


def test_names_that_folders_cannot_tell_apart_get_a_hash() -> None:
    paths = ["/s/A/b_c.usd", "/s/A_b/c.usd", "/s/q/b_c.usd", "/s/q/c.usd"]
    names = scene_names(paths)
    assert len({name.lower() for name in names.values()}) == len(paths)
    assert names["/s/A/b_c.usd"].startswith("A_b_c_")


_PART = st.text(alphabet="abAB_ .é", min_size=1, max_size=3).filter(lambda part: part.strip(" .") == part and part)
_PATH = st.builds(
    lambda folders, stem, ending: "/".join(["", *folders, f"{stem}.{ending}"]),
    st.lists(_PART, max_size=3),
    _PART,
    st.sampled_from(["usd", "usda"]),
)


@given(st.lists(_PATH, unique=True, max_size=8), st.randoms(use_true_random=False))
def test_names_are_apart_and_depend_on_no_order_and_no_place(paths: list[str], chance: random.Random) -> None:
    names = scene_names(paths)
    assert len({name.lower() for name in names.values()}) == len(paths)
    assert all(name == safe_name(name) for name in names.values())
    shuffled = paths.copy()
    chance.shuffle(shuffled)
    assert scene_names(shuffled) == names
    moved = scene_names([f"/elsewhere/deep{path}" for path in paths])
    assert {f"/elsewhere/deep{path}": name for path, name in names.items()} == moved
