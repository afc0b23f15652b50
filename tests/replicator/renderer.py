"""A renderer for the stand-in of Replicator: what an annotator shows is what the embedded source sees at the timeline's time.

It keeps to what a capture must cope with: a render product shows nothing in its first frames, only one whose updates are on is
rendered, and labels that are written reach the annotators at the next update only.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import numpy as np
import omni.replicator.core as rep
import omni.timeline
from pxr import Usd

from scenecap.capture.embedded import EmbeddedSource
from scenecap.capture.settings import CaptureSettings
from scenecap.contract import Buffer
from scenecap.stage.cameras import camera_view
from scenecap.stage.open import wrap_stage
from tests.replicator.payloads import empty_outputs, outputs_of

_BUFFERS = {Buffer.RGB, Buffer.DEPTH, Buffer.NORMALS, Buffer.INSTANCE, Buffer.SEMANTIC}


class HydraTexture:
    def __init__(self) -> None:
        self.updates = True

    def set_updates_enabled(self, on: bool) -> None:
        self.updates = on


class RenderProduct:
    def __init__(self, renderer: Renderer, camera: str, resolution: tuple[int, int], name: str | None) -> None:
        self._renderer = renderer
        self.camera = camera
        self.resolution = resolution
        self.path = f"/Render/{name or 'Replicator'}"
        self.hydra_texture = HydraTexture()
        self.frames = 0
        self.outputs: Mapping[str, Any] = {}

    def destroy(self) -> None:
        self._renderer.products.remove(self)


class Annotator:
    def __init__(self, renderer: Renderer, name: str) -> None:
        self._renderer = renderer
        self.name = name
        self.product: RenderProduct | None = None

    def attach(self, products: list[RenderProduct]) -> None:
        (self.product,) = products
        self._renderer.attached.append(self)

    def detach(self) -> None:
        self.product = None
        self._renderer.attached.remove(self)

    def get_data(self) -> Any:
        if self.product is None or self.name not in self.product.outputs:
            return None
        data, info = self.product.outputs[self.name]
        if self.name in ("rgb", "distance_to_image_plane", "normals", "camera_params"):
            return data
        return {"data": data, "info": info}


class Renderer:
    """What stands behind ``rep.create``, ``rep.orchestrator`` and the annotators of one test.

    Args:
        stage: What is rendered.
        warm_up: Frames of a new render product that come out empty.
    """

    def __init__(self, stage: Usd.Stage, *, warm_up: int = 2) -> None:
        self.stage = stage
        self.warm_up = warm_up
        self.products: list[RenderProduct] = []
        self.attached: list[Annotator] = []
        self.made = 0
        self.steps: list[dict[str, Any]] = []
        self.rendered: list[tuple[str, float]] = []
        self.capture_on_play: list[bool] = []
        self.broken = False
        self.during: list[Any] = []  # called at each step, to look at Kit's state
        self._source: EmbeddedSource | None = None

    # rep.create

    def render_product(
        self, camera: str, resolution: tuple[int, int], name: str | None = None, force_new: bool = False
    ) -> RenderProduct:
        product = RenderProduct(self, str(camera), resolution, name)
        self.products.append(product)
        self.made += 1
        return product

    # rep.orchestrator

    async def step_async(self, rt_subframes: int = -1, pause_timeline: bool = True, delta_time: float | None = None) -> None:
        self.steps.append({"rt_subframes": rt_subframes, "pause_timeline": pause_timeline, "delta_time": delta_time})
        await asyncio.sleep(0)
        if self.broken:
            raise RuntimeError("the renderer is gone")
        for function in self.during:
            function()
        for product in self.products:
            if product.hydra_texture.updates:
                self._render(product)

    def set_capture_on_play(self, on: bool) -> None:
        self.capture_on_play.append(on)

    # rep.AnnotatorRegistry

    def get_annotator(self, name: str, init_params: Any = None, device: str | None = None) -> Annotator:
        if name not in rep.AnnotatorRegistry.NAMES:
            raise ValueError(f"no annotator {name}")
        return Annotator(self, name)

    def _render(self, product: RenderProduct) -> None:
        time = omni.timeline.get_timeline_interface().get_current_time() * self.stage.GetTimeCodesPerSecond()
        self.rendered.append((product.camera, round(time, 6)))
        opened = wrap_stage(self.stage)
        if self._source is None:
            settings = CaptureSettings.model_validate({"quality": "draft"})
            self._source = EmbeddedSource(opened, settings, buffers=_BUFFERS)
        view = camera_view(opened, product.camera, time_code=time, resolution=product.resolution)
        frame = self._source.observe(view, time_code=time)
        outputs = outputs_of(frame, self.stage, key=str)
        outputs["normals"] = (frame.buffers[Buffer.NORMALS].copy(), {})
        product.frames += 1
        product.outputs = empty_outputs(outputs) if product.frames <= self.warm_up else _reused(product.outputs, outputs)


def _reused(before: Mapping[str, Any], now: dict[str, Any]) -> dict[str, Any]:
    """Write pictures into the arrays of the frame before, as Replicator does: whoever kept them without a copy sees it."""
    for name, (data, info) in now.items():
        old = before.get(name, (None, {}))[0]
        if isinstance(data, np.ndarray) and isinstance(old, np.ndarray) and old.shape == data.shape and old.flags.writeable:
            old[...] = data
            now[name] = (old, info)
    return now
