"""Settings of the extension, kept by Kit under two prefixes. Never a key: those are read from the environment or a file.

``/exts/scenecap.replicator/<name>`` holds for the session (the command line, an application's file);
``/persistent/exts/scenecap.replicator/<name>`` is kept by Kit and goes before it.
"""

from __future__ import annotations

import logging
import re
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from scenecap.errors import ConfigError, UsageError
from scenecap.text import clean_text
from scenecap_replicator import compat

logger = logging.getLogger(__name__)

EXTENSION = "scenecap.replicator"
SESSION = f"/exts/{EXTENSION}"
PERSISTENT = f"/persistent/exts/{EXTENSION}"

#: Names that are never stored, whatever they hold.
_SECRET = re.compile(r"(?:^|_)(?:api_?key|key|token|secret|password|credentials?)(?:_|$)", re.IGNORECASE)


class ReplicatorSettings(BaseModel):
    """What a capture through Replicator can be told beside the config."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    config_file: str = Field("", description="Config file that CaptionAPI starts from; none: all defaults.")
    camera_prim_path: str = Field("", description="Camera that CaptionAPI captures; goes before the config's.")
    output_path: str = Field("", description="Folder for CaptionAPI's results; goes before the config's.")
    rt_subframes: int = Field(
        8, ge=1, le=512, description="Renderings per frame, of which the last is kept. More for large moves and new materials."
    )
    warm_up_frames: int = Field(
        16, ge=1, le=200, description="Frames that may come empty from a new render product before a camera counts as failed."
    )
    settle_updates: int = Field(
        2, ge=1, le=100, description="Updates of Kit after a change of time or labels, until Replicator knows of it."
    )
    semantic_filter: str = Field(
        "*:*",
        description="Semantic filter of Replicator during a capture; what was set before is put back. Empty: left as it is.",
    )
    attach_to_replicator: bool = Field(
        True,
        description="With attach_label_to_usd, also label prims in the session layer during a capture, so that the renderer "
        "tells them apart. The labels are taken off afterwards.",
    )
    register_writers: bool = Field(True, description="Register the writers when the extension starts.")
    drain_seconds: float = Field(
        60.0, ge=0, le=3600, description="Longest wait for unfinished frames when the extension is shut down [s]."
    )


def read_settings(store: Any | None = None) -> ReplicatorSettings:
    """Return the settings as Kit has them.

    Args:
        store: carb's settings; Kit's without it. Where there are none, the defaults hold.

    Raises:
        ConfigError: A value is not allowed; names the setting.
    """
    store = compat.settings() if store is None else store
    values: dict[str, Any] = {}
    places: dict[str, str] = {}
    if store is not None:
        for name in ReplicatorSettings.model_fields:
            for prefix in (SESSION, PERSISTENT):
                value = store.get(f"{prefix}/{name}")
                if value is not None:
                    values[name], places[name] = value, f"{prefix}/{name}"
    try:
        return ReplicatorSettings.model_validate(values)
    except ValidationError as error:
        lines = [
            f"{places.get(str(item['loc'][0]), item['loc'][0])}: {clean_text(item['msg'], limit=200)}"
            for item in error.errors()
            if item["loc"]
        ]
        raise ConfigError("\n".join(lines), remedy="Correct the setting.") from None


def write_setting(name: str, value: Any, *, persistent: bool = False) -> None:
    """Set one setting.

    Args:
        name: A field of :class:`ReplicatorSettings`.
        value: Its value.
        persistent: Keep it for later sessions.

    Raises:
        UsageError: There is no such setting, it sounds like a secret, or there is no Kit to keep it.
    """
    if _SECRET.search(name):
        raise UsageError(
            f"{name}: keys are never stored in Kit's settings.", remedy="Put it into an environment variable or a file."
        )
    if name not in ReplicatorSettings.model_fields:
        raise UsageError(f"{name}: there is no such setting.")
    store = compat.settings()
    if store is None:
        raise UsageError(f"{name}: there are no settings outside Kit.")
    store.set(f"{PERSISTENT if persistent else SESSION}/{name}", value)


class ReplicatorCaptionSettings:
    """Names that scripts for IRC use to say which camera and where to; they hold for the session."""

    CACHE_CONFIG_FILE_PATH = f"{SESSION}/config_file"

    @classmethod
    def set_target_camera_prim_path(cls, path: str) -> None:
        """Choose the camera that :meth:`CaptionAPI.get_captions` captures; "" for the config's."""
        write_setting("camera_prim_path", str(path))

    @classmethod
    def set_output_folder_path(cls, path: str) -> None:
        """Choose the folder for the results; "" for the config's."""
        write_setting("output_path", str(path))
