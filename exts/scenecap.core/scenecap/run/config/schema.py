"""The JSON schema of config files, and a config as flat keys."""

from __future__ import annotations

import copy
from typing import Any

from pydantic_core import to_jsonable_python

from scenecap.run.config.keys import ALIASES, BLOCKS, EITHER_OR, ConfigKey, config_keys
from scenecap.run.config.load import IRC_ROOT, ROOT
from scenecap.run.config.model import ScenecapConfig


def config_schema() -> dict[str, Any]:
    """Return the JSON schema (draft 2020-12) of a config file; editors complete and check keys with it."""
    definitions: dict[str, Any] = {}
    properties: dict[str, Any] = {}
    for name, key in config_keys().items():
        definitions.update(key.definitions)
        properties[name] = _tidy(key.schema)
    for alias, name in ALIASES.items():
        properties[alias] = {**properties[name], "description": f"Another name of `{name}`."}
    block = {
        "type": ["object", "null"],
        "description": "The same keys, grouped as IRC groups them.",
        "properties": {name: {"$ref": f"#/$defs/keys/properties/{name}"} for name in properties},
        "additionalProperties": False,
    }
    keys = {
        "type": "object",
        "properties": {**properties, **dict.fromkeys(BLOCKS, block)},
        "additionalProperties": False,
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Scenecap config",
        "description": f"A Scenecap config file: root '{ROOT}', or '{IRC_ROOT}' for IRC's files.",
        "type": "object",
        "properties": {ROOT: {"$ref": "#/$defs/keys"}, IRC_ROOT: {"$ref": "#/$defs/keys"}},
        "minProperties": 1,
        "maxProperties": 1,
        "additionalProperties": False,
        "$defs": {"keys": keys, **{name: _tidy(item) for name, item in definitions.items()}},
    }


def as_keys(config: ScenecapConfig) -> dict[str, Any]:
    """Return a config as flat keys with JSON values, in the order of the reference page.

    A key of single runs is left out where the batch's key that stands in for it is given, so that what is printed can be run.
    """
    keys = config_keys()
    replaced = {single for single, batch in EITHER_OR if _value(config, keys[batch])}
    return {name: to_jsonable_python(_value(config, key)) for name, key in keys.items() if name not in replaced}


def _value(config: ScenecapConfig, key: ConfigKey) -> Any:
    section, field_name = key.places[0]
    return getattr(getattr(config, section), field_name)


def _tidy(schema: Any) -> Any:
    """Return a schema without our own hints and without the titles that pydantic adds."""
    schema = copy.deepcopy(schema)
    if isinstance(schema, dict):
        return {
            key: _tidy(item)
            for key, item in schema.items()
            if not key.startswith("x-") and not (key == "title" and isinstance(item, str))
        }
    return [_tidy(item) for item in schema] if isinstance(schema, list) else schema
