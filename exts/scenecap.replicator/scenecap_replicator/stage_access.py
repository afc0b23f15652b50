"""What a capture takes from Kit besides its payload: stage, time, cameras of render products."""

from __future__ import annotations

import dataclasses
import logging
from typing import TYPE_CHECKING, Any

import numpy as np

from scenecap.errors import MissingExtraError
from scenecap.run.config import ScenecapConfig
from scenecap_replicator import compat
from scenecap_replicator.to_frame import FrameContext

if TYPE_CHECKING:
    from pxr import Usd

    from scenecap_replicator.probe import StageProbe

logger = logging.getLogger(__name__)

#: Where render products made through Replicator live.
_RENDER_PRODUCTS = "/Render"


class StageAccess:
    """The stage that is captured, by a writer or by a capture of ours. Everything here is for Kit's main thread.

    Args:
        stage: Kit's stage, or None where it cannot be had: frames then rest on boxes alone.
        config: All settings.
        database: Better labels and captions.
    """

    def __init__(self, stage: Usd.Stage | None, config: ScenecapConfig, database: Any = None) -> None:
        self._stage = stage
        self._config = config
        self._database = database
        self._cameras: dict[str, str] = {}
        self._probe: StageProbe | None = None
        self._warnings: tuple[str, ...] = ()
        self._tried = False
        self.scene = "stage"
        self.up_axis = "z"
        if stage is not None:
            from scenecap.stage.open import wrap_stage  # pxr

            self._opened = wrap_stage(stage)
            self.scene = self._opened.name
            self.up_axis = "y" if self._opened.up_axis == "Y" else "z"

    def is_of(self, stage: Usd.Stage | None) -> bool:
        """Return whether this is the access to a stage."""
        return stage == self._stage

    def close(self) -> None:
        """Let go of the stage."""
        if self._probe is not None:
            self._probe.close()
            self._probe = None
        self._tried = False

    def time_code(self, default: float) -> float:
        """Return the timeline's USD time code; ``default`` where there is no timeline."""
        line = compat.timeline()
        if line is None:
            return float(default)
        per_second = 24.0 if self._stage is None else float(self._stage.GetTimeCodesPerSecond()) or 24.0
        return float(np.round(line.get_current_time() * per_second, 6))

    def camera_of(self, render_product: str) -> str:
        """Return the camera of a render product whose payload does not name it, from its prim; else a name of its own."""
        if render_product not in self._cameras:
            self._cameras[render_product] = self._find_camera(render_product) or f"/{render_product.replace('/', '_')}"
        return self._cameras[render_product]

    def with_probe(self, context: FrameContext) -> FrameContext:
        """Return a context with what the stage knows now."""
        probe = self._get_probe()
        if probe is None:
            return dataclasses.replace(context, warnings=(*context.warnings, *self._warnings))
        return dataclasses.replace(context, probe=probe, moment=probe.read_moment(context.time_code))

    def prepare(self) -> None:
        """Read the stage now, so that the first frame need not wait for it. What goes wrong is said by the frames."""
        try:
            probe = self._get_probe()
            if probe is not None:
                probe.read_moment(self.time_code(self._opened.start))
        except Exception as error:  # a frame is where an error has a place to be recorded
            logger.warning("%s: the stage cannot be read yet: %s", self.scene, error)

    def _get_probe(self) -> StageProbe | None:
        if self._probe is None and not self._tried:
            self._tried = True
            if self._stage is None:
                self._warnings = ("the stage cannot be read, so contacts come from boxes alone",)
                return None
            try:
                from scenecap_replicator.probe import StageProbe

                self._probe = StageProbe(self._opened, self._config.capture, self._config.labels, self._database)
            except MissingExtraError as error:
                self._warnings = (f"contacts come from boxes alone: {error.message}",)
                logger.warning("%s Contacts come from boxes alone (extra 'geometry').", error)
        return self._probe

    def _find_camera(self, name: str) -> str | None:
        if self._stage is None:
            return None
        root = self._stage.GetPrimAtPath(_RENDER_PRODUCTS)
        if not root:
            return None
        from pxr import Usd

        for prim in Usd.PrimRange(root):
            relation = prim.GetRelationship("camera") if prim.GetName() == name else None
            targets = relation.GetTargets() if relation else []
            if targets:
                return str(targets[0])
        return None
