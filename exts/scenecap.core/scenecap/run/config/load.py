"""Read a config file: ours (root ``scenecap``) or IRC's (root ``isaacsim.replicator.caption.core``)."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from scenecap import __version__
from scenecap.errors import ConfigError
from scenecap.run.config.build import GivenKeys, build_config
from scenecap.run.config.keys import BLOCKS
from scenecap.run.config.model import ScenecapConfig
from scenecap.run.config.yaml_source import KeyPath, YamlSource, parse_yaml, read_yaml
from scenecap.text import clean_text, nearest

_LOG = logging.getLogger(__name__)

ROOT = "scenecap"
IRC_ROOT = "isaacsim.replicator.caption.core"

#: Where IRC's own files differ from ours in what is not written in them.
IRC_DEFAULTS: Mapping[str, object] = {"attach_label_to_usd": False, "pruning_strategy": "random", "qa_caption": False}

#: Versions that documented configs carry, and ours; others are read all the same, with a warning.
KNOWN_VERSIONS = frozenset({"", "0.0.9", "0.6.6", "1", "1.0", __version__})

#: Roots of configs that drive a simulation: not for a program that reads a stage.
_OTHER_ROOTS = ("isaacsim.replicator.agent", "isaacsim.replicator.object")


@dataclass(frozen=True)
class Override:
    """A value from the command line that replaces the file's.

    Attributes:
        key: The key.
        value: Its value; text is parsed as YAML where ``is_text``.
        written: How the person wrote the option ("--quality").
        is_text: Whether the value still has to be parsed.
    """

    key: str
    value: object
    written: str
    is_text: bool = False


def load_config(path: Path, *, overrides: tuple[Override, ...] = ()) -> ScenecapConfig:
    """Read a config file, apply overrides, check everything.

    Args:
        path: YAML file with the root ``scenecap`` or IRC's.
        overrides: Values that replace the file's; their relative paths start at the working directory.

    Raises:
        ConfigError: One line per fault, with file and line.
    """
    source = read_yaml(path)
    root, body = _root_of(source)
    given = GivenKeys()
    _collect(given, source, body, (root,))
    _override(given, overrides)
    config = build_config(given, defaults=IRC_DEFAULTS if root == IRC_ROOT else None)
    if config.job.version not in KNOWN_VERSIONS:
        _LOG.warning(
            "%s: version '%s' is not one this program knows; the file is read all the same.",
            source.where((root, "version")),
            clean_text(config.job.version),
        )
    return config


def make_config(keys: Mapping[str, object] | None = None, *, overrides: tuple[Override, ...] = ()) -> ScenecapConfig:
    """Compose a config from flat keys, without a file.

    Args:
        keys: Key -> value, as in a config file under ``scenecap:``.
        overrides: Values that replace these.

    Raises:
        ConfigError: One line per fault.
    """
    given = GivenKeys()
    source = YamlSource(name="config", values=dict(keys or {}), folder=Path.cwd())
    _collect(given, source, dict(keys or {}), ())
    _override(given, overrides)
    return build_config(given)


def _root_of(source: YamlSource) -> tuple[str, Mapping[str, object]]:
    values = source.values
    if values is None:
        raise ConfigError(f"{source.name}: the file is empty.", remedy=f"Start it with '{ROOT}:'.")
    if not isinstance(values, Mapping):
        raise ConfigError(f"{source.name}:1: the root must be the key '{ROOT}', not {_kind(values)}.")
    roots = [key for key in values if key in (ROOT, IRC_ROOT)]
    others = [key for key in values if key not in (ROOT, IRC_ROOT)]
    for key in others:
        if key in _OTHER_ROOTS:
            raise ConfigError(
                f"{source.where((key,))}: '{key}' configs drive a simulation and run inside Isaac Sim only.",
                remedy=f"To caption a stage with its caption keys, put them under '{ROOT}:'.",
            )
    if len(roots) != 1 or others:
        if others and not roots:
            hint = nearest(str(others[0]), (ROOT, IRC_ROOT))
            meant = f"did you mean '{hint}'?" if hint else f"the root must be '{ROOT}' or '{IRC_ROOT}'."
            raise ConfigError(f"{source.where((others[0],))}: unknown root '{clean_text(others[0])}'; {meant}")
        wrong = others[0] if others else roots[1]
        raise ConfigError(
            f"{source.where((wrong,))}: '{clean_text(wrong)}' stands beside the root '{roots[0]}'.",
            remedy=f"Move it below '{roots[0]}:' or remove it.",
        )
    body = values[roots[0]]
    if body is None:
        body = {}
    if not isinstance(body, Mapping):
        raise ConfigError(f"{source.where((roots[0],))}: '{roots[0]}' must hold keys, not {_kind(body)}.")
    return roots[0], body


def _collect(given: GivenKeys, source: YamlSource, body: Mapping[str, object], path: KeyPath) -> None:
    for key, value in body.items():
        here = (*path, str(key))
        if key not in BLOCKS:
            given.add(str(key), value, source, here)
        elif isinstance(value, Mapping):
            for inner, inner_value in value.items():
                given.add(str(inner), inner_value, source, (*here, str(inner)))
        elif value is not None:
            given.faults.append(f"{source.where(here)}: {key}: must hold keys, not {_kind(value)}.")


def _override(given: GivenKeys, overrides: tuple[Override, ...]) -> None:
    for item in overrides:
        source = YamlSource(name=item.written, values=None, folder=Path.cwd())
        value = parse_yaml(str(item.value), name=item.written).values if item.is_text else item.value
        given.add(item.key, value, source, (item.key,), written=item.written)


def _kind(value: object) -> str:
    return "a list" if isinstance(value, (list, tuple)) else f"'{clean_text(value)}'"
