"""The one place that knows how Isaac Sim 4.5, 5.x and 6.x differ in what a capture needs of Kit.

Nothing here needs Kit to be imported: each function looks for its module when it is called. Functions that cannot do without
Kit raise :class:`~scenecap.errors.UsageError`; those that put something aside return None where it is not there.
"""

from __future__ import annotations

import asyncio
import inspect
import logging
import sys
from collections.abc import Callable, Iterable
from importlib import import_module
from typing import Any

from scenecap.errors import StageError, UsageError
from scenecap.text import clean_text

logger = logging.getLogger(__name__)

#: Settings that make a renderer hand over frames late; 4.5's throttling switches the first two on again by the third.
ASYNC_RENDERING = ("/omni/replicator/asyncRendering", "/app/asyncRendering", "/exts/isaacsim.core.throttling/enable_async")
#: Whether Replicator captures by itself while the timeline plays; Isaac's applications have it on.
CAPTURE_ON_PLAY = "/omni/replicator/captureOnPlay"
#: Rate of a sensor in 6.x; 0 renders at every frame.
TICK_RATE = "omni:sensor:tickRate"
#: Updates that a stage may take to load.
_LOAD_UPDATES = 100_000


def find(name: str) -> Any | None:
    """Return a module of Kit, or None where it is not there."""
    try:
        return import_module(name)
    except ImportError as error:
        logger.debug("%s is not there: %s", name, error)
        return None


def is_imported(name: str) -> bool:
    """Return whether a module has been imported already."""
    return name in sys.modules


def need(name: str, purpose: str) -> Any:
    """Return a module of Kit.

    Raises:
        UsageError: It is not there: this is not Isaac Sim, or its extension is off.
    """
    module = find(name)
    if module is None:
        raise UsageError(
            f"{purpose} needs {name}, which is not there.",
            remedy="Run it inside Isaac Sim, with the extension scenecap.replicator enabled.",
        )
    return module


# Application and settings


def app() -> Any | None:
    """Return Kit's application, or None."""
    module = find("omni.kit.app")
    return None if module is None else module.get_app()


async def next_update(count: int = 1) -> None:
    """Let Kit update; without Kit, let other coroutines run."""
    kit = app()
    for _ in range(count):
        if kit is None:
            await asyncio.sleep(0)
        else:
            await kit.next_update_async()


def settings() -> Any | None:
    """Return carb's settings, or None."""
    module = find("carb.settings")
    return None if module is None else module.get_settings()


def app_version() -> str:
    """Return the version of the application (Isaac Sim's), or ""."""
    store = settings()
    return clean_text(store.get("/app/version") or "") if store is not None else ""


def post_quit(code: int) -> None:
    """Ask Kit to end with an exit code."""
    kit = app()
    if kit is not None:
        kit.post_quit(code)


def extension_manager() -> Any | None:
    """Return Kit's extension manager, or None."""
    return getattr(app(), "get_extension_manager", lambda: None)()


def is_extension_enabled(name: str) -> bool:
    """Return whether an extension is enabled."""
    manager = extension_manager()
    if manager is None:
        return False
    try:
        return bool(manager.is_extension_enabled(name))
    except (AttributeError, RuntimeError):
        return False


# Stage


def usd_context() -> Any:
    """Return the default USD context.

    Raises:
        UsageError: This is not Kit.
    """
    return need("omni.usd", "Capturing a stage").get_context()


def current_stage() -> Any | None:
    """Return the open stage, or None."""
    module = find("omni.usd")
    context = None if module is None else module.get_context()
    return None if context is None else context.get_stage()


def has_unsaved_changes() -> bool:
    """Return whether the open stage has changes that opening another would lose."""
    ask = getattr(usd_context(), "has_pending_edit", None)
    return bool(ask()) if callable(ask) else False


async def open_stage(path: str) -> None:
    """Open a stage and wait until its files are loaded.

    Raises:
        StageError: It cannot be opened.
    """
    context = usd_context()
    answer = await context.open_stage_async(path)
    ok, why = answer if isinstance(answer, tuple) else (answer, "")
    if not ok:
        raise StageError(f"{clean_text(path, limit=300)}: the stage cannot be opened ({clean_text(why, limit=200)}).")
    await wait_until_loaded()


async def wait_until_loaded() -> None:
    """Wait until no file of the stage is being loaded."""
    status: Any = getattr(usd_context(), "get_stage_loading_status", None)
    await next_update()
    if status is None:
        return
    for _ in range(_LOAD_UPDATES):
        if status()[2] == 0:
            return
        await next_update()
    logger.warning("the stage is still loading; it is captured as it is")


# Timeline


def timeline() -> Any | None:
    """Return the timeline, or None."""
    module = find("omni.timeline")
    return None if module is None else module.get_timeline_interface()


def commit_timeline(line: Any) -> None:
    """Make a change of the timeline hold now, where the version has it wait for the next update (Kit 105 and later)."""
    commit = getattr(line, "commit", None)
    if callable(commit):
        commit()


# Replicator


def replicator() -> Any:
    """Return ``omni.replicator.core``.

    Raises:
        UsageError: It is not there.
    """
    return need("omni.replicator.core", "capture: replicator")


def set_capture_on_play(on: bool) -> None:
    """Let Replicator capture while the timeline plays, or not."""
    rep = find("omni.replicator.core")
    function = getattr(getattr(rep, "orchestrator", None), "set_capture_on_play", None)
    if callable(function):
        function(on)
        return
    store = settings()
    if store is not None:
        store.set(CAPTURE_ON_PLAY, on)


async def step(*, rt_subframes: int, wait_for_render: bool = True) -> None:
    """Render one captured frame without moving the timeline.

    Args:
        rt_subframes: Renderings of which the last is kept.
        wait_for_render: From 1.13 on, come back after the renderer has finished.
    """
    function = replicator().orchestrator.step_async
    await function(
        **supported(
            function,
            rt_subframes=rt_subframes,
            delta_time=0.0,
            pause_timeline=False,  # the session has paused it, and plays it again
            wait_for_render=wait_for_render,
        )
    )


async def wait_until_complete() -> None:
    """Wait for Replicator's own writers, where the version can."""
    function: Any = getattr(replicator().orchestrator, "wait_until_complete_async", None)
    if function is not None:
        await function()


def supported(function: Callable[..., Any], **arguments: Any) -> dict[str, Any]:
    """Return those arguments that a function takes; all of them where that cannot be known."""
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return arguments
    if any(item.kind is inspect.Parameter.VAR_KEYWORD for item in parameters):
        return arguments
    names = {item.name for item in parameters}
    return {name: value for name, value in arguments.items() if name in names}


def create_render_product(camera: str, resolution: tuple[int, int], *, name: str) -> Any:
    """Make a render product of a camera; ``name`` and ``force_new`` are left away where the version does not take them."""
    function = replicator().create.render_product
    return function(camera, resolution, **supported(function, name=name, force_new=True))


def set_updates(product: Any, on: bool) -> None:
    """Let a render product be rendered at each update, or not."""
    texture = getattr(product, "hydra_texture", None)
    function = getattr(texture, "set_updates_enabled", None)
    if callable(function):
        function(on)


def destroy(product: Any) -> None:
    """Take a render product off the stage."""
    function = getattr(product, "destroy", None)
    if callable(function):
        function()


def annotator(name: str) -> Any:
    """Return an annotator of Replicator; segmentations as ids, for colours would have to be turned back into them.

    Raises:
        UsageError: This Replicator has no such annotator.
    """
    parameters = {"colorize": False} if name in ("instance_segmentation", "semantic_segmentation") else None
    registry = replicator().AnnotatorRegistry
    try:
        if parameters is None:
            return registry.get_annotator(name)
        return registry.get_annotator(name, init_params=parameters)
    except (KeyError, ValueError) as error:
        raise UsageError(f"Replicator has no annotator '{name}' ({clean_text(error, limit=200)}).") from error


def detach(annotators: Iterable[Any]) -> None:
    """Detach annotators; one that is gone already is no error."""
    for item in annotators:
        try:
            item.detach()
        except (AttributeError, RuntimeError, ValueError, KeyError) as error:
            logger.debug("detach: %s", error)


# Headless


def simulation_app() -> Any:
    """Return the class ``SimulationApp``.

    Raises:
        UsageError: This Python is not Isaac Sim's.
    """
    for name in ("isaacsim", "isaacsim.simulation_app", "omni.isaac.kit"):
        found = getattr(find(name), "SimulationApp", None)
        if found is not None:
            return found
    raise UsageError("SimulationApp is not there.", remedy="Run the script with Isaac Sim's own python.sh (python.bat).")
