"""Render products of a capture: one per camera, each with its annotators, rendered only when its turn comes."""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from scenecap.errors import CaptureError
from scenecap_replicator import compat
from scenecap_replicator.payload_shapes import RenderProductPayload, copied, split_payload
from scenecap_replicator.session import CaptureSession
from scenecap_replicator.settings import ReplicatorSettings
from scenecap_replicator.to_frame import empty_because

logger = logging.getLogger(__name__)

#: Frames without box or label after which a view may just hold nothing with a label.
_UNLABELLED_FRAMES = 4


@dataclass(eq=False)
class _CameraProduct:
    camera: str
    product: Any
    annotators: dict[str, Any]
    warm: bool = False

    def outputs(self) -> RenderProductPayload:
        """Return what the annotators have now. Nothing is copied."""
        data = {name: annotator.get_data() for name, annotator in self.annotators.items()}
        found = next(iter(split_payload(data).values()), None)
        annotators = {} if found is None else found.annotators
        return RenderProductPayload(name=str(getattr(self.product, "path", self.camera)), annotators=annotators)


class RenderProducts:
    """Makes and renders them. For Kit's main thread.

    Args:
        session: Takes them away at the end.
        annotators: Replicator's names of what is captured.
        resolution: Width and height [px].
        settings: Warm-up and subframes.
        check: Called between renderings; raises to stop.
    """

    def __init__(
        self,
        session: CaptureSession,
        annotators: Sequence[str],
        *,
        resolution: tuple[int, int],
        settings: ReplicatorSettings,
        check: Callable[[], None],
    ) -> None:
        self._session = session
        self._annotators = tuple(annotators)
        self._resolution = resolution
        self._settings = settings
        self._check = check
        self._of: dict[str, _CameraProduct] = {}

    def add(self, camera: str, *, prim: str) -> None:
        """Make the render product of a camera.

        Args:
            camera: What it is called.
            prim: Its prim path.
        """
        product = self._session.add_product(prim, self._resolution, name=f"Scenecap_{len(self._of):02d}")
        attached: dict[str, Any] = {}
        self._of[camera] = _CameraProduct(camera, product, attached)
        self._session.add_annotators_of(attached)
        for name in self._annotators:
            annotator = compat.annotator(name)
            annotator.attach([product])
            attached[name] = annotator

    async def render(self, camera: str) -> RenderProductPayload:
        """Render one camera and return a copy of what its annotators show.

        Frames that come before the first picture of a new render product are passed over.

        Raises:
            CaptureError: There was no picture within ``warm_up_frames``.
        """
        item = self._of[camera]
        compat.set_updates(item.product, True)
        try:
            return dataclasses.replace(copied(await self._first_full(item)), camera=camera, resolution=self._resolution)
        finally:
            compat.set_updates(item.product, False)

    async def _first_full(self, item: _CameraProduct) -> RenderProductPayload:
        reason = ""
        for attempt in range(1, self._settings.warm_up_frames + 1):
            self._check()
            await compat.step(rt_subframes=self._settings.rt_subframes)
            outputs = item.outputs()
            reason = "no annotator has an output" if not outputs.annotators else empty_because(outputs) or ""
            # Labels reach the annotators some frames after the picture; a view may also hold nothing that has one.
            if not reason or (reason.startswith("no box") and (item.warm or attempt >= _UNLABELLED_FRAMES)):
                item.warm = True
                return outputs
            logger.debug("%s: frame %d passed over (%s)", item.camera, attempt, reason)
            await compat.next_update()
        raise CaptureError(
            f"{item.camera}: the renderer gave no picture in {self._settings.warm_up_frames} frames ({reason}).",
            remedy="Raise warm_up_frames; look for the renderer's errors in Kit's log.",
        )
