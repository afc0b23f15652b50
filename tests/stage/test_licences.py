"""Licences are found where people write them, and never guessed."""

from __future__ import annotations

from pathlib import Path

import pytest
from pxr import Sdf, Usd

from scenecap.stage.licence_text import licence_of_text, named_licence
from scenecap.stage.licences import EXAMPLES, scene_licences
from scenecap.stage.open import open_stage, wrap_stage

MIT = """MIT License

Copyright (c) 2024 Somebody

Permission is hereby granted, free of charge, to any person obtaining a copy of this software, to deal in it.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND."""
BSD = "Copyright\n\nRedistribution and use in source and binary\nforms, with or without modification, are permitted."
LICENCES = Path(__file__).resolve().parents[2] / "LICENSE"


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("CC0-1.0", "CC0-1.0"),
        ("Part of a demo scene, made by a script. CC0-1.0.", "CC0-1.0"),
        ("Licensed under CC BY 4.0 by the foundation.", "CC-BY-4.0"),
        ("cc-by-sa 3.0", "CC-BY-SA-3.0"),
        ("CC-BY-NC-SA-4.0", "CC-BY-NC-SA-4.0"),
        ("CC BY-NC 4.0", "CC-BY-NC-4.0"),
        ("Apache License, Version 2.0", "Apache-2.0"),
        ("Licence: MIT", "MIT"),
        ("license is MIT", "MIT"),
        ("under the MIT License", "MIT"),
        ("// SPDX-License-Identifier: GPL-3.0-or-later", "GPL-3.0-or-later"),
        ("made at MIT in 2020", None),
        ("a chair licensed by nobody", None),
        ("ACC0RD", None),
        ("", None),
    ],
)
def test_what_a_sentence_names(text: str, name: str | None) -> None:
    assert named_licence(text) == name


@pytest.mark.parametrize(
    ("text", "name"),
    [
        (MIT, "MIT"),
        (BSD, "BSD-2-Clause"),
        (BSD + "\nNeither the name of the holder nor its contributors may be used.", "BSD-3-Clause"),
        ("CC0 1.0 Universal\n\nStatement of Purpose", "CC0-1.0"),
        ("Attribution-NonCommercial 4.0 International\n...", "CC-BY-NC-4.0"),
        ("Attribution 4.0 International\n...", "CC-BY-4.0"),
        ("All rights reserved.", None),
        ("This folder holds models. " * 50 + MIT, None),  # what stands before may be another licence
        (MIT + "\n" * 9 + "words " * 200 + BSD, "MIT"),
        (BSD + "\n" + MIT, None),  # both at the beginning
        ("words " * 400 + "CC0-1.0", None),
    ],
)
def test_a_licence_by_its_own_text(text: str, name: str | None) -> None:
    assert licence_of_text(text) == name


def test_this_projects_own_licence_is_recognised() -> None:
    assert licence_of_text(LICENCES.read_text("utf-8")) == "Apache-2.0"


def layer(path: Path, *, comment: str = "", refers: tuple[str, ...] = (), **custom: object) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    made = Sdf.Layer.CreateNew(str(path))
    prim = Sdf.CreatePrimInLayer(made, "/World")
    prim.specifier = Sdf.SpecifierDef
    made.defaultPrim = "World"
    made.comment = comment
    for number, other in enumerate(refers):
        child = Sdf.CreatePrimInLayer(made, f"/World/Part_{number}")
        child.specifier = Sdf.SpecifierDef
        child.referenceList.Prepend(Sdf.Reference(other))
    for name, value in custom.items():
        if name == "layer":
            made.customLayerData = value
        elif name == "doc":
            made.documentation = str(value)
        else:
            for key, item in dict(value).items():  # type: ignore[call-overload]
                prim.SetInfo("assetInfo", {key: item}) if name == "asset" else prim.SetInfo("customData", {key: item})
    made.Save()
    return path


def found(scene: Path) -> dict[str, tuple[str, int]]:
    done = scene_licences(open_stage(scene))
    result = {item.name: (item.source, item.files) for item in done.found}
    return result | ({"?": (",".join(done.unknown_examples), done.unknown)} if done.unknown else {})


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"comment": "by me. CC0-1.0"}, {"CC0-1.0": ("comment of scene.usda", 1)}),
        ({"doc": "Licensed under CC BY 4.0."}, {"CC-BY-4.0": ("documentation of scene.usda", 1)}),
        ({"layer": {"license": "MIT"}}, {"MIT": ("'license' of scene.usda", 1)}),
        ({"layer": {"licence": "ask the\nmuseum"}}, {"ask the museum": ("'licence' of scene.usda", 1)}),
        ({"asset": {"license": "CC-BY-4.0"}}, {"CC-BY-4.0": ("'license' of /World in scene.usda", 1)}),
        ({"custom": {"SPDX": "ISC"}}, {"ISC": ("'SPDX' of /World in scene.usda", 1)}),
        ({"layer": {"license": 3}}, {"?": ("scene.usda", 1)}),
        ({"comment": "a nice scene"}, {"?": ("scene.usda", 1)}),
    ],
)
def test_a_layer_says_it_itself(tmp_path: Path, options: dict, expected: dict) -> None:
    assert found(layer(tmp_path / "scene.usda", **options)) == expected


def test_a_file_counts_for_its_folder_and_below_and_the_nearest_wins(tmp_path: Path) -> None:
    root = tmp_path / "project" / "scene"
    (tmp_path / "project").mkdir()
    (tmp_path / "project" / "LICENSE").write_text("GPL, of the program", encoding="utf-8")  # above the scene: not read
    layer(root / "a" / "deep" / "one.usda")
    layer(root / "a" / "two.usda")
    layer(root / "b" / "three.usda", comment="CC0-1.0")
    layer(root / "four.usda")
    scene = layer(
        root / "scene.usda", refers=("./a/deep/one.usda", "./a/two.usda", "./b/three.usda", "./four.usda"), doc="CC-BY-4.0"
    )
    (root / "a" / "LICENCE.txt").write_text(MIT, encoding="utf-8")
    (root / "b" / "COPYING").write_text("unlike", encoding="utf-8")
    assert found(scene) == {
        "MIT": ("file a/LICENCE.txt", 2),
        "CC0-1.0": ("comment of b/three.usda", 1),
        "CC-BY-4.0": ("documentation of scene.usda", 2),  # itself, and four.usda, of which nothing else is said
    }


def test_a_file_that_is_not_recognised_is_named(tmp_path: Path) -> None:
    scene = layer(tmp_path / "scene.usda")
    (tmp_path / "LICENSE-assets.md").write_text("models by various people", encoding="utf-8")
    (tmp_path / "licence.png").write_bytes(b"x")
    (tmp_path / "licensee.txt").write_text("MIT License", encoding="utf-8")
    done = scene_licences(open_stage(scene))
    assert [(item.name, item.source, item.text) for item in done.found] == [
        ("see LICENSE-assets.md", "file LICENSE-assets.md", "models by various people")
    ]


def test_layers_from_elsewhere_bring_their_own(tmp_path: Path) -> None:
    layer(tmp_path / "library" / "chairs" / "chair.usda")
    layer(tmp_path / "loose" / "lamp.usda")
    scene = layer(
        tmp_path / "rooms" / "room.usda",
        refers=("../library/chairs/chair.usda", "../loose/lamp.usda"),
        comment="CC0-1.0",
    )
    (tmp_path / "library" / "LICENSE").write_text(MIT, encoding="utf-8")
    (tmp_path / "LICENSE").write_text(BSD, encoding="utf-8")  # of what holds both: whose, cannot be known
    assert found(scene) == {
        "MIT": ("file ../library/LICENSE", 1),
        "CC0-1.0": ("comment of room.usda", 1),
        "?": ("../loose/lamp.usda", 1),
    }


def test_the_same_words_are_one_licence_and_examples_are_few(tmp_path: Path) -> None:
    names = [f"./part_{number}.usda" for number in range(EXAMPLES + 3)]
    for name in names:
        layer(tmp_path / name, comment="CC0-1.0")
    done = scene_licences(open_stage(layer(tmp_path / "scene.usda", refers=tuple(names), comment="CC0-1.0")))
    assert [(item.files, len(item.examples)) for item in done.found] == [(EXAMPLES + 4, EXAMPLES)]
    assert done.found[0].source == f"comment of part_0.usda and {EXAMPLES + 3} more"


def test_files_of_other_variants_are_asked_too(tmp_path: Path) -> None:
    scene = layer(tmp_path / "scene.usda", comment="CC0-1.0")
    other = layer(tmp_path / "parts" / "other.usda", comment="CC-BY-4.0")
    (tmp_path / "parts" / "broken.usda").write_text("no usd", encoding="utf-8")
    opened = open_stage(scene)
    also = [scene, other, tmp_path / "gone.usda", tmp_path / "parts" / "broken.usda"]
    assert {item.name for item in scene_licences(opened, also).found} == {"CC0-1.0", "CC-BY-4.0"}
    assert {item.name for item in scene_licences(opened).found} == {"CC0-1.0"}


def test_a_stage_in_memory_has_no_files() -> None:
    done = scene_licences(wrap_stage(Usd.Stage.CreateInMemory()))
    assert (done.found, done.unknown) == ((), 0)


def test_hostile_words_are_one_clean_line(tmp_path: Path) -> None:
    scene = layer(tmp_path / "scene.usda", layer={"license": "a\x1b[31m\n\u202e" + "b" * 100_000})
    (item,) = scene_licences(open_stage(scene)).found
    assert item.name.isprintable()
    assert len(item.name) <= 80
    assert len(item.text) <= 65536


@pytest.mark.parametrize(
    ("scene", "expected"),
    [
        ("chess_set/chess_set.usda", {"CC-BY-4.0"}),
        ("franka_kitchen/franka_kitchen_cams.usda", {"MIT", "see LICENSE-assets.md"}),
        ("libero_spatial/bowl_on_the_stove_cams.usda", {"MIT"}),
        ("metaworld_coffee/MuJoCo Model_cams.usda", {"MIT"}),
    ],
)
def test_scenes_of_others(shared: Path, scene: str, expected: set[str]) -> None:
    assert set(found(shared / "scenes" / scene)) == expected
