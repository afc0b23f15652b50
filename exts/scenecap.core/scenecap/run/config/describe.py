"""Say in words what a key allows, from its JSON schema: for error messages and for the reference page."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

Schema = Mapping[str, Any]

_PLAIN = {
    "boolean": "true or false",
    "string": "text",
    "null": "nothing (null)",
    "object": "a mapping",
    "number": "a number",
    "integer": "a whole number",
}


def allowed(schema: Schema, definitions: Schema) -> str:
    """Return what a field allows, as an English phrase ("a number from 0 to 1").

    Args:
        schema: The field's own schema.
        definitions: The model's ``$defs``.
    """
    schema = resolve(schema, definitions)
    if "x-allowed" in schema:
        return str(schema["x-allowed"])
    if schema.get("x-path"):
        return "a path"
    if "discriminator" in schema:
        return f"a mapping whose {schema['discriminator']['propertyName']} is {_either(kinds_of(schema, definitions))}"
    if "anyOf" in schema or "oneOf" in schema:
        options = [
            allowed(option, definitions)
            for option in schema.get("anyOf") or schema["oneOf"]
            if resolve(option, definitions).get("type") != "null"
        ]
        return _either(list(dict.fromkeys(options)))
    if "enum" in schema:
        return _either([_value(item) for item in schema["enum"]])
    if "const" in schema:
        return _value(schema["const"])
    kind = schema.get("type", "")
    if kind in ("number", "integer"):
        return _PLAIN[kind] + _limits(schema)
    if kind == "array":
        return _array(schema, definitions)
    if kind == "object" and isinstance(schema.get("additionalProperties"), Mapping):
        return f"a mapping to {allowed(schema['additionalProperties'], definitions)}"
    if kind == "string" and schema.get("format") in ("path", "file-path", "directory-path"):
        return "a path"
    return _PLAIN.get(str(kind), "another value")


def kinds_of(schema: Schema, definitions: Schema) -> list[str]:
    """Return the words that tell the members of a union apart; none where the schema is no such union."""
    schema = resolve(schema, definitions)
    return list(schema["discriminator"]["mapping"]) if "discriminator" in schema else []


def member_of(schema: Schema, kind: object, definitions: Schema) -> Schema:
    """Return the member of such a union that a word stands for; the union itself where it stands for none."""
    schema = resolve(schema, definitions)
    target = schema["discriminator"]["mapping"].get(kind) if "discriminator" in schema and isinstance(kind, str) else None
    return schema if target is None else resolve({"$ref": target}, definitions)


def words_of(schema: Schema, definitions: Schema) -> list[str]:
    """Return the words a field accepts (an enum's values, the kinds of a mapping), for near misses."""
    schema = resolve(schema, definitions)
    words = [*kinds_of(schema, definitions), *(item for item in schema.get("enum", []) if isinstance(item, str))]
    if "discriminator" in schema:
        return words
    for option in [*schema.get("anyOf", []), *schema.get("oneOf", []), *([schema["items"]] if "items" in schema else [])]:
        words += words_of(option, definitions)
    return words


def below_schema(schema: Schema, path: tuple[object, ...], definitions: Schema, *, value: object = None) -> Schema:
    """Return the schema of a value inside a field's value (an item of a list, a value of a mapping), or the field's own.

    Args:
        schema: The field's schema.
        path: Keys and places on the way to the value.
        definitions: The model's ``$defs``.
        value: The field's value as it was written, which decides between kinds of mappings.
    """
    schema = _member_of_value(resolve(schema, definitions), value, definitions)
    for part in path:
        value = _part_of(value, part)
        options = [schema, *(resolve(option, definitions) for option in schema.get("anyOf", []))]
        inner = [
            option["properties"][part]
            if part in option.get("properties", {})
            else option.get("items" if isinstance(part, int) else "additionalProperties")
            for option in options
        ]
        found = next((item for item in inner if isinstance(item, Mapping)), None)
        if found is None:
            return schema
        schema = _member_of_value(resolve(found, definitions), value, definitions)
    return schema


def _member_of_value(schema: Schema, value: object, definitions: Schema) -> Schema:
    """Return what a written value has to fit: one mapping alone may stand for a list of it."""
    if schema.get("type") == "array" and isinstance(value, Mapping) and isinstance(schema.get("items"), Mapping):
        schema = resolve(schema["items"], definitions)
    if "discriminator" not in schema or not isinstance(value, Mapping):
        return schema
    return member_of(schema, value.get(schema["discriminator"]["propertyName"]), definitions)


def _part_of(value: object, part: object) -> object:
    try:
        return value[part]  # type: ignore[index]
    except (KeyError, IndexError, TypeError):
        return None


def is_list(schema: Schema, definitions: Schema) -> bool:
    """Whether a field takes a list and no text."""
    schema = resolve(schema, definitions)
    return schema.get("type") == "array" and "x-allowed" not in schema


def accepts(schema: Schema, kind: str, definitions: Schema) -> bool:
    """Whether a field accepts values of a JSON type ("boolean", "null")."""
    schema = resolve(schema, definitions)
    types = schema.get("type")
    if types == kind or (isinstance(types, list) and kind in types):
        return True
    if not types and not any(key in schema for key in ("anyOf", "oneOf", "enum", "const")):
        return True  # says nothing about the type
    return any(accepts(option, kind, definitions) for option in [*schema.get("anyOf", []), *schema.get("oneOf", [])])


def resolve(schema: Schema, definitions: Schema) -> Schema:
    """Follow ``$ref`` and single ``allOf``."""
    while True:
        if "$ref" in schema:
            target = definitions[str(schema["$ref"]).rsplit("/", 1)[-1]]
            schema = {**target, **{key: value for key, value in schema.items() if key != "$ref"}}
        elif len(schema.get("allOf", [])) == 1:
            schema = {**schema["allOf"][0], **{key: value for key, value in schema.items() if key != "allOf"}}
        else:
            return schema


def shown(value: object, *, limit: int = 60) -> str:
    """Return a given value as a person wrote it, shortened."""
    text = f"'{value}'" if isinstance(value, str) else json.dumps(value, default=str, ensure_ascii=False)
    return text if len(text) <= limit else f"{text[: limit - 3]}..."


def _array(schema: Schema, definitions: Schema) -> str:
    if "prefixItems" in schema:
        return "[" + ", ".join(allowed(item, definitions) for item in schema["prefixItems"]) + "]"
    items = schema.get("items")
    if isinstance(items, Mapping) and "discriminator" in resolve(items, definitions):
        return f"{allowed(items, definitions)}, or a list of these"
    words = words_of(items, definitions) if isinstance(items, Mapping) else []
    if words:
        return f"a list of {_either(words)}"
    inner = allowed(items, definitions) if isinstance(items, Mapping) else "values"
    return "a list of " + {"text": "texts", "a number": "numbers", "a whole number": "whole numbers", "a path": "paths"}.get(
        inner, inner
    )


def _limits(schema: Schema) -> str:
    low, high = schema.get("minimum"), schema.get("maximum")
    above, below = schema.get("exclusiveMinimum"), schema.get("exclusiveMaximum")
    if low is not None and high is not None:
        return f" from {_number(low)} to {_number(high)}"
    parts = []
    if above is not None:
        parts.append(f"greater than {_number(above)}")
    if low is not None:
        parts.append(f"{_number(low)} or more")
    if below is not None:
        parts.append(f"less than {_number(below)}")
    if high is not None:
        parts.append(f"{_number(high)} or less")
    return ", " + " and ".join(parts) if parts else ""


def _number(value: float) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def _value(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _either(options: list[str]) -> str:
    return options[0] if len(options) == 1 else f"{', '.join(options[:-1])} or {options[-1]}"
