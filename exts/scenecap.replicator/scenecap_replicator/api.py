"""``CaptionAPI``: captions of the open stage from a script, with the calls that IRC's API has.

::

    from scenecap_replicator.api import CaptionAPI

    CaptionAPI.load_config_file("/path/to/config.yaml")
    result = await CaptionAPI.get_captions()
    print(result["brief_caption"], result["nodes"])
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from scenecap.caption.chat.engine import check_model
from scenecap.errors import CaptureError, ConfigError
from scenecap.output.canonical import dumps
from scenecap.output.caption_json import caption_document
from scenecap.output.graph_json import graph_document
from scenecap.output.manifest import FrameStatus
from scenecap.output.model import FrameResult
from scenecap.run.config import Override, ScenecapConfig, load_config, make_config
from scenecap.run.config.job_settings import Engine
from scenecap.run.config.schema import as_keys
from scenecap.run.job import job_facts
from scenecap.run.pipeline import asked_kinds
from scenecap.run.result import FrameOutcome, RunResult
from scenecap_replicator.capture import run_capture
from scenecap_replicator.settings import ReplicatorCaptionSettings, ReplicatorSettings, read_settings

__all__ = ["CaptionAPI", "ReplicatorCaptionSettings"]

logger = logging.getLogger(__name__)

#: What is said where no model is set.
NO_MODEL = "No model is set: captions are written by templates, which need none. set_model_params(url, name) sets one."
#: What is said of a key that is passed as an argument.
KEY_NOT_TAKEN = (
    "The key that was passed is neither used nor kept: a key is read from an environment variable or a file, and goes to its "
    "own host only. NVIDIA_API_KEY is read for integrate.api.nvidia.com; for another server give key_variable or key_file."
)
#: Options of :meth:`CaptionAPI.set_model_params` that are IRC's and ours -> config keys.
_OPTIONS = ("max_tokens", "timeout", "enable_thinking", "profile", "key_variable", "key_file", "picture")


class CaptionAPI:
    """All calls are class-level, as in IRC. What was loaded holds until :meth:`reset`."""

    _config: ScenecapConfig | None = None
    _model: Mapping[str, Any] | None = None

    @classmethod
    def load_config_file(cls, path: str | Path) -> ScenecapConfig:
        """Read a config file, ours or IRC's; its camera and output folder apply to :meth:`get_captions`.

        Raises:
            ConfigError: One line per fault, with file and line.
        """
        cls._config = load_config(Path(path))
        return cls._config

    @classmethod
    def reset(cls) -> None:
        """Forget the config that was loaded, and the model."""
        cls._config = cls._model = None

    @classmethod
    def config(cls) -> ScenecapConfig:
        """Return what :meth:`get_captions` uses: the loaded config, else ``config_file`` of Kit's settings, else defaults.

        A camera or an output folder in Kit's settings go before the config's.

        Raises:
            ConfigError: The file or a setting is wrong.
        """
        return _with_settings(cls._config, read_settings(), cls._model or {})

    @classmethod
    async def get_captions(
        cls,
        *,
        progress: Callable[[FrameOutcome, int, int], None] | None = None,
        cancelled: Callable[[], bool] | None = None,
    ) -> dict[str, Any]:
        """Capture the stage, write the files, and return what is in them.

        Args:
            progress: Called on a worker thread after each frame.
            cancelled: Asked between frames; True stops.

        Returns:
            ``nodes`` (prim path -> object, as in the graph files), ``edges``, ``brief_caption``, ``global_caption``,
            ``qa_caption`` and ``camera`` of the first frame that was written; ``frames``, the same of every frame, with
            ``status``, ``reason`` and ``files``; ``files`` of all frames; ``output``; ``exit_code`` as the command line's.

        Raises:
            UsageError: Nothing was started: no such camera (names the nearest), no output folder, no stage.
            CaptureError: No frame could be made; says why for each camera.
            CaptureCancelled: It was cancelled.
        """
        config = cls.config()
        texts: dict[tuple[str, int], dict[str, Any]] = {}

        def keep(result: FrameResult) -> None:
            texts[result.frame.camera.path, result.frame.frame_index] = _texts(result, config)

        result = await run_capture(config, progress=progress, on_result=keep, cancelled=cancelled)
        return _answer(result, texts)

    @classmethod
    def set_model_params(cls, url: str, name: str, key: str = "", **options: Any) -> None:
        """Let a chat model write the captions of :meth:`get_captions`, until :meth:`reset`.

        Args:
            url: Address of the server, up to and with ``/v1``.
            name: The model, as its server lists it. With an empty name, templates write the captions again.
            key: Of IRC's call; it is neither used nor kept.
            options: ``max_tokens``, ``timeout``, ``enable_thinking`` (IRC's), ``profile``, ``key_variable``, ``key_file``,
                ``picture``: config keys without their ``model_``.

        Raises:
            ConfigError: A value is not allowed, or there is no such option.
        """
        if key:
            logger.warning(KEY_NOT_TAKEN)
        unknown = [option for option in options if option not in _OPTIONS]
        if unknown:
            raise ConfigError(f"set_model_params: {unknown[0]}: no such option; known are {', '.join(_OPTIONS)}.")
        if not name:
            cls._model = None
            return
        keys = {"engine": "chat", "model_url": url, "model_name": name}
        keys |= {f"model_{option}": value for option, value in options.items()}
        host = urlsplit(url).hostname if "://" in url else None
        keys.setdefault("model_profile", "nim" if host == "integrate.api.nvidia.com" else "other")
        make_config(keys)  # says at once what is wrong
        cls._model = keys

    @classmethod
    def check_model(cls) -> tuple[bool, str]:
        """Ask the model one small question; return whether it can be used, and a sentence about it."""
        config = cls.config()
        if config.job.engine is not Engine.CHAT:
            return False, NO_MODEL
        return check_model(config.chat)


def _with_settings(config: ScenecapConfig | None, settings: ReplicatorSettings, model: Mapping[str, Any]) -> ScenecapConfig:
    overrides = [Override(key, value, f"set_model_params {key.removeprefix('model_')}") for key, value in model.items()]
    if settings.camera_prim_path:
        overrides.append(Override("cameras", settings.camera_prim_path, "camera_prim_path"))
    if settings.output_path:
        overrides.append(Override("output_path", settings.output_path, "output_path"))
    if config is None and settings.config_file:
        file = Path(settings.config_file)
        if not file.is_file():
            raise ConfigError(f"config_file: there is no file '{file}'.", remedy="Correct the setting, or clear it.")
        return load_config(file, overrides=tuple(overrides))
    keys = {} if config is None else {key: value for key, value in as_keys(config).items() if value is not None}
    return make_config(keys, overrides=tuple(overrides)) if overrides or config is None else config


def _texts(result: FrameResult, config: ScenecapConfig) -> dict[str, Any]:
    """Return a frame's nodes, edges and captions as the files have them."""
    job = job_facts(config, [result.frame.camera.path], several_frames=False)
    which = "pruned" if result.graph.full is None else "full"
    graph = graph_document(result, job, which=which, export_edges=True, export_world=config.output.export_world)
    read = json.loads(dumps(graph))
    found: dict[str, Any] = {"nodes": read["obj"], "edges": read["edges"]}
    found |= dict.fromkeys(("brief_caption", "global_caption", "qa_caption"))
    if result.captions is not None:
        captions = json.loads(dumps(caption_document(result, job, asked=asked_kinds(config))))
        found |= {name: captions[name] for name in ("brief_caption", "global_caption", "qa_caption")}
    return found


def _answer(result: RunResult, texts: Mapping[tuple[str, int], dict[str, Any]]) -> dict[str, Any]:
    frames = []
    for outcome in result.frames:
        row = outcome.row
        frames.append(
            {
                "camera": row.camera,
                "frame": row.frame_index,
                "time_code": row.time_code,
                "status": row.status.value,
                "reason": row.reason,
                "warnings": list(row.warnings),
                "files": [str(result.output / item.path) for item in row.files],
                **texts.get((row.camera, row.frame_index), {}),
            }
        )
    written = [frame for frame in frames if frame["status"] == FrameStatus.WRITTEN.value]
    if not written:
        reasons = dict.fromkeys(f"{frame['camera']}: {frame['reason']}" for frame in frames)
        raise CaptureError("No frame could be made.\n" + "\n".join(reasons))
    first = next((frame for frame in written if "nodes" in frame), written[0])
    wanted = ("camera", "nodes", "edges", "brief_caption", "global_caption", "qa_caption")
    return {
        **{name: first.get(name) for name in wanted},
        "frames": frames,
        "files": [file for frame in frames for file in frame["files"]],
        "output": str(result.output),
        "exit_code": result.exit_code,
    }
