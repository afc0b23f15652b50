"""What meets Kit: menu entry, window life, file dialog, and the back end on Kit's stage, each on a stand-in of its part."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from scenecap.errors import ScenecapError
from scenecap.run.config import make_config
from scenecap_ui.backend import Cancelled, CancelToken, LabelAction, LabelTarget
from scenecap_ui.menu import add_menu
from scenecap_ui.pickers import KitPicker, PickKind


class Window:
    """A window that knows whether it was destroyed."""

    def __init__(self) -> None:
        self.visible = True
        self.destroyed = False

    def destroy(self) -> None:
        self.destroyed = True


def put_module(monkeypatch: pytest.MonkeyPatch, name: str, **content: Any) -> ModuleType:
    """Make a module importable, with empty packages above it."""
    parts = name.split(".")
    for end in range(1, len(parts) + 1):
        path = ".".join(parts[:end])
        module = sys.modules.get(path)
        if module is None:
            module = ModuleType(path)
            module.__path__ = []  # type: ignore[attr-defined]
            monkeypatch.setitem(sys.modules, path, module)
        if end > 1:
            monkeypatch.setattr(sys.modules[".".join(parts[: end - 1])], parts[end - 1], module, raising=False)
    for key, value in content.items():
        monkeypatch.setattr(module, key, value, raising=False)
    return module


class TestMenu:
    def test_by_kits_helper(self, monkeypatch: pytest.MonkeyPatch) -> None:
        calls: list[Any] = []

        class Helper:
            def menu_startup(self, create: Any, window: str, description: str, group: str) -> None:
                calls.append((window, description, group))
                self.create = create

            def menu_shutdown(self) -> None:
                calls.append("shutdown")

        class Base:
            """Stands for MenuHelperWindow."""

        put_module(monkeypatch, "omni.kit.menu.utils", MenuHelperExtensionFull=Helper, MenuHelperWindow=Base)
        windows: list[Window] = []
        bases: list[Any] = []

        def make(base: Any) -> Window:
            bases.append(base)
            windows.append(Window())
            return windows[-1]

        menu = add_menu(make, "Scenecap")
        assert menu is not None
        assert calls == [("Scenecap", "Scenecap", "Tools/Replicator")]
        assert not windows  # nothing is built before it is shown
        menu._helper.create()  # type: ignore[attr-defined]
        assert bases == [Base]
        menu.destroy()
        menu.destroy()
        assert calls[1:] == ["shutdown"]
        assert windows[0].destroyed

    def test_by_hand_on_older_kit(self, monkeypatch: pytest.MonkeyPatch) -> None:
        items: dict[str, list[Any]] = {}
        put_module(
            monkeypatch,
            "omni.kit.menu.utils",
            MenuItemDescription=lambda **keys: SimpleNamespace(**keys),
            add_menu_items=lambda entries, group: items.setdefault(group, []).extend(entries),
            remove_menu_items=lambda entries, group: [items[group].remove(entry) for entry in entries],
        )
        windows: list[Window] = []

        def make(base: Any) -> Window:
            assert base is None
            windows.append(Window())
            return windows[-1]

        menu = add_menu(make, "Scenecap")
        assert menu is not None
        [submenu] = items["Tools"]
        assert submenu.name == "Replicator"
        click = submenu.sub_menu[0].onclick_fn
        click()
        click()
        assert [window.visible for window in windows] == [False]
        click()
        assert [window.visible for window in windows] == [True]
        menu.destroy()
        assert items["Tools"] == []
        assert windows[0].destroyed

    def test_an_app_without_menus_has_none(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(sys.modules, "omni.kit.menu.utils", None)
        assert add_menu(lambda base: Window(), "Scenecap") is None


class TestPicker:
    class Dialog:
        last: Any = None

        def __init__(self, title: str, **keys: Any) -> None:
            self.title, self.keys, self.state = title, keys, "made"
            type(self).last = self

        def show(self, path: str = "") -> None:
            self.state = f"shown at {path}"

        def hide(self) -> None:
            self.state = "hidden"

        def destroy(self) -> None:
            self.state = "destroyed"

    @pytest.mark.parametrize(
        ("kind", "filename", "dirname", "chosen"),
        [
            (PickKind.SCENE, "room.usda", "/scenes/", "/scenes/room.usda"),
            (PickKind.SCENE, "room.usda", "omniverse://host/scenes", "omniverse://host/scenes/room.usda"),
            (PickKind.FOLDER, "", "/out/", "/out"),
            (PickKind.FOLDER, "run1", "/out", "/out/run1"),
            (PickKind.SCENE, "room.usda", "/", "/room.usda"),
        ],
    )
    def test_gives_a_path(self, kind: PickKind, filename: str, dirname: str, chosen: str) -> None:
        found: list[str] = []
        picker = KitPicker(self.Dialog)
        picker.pick(kind, "/start", found.append)
        dialog = self.Dialog.last
        assert dialog.state == "shown at /start"
        dialog.keys["click_apply_handler"](filename, dirname)
        assert found == [chosen]
        assert dialog.state == "destroyed"

    def test_shows_what_fits_and_cancels(self) -> None:
        found: list[str] = []
        picker = KitPicker(self.Dialog)
        picker.pick(PickKind.SCENE, "", found.append)
        shown = self.Dialog.last.keys["item_filter_fn"]
        assert shown(SimpleNamespace(is_folder=True, path="/a"))
        assert shown(SimpleNamespace(is_folder=False, path="/a/room.USD"))
        assert not shown(SimpleNamespace(is_folder=False, path="/a/room.png"))
        self.Dialog.last.keys["click_cancel_handler"]("", "")
        assert self.Dialog.last.state == "destroyed"
        assert not found
        picker.destroy()


class TestBackend:
    DEMO = Path(__file__).resolve().parents[2] / "examples" / "living_room" / "living_room.usda"

    @pytest.fixture
    def kit(self, monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
        """Kit's stage, as compat gives it: opening another changes what is open."""
        usd = pytest.importorskip("pxr.Usd", reason="needs usd-core (extra 'capture')")
        compat = pytest.importorskip("scenecap_replicator.compat")
        kit = SimpleNamespace(stage=None, unsaved=False, opened=[])

        async def open_stage(path: str) -> None:
            kit.opened.append(path)
            kit.stage = usd.Stage.Open(path)

        async def next_update(count: int = 1) -> None:
            await asyncio.sleep(0)

        monkeypatch.setattr(compat, "current_stage", lambda: kit.stage)
        monkeypatch.setattr(compat, "has_unsaved_changes", lambda: kit.unsaved)
        monkeypatch.setattr(compat, "open_stage", open_stage)
        monkeypatch.setattr(compat, "next_update", next_update)
        return kit

    def test_opens_a_scene_once_and_never_over_unsaved_changes(self, kit: SimpleNamespace, tmp_path: Path) -> None:
        from scenecap_ui.kit_backend import KitBackend

        backend = KitBackend()
        config = make_config({"scene_path": str(self.DEMO)})
        with pytest.raises(ScenecapError, match="No stage is open"):
            asyncio.run(backend.load_scene(make_config()))
        kit.unsaved = True
        with pytest.raises(ScenecapError, match="unsaved changes"):
            asyncio.run(backend.load_scene(config))
        kit.unsaved = False
        info = asyncio.run(backend.load_scene(config))
        assert (info.name, len(info.cameras)) == ("living_room", 4)
        kit.unsaved = True
        asyncio.run(backend.load_scene(config))  # it is open
        assert kit.opened == [str(self.DEMO)]
        assert asyncio.run(backend.load_scene(make_config())).name == "living_room"
        with pytest.raises(ScenecapError, match="no such file"):
            asyncio.run(backend.load_scene(make_config({"scene_path": str(tmp_path / "none.usda")})))

    def test_labels_go_to_kits_session_layer(self, kit: SimpleNamespace) -> None:
        pytest.importorskip("numba", reason="needs numba (extra 'geometry')")
        from scenecap_ui.kit_backend import KitBackend

        backend, config = KitBackend(), make_config({"scene_path": str(self.DEMO)})
        asyncio.run(backend.load_scene(config))
        missing = asyncio.run(backend.preview_labels(config)).count(LabelAction.WRITE)
        assert missing > 0
        assert kit.stage.GetSessionLayer().empty
        assert asyncio.run(backend.write_labels(config, LabelTarget.SESSION, "")) == missing
        assert not kit.stage.GetSessionLayer().empty
        assert not kit.stage.GetRootLayer().dirty
        assert asyncio.run(backend.preview_labels(config)).count(LabelAction.WRITE) == 0

    def test_a_cancelled_capture_is_said_as_such(self, monkeypatch: pytest.MonkeyPatch) -> None:
        capture = pytest.importorskip("scenecap_replicator.capture")
        from scenecap_ui.kit_backend import KitBackend

        async def run_capture(config: Any, *, progress: Any, cancelled: Any) -> None:
            assert cancelled()
            raise capture.CaptureCancelled

        monkeypatch.setattr(capture, "run_capture", run_capture)
        token = CancelToken()
        token.cancel()
        with pytest.raises(Cancelled):
            asyncio.run(KitBackend().generate(make_config(), lambda *_: None, token))


def test_the_extension_imports_no_kit_and_nothing_heavy() -> None:
    import subprocess

    exts = Path(__file__).resolve().parents[2] / "exts"
    code = (
        "import sys, scenecap_ui.extension as e; x = e.ScenecapUiExtension(); x.on_startup('scenecap.ui-0'); x.on_shutdown();"
        "heavy = {'numba', 'mitsuba', 'pxr', 'omni', 'carb', 'scenecap_replicator'} & set(sys.modules);"
        "assert not heavy, heavy"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={"PYTHONPATH": f"{exts / 'scenecap.core'}:{exts / 'scenecap.ui'}", "PATH": ""},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
