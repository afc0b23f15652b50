"""Read YAML safely, and know on which line each key stands.

PyYAML's own loader keeps the last of two equal keys, turns ``off`` into false and ``1:30`` into 90, and forgets where a value
came from. A config file needs the opposite of each: this loader follows YAML 1.2's core schema (only true and false are
booleans), refuses a key that is given twice, and records lines.
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from scenecap.errors import ConfigError
from scenecap.text import clean_text

#: A config file is written by hand; anything larger is a mistake (a scene given as config, say) or an attack.
MAX_BYTES = 1_000_000
#: Nodes after aliases are expanded, so that nested aliases cannot eat the memory.
MAX_NODES = 20_000
#: Nesting that no config needs; deeper input would end in a RecursionError.
MAX_DEPTH = 20

KeyPath = tuple[Hashable, ...]


class _CoreLoader(yaml.SafeLoader):
    """SafeLoader with YAML 1.2's scalars."""


_CoreLoader.yaml_implicit_resolvers = {}
for _tag, _pattern, _first in (
    ("bool", r"true|True|TRUE|false|False|FALSE", "tTfF"),
    ("int", r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+", "-+0123456789"),
    (
        "float",
        r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)",
        "-+.0123456789",
    ),
    ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    ("merge", r"<<", "<"),
):
    _CoreLoader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(rf"^(?:{_pattern})$"), list(_first))


def _construct_int(loader: yaml.SafeLoader, node: yaml.ScalarNode) -> int:
    text = str(loader.construct_scalar(node))
    base = {"0o": 8, "0x": 16}.get(text[:2], 10)
    return int(text[2:] if base != 10 else text, base)


def _construct_float(loader: yaml.SafeLoader, node: yaml.ScalarNode) -> float:
    return float(str(loader.construct_scalar(node)).lower().replace(".inf", "inf").replace(".nan", "nan"))


_CoreLoader.add_constructor("tag:yaml.org,2002:int", _construct_int)
_CoreLoader.add_constructor("tag:yaml.org,2002:float", _construct_float)


@dataclass(frozen=True)
class YamlSource:
    """The values of one YAML text and where they stand.

    Attributes:
        name: What to call it in messages: the file's path, or "--set".
        values: The parsed document.
        lines: Path of keys -> line of the key, from 1.
        folder: Folder that relative paths in it start from.
    """

    name: str
    values: object
    lines: Mapping[KeyPath, int] = field(default_factory=dict)
    folder: Path = field(default_factory=Path)

    def where(self, path: KeyPath) -> str:
        """Return "file:line" of a key, of the nearest parent whose line is known, or the name alone."""
        for end in range(len(path), 0, -1):
            if path[:end] in self.lines:
                return f"{self.name}:{self.lines[path[:end]]}"
        return self.name


def read_yaml(path: Path) -> YamlSource:
    """Read a YAML file.

    Raises:
        ConfigError: The file cannot be read, is too large, is not YAML, or gives a key twice.
    """
    try:
        with path.open("rb") as stream:
            data = stream.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise ConfigError(f"{path}: there is no such config file.") from None
    except IsADirectoryError:
        raise ConfigError(f"{path}: this is a folder, not a config file.") from None
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}.") from None
    if len(data) > MAX_BYTES:
        raise ConfigError(f"{path}: larger than {MAX_BYTES // 1000} kB; this is not a config file.")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ConfigError(f"{path}: is not UTF-8 text, so it is not a YAML config.") from None
    return parse_yaml(text, name=str(path), folder=path.parent)


def parse_yaml(text: str, *, name: str, folder: Path | None = None) -> YamlSource:
    """Parse a YAML text.

    Args:
        text: One document.
        name: What to call it in messages.
        folder: Folder that relative paths in it start from; the working directory by default.

    Raises:
        ConfigError: It is not YAML, gives a key twice, or is nested or aliased beyond reason.
    """
    loader = None
    try:
        loader = _CoreLoader(text)  # refuses control characters
        root = loader.get_single_node()
        lines: dict[KeyPath, int] = {}
        if root is not None:
            _Checker(name, lines).check(root, (), 0)
        values = None if root is None else loader.construct_document(root)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = name if mark is None else f"{name}:{mark.line + 1}"
        problem = clean_text(error.problem or error.context or "a syntax error", limit=200)
        if "tag" in problem and "constructor" in problem:
            problem = "a tag (!...) is not allowed in a config"
        raise ConfigError(f"{where}: not valid YAML: {problem}.") from None
    except yaml.YAMLError as error:
        raise ConfigError(f"{name}: not valid YAML: {clean_text(error, limit=200)}.") from None
    except ValueError as error:  # an integer of thousands of digits
        raise ConfigError(f"{name}: not valid YAML: {clean_text(error, limit=80)}.") from None
    except RecursionError:
        raise ConfigError(f"{name}: nested more than {MAX_DEPTH} levels deep; a config needs four.") from None
    finally:
        if loader is not None:
            loader.dispose()
    return YamlSource(name=name, values=values, lines=lines, folder=Path.cwd() if folder is None else folder)


class _Checker:
    """Walks the node tree once: lines, double keys, limits."""

    def __init__(self, name: str, lines: dict[KeyPath, int]) -> None:
        self._name = name
        self._lines = lines
        self._count = 0

    def check(self, node: yaml.Node, path: KeyPath, depth: int) -> None:
        """Check one node and what is below it."""
        self._count += 1
        if self._count > MAX_NODES or depth > MAX_DEPTH:
            what = f"more than {MAX_NODES} values" if depth <= MAX_DEPTH else f"more than {MAX_DEPTH} levels deep"
            raise ConfigError(f"{self._name}:{node.start_mark.line + 1}: {what}; this is not a config file.")
        if isinstance(node, yaml.MappingNode):
            self._check_mapping(node, path, depth)
        elif isinstance(node, yaml.SequenceNode):
            for index, item in enumerate(node.value):
                self._lines[(*path, index)] = item.start_mark.line + 1
                self.check(item, (*path, index), depth + 1)

    def _check_mapping(self, node: yaml.MappingNode, path: KeyPath, depth: int) -> None:
        seen: dict[str, int] = {}
        for key, value in node.value:
            line = key.start_mark.line + 1
            if not isinstance(key, yaml.ScalarNode):
                raise ConfigError(f"{self._name}:{line}: a key must be a word, not a list or a mapping.")
            if key.value in seen and key.tag != "tag:yaml.org,2002:merge":
                first = seen[key.value]
                raise ConfigError(
                    f"{self._name}:{line}: the key '{clean_text(key.value)}' is given twice (first on line {first}).",
                    remedy="Remove one of them.",
                )
            seen[key.value] = line
            self._lines[(*path, key.value)] = line
            self.check(value, (*path, key.value), depth + 1)
