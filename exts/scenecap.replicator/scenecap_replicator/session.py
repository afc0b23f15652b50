"""Puts aside what a capture changes in Kit and gives it back: stage, filter, timeline and render products are as they were.

Everything here runs on Kit's main thread. :meth:`CaptureSession.restore` may be called at any time and more than once, so the
extension's shutdown can call it while a capture's coroutine still waits.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any

from scenecap_replicator import compat
from scenecap_replicator.semantic_filter import SemanticFilter

if TYPE_CHECKING:
    from pxr import Usd

    from scenecap.contract import CameraView
    from scenecap.stage.attach import LabelPlan
    from scenecap.stage.open import OpenStage
    from scenecap.stage.settings import LabelSchema

logger = logging.getLogger(__name__)


class CaptureSession:
    """A context manager that restores, in reverse order, all that was changed through it.

    On entry: capture-on-play and asynchronous rendering go off, a timeline that plays is paused.

    Args:
        semantic_filter: Replicator's filter while the session lasts; "" leaves it alone.
    """

    def __init__(self, *, semantic_filter: str = "") -> None:
        self._filter = semantic_filter
        self._undo: list[tuple[str, Callable[[], None]]] = []
        self._line: Any = None

    def __enter__(self) -> CaptureSession:
        try:
            self._switch_off_async()
            self._switch_off_capture_on_play()
            self._hold_timeline()
            if self._filter:
                before = SemanticFilter.set(self._filter)
                self._later("the semantic filter", before.restore)
        except BaseException:
            self.restore()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.restore()

    def restore(self) -> None:
        """Give everything back. What cannot be given back is logged, and the rest is given back all the same."""
        while self._undo:
            what, undo = self._undo.pop()
            try:
                undo()
            except Exception:
                logger.exception("%s could not be put back as it was", what)

    # What a capture changes

    def set_time(self, stage: Usd.Stage, time_code: float) -> None:
        """Move the timeline to a USD time code; time and all else of it come back at the end."""
        line = self._line
        if line is None:
            return
        line.set_current_time(time_code / (float(stage.GetTimeCodesPerSecond()) or 24.0))
        compat.commit_timeline(line)

    def add_product(self, camera: str, resolution: tuple[int, int], *, name: str) -> Any:
        """Make a render product that is not rendered yet (:func:`compat.set_updates`); destroyed at the end."""
        product = compat.create_render_product(camera, resolution, name=name)
        self._later(f"render product {name}", lambda: compat.destroy(product))
        compat.set_updates(product, False)
        return product

    def add_annotators_of(self, attached: Mapping[str, Any]) -> None:
        """Detach the annotators that a mapping holds by then, before their render product goes."""
        self._later("annotators", lambda: compat.detach(attached.values()))

    def attach_labels(self, opened: OpenStage, plan: LabelPlan, *, schema: LabelSchema) -> int:
        """Write labels to the session layer; they are taken off at the end. Returns how many."""
        from scenecap.stage.attach import attach_to_session, detach_from_session

        self._later("labels in the session layer", lambda: detach_from_session(opened, plan))
        return attach_to_session(opened, plan, schema=schema)

    def render_every_frame(self, stage: Usd.Stage, cameras: Sequence[str]) -> tuple[str, ...]:
        """Override the tick rate of cameras, which 6.x would render at that rate only. Returns those that had one."""
        changed = []
        for path in cameras:
            prim = stage.GetPrimAtPath(path)
            attribute = prim.GetAttribute(compat.TICK_RATE) if prim else None
            if attribute and float(attribute.Get() or 0.0) > 0.0:
                self._override(stage, path, attribute)
                changed.append(path)
        return tuple(changed)

    def add_cameras(self, opened: OpenStage, views: Sequence[CameraView]) -> dict[str, str]:
        """Write views that were placed as cameras to the session layer; taken off at the end. Returns view -> prim path."""
        from scenecap_replicator.session_prims import camera_prim_of, remove_prims, write_cameras

        made = write_cameras(opened, views)
        self._later("placed cameras", lambda: remove_prims(opened, made))
        return {view.path: camera_prim_of(view) for view in views}

    # Parts

    def _later(self, what: str, undo: Callable[[], None]) -> None:
        self._undo.append((what, undo))

    def _override(self, stage: Usd.Stage, path: str, attribute: Any) -> None:
        from scenecap_replicator.session_prims import override_value

        self._later(f"{compat.TICK_RATE} of {path}", override_value(stage, path, attribute, 0.0))

    def _switch_off_async(self) -> None:
        store = compat.settings()
        if store is None:
            return
        for name in compat.ASYNC_RENDERING:
            before = store.get(name)
            if before:
                store.set(name, False)
                self._later(name, lambda name=name, before=before: store.set(name, before))

    def _switch_off_capture_on_play(self) -> None:
        store = compat.settings()
        before = None if store is None else store.get(compat.CAPTURE_ON_PLAY)
        if before:
            compat.set_capture_on_play(False)
            self._later("capture on play", lambda: compat.set_capture_on_play(True))

    def _hold_timeline(self) -> None:
        line = self._line = compat.timeline()
        if line is None:
            return
        time, playing = line.get_current_time(), bool(line.is_playing())

        def back() -> None:
            if line.get_current_time() != time:
                line.set_current_time(time)
            if playing and not line.is_playing():
                line.play()
            compat.commit_timeline(line)

        self._later("the timeline", back)
        if playing:
            line.pause()
            compat.commit_timeline(line)
