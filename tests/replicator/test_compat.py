"""The differences between versions that compat hides, and Kit that is not there."""

from __future__ import annotations

import asyncio
import sys
from types import SimpleNamespace
from typing import Any

import pytest
from pxr import Sdf, Usd

from scenecap.errors import StageError, UsageError
from tests.replicator.kit import ON_PLAY, Kit


@pytest.fixture
def no_kit(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("omni.usd", "omni.kit.app", "omni.timeline", "omni.replicator.core", "carb.settings", "omni.syntheticdata"):
        monkeypatch.setitem(sys.modules, name, None)


def test_without_kit_what_can_be_left_out_is_none_and_the_rest_is_told(no_kit: None) -> None:
    from scenecap_replicator import compat

    assert compat.app() is None
    assert compat.settings() is None
    assert compat.timeline() is None
    assert compat.current_stage() is None
    assert compat.app_version() == ""
    assert not compat.is_extension_enabled("omni.replicator.core")
    compat.post_quit(1)
    compat.set_capture_on_play(False)
    asyncio.run(compat.next_update(3))
    with pytest.raises(UsageError, match=r"inside Isaac Sim"):
        compat.replicator()
    with pytest.raises(UsageError, match=r"python\.sh"):
        compat.simulation_app()


def test_a_session_without_kit_changes_nothing(no_kit: None) -> None:
    from scenecap_replicator.session import CaptureSession

    with CaptureSession(semantic_filter="class:*") as session:
        session.set_time(Usd.Stage.CreateInMemory(), 3.0)


async def _step_1_9(rt_subframes: int = -1, pause_timeline: bool = True, delta_time: float | None = None) -> dict[str, Any]:
    return {"rt_subframes": rt_subframes, "pause_timeline": pause_timeline, "delta_time": delta_time}


async def _step_1_13(
    rt_subframes: int = -1, pause_timeline: bool = True, delta_time: float | None = None, wait_for_render: bool = False
) -> dict[str, Any]:
    return {**await _step_1_9(rt_subframes, pause_timeline, delta_time), "wait_for_render": wait_for_render}


@pytest.mark.parametrize("step", [_step_1_9, _step_1_13], ids=["1.9", "1.13"])
def test_a_step_never_moves_the_timeline(rep: Any, monkeypatch: pytest.MonkeyPatch, step: Any) -> None:
    from scenecap_replicator import compat

    given: list[dict[str, Any]] = []

    async def keep(*args: Any, **kwargs: Any) -> None:
        given.append(await step(*args, **kwargs))

    keep.__signature__ = __import__("inspect").signature(step)  # type: ignore[attr-defined]
    monkeypatch.setattr(rep, "orchestrator", SimpleNamespace(step_async=keep), raising=False)
    asyncio.run(compat.step(rt_subframes=7))
    expected = {"rt_subframes": 7, "pause_timeline": False, "delta_time": 0.0}
    if step is _step_1_13:
        expected["wait_for_render"] = True
    assert given == [expected]


def test_a_render_product_of_an_old_version(rep: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from scenecap_replicator import compat

    made: list[Any] = []

    def render_product(camera: str, resolution: tuple[int, int]) -> str:
        made.append((camera, resolution))
        return "/Render/Replicator"

    monkeypatch.setattr(rep, "create", SimpleNamespace(render_product=render_product), raising=False)
    product = compat.create_render_product("/Camera", (4, 3), name="x")
    compat.set_updates(product, False)
    compat.destroy(product)
    assert made == [("/Camera", (4, 3))]


@pytest.mark.parametrize(("answer", "opens"), [(True, True), ((True, ""), True), (False, False), ((False, "not USD"), False)])
def test_opening_a_stage_whatever_it_returns(kit: Kit, monkeypatch: pytest.MonkeyPatch, answer: Any, opens: bool) -> None:
    from scenecap_replicator import compat

    loading = [3, 2, 0]

    async def open_stage_async(path: str) -> Any:
        return answer

    monkeypatch.setattr(kit.context, "open_stage_async", open_stage_async, raising=False)
    monkeypatch.setattr(kit.context, "get_stage_loading_status", lambda: ("", 0, loading.pop(0)), raising=False)
    if opens:
        asyncio.run(compat.open_stage("omniverse://host/x.usd"))
        assert loading == []
    else:
        with pytest.raises(StageError, match=r"omniverse://host/x\.usd"):
            asyncio.run(compat.open_stage("omniverse://host/x.usd"))


def test_capture_on_play_is_a_setting_where_there_is_no_function(kit: Kit, rep: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from scenecap_replicator import compat

    monkeypatch.setattr(rep, "orchestrator", SimpleNamespace(), raising=False)
    compat.set_capture_on_play(False)
    assert kit.settings.get(ON_PLAY) is False


def test_an_annotator_that_is_not_there_is_named(kit: Kit) -> None:
    from scenecap_replicator import compat

    with pytest.raises(UsageError, match="thermal"):
        compat.annotator("thermal")


@pytest.mark.parametrize("own", ["nothing", "a value", "a spec"])
def test_an_override_takes_back_exactly_itself(own: str) -> None:
    from scenecap_replicator.session_prims import override_value

    stage = Usd.Stage.CreateInMemory()
    attribute = stage.DefinePrim("/World/Camera", "Camera").CreateAttribute("omni:sensor:tickRate", Sdf.ValueTypeNames.Double)
    attribute.Set(10.0)
    session = stage.GetSessionLayer()
    if own != "nothing":
        spec = Sdf.AttributeSpec(
            Sdf.CreatePrimInLayer(session, "/World/Camera"), "omni:sensor:tickRate", Sdf.ValueTypeNames.Double
        )
        if own == "a value":
            spec.default = 5.0
    before, value = session.ExportToString(), attribute.Get()
    undo = override_value(stage, "/World/Camera", attribute, 0.0)
    assert attribute.Get() == 0.0
    Sdf.CreatePrimInLayer(session, "/World/Other")  # somebody else's, meanwhile
    undo()
    assert attribute.Get() == value
    del session.GetPrimAtPath("/World").nameChildren["Other"]
    if own == "nothing":
        del session.pseudoRoot.nameChildren["World"]
    assert session.ExportToString() == before


def test_what_cannot_be_put_back_does_not_keep_the_rest(caplog: pytest.LogCaptureFixture, no_kit: None) -> None:
    from scenecap_replicator.session import CaptureSession

    done: list[str] = []

    def fail() -> None:
        raise RuntimeError("gone")

    session = CaptureSession()
    with session:
        session._later("the first", lambda: done.append("first"))
        session._later("the second", fail)
        session._later("the third", lambda: done.append("third"))
    assert done == ["third", "first"]
    assert "the second could not be put back" in caplog.text
    session.restore()
    assert done == ["third", "first"]
