"""The headless entries: exit codes as the command line's, and an application that always ends."""

from __future__ import annotations

import asyncio
import importlib
import json
import os
import runpy
import signal
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.replicator import payloads
from tests.replicator.kit import Kit
from tests.replicator.scene import CAMERAS, captured

SCRIPTS = Path(__file__).resolve().parents[2] / "scripts" / "isaac"
FRONT, SIDE = CAMERAS


class App:
    """A SimulationApp: each update turns the event loop once."""

    made: list[App] = []  # noqa: RUF012

    def __init__(self, config: dict[str, Any], loop: asyncio.AbstractEventLoop, kit: Kit) -> None:
        self.config = config
        self.closed = 0
        self.updates = 0
        self.before_update: Any = None
        self._loop = loop
        self._kit = kit
        App.made.append(self)

    def is_running(self) -> bool:
        return True

    def update(self) -> None:
        self.updates += 1
        if self.before_update is not None:
            self.before_update()
        self._loop.run_until_complete(asyncio.sleep(0.001))

    def close(self) -> None:
        self.closed += 1


@pytest.fixture
def boot(kit: Kit, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Run ``caption_stage.py`` with arguments; returns its exit code."""
    from scenecap_replicator import compat, headless

    loop = asyncio.new_event_loop()
    App.made.clear()
    monkeypatch.setattr(compat, "simulation_app", lambda: lambda config: App(config, loop, kit))
    monkeypatch.setattr(headless, "schedule", lambda coroutine: loop.create_task(coroutine))
    monkeypatch.syspath_prepend(str(SCRIPTS))
    monkeypatch.setattr(sys, "argv", ["caption_stage.py"])
    yield importlib.import_module("caption_stage").main
    loop.close()


def config_file(folder: Path, **keys: Any) -> str:
    file = folder / "config.yaml"
    base = {
        "capture": "replicator",
        "output_path": str(folder / "out"),
        "resolution": [160, 120],
        "save_image": False,
        "visualize_caption": False,
        "fsync": False,
    }
    file.write_text(json.dumps({"scenecap": {**base, **keys}}), encoding="utf-8")
    return str(file)


def test_a_config_is_captured_and_the_application_closed(boot: Any, kit: Kit, tmp_path: Path, capsys: Any) -> None:
    before = kit.state()
    assert boot([config_file(tmp_path), "--camera", FRONT, "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert [frame["camera"] for frame in answer["frames"]] == [FRONT]
    (app,) = App.made
    assert app.closed == 1
    assert app.config["headless"]
    assert (app.config["width"], app.config["height"]) == (160, 120)
    assert kit.app.exit_codes == [0]
    assert kit.state() == before


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["--camera", "/World/Cameras/Frnt"], 2, "Did you mean /World/Cameras/Front"),
        (["--scene", "nowhere.usda"], 2, "nowhere.usda"),
        (["--camera", FRONT, "--set", "labels={'/World/**': ignore}"], 3, "no object"),
    ],
)
def test_exit_codes_are_those_of_the_command_line(
    boot: Any, kit: Kit, tmp_path: Path, capsys: Any, arguments: list[str], code: int, message: str
) -> None:
    assert boot([config_file(tmp_path), *arguments]) == code
    assert message in capsys.readouterr().err
    assert App.made[0].closed == 1
    assert kit.app.exit_codes == [code]


@pytest.mark.parametrize(
    ("keys", "arguments", "message"),
    [
        ({"colour": 1}, [], "colour"),
        ({"capture": "recorded"}, [], "recorded"),
        ({"output_path": None}, [], "output_path"),
        ({}, ["--nonsense"], "--nonsense"),
    ],
)
def test_what_is_wrong_with_the_call_is_told_before_isaac_sim_starts(
    boot: Any, tmp_path: Path, capsys: Any, keys: dict[str, Any], arguments: list[str], message: str
) -> None:
    assert boot([config_file(tmp_path, **keys), *arguments]) == 2
    assert message in capsys.readouterr().err
    assert App.made == []


def test_a_frame_that_fails_gives_1(boot: Any, kit: Kit, tmp_path: Path, capsys: Any) -> None:
    kit.renderer.broken = True
    assert boot([config_file(tmp_path)]) == 1
    assert "renderer is gone" in capsys.readouterr().err


def test_an_exception_in_an_update_ends_the_application(boot: Any, kit: Kit, tmp_path: Path, capsys: Any) -> None:
    def fail() -> None:
        raise RuntimeError("GPU lost")

    from scenecap_replicator import headless

    kit_enable = headless._enable_replicator
    headless._enable_replicator = lambda app: setattr(app, "before_update", fail)
    try:
        assert boot([config_file(tmp_path)]) == 1
    finally:
        headless._enable_replicator = kit_enable
    assert App.made[0].closed == 1
    assert "GPU lost" in capsys.readouterr().err


@pytest.mark.parametrize("times", [1, 2])
def test_ctrl_c_ends_the_run_with_130(boot: Any, kit: Kit, tmp_path: Path, capsys: Any, times: int) -> None:
    before, handler = kit.state(), signal.getsignal(signal.SIGINT)
    pressed: list[int] = []

    def press() -> None:
        if len(pressed) < times:
            pressed.append(1)
            os.kill(os.getpid(), signal.SIGINT)

    kit.renderer.during.append(press)
    assert boot([config_file(tmp_path, frames=list(range(30)))]) == 130
    assert App.made[0].closed == 1
    assert kit.app.exit_codes == [130]
    assert signal.getsignal(signal.SIGINT) is handler
    assert "stopped" in capsys.readouterr().err
    assert kit.state() == before


def test_kit_exec_starts_and_quits_with_the_code(kit: Kit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def main(arguments: list[str]) -> None:
        monkeypatch.setattr(sys, "argv", ["kit_exec.py", *arguments])
        script = runpy.run_path(str(SCRIPTS / "kit_exec.py"))
        await asyncio.gather(*script["_RUNNING"])

    asyncio.run(main([config_file(tmp_path), "--camera", FRONT, "--quiet"]))
    asyncio.run(main([config_file(tmp_path, colour=1)]))
    asyncio.run(main([]))
    asyncio.run(main([config_file(tmp_path), "--camera", "/Frnt"]))
    assert kit.app.exit_codes == [0, 2, 2, 2]
    assert (tmp_path / "out" / "manifest.jsonl").is_file()


@pytest.mark.parametrize("times", [1, 2])
def test_ctrl_c_ends_kit_exec_with_130(kit: Kit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, times: int) -> None:
    before, handler = kit.state(), signal.getsignal(signal.SIGINT)
    pressed: list[int] = []

    def press() -> None:
        if len(pressed) < times:
            pressed.append(1)
            os.kill(os.getpid(), signal.SIGINT)

    kit.renderer.during.append(press)

    async def main() -> None:
        monkeypatch.setattr(sys, "argv", ["kit_exec.py", config_file(tmp_path, frames=list(range(30)))])
        script = runpy.run_path(str(SCRIPTS / "kit_exec.py"))
        await asyncio.gather(*script["_RUNNING"])

    asyncio.run(main())
    assert set(kit.app.exit_codes) == {130}
    assert signal.getsignal(signal.SIGINT) is handler
    assert kit.state() == before


def test_a_handler_that_is_not_pythons_is_no_obstacle(monkeypatch: pytest.MonkeyPatch) -> None:
    from scenecap_replicator import headless

    installed: list[Any] = []
    monkeypatch.setattr(signal, "signal", lambda number, handler: installed.append(handler))  # returns None, as for C's
    restore = headless._on_interrupt(threading.Event(), again=lambda: None)
    restore()
    assert installed[-1] is signal.SIG_DFL


def test_kit_exec_quits_where_the_package_cannot_be_imported(kit: Kit, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "scenecap_replicator.headless", None)
    monkeypatch.setattr(sys, "argv", ["kit_exec.py", "x.yaml"])
    runpy.run_path(str(SCRIPTS / "kit_exec.py"))
    assert kit.app.exit_codes == [2]


def test_no_licence_is_accepted_by_the_scripts() -> None:
    for file in SCRIPTS.glob("*.py"):
        assert "EULA" not in file.read_text(encoding="utf-8").upper()


@pytest.mark.parametrize("shape", ["legacy", "annotator", "renderProduct"])
def test_a_recorded_payload_comes_back_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, shape: str) -> None:
    monkeypatch.syspath_prepend(str(SCRIPTS))
    files = importlib.import_module("payload_file")
    scene = captured()
    outputs = payloads.outputs_of(scene.front, scene.stage, key=np.uint32 if shape == "legacy" else str)
    make = {
        "legacy": payloads.legacy,
        "annotator": payloads.annotator_shape,
        "renderProduct": payloads.render_product_shape,
    }[shape]
    data = make({"Front": outputs})
    files.save_payload(tmp_path, "case", data, shape=shape)
    _same(data, files.load_payload(tmp_path, "case"))


def _same(first: Any, second: Any) -> None:
    assert type(first) is type(second)
    if isinstance(first, dict):
        assert list(first) == list(second)
        assert [type(key) for key in first] == [type(key) for key in second]
        for key in first:
            _same(first[key], second[key])
    elif isinstance(first, (list, tuple)):
        assert len(first) == len(second)
        for one, other in zip(first, second, strict=True):
            _same(one, other)
    elif isinstance(first, np.ndarray):
        assert first.dtype == second.dtype
        assert first.tobytes() == second.tobytes()
    else:
        assert first == second
