"""Opening stages: what cannot be opened is one clear line, what can be survived is listed."""

from __future__ import annotations

import math
import os
from pathlib import Path

import numpy as np
import pytest
from pxr import Sdf, Usd, UsdGeom

from scenecap.errors import StageError
from scenecap.stage.open import MAX_PROBLEMS, open_stage, wrap_stage

from .authoring import box, new_stage


def write(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


@pytest.mark.parametrize("suffix", [".usda", ".usdc", ".usd"])
def test_every_format_opens(tmp_path: Path, suffix: str) -> None:
    stage = new_stage(tmp_path / f"my scene{suffix}")
    box(stage, "/World/Cube")
    stage.Save()
    opened = open_stage(tmp_path / f"my scene{suffix}")
    assert opened.stage.GetPrimAtPath("/World/Cube")
    assert opened.name == "my_scene"
    assert opened.problems == []
    assert opened.used_files() == ((tmp_path / f"my scene{suffix}"),)


def test_usdz_opens(tmp_path: Path) -> None:
    from pxr import UsdUtils

    stage = new_stage(tmp_path / "inner.usda")
    box(stage, "/World/Cube")
    stage.Save()
    assert UsdUtils.CreateNewUsdzPackage(str(tmp_path / "inner.usda"), str(tmp_path / "packed.usdz"))
    opened = open_stage(tmp_path / "packed.usdz")
    assert opened.stage.GetPrimAtPath("/World/Cube")


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("no_such.usda", "There is no file"),
        (".", "is a directory"),
        ("notes.txt", "not a USD file"),
        ("omniverse://localhost/a.usd", "on a server (omniverse://)"),
        ("https://example.org/a.usd", "on a server (https://)"),
        ("s3://bucket/a.usd", "on a server (s3://)"),
        ("", "empty"),
        ("a\0b.usd", "NUL"),
        ("text.usd", "cannot be read as USD"),
        ("broken.usda", "cannot be read as USD: line 2"),
        ("empty.usdc", "cannot be read as USD"),
    ],
)
def test_what_cannot_be_opened_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], path: str, words: str
) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "notes.txt", "hello")
    write(tmp_path / "text.usd", "hello")
    write(tmp_path / "broken.usda", "#usda 1.0\ndef Xform {{\n")
    write(tmp_path / "empty.usdc", "")
    with pytest.raises(StageError) as caught:
        open_stage(path)
    message = str(caught.value)
    assert words in message
    assert "\n" not in message
    assert "\t" not in message
    assert "\0" not in message
    assert caught.value.remedy
    assert caught.value.exit_code == 2
    assert capfd.readouterr() == ("", ""), "USD must not write to the terminal"


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="needs file permissions that hold for this user")
def test_unreadable_file(tmp_path: Path) -> None:
    file = write(tmp_path / "secret.usda", "#usda 1.0\n")
    file.chmod(0)
    with pytest.raises(StageError, match="cannot be read"):
        open_stage(file)


def test_missing_files_are_problems_once(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    file = write(
        tmp_path / "scene.usda",
        "#usda 1.0\n(\n metersPerUnit = 1\n subLayers = [@./gone_layer.usda@]\n)\n"
        + "".join(f'def Xform "A{i}" (references = @./gone.usda@)\n{{}}\n' for i in range(5))
        + 'def Xform "P" (payload = @./gone_payload.usda@)\n{}\n',
    )
    opened = open_stage(file)
    text = "\n".join(opened.problems)
    assert text.count("@gone.usda@") == 1
    assert "gone_layer.usda" in text
    assert "gone_payload.usda" in text
    assert str(tmp_path) not in text, "paths of a machine would make two machines differ"
    assert opened.stage.GetPrimAtPath("/A4")
    assert capfd.readouterr() == ("", "")


def test_many_problems_are_capped(tmp_path: Path) -> None:
    body = "".join(f'def Xform "A{i}" (references = @./gone_{i}.usda@)\n{{}}\n' for i in range(MAX_PROBLEMS + 30))
    opened = open_stage(write(tmp_path / "scene.usda", "#usda 1.0\n(\n metersPerUnit = 1\n)\n" + body))
    assert len(opened.problems) == MAX_PROBLEMS + 1
    assert opened.problems[-1] == "and 30 more problems of this kind"


def test_cycles_are_survived(tmp_path: Path) -> None:
    write(tmp_path / "b.usda", '#usda 1.0\n(\n defaultPrim = "B"\n)\ndef Xform "B" (references = @./a.usda@</A>)\n{}\n')
    file = write(
        tmp_path / "a.usda",
        '#usda 1.0\n(\n metersPerUnit = 1\n subLayers = [@./a.usda@]\n)\ndef Xform "A" (references = @./b.usda@)\n{}\n',
    )
    opened = open_stage(file)
    assert opened.stage.GetPrimAtPath("/A")
    assert any("cycle" in problem.lower() for problem in opened.problems)


@pytest.mark.parametrize(("up", "stage_up"), [("X", (1, 0, 0)), ("Y", (0, 1, 0)), ("Z", (0, 0, 1))])
@pytest.mark.parametrize("meters", [1.0, 0.01, 0.0254])
def test_world_is_metres_and_z_up(up: str, stage_up: tuple[float, float, float], meters: float) -> None:
    stage = Usd.Stage.CreateInMemory()
    stage.SetMetadata("upAxis", up)
    UsdGeom.SetStageMetersPerUnit(stage, meters)
    opened = wrap_stage(stage)
    matrix = opened.world_from_stage
    np.testing.assert_allclose(np.array([*stage_up, 1.0]) @ matrix, [0, 0, meters, 1])
    # A rotation and a scale, never a mirror: left must stay left.
    rotation = matrix[:3, :3] / meters
    np.testing.assert_allclose(rotation @ rotation.T, np.eye(3), atol=1e-12)
    assert np.linalg.det(rotation) == pytest.approx(1.0)
    np.testing.assert_allclose(opened.stage_from_world @ matrix, np.eye(4), atol=1e-12)
    assert bool(opened.problems) == (up == "X")


def test_y_up_agrees_with_usd_own_convention() -> None:
    stage = Usd.Stage.CreateInMemory()
    UsdGeom.SetStageUpAxis(stage, "Y")
    UsdGeom.SetStageMetersPerUnit(stage, 1.0)
    np.testing.assert_allclose(np.array([1.0, 2.0, 3.0, 1.0]) @ wrap_stage(stage).world_from_stage, [1, -3, 2, 1])


@pytest.mark.parametrize("value", [0.0, -1.0, math.nan, math.inf])
def test_bad_metres_per_unit(value: float) -> None:
    stage = Usd.Stage.CreateInMemory()
    UsdGeom.SetStageMetersPerUnit(stage, value)
    opened = wrap_stage(stage)
    assert opened.meters_per_unit == 1.0
    assert any("metersPerUnit" in problem for problem in opened.problems)


def test_unset_metres_per_unit_is_usd_default_and_said() -> None:
    opened = wrap_stage(Usd.Stage.CreateInMemory())
    assert opened.meters_per_unit == pytest.approx(0.01)
    assert any("metersPerUnit is not set" in problem for problem in opened.problems)


def test_unknown_up_axis() -> None:
    stage = Usd.Stage.CreateInMemory()
    stage.SetMetadata("upAxis", "W\n")
    opened = wrap_stage(stage)
    assert opened.up_axis == "Y"
    assert any("'W'" in problem for problem in opened.problems)


@pytest.mark.parametrize(
    ("start", "end", "expected", "noted"),
    [(1, 24, (1, 24), False), (10, 3, (10, 10), True), (math.nan, 5, (0, 0), True), (None, None, (0, 0), False)],
)
def test_time_range(start: float | None, end: float | None, expected: tuple[float, float], noted: bool) -> None:
    stage = new_stage()
    if start is not None:
        stage.SetStartTimeCode(start)
        stage.SetEndTimeCode(end)
    opened = wrap_stage(stage)
    assert (opened.start, opened.end) == expected
    assert bool(opened.problems) == noted


def test_edits_go_to_the_session_layer_and_files_stay(tmp_path: Path) -> None:
    stage = new_stage(tmp_path / "scene.usda")
    stage.Save()
    before = (tmp_path / "scene.usda").read_bytes()
    opened = open_stage(tmp_path / "scene.usda")
    opened.stage.DefinePrim("/World/New", "Cube")
    assert opened.session.GetPrimAtPath("/World/New")
    assert not opened.stage.GetRootLayer().dirty
    assert (tmp_path / "scene.usda").read_bytes() == before


def test_wrapping_a_stage_keeps_its_edit_target() -> None:
    stage = new_stage()
    wrap_stage(stage)
    assert stage.GetEditTarget().GetLayer() == stage.GetRootLayer()


def test_two_openings_do_not_share_a_session(tmp_path: Path) -> None:
    stage = new_stage(tmp_path / "scene.usda")
    stage.Save()
    first, second = open_stage(tmp_path / "scene.usda"), open_stage(tmp_path / "scene.usda")
    first.stage.DefinePrim("/World/New", "Cube")
    assert not second.stage.GetPrimAtPath("/World/New")


def test_hostile_problem_text_is_cleaned_and_capped() -> None:
    opened = wrap_stage(new_stage())
    opened.add_problem("bad\x1b[31m\x00\nthing " + "x" * 100_000)
    opened.add_problem("bad\x1b[31m\x00\nthing " + "x" * 100_000)
    assert len(opened.problems) == 1
    assert len(opened.problems[0]) <= 300
    assert opened.problems[0].isprintable()


@pytest.mark.shared
def test_chess_set_opens_without_a_word_on_the_terminal(shared: Path, capfd: pytest.CaptureFixture[str]) -> None:
    opened = open_stage(shared / "scenes/chess_set/chess_set.usda")
    assert capfd.readouterr() == ("", "")
    assert len(opened.problems) == 7, "one for each of the seven MaterialX files"
    assert all(".mtlx" in problem for problem in opened.problems)
    assert opened.up_axis == "Y"


def test_layer_with_an_in_memory_name_has_a_safe_name() -> None:
    layer = Sdf.Layer.CreateAnonymous("../../etc/passwd")
    assert wrap_stage(Usd.Stage.Open(layer)).name == "passwd"
