"""The files of one frame as bytes, each made once and only if a layout asks for it."""

from __future__ import annotations

from functools import cached_property

import numpy as np

from scenecap.contract import Buffer
from scenecap.output.canonical import Encoded, dumps
from scenecap.output.caption_json import caption_document
from scenecap.output.graph_json import encode_nodes, graph_document
from scenecap.output.model import FrameResult, JobFacts
from scenecap.output.object_data import object_data_document
from scenecap.output.overlay import draw_overlay
from scenecap.output.pictures import jpeg_bytes, npy_bytes, png_bytes
from scenecap.output.settings import OutputSettings


class Documents:
    """What a layout puts into its files. A document that was not asked for, or has nothing to show, is None.

    Args:
        result: The frame with its graph and captions.
        settings: What is written.
        job: What the job's frames share.
        asked: Caption kinds that were asked for.
    """

    def __init__(
        self, result: FrameResult, settings: OutputSettings, job: JobFacts, *, asked: frozenset[str] | None = None
    ) -> None:
        self.result = result
        self.settings = settings
        self.job = job
        self._asked = asked

    @cached_property
    def full_graph(self) -> bytes | None:
        """The full scene graph."""
        if not self.settings.save_full_scene_graph or self.result.graph.full is None:
            return None
        return self._graph("full")

    @cached_property
    def pruned_graph(self) -> bytes | None:
        """The pruned scene graph."""
        return self._graph("pruned") if self.settings.save_pruned_scene_graph else None

    def _graph(self, which: str) -> bytes:
        document = graph_document(
            self.result,
            self.job,
            which=which,
            export_edges=self.settings.export_edges,
            export_world=self.settings.export_world,
            nodes=self._nodes,
        )
        return dumps(document)

    @cached_property
    def _nodes(self) -> dict[str, Encoded]:
        return encode_nodes(self.result, export_world=self.settings.export_world)

    @cached_property
    def caption(self) -> bytes | None:
        """All texts of the frame."""
        if self.result.captions is None:
            return None
        return dumps(caption_document(self.result, self.job, asked=self._asked))

    @cached_property
    def object_data(self) -> bytes | None:
        """Everything observed."""
        if not self.settings.save_object_data:
            return None
        return dumps(object_data_document(self.result, self.job, export_world=self.settings.export_world))

    @cached_property
    def overlay(self) -> bytes | None:
        """Boxes, labels and the pruned graph on the picture, as JPEG."""
        if not self.settings.visualize_caption:
            return None
        return jpeg_bytes(draw_overlay(self.result.frame, self.result.graph), quality=self.settings.jpeg_quality)

    @cached_property
    def image(self) -> bytes | None:
        """The picture, as PNG."""
        picture = self.result.frame.buffers.get(Buffer.RGB)
        if picture is None or not self.settings.save_image:
            return None
        return png_bytes(picture, compression=self.settings.png_compression)

    @cached_property
    def depth(self) -> bytes | None:
        """Distance to the image plane [m], (H, W) float32, inf where nothing is hit."""
        depth = self.result.frame.buffers.get(Buffer.DEPTH)
        return None if depth is None else npy_bytes(depth)

    @cached_property
    def point_cloud(self) -> bytes | None:
        """(N, 3) float32 points in world [m] of all pixels that hit something, row by row."""
        frame = self.result.frame
        depth = frame.buffers.get(Buffer.DEPTH)
        if depth is None:
            return None
        rows, columns = np.nonzero(np.isfinite(depth) & (depth > 0))
        distance = depth[rows, columns].astype(np.float64)
        camera = frame.camera
        x = (columns + 0.5 - camera.center_px[0]) / camera.focal_px * distance
        y = (camera.center_px[1] - rows - 0.5) / camera.focal_px * distance
        points = np.stack([x, y, -distance, np.ones_like(distance)], axis=1) @ camera.camera_to_world
        return npy_bytes(points[:, :3].astype(np.float32))
