"""The extension's life: writers come and go, captures are stopped, frames in the queue are finished or recorded."""

from __future__ import annotations

import asyncio
import gc
import subprocess
import sys
import threading
import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from scenecap.output.manifest import FrameStatus, read_manifest
from tests.replicator import payloads
from tests.replicator.kit import Kit, config_of
from tests.replicator.scene import captured

ROOT = Path(__file__).resolve().parents[2]
IRC_NAMES = {"SceneGraphWriter", "IROSceneGraphWriter", "CombinedIROSceneGraphWriter"}
NAMES = {"ScenecapWriter", *IRC_NAMES, *(f"Scenecap{name}" for name in IRC_NAMES)}
PREFIX = "/exts/scenecap.replicator"


@pytest.fixture
def extension(kit: Kit) -> Iterator[Any]:
    from scenecap_replicator.extension import ScenecapReplicatorExtension
    from scenecap_replicator.service import close_service

    extension = ScenecapReplicatorExtension()
    yield extension
    close_service()


def test_writers_are_there_between_startup_and_shutdown(extension: Any, rep: Any) -> None:
    extension.on_startup("scenecap.replicator-0.1.0")
    assert set(rep.WriterRegistry.get_writers()) >= NAMES
    extension.on_shutdown()
    assert not NAMES & set(rep.WriterRegistry.get_writers())


def test_ircs_names_are_left_to_irc_where_it_is_enabled(extension: Any, rep: Any, kit: Kit) -> None:
    kit.app.get_extension_manager().enabled.add("isaacsim.replicator.caption.core")
    extension.on_startup("scenecap.replicator-0.1.0")
    names = set(rep.WriterRegistry.get_writers())
    assert "SceneGraphWriter" not in names
    assert {"ScenecapWriter", "ScenecapSceneGraphWriter"} <= names


def test_a_name_that_irc_took_later_is_left_to_it(extension: Any, rep: Any) -> None:
    """IRC may be enabled after us: it registers its writers over ours, and ours are taken off without them."""

    class SceneGraphWriter(rep.Writer):
        """IRC's."""

    extension.on_startup("scenecap.replicator-0.1.0")
    rep.WriterRegistry.register(SceneGraphWriter)
    extension.on_shutdown()
    try:
        assert rep.WriterRegistry.get_writers() == {"SceneGraphWriter": SceneGraphWriter}
    finally:
        rep.WriterRegistry.unregister_writer("SceneGraphWriter")


def test_writers_are_not_registered_where_that_is_off(extension: Any, rep: Any, kit: Kit) -> None:
    kit.settings.values[f"{PREFIX}/register_writers"] = False
    extension.on_startup("scenecap.replicator-0.1.0")
    assert not NAMES & set(rep.WriterRegistry.get_writers())


def test_a_wrong_setting_is_logged_and_kit_goes_on(extension: Any, kit: Kit, caplog: pytest.LogCaptureFixture) -> None:
    kit.settings.values[f"{PREFIX}/rt_subframes"] = "many"
    extension.on_startup("scenecap.replicator-0.1.0")
    extension.on_shutdown()
    assert "rt_subframes" in caplog.text


def test_shutdown_finishes_what_a_writer_has_in_its_queue(extension: Any, rep: Any, tmp_path: Path) -> None:
    extension.on_startup("scenecap.replicator-0.1.0")
    writer = _writer(rep, tmp_path)
    for _ in range(3):
        rep.deliver(writer, _payload())
    extension.on_shutdown()
    assert [row.status for row in read_manifest(tmp_path)] == [FrameStatus.WRITTEN] * 3


def test_shutdown_ends_within_its_limit_and_records_what_is_unfinished(
    extension: Any, rep: Any, kit: Kit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import time

    from scenecap_replicator import frame_sink

    kit.settings.values[f"{PREFIX}/drain_seconds"] = 0.5
    gate = threading.Event()
    make = frame_sink.FrameMaker.make
    monkeypatch.setattr(frame_sink.FrameMaker, "make", lambda self, task, row: (gate.wait(20), make(self, task, row))[1])
    extension.on_startup("scenecap.replicator-0.1.0")
    writer = _writer(rep, tmp_path)
    for _ in range(3):
        rep.deliver(writer, _payload())
    begin = time.monotonic()
    extension.on_shutdown()
    assert time.monotonic() - begin < 5.0
    gate.set()
    statuses = [outcome.row.status for outcome in writer.report().outcomes]
    assert statuses == [FrameStatus.FAILED] * 3


def test_shutdown_stops_a_capture_and_gives_everything_back(extension: Any, kit: Kit, tmp_path: Path) -> None:
    from scenecap_replicator.capture import CaptureRun
    from scenecap_replicator.service import get_service

    before = kit.state()
    extension.on_startup("scenecap.replicator-0.1.0")

    async def main() -> None:
        task = get_service().start(config_of(tmp_path, frames=list(range(100))))
        while len(kit.renderer.rendered) < 5 and not task.done():
            await asyncio.sleep(0.01)
        assert not task.done()
        extension.on_shutdown()  # as Kit calls it: on the main thread, no update meanwhile
        assert kit.state() == before
        assert CaptureRun.current() is None
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(main())
    assert kit.state() == before
    assert len(kit.renderer.rendered) < 100


def test_nothing_keeps_the_extension_object(extension: Any, kit: Kit) -> None:
    from scenecap_replicator.extension import ScenecapReplicatorExtension

    own = ScenecapReplicatorExtension()
    own.on_startup("scenecap.replicator-0.1.0")
    alive = weakref.ref(own)
    own.on_shutdown()
    del own
    gc.collect()
    assert alive() is None


@pytest.mark.parametrize("with_kit", [False, True])
def test_startup_imports_nothing_heavy_and_import_needs_no_kit(with_kit: bool) -> None:
    paths = [ROOT / "exts/scenecap.core", ROOT / "exts/scenecap.replicator"]
    code = "import sys; sys.path[:0] = sys.argv[1:]; import scenecap_replicator.extension as e, scenecap_replicator.api;"
    if with_kit:
        paths.append(ROOT / "tests/replicator/standin")
        code += "e.ScenecapReplicatorExtension().on_startup('x');"
    code += "print([m for m in ('numba', 'mitsuba', 'http.client', 'matplotlib', 'torch') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code, *map(str, paths)], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "[]"


def _writer(rep: Any, folder: Path) -> Any:
    writer = rep.WriterRegistry.get("ScenecapWriter")
    writer.initialize(output_dir=str(folder), save_image=False, visualize_caption=False, fsync=False)
    writer.attach([rep.RenderProduct("/Render/Front")])
    return writer


def _payload() -> dict[str, Any]:
    scene = captured()
    outputs = payloads.outputs_of(scene.front, scene.stage)
    return payloads.render_product_shape({"Front": outputs}, cameras={"Front": "/World/Cameras/Front"})
