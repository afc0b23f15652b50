"""What all writers share: a Replicator ``Writer`` that hands every payload to a :class:`FrameSink`."""

from __future__ import annotations

import logging
import weakref
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

from omni.replicator.core import Writer

from scenecap.errors import MissingExtraError, ScenecapError, UsageError
from scenecap.output.settings import Layout
from scenecap.run.config import ScenecapConfig
from scenecap.run.label_source import open_label_database
from scenecap_replicator import compat
from scenecap_replicator.annotators import annotators_for
from scenecap_replicator.frame_sink import FrameSink, SinkReport
from scenecap_replicator.payload_shapes import RenderProductPayload, split_payload
from scenecap_replicator.semantic_filter import SemanticFilter
from scenecap_replicator.stage_access import StageAccess
from scenecap_replicator.to_frame import FrameContext, missing_outputs
from scenecap_replicator.writers.config_keys import (
    Flavour,
    WriterOptions,
    read_writer_keys,
    without_annotators,
    without_captions,
    without_graph,
)

logger = logging.getLogger(__name__)


class SceneWriter(Writer):
    """Base of Scenecap's writers; not registered itself.

    ``write()`` copies what it needs and returns; graph, captions and files are made on a worker thread. A frame that fails has
    a row in ``manifest.jsonl`` that says why, and the capture goes on.

    Args:
        output_dir: Folder for the results; ``output_path`` in a config is the same.
        backend: Replicator's backend; its folder is the output folder where no other is given. Files are written by this
            writer itself (whole or not at all), not through it.
        config: A config file, or its content.
        **kwargs: Flat keys, blocks of keys, BasicWriter's flags. See ``docs/isaac-sim.md``.

    Raises:
        ConfigError: A key is unknown or a value not allowed; names it and the nearest known one.
        UsageError: There is no output folder.
    """

    FLAVOUR: ClassVar[Flavour] = Flavour(name="SceneWriter", layout=Layout.STANDALONE)
    LIVE: ClassVar[weakref.WeakSet[SceneWriter]] = weakref.WeakSet()

    def __init__(
        self,
        output_dir: str | None = None,
        backend: Any = None,
        config: str | Path | Mapping[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        earlier: FrameSink | None = self.__dict__.get("_sink")  # initialize() may be called again
        if earlier is not None:
            earlier.close()
        self.version = "1.0"
        keys = dict(kwargs)
        if output_dir is not None:
            keys["output_dir"] = output_dir
        self._config, self._options = read_writer_keys(keys, flavour=self.FLAVOUR, config=config)
        self._output = _output_folder(self._config, backend, self.FLAVOUR.name)
        if backend is not None:
            self.backend = backend
        self.data_structure = self._options.data_structure
        self._asked = annotators_for(self._config)
        self.annotators = [compat.annotator(name) for name in self._asked]
        self._variants = _Variants(self._config, self._options)
        self._sink: FrameSink | None = None
        self._last_sink: FrameSink | None = earlier or self.__dict__.get("_last_sink")
        self._frame_id = 0
        self._calls = 0
        self._stage: StageAccess | None = None
        self._filter: SemanticFilter | None = None

    # Replicator's hooks

    def attach(self, render_products: Any, *args: Any, **kwargs: Any) -> Any:
        """Attach to render products; sets the semantic filter where one was asked for, until :meth:`detach`."""
        if self._options.semantic_filter is not None and self._filter is None:
            self._filter = SemanticFilter.set(self._options.semantic_filter)
        self.LIVE.add(self)
        result = super().attach(render_products, *args, **kwargs)
        self._stage_access().prepare()
        return result

    def write(self, data: dict[str, Any]) -> None:
        """Take one payload. Copies and returns; raises for nothing that is wrong with a frame."""
        products = split_payload(data)
        self._calls += 1
        if self._calls <= self._options.skip_frames:
            return
        sink = self._open_sink()
        ready = {name: product for name, product in products.items() if not sink.is_warm_up(product)}
        if not ready:
            return
        number = self._frame_id
        self._frame_id += 1
        config = self._variants.of(number)
        if config is None:
            return
        stage = self._stage_access()
        cameras = {name: product.camera or stage.camera_of(name) for name, product in ready.items()}
        sink.name_cameras(cameras.values())
        for name, product in ready.items():
            self._submit(sink, stage, product, cameras[name], number, config)

    def on_final_frame(self) -> None:
        """Let the worker finish what it has and close the manifest; returns at once. The next frame starts a new run."""
        sink, self._sink = self._sink, None
        if sink is not None:
            self._last_sink = sink
            sink.close()
        self._frame_id = 0
        self._calls = 0

    def detach(self) -> None:
        """Detach, wait for the frames that are there (at most ``drain_seconds``), put the semantic filter back."""
        super().detach()
        self.release()

    # Ours

    @property
    def output(self) -> Path:
        """The output folder."""
        return self._output

    @property
    def config(self) -> ScenecapConfig:
        """All settings."""
        return self._config

    def drain(self, *, limit_seconds: float | None = None) -> SinkReport | None:
        """Wait until all frames are written, at most ``limit_seconds``; return what became of them (None: there were none)."""
        sink = self._sink or self._last_sink
        self._sink = None
        if sink is None:
            return None
        self._last_sink = sink
        return sink.drain(limit_seconds=limit_seconds)

    async def wait_until_complete_async(self) -> SinkReport | None:
        """Wait until all frames that came so far are made, without blocking Kit; frames may go on coming meanwhile."""
        sink = self._sink or self._last_sink
        return None if sink is None else await sink.drain_async()

    def report(self) -> SinkReport | None:
        """Return what became of the frames so far."""
        sink = self._sink or self._last_sink
        return None if sink is None else sink.report()

    def _submit(
        self,
        sink: FrameSink,
        stage: StageAccess,
        product: RenderProductPayload,
        camera: str,
        number: int,
        config: ScenecapConfig,
    ) -> None:
        context = FrameContext(
            scene=stage.scene,
            camera=camera,
            frame_index=number,
            time_code=stage.time_code(number),
            up_axis=stage.up_axis,
            labels=self._config.labels,
            warnings=missing_outputs(product, self._asked),
        )
        try:
            sink.submit(product, stage.with_probe(context), config=config)
        except Exception as error:  # one frame's bug must not end the simulation
            sink.submit_failure(context, error)

    def _open_sink(self) -> FrameSink:
        if self._sink is None:
            if self._last_sink is not None:  # two sinks in one folder would write one manifest
                self._last_sink.drain(limit_seconds=self._options.sink.drain_seconds)
            self._sink = FrameSink(self._config, self._output, settings=self._options.sink)
        return self._sink

    def _stage_access(self) -> StageAccess:
        current = compat.current_stage()
        if self._stage is None or not self._stage.is_of(current):
            if self._stage is not None:
                self._stage.close()
            self._stage = StageAccess(current, self._config, _database(self._config))
        return self._stage

    def release(self) -> None:
        """Let go of the stage, put the semantic filter back, drain. ``detach`` does it, and the extension's shutdown."""
        self.LIVE.discard(self)
        if self._filter is not None:
            self._filter.restore()
            self._filter = None
        self.drain(limit_seconds=self._options.sink.drain_seconds)
        if self._stage is not None:
            self._stage.close()
            self._stage = None
        self._frame_id = 0
        self._calls = 0


class _Variants:
    """Which config a frame gets: captions, graphs and annotator outputs each have an interval of their own."""

    def __init__(self, config: ScenecapConfig, options: WriterOptions) -> None:
        self._options = options
        self._made: dict[tuple[bool, bool, bool], ScenecapConfig] = {}
        self._config = config

    def of(self, number: int) -> ScenecapConfig | None:
        """Return the config of frame ``number``; None where nothing of it is written."""
        options = self._options
        captions = options.captions and number % options.caption_interval == 0
        graph = number % options.scene_graph_interval == 0
        outputs = number % options.writer_interval == 0
        if not captions and not graph and not (outputs and self._config.output.annotators):
            return None
        key = (captions, graph, outputs)
        if key not in self._made:
            config = self._config if captions else without_captions(self._config)
            config = config if graph else without_graph(config)
            self._made[key] = config if outputs else without_annotators(config)
        return self._made[key]


def _database(config: ScenecapConfig) -> Any:
    try:
        return open_label_database(config.labels)
    except (ScenecapError, MissingExtraError) as error:
        logger.error("%s", error)
        return None


def _output_folder(config: ScenecapConfig, backend: Any, name: str) -> Path:
    folder = config.job.output_path or getattr(backend, "output_dir", None)
    if not folder:
        raise UsageError(f"{name}: no output folder is given.", remedy="Give output_dir.")
    return Path(folder).absolute()
