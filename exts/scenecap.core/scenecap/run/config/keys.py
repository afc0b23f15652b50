"""The flat keys a person writes, and which section's field each one sets."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from pydantic_core import PydanticUndefined

from scenecap.caption.chat.settings import ChatSettings
from scenecap.run.config.describe import Schema, allowed
from scenecap.run.config.model import SECTIONS, is_path
from scenecap.text import nearest

#: Other names of keys: IRC's own, and plain slips.
ALIASES: Mapping[str, str] = MappingProxyType({"camera_prim_path": "cameras", "camera": "cameras"})

#: (section, field) -> the key a person writes, where that is not the field's own name.
KEY_NAMES: Mapping[tuple[str, str], str] = MappingProxyType(
    {
        ("caption", "brief"): "brief_caption",
        ("caption", "overall"): "global_caption",
        ("caption", "questions"): "qa_caption",
        ("caption", "seed"): "random_seed",
        **{("chat", name): f"model_{name}" for name in ChatSettings.model_fields if name not in ("prompts", "on_unsupported")},
    }
)

#: Keys that stand in for each other, one for a single run and one for a batch: of each pair, a config gives one.
EITHER_OR = (
    ("scene_path", "scenes"),
    ("recorded_path", "scenes"),
    ("cameras", "viewpoints"),
    ("random_seed", "seeds"),
)

#: Blocks that keys may be grouped in; their contents are flat keys too. The first is IRC's, the second IRA 0.x's.
BLOCKS = ("caption_configs", "caption_config")

#: IRC's own keys, in its order: those of its top level, then those of `caption_configs`.
IRC_TOP_KEYS = ("version", "camera_prim_path", "scene_path", "output_path")
IRC_CAPTION_KEYS = (
    "save_full_scene_graph",
    "save_pruned_scene_graph",
    "pruning_ratio",
    "random_seed",
    "attach_label_to_usd",
    "use_ai_label",
    "visualize_caption",
    "max_object_capacity",
    "export_edges",
    "export_world",
    "global_caption",
    "brief_caption",
    "qa_caption",
    "caption_only",
    "verbose",
)


@dataclass(frozen=True)
class ConfigKey:
    """One key of the config.

    Attributes:
        name: As a person writes it.
        places: (section, field) of every setting it sets; a seed, say, is used by more than one package.
        schema: JSON schema of its value.
        definitions: The ``$defs`` that the schema refers to.
        description: What it is for.
        default: Its default, as JSON.
        is_path: Whether a relative value starts from the config file's folder.
    """

    name: str
    places: tuple[tuple[str, str], ...]
    schema: Schema
    definitions: Schema
    description: str
    default: Any
    is_path: bool

    @property
    def section(self) -> str:
        """Section that the reference page lists it under."""
        return self.places[0][0]

    @property
    def allowed(self) -> str:
        """What it allows, in words."""
        return allowed(self.schema, self.definitions)


@functools.cache
def config_keys() -> Mapping[str, ConfigKey]:
    """Return every key by name, in the order of the reference page."""
    keys: dict[str, ConfigKey] = {}
    for section, model in SECTIONS.items():
        schema = model.model_json_schema()
        for field_name, field in model.model_fields.items():
            name = KEY_NAMES.get((section, field_name), field_name)
            place = (section, field_name)
            if name in keys:
                known = keys[name]
                keys[name] = ConfigKey(**{**vars(known), "places": (*known.places, place)})
                continue
            own = schema["properties"][field_name]
            default = field.get_default(call_default_factory=True)
            keys[name] = ConfigKey(
                name=name,
                places=(place,),
                schema=own,
                definitions=schema.get("$defs", {}),
                description=field.description or "",
                default=None if default is PydanticUndefined else default,
                is_path=is_path(field),
            )
    return MappingProxyType(keys)


def nearest_key(word: str) -> str | None:
    """Return the key that a mistyped one most likely means."""
    return nearest(word, (*config_keys(), *ALIASES, BLOCKS[0]))
