"""From flat keys to a checked config, with errors that name the key, what was given, what is allowed, and where."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from scenecap.capture.settings import CaptureSettings
from scenecap.errors import ConfigError
from scenecap.graph.settings import GraphSettings
from scenecap.run.config.describe import accepts, allowed, below_schema, is_list, resolve, shown, words_of
from scenecap.run.config.keys import ALIASES, EITHER_OR, ConfigKey, config_keys, nearest_key
from scenecap.run.config.model import SECTIONS, ScenecapConfig
from scenecap.run.config.yaml_source import KeyPath, YamlSource
from scenecap.text import clean_text, nearest


@dataclass(frozen=True)
class GivenValue:
    """A value somebody gave, and where.

    Attributes:
        value: As parsed.
        written_key: The key as it was written (an alias, say, or "--quality").
        source: The file or command line it is from.
        path: Where in the source.
    """

    value: object
    written_key: str
    source: YamlSource
    path: KeyPath

    def fault(self, problem: str, *, below: KeyPath = ()) -> str:
        """Return a message about this value."""
        where = self.source.where((*self.path, *below))
        key = ".".join(map(str, (self.written_key, *below)))
        return f"{where}: {key}: {problem}" if where != self.written_key else f"{key}: {problem}"


@dataclass
class GivenKeys:
    """Flat keys collected from one or more sources; a later source replaces an earlier one's value."""

    values: dict[str, GivenValue] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)

    def add(self, key: str, value: object, source: YamlSource, path: KeyPath, *, written: str | None = None) -> None:
        """Take one key from a source.

        Args:
            key: A key or alias; an unknown one becomes a fault that names the nearest known key.
            value: As parsed.
            source: Where from.
            path: Where in the source.
            written: How the person wrote it, where that is not the key itself ("--quality").
        """
        name = ALIASES.get(key, key)
        given = GivenValue(value, written or key, source, path)
        if name not in config_keys():
            hint = nearest_key(key)
            remedy = f"; did you mean '{hint}'?" if hint else "; docs/configuration.md lists the keys."
            self.faults.append(f"{source.where(path)}: unknown key '{clean_text(key)}'{remedy}")
            return
        before = self.values.get(name)
        if before is not None and before.source is source:
            self.faults.append(given.fault(f"is given twice (also as '{before.written_key}'); remove one of them."))
            return
        if _is_given(value):
            self._drop_others(name, given)
        self.values[name] = given

    def _drop_others(self, name: str, given: GivenValue) -> None:
        """Take away what a key stands in for: ``--scene`` replaces a file's ``scenes``. In one source both are a fault."""
        for pair in EITHER_OR:
            other = pair[1 - pair.index(name)] if name in pair else ""
            before = self.values.get(other)
            if before is None or not _is_given(before.value):
                continue
            if before.source is given.source:
                self.faults.append(given.fault(f"stands beside '{before.written_key}'; give one of the two."))
            else:
                del self.values[other]


def build_config(given: GivenKeys, *, defaults: Mapping[str, object] | None = None) -> ScenecapConfig:
    """Check the values and compose the config.

    Args:
        given: What was given.
        defaults: Values of keys that were not given, where they differ from the models' own (IRC's root has some).

    Raises:
        ConfigError: One line per fault.
    """
    faults = list(given.faults)
    sections: dict[str, dict[str, object]] = {name: {} for name in SECTIONS}
    for name, value in (defaults or {}).items():
        for section, field_name in config_keys()[name].places:
            sections[section][field_name] = value
    for name, one in given.values.items():
        key = config_keys()[name]
        fault, value = _prepare(key, one)
        if fault:
            faults.append(fault)
        elif value is not _ABSENT:
            for section, field_name in key.places:
                sections[section][field_name] = value
    parts: dict[str, BaseModel] = {}
    for section, model in SECTIONS.items():
        try:
            parts[section] = model.model_validate(sections[section])
        except ValidationError as error:
            faults += _translate(error, section, given)
    if not faults:
        faults += _share_tolerances(parts, given)
    if faults:
        raise ConfigError("\n".join(dict.fromkeys(faults)))
    return ScenecapConfig.model_validate(parts)


def _share_tolerances(parts: dict[str, BaseModel], given: GivenKeys) -> list[str]:
    """Have contacts by geometry and by boxes go by the same tolerances, whichever key they were given with."""
    graph, capture = parts["graph"], parts["capture"]
    assert isinstance(graph, GraphSettings)
    assert isinstance(capture, CaptureSettings)
    contacts = given.values.get("contacts")
    inner = contacts.value if contacts is not None and isinstance(contacts.value, Mapping) else {}
    faults: list[str] = []
    for bound in ("min", "max", "up", "down"):
        ours, theirs = f"support_gap_{bound}", f"tolerance_{bound}"
        by_boxes, by_geometry = getattr(graph, ours), getattr(capture.contacts, theirs)
        flat = given.values.get(ours)
        if theirs in inner and flat is not None and _is_given(flat.value):
            if by_boxes != by_geometry:
                values = f"{by_boxes:g} and {by_geometry:g}"
                said = f"and contacts.{theirs} are one number, and are given as {values}; give one of the two."
                faults.append(flat.fault(said))
        elif theirs in inner:
            graph = graph.model_copy(update={ours: by_geometry})
        else:
            capture = capture.model_copy(update={"contacts": capture.contacts.model_copy(update={theirs: by_boxes})})
    parts["graph"], parts["capture"] = graph, capture
    return faults


def _is_given(value: object) -> bool:
    """Whether a value says something: null, an empty text and an empty list are ways of leaving a key out."""
    return value is not None and value != "" and value != []


_ABSENT = object()


def _prepare(key: ConfigKey, given: GivenValue) -> tuple[str | None, object]:
    """Return (fault, value): null means "not given", relative paths start at the source's folder."""
    value = given.value
    if value is None and not accepts(key.schema, "null", key.definitions):
        return None, _ABSENT
    if isinstance(value, bool) and not accepts(key.schema, "boolean", key.definitions):
        return _fault_of(key, given, value, ()), None  # pydantic would take true for 1
    if isinstance(value, (int, float)) and (key.name == "version" or str(value) in words_of(key.schema, key.definitions)):
        return None, str(value)  # version: 1.0, agent_version: 5
    if isinstance(value, str) and is_list(key.schema, key.definitions):
        return None, [item.strip() for item in value.split(",") if item.strip()]  # annotators: rgb, normals
    if key.is_path:
        return None, _resolve_paths(value, given.source.folder)
    return None, value


def _resolve_paths(value: object, folder: Path) -> object:
    if isinstance(value, (list, tuple)):
        return [_resolve_paths(item, folder) for item in value]
    return _resolve_path(value, folder) if isinstance(value, str) else value


def _resolve_path(value: str, folder: Path) -> str | None:
    if not value.strip():
        return None  # IRC's way of saying "not given"
    if "://" in value:
        return value  # an asset address of another system; who opens it says whether that can be read here
    path = Path(value).expanduser()
    return str(path if path.is_absolute() else folder / path)


def _translate(error: ValidationError, section: str, given: GivenKeys) -> list[str]:
    faults = []
    errors = error.errors(include_url=False)
    for item in errors:
        place = item["loc"]
        if item["type"] == "too_short" and any(other["loc"][: len(place)] == place != other["loc"] for other in errors):
            continue  # pydantic does not count the items that have faults of their own
        key = _key_at(section, str(place[0])) if place else None
        one = given.values.get(key.name) if key else None
        if key is None or one is None:
            name = key.name if key else section
            faults.append(f"{name}: {_message(item)}")
            continue
        below = tuple(part for part in place[1:] if part != "[key]")
        if item["type"] == "extra_forbidden":
            faults.append(_unknown_below(key, one, below))
            continue
        if item["type"] in ("missing", "union_tag_not_found"):
            faults.append(_missing_below(key, one, below, item))
            continue
        faults.append(_fault_of(key, one, item.get("input"), below, message=_own_message(item)))
    return faults


def _unknown_below(key: ConfigKey, given: GivenValue, below: KeyPath) -> str:
    """Return the fault of an unknown key inside a key's own mapping (``contacts: {gird: 16}``)."""
    inside = _written_part(given.value, below[:-1])
    inner = below_schema(key.schema, inside, key.definitions, value=given.value)
    objects = [inner, *(resolve(item, key.definitions) for item in inner.get("anyOf", []))]  # a mapping or nothing
    known = [name for schema in objects for name in schema.get("properties", {})]
    hint = nearest(str(below[-1]), tuple(known))
    what = f"did you mean '{hint}'?" if hint else f"known are {', '.join(known)}."
    return given.fault(f"unknown key '{clean_text(below[-1])}'; {what}", below=inside)


def _missing_below(key: ConfigKey, given: GivenValue, below: KeyPath, item: Any) -> str:
    """Return the fault of a key that a mapping needs and lacks (``viewpoints: [{kind: look_at}]`` without ``at``)."""
    inside = _written_part(given.value, below)
    inner = below_schema(key.schema, inside, key.definitions, value=given.value)
    if item["type"] == "union_tag_not_found":
        return given.fault(
            f"{shown(_value_at(given.value, inside))} is not allowed; give {allowed(inner, key.definitions)}.", below=inside
        )
    what = allowed(inner.get("properties", {}).get(below[-1], {}), key.definitions)
    return given.fault(f"'{below[-1]}' is missing; give {what}.", below=inside)


def _key_at(section: str, name: str) -> ConfigKey | None:
    for key in config_keys().values():
        if (section, name) in key.places:
            return key
    return None


def _fault_of(key: ConfigKey, given: GivenValue, value: object, below: KeyPath, *, message: str | None = None) -> str:
    known_below = _written_part(given.value, below)
    what = allowed(below_schema(key.schema, known_below, key.definitions, value=given.value), key.definitions)
    value = value if known_below else given.value
    said = "this value" if key.schema.get("x-hidden") else shown(value)
    problem = f"{said} is not allowed; give {what}."
    if message and not message.startswith("not "):
        problem = f"{said}: {message}; give {what}."
    word = value.get("kind") if isinstance(value, Mapping) else value
    hint = nearest(word, tuple(words_of(key.schema, key.definitions))) if isinstance(word, str) else None
    if hint == word:
        hint = None
    return given.fault(problem + (f" Did you mean '{hint}'?" if hint else ""), below=known_below)


def _written_part(value: object, below: KeyPath) -> KeyPath:
    """Return those steps of a path below a value that a person wrote; models add steps of their own."""
    written: list[Any] = []
    tag: object = None
    for part in below:
        if tag is not None and part == tag:  # which kind of mapping it is stands in the path after the mapping itself
            tag = None
            continue
        if not isinstance(value, (Mapping, list, tuple)):
            break
        try:
            value = value[part]  # type: ignore[index]
        except (KeyError, IndexError, TypeError):
            continue
        written.append(part)
        tag = value.get("kind") if isinstance(value, Mapping) else None
    return tuple(written)


def _value_at(value: Any, path: KeyPath) -> object:
    for part in path:
        value = value[part]
    return value


def _own_message(item: Any) -> str | None:
    """Message of a validator of ours; pydantic's own are replaced by what the key allows."""
    return _message(item) if item["type"] in ("value_error", "assertion_error") else None


def _message(item: Any) -> str:
    text = str(item["msg"])
    return clean_text(text.removeprefix("Value error, ").removeprefix("Assertion failed, "), limit=300).rstrip(".")
