"""What a writer is initialised with, as a config: IRA's keys (flat in 6.x, nested in 5.x), IRO's, BasicWriter's flags, ours.

A key that none of them knows is an error with the nearest known one, as in a config file. Keys of the neighbours that mean
nothing here are taken and named in one log line, so that a config written for them loads unchanged.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from scenecap.errors import ConfigError
from scenecap.output.settings import Layout
from scenecap.replicator_format import Annotator
from scenecap.run.config import ScenecapConfig
from scenecap.run.config.build import GivenKeys, build_config
from scenecap.run.config.keys import ALIASES, BLOCKS, config_keys
from scenecap.run.config.load import IRC_DEFAULTS, IRC_ROOT, ROOT
from scenecap.run.config.yaml_source import YamlSource, read_yaml
from scenecap.text import clean_text, nearest
from scenecap_replicator.frame_sink import SinkSettings
from scenecap_replicator.work_queue import QueueFull

logger = logging.getLogger(__name__)

AGENT_ROOT = "isaacsim.replicator.agent"
OBJECT_ROOT = "isaacsim.replicator.object"

#: What the writers that bear IRC's names are always called, whether IRC is loaded or not: this, and the name.
OWN_PREFIX = "Scenecap"

#: Blocks of the neighbours whose contents are keys of the writer.
_BLOCKS = frozenset((*BLOCKS, "parameters", ROOT, IRC_ROOT))

#: BasicWriter's, IRA's and IRO's keys that mean nothing here.
IGNORED = frozenset(
    {
        "s3_bucket", "s3_region", "s3_endpoint", "use_common_output_dir", "image_output_format",
        "semantic_segmentation_mapping", "instance_id_segmentation", "colorize_instance_id_segmentation",
        "distance_to_camera", "colorize_depth", "motion_vectors", "pointcloud", "pointcloud_include_unlabelled",
        "skeleton_data", "agent_info_skeleton_data", "physics_info", "audio", "caption_writer", "num_frames",
        "global_settings", "overwrite", "metadata", "writer", "category", "video_format", "background_rand", "bbox",
        "labels", "descriptions", "3d_labels", "segmentation",
    }
)  # fmt: skip

#: IRA's names of box annotators.
_OBJECT_INFO = "object_info_"
#: Switches of IRO -> annotators that they ask for.
_OBJECT_SWITCHES: Mapping[str, tuple[Annotator, ...]] = {
    "images": (),
    "labels": (Annotator.BOUNDING_BOX_2D_TIGHT, Annotator.BOUNDING_BOX_2D_LOOSE, Annotator.BOUNDING_BOX_3D),
    "distance_to_image_plane": (Annotator.DISTANCE_TO_IMAGE_PLANE,),
    "caption": (),
    "pointcloud": (),
}


@dataclass(frozen=True)
class WriterOptions:
    """What a writer needs beside the config of the run.

    Attributes:
        caption_interval: Captions every so many frames.
        scene_graph_interval: Graphs every so many frames.
        writer_interval: Annotator outputs every so many frames.
        skip_frames: Frames left out at the start.
        semantic_filter: Replicator's predicate to set while the writer is attached; None leaves what is there.
        data_structure: Which shape of payload is asked for.
        sink: The queue's settings.
        captions: Whether captions are written at all (IRO's switch).
    """

    caption_interval: int = 1
    scene_graph_interval: int = 1
    writer_interval: int = 1
    skip_frames: int = 0
    semantic_filter: str | None = None
    data_structure: str = "renderProduct"
    sink: SinkSettings = field(default_factory=SinkSettings)
    captions: bool = True


@dataclass(frozen=True)
class Flavour:
    """How one writer differs from another.

    Attributes:
        name: The writer's name, for messages.
        layout: File tree where the config does not say.
        caption_interval: As IRA's documentation has it.
        defaults: Flat keys that hold where nothing else is given.
        labels: Whether IRO's ``labels`` are written.
    """

    name: str
    layout: Layout
    caption_interval: int = 1
    defaults: Mapping[str, object] = field(default_factory=dict)
    labels: bool = True


#: Options of writers -> (smallest, largest).
_COUNTS: Mapping[str, tuple[int, int]] = {
    "caption_interval": (1, 10**9),
    "scene_graph_interval": (1, 10**9),
    "writer_interval": (1, 10**9),
    "skip_frames": (0, 10**9),
    "queue_capacity": (1, 100_000),
    "warm_up_frames": (0, 1000),
    "seed": (0, 2**53),
}
_OPTIONS = (*_COUNTS, "queue_full", "drain_seconds", "semantic_types", "semantic_filter_predicate", "data_structure")


def read_writer_keys(
    keys: Mapping[str, Any], *, flavour: Flavour, config: str | Path | Mapping[str, Any] | None = None
) -> tuple[ScenecapConfig, WriterOptions]:
    """Return the config and the options that a writer's arguments stand for.

    Args:
        keys: The arguments of ``initialize``: flat keys, or blocks of them.
        flavour: Which writer.
        config: A config file (ours, IRC's, IRA's or IRO's) or its content; ``keys`` go before it.

    Raises:
        ConfigError: One line per fault.
    """
    reader = _Reader(flavour)
    if config is not None:
        reader.take_config(config)
    reader.take(keys, YamlSource(name=flavour.name, values=None, folder=Path.cwd()), ())
    return reader.result()


class _Reader:
    """Sorts keys into those of the config, those of the writer, and those that mean nothing here."""

    def __init__(self, flavour: Flavour) -> None:
        self._flavour = flavour
        self._given = GivenKeys()
        self._options: dict[str, Any] = {}
        self._annotators: dict[Annotator, bool] = {}
        self._ignored: list[str] = []
        self._nested = False
        self._irc = flavour.layout is not Layout.STANDALONE
        self._switches: dict[str, bool] = {}

    def take_config(self, config: str | Path | Mapping[str, Any]) -> None:
        """Take a file, or its content."""
        if isinstance(config, Mapping):
            source = YamlSource(name=f"{self._flavour.name}: config", values=dict(config), folder=Path.cwd())
        else:
            source = read_yaml(Path(config))
        values = source.values
        if not isinstance(values, Mapping):
            raise ConfigError(f"{source.name}: a config must hold keys.", remedy=f"Start it with '{ROOT}:'.")
        path: tuple[str, ...] = ()
        body: Mapping[Any, Any] = values
        for root in (ROOT, IRC_ROOT, AGENT_ROOT, OBJECT_ROOT):
            if root in values:
                inner = values[root]
                body = inner if isinstance(inner, Mapping) else {}
                path = (root,)
                self._irc = root != ROOT
        if path == (AGENT_ROOT,):
            body, path = self._agent_body(body, path, source)
        elif path == (OBJECT_ROOT,):
            body = {key: value for key, value in body.items() if key in _OBJECT_KEYS}
        self.take(body, source, path)

    def _agent_body(
        self, body: Mapping[Any, Any], path: tuple[str, ...], source: YamlSource
    ) -> tuple[Mapping[Any, Any], tuple[str, ...]]:
        """Return the writer's keys of an IRA config: 0.x names one writer, 1.x has a block for each."""
        replicator = body.get("replicator")
        if not isinstance(replicator, Mapping):
            raise ConfigError(f"{source.where(path)}: there is no 'replicator' block in it.")
        path = (*path, "replicator")
        writers = replicator.get("writers")
        if isinstance(writers, Mapping):
            for name in (self._flavour.name, OWN_PREFIX + self._flavour.name):
                found = writers.get(name)
                if isinstance(found, Mapping):
                    return found, (*path, "writers", name)
            names = ", ".join(map(str, writers))
            raise ConfigError(f"{source.where(path)}: no keys for {self._flavour.name}; the writers there are: {names}.")
        parameters = replicator.get("parameters")
        return (parameters if isinstance(parameters, Mapping) else {}), (*path, "parameters")

    def take(self, keys: Mapping[Any, Any], source: YamlSource, path: tuple[str, ...]) -> None:
        """Take keys of one mapping; values of None are as good as absent."""
        for raw, value in keys.items():
            key, here = str(raw), (*path, str(raw))
            if key in _BLOCKS and isinstance(value, Mapping):
                self._nested |= key == "caption_config"
                self.take(value, source, here)
            elif value is None and key not in config_keys():
                continue
            elif key == "output_switches" and isinstance(value, Mapping):
                self._switches |= {str(name): bool(on) for name, on in value.items()}
            else:
                self._take_one(key, value, source, here)

    def _take_one(self, key: str, value: Any, source: YamlSource, here: tuple[str, ...]) -> None:
        if key in ("output_dir", "output_path"):
            self._given.add("output_path", None if value is None else str(value), source, here, written=key)
        elif key in _OPTIONS:
            self._options[key] = value
        elif (annotator := _annotator_of(key)) is not None:
            self._annotators[annotator] = bool(value)
        elif key in config_keys() or key in ALIASES:
            self._given.add(key, value, source, here)
        elif key in IGNORED or key.startswith(_OBJECT_INFO):
            self._ignored.append(key)
        else:
            hint = nearest(key, (*config_keys(), *ALIASES, *_OPTIONS, *BLOCKS))
            remedy = f"; did you mean '{hint}'?" if hint else "; docs/isaac-sim.md lists the keys."
            self._given.faults.append(f"{source.where(here)}: unknown key '{clean_text(key)}'{remedy}")

    def result(self) -> tuple[ScenecapConfig, WriterOptions]:
        """Check everything and compose config and options."""
        options = self._writer_options()
        defaults: dict[str, object] = dict(IRC_DEFAULTS) if self._irc else {}
        defaults |= {"layout": self._flavour.layout.value, **self._flavour.defaults}
        if self._flavour.layout is Layout.AGENT:
            defaults["agent_version"] = "5" if self._nested else "6"
        asked = [annotator for annotator, on in self._annotators.items() if on]
        for name, on in self._switches.items():
            if name not in _OBJECT_SWITCHES and name not in IGNORED:
                hint = nearest(name, tuple(_OBJECT_SWITCHES))
                meant = f"; did you mean '{hint}'?" if hint else ""
                self._given.faults.append(f"output_switches: unknown switch '{clean_text(name)}'{meant}")
            elif on and (name != "labels" or self._flavour.labels):
                asked.extend(_OBJECT_SWITCHES.get(name, ()))
        if "images" in self._switches:
            defaults["save_image"] = self._switches["images"]
        if self._annotators or self._switches or self._flavour.layout is not Layout.STANDALONE:
            defaults["annotators"] = list(dict.fromkeys(item.value for item in asked))
        if self._ignored:
            logger.info("%s: these keys have no meaning here: %s", self._flavour.name, ", ".join(sorted(set(self._ignored))))
        return build_config(self._given, defaults=defaults), options

    def _writer_options(self) -> WriterOptions:
        options, faults = self._options, self._given.faults
        numbers: dict[str, int] = {}
        for key, (low, high) in _COUNTS.items():
            value = options.get(key)
            if value is None:
                continue
            if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
                faults.append(
                    f"{self._flavour.name}: {key}: '{clean_text(value)}' is not allowed; give a whole number from {low}."
                )
            else:
                numbers[key] = value
        types, predicate = options.get("semantic_types"), options.get("semantic_filter_predicate")
        if types is not None and predicate is not None:
            faults.append(f"{self._flavour.name}: semantic_types and semantic_filter_predicate exclude each other; give one.")
        full = options.get("queue_full", QueueFull.BLOCK.value)
        if str(getattr(full, "value", full)) not in {item.value for item in QueueFull}:
            faults.append(f"{self._flavour.name}: queue_full: '{clean_text(full)}' is not allowed; give block or fail.")
            full = QueueFull.BLOCK
        structure = options.get("data_structure", "renderProduct")
        if structure not in ("legacy", "annotator", "renderProduct"):
            faults.append(f"{self._flavour.name}: data_structure: give legacy, annotator or renderProduct.")
        drain = options.get("drain_seconds", SinkSettings.drain_seconds)
        if isinstance(drain, bool) or not isinstance(drain, (int, float)) or not drain >= 0:
            faults.append(f"{self._flavour.name}: drain_seconds: '{clean_text(drain)}' is not allowed; give seconds from 0.")
            drain = 0.0
        sink = SinkSettings(
            queue_capacity=numbers.get("queue_capacity", SinkSettings.queue_capacity),
            queue_full=QueueFull(full),
            drain_seconds=float(drain),
            warm_up_frames=numbers.get("warm_up_frames", SinkSettings.warm_up_frames),
            seed=numbers.get("seed"),
        )
        return WriterOptions(
            caption_interval=numbers.get("caption_interval", self._flavour.caption_interval),
            scene_graph_interval=numbers.get("scene_graph_interval", 1),
            writer_interval=numbers.get("writer_interval", 1),
            skip_frames=numbers.get("skip_frames", 0),
            semantic_filter=predicate_of(types, predicate),
            data_structure=structure,
            sink=sink,
            captions=self._switches.get("caption", True),
        )


#: Keys of an IRO config that concern a caption writer; its others describe the scene to simulate.
_OBJECT_KEYS = frozenset((*BLOCKS, "output_path", "output_switches", "seed", "version", "num_frames"))


def predicate_of(types: Any, predicate: Any) -> str | None:
    """Return Replicator's semantic filter of ``semantic_types`` (``["class", "shape"]``) or a predicate; None for neither."""
    if predicate is not None:
        return str(predicate).strip() or None
    if not types:
        return None
    names = [types] if isinstance(types, str) else list(types)
    return "; ".join(f"{clean_text(name)}:*" for name in names)


def without_captions(config: ScenecapConfig) -> ScenecapConfig:
    """Return a config for a frame that gets no captions."""
    off = config.caption.model_copy(update={"brief": False, "overall": False, "questions": False})
    return config.model_copy(update={"caption": off})


def without_graph(config: ScenecapConfig) -> ScenecapConfig:
    """Return a config for a frame that gets captions and annotator outputs only."""
    files = ("save_full_scene_graph", "save_pruned_scene_graph", "visualize_caption", "export_depth", "export_point_cloud")
    return config.model_copy(update={"output": config.output.model_copy(update=dict.fromkeys(files, False))})


def without_annotators(config: ScenecapConfig) -> ScenecapConfig:
    """Return a config for a frame whose annotator outputs and picture are not written."""
    update = {"annotators": (), "save_image": False}
    return config.model_copy(update={"output": config.output.model_copy(update=update)})


def _annotator_of(key: str) -> Annotator | None:
    name = key.removeprefix(_OBJECT_INFO)
    try:
        return Annotator(name)
    except ValueError:
        return None
