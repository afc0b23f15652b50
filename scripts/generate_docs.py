"""Write what is generated from the models: config/scenecap.schema.json and docs/configuration.md.

python scripts/generate_docs.py           # write
python scripts/generate_docs.py --check   # exit code 1 if a file is not current
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from pydantic_core import to_jsonable_python

from scenecap.run.config.describe import Schema, allowed, kinds_of, member_of, resolve
from scenecap.run.config.keys import ALIASES, IRC_CAPTION_KEYS, IRC_TOP_KEYS, ConfigKey, config_keys
from scenecap.run.config.load import IRC_DEFAULTS
from scenecap.run.config.schema import config_schema

ROOT = Path(__file__).resolve().parents[1]

HEAD = """\
# Configuration

<!-- Generated from the config models by scripts/generate_docs.py. Do not edit: change the models and run `make docs`. -->

A config is a YAML file with the root `scenecap:` and flat keys. `scenecap run CONFIG.yaml` runs it; `scenecap config
CONFIG.yaml` checks it and prints every value it comes to; `--set KEY=VALUE` replaces a value for one run.

```yaml
scenecap:
  scene_path: kitchen.usda      # relative paths start at this file's folder
  output_path: out/kitchen
  cameras: all
  quality: preview
```

- A key that does not exist is an error that names the nearest one; so is a key that is given twice, and a value that the key
  does not allow.
- Only `true` and `false` are booleans, as in YAML 1.2: `quality: off` is the word, not false.
- Keys may be grouped under `caption_configs:`, as in Isaac Sim's files; it makes no difference.
- A list of words may be written as a list or with commas: `annotators: rgb, normals`.
- [`config/`](../config) has a ready file for each use. [`config/scenecap.schema.json`](../config/scenecap.schema.json) makes
  editors complete and check keys: put `# yaml-language-server: $schema=scenecap.schema.json` into the first line.

## Config files of Isaac Sim

Files of VLM Scene Captioning (root `isaacsim.replicator.caption.core`) work unchanged, with any `version`. They have these
keys:

{irc_keys}

Three defaults are other than under `scenecap:`, as in Isaac Sim: {irc_defaults}.
All other keys of this page may be added.
"""

SECTIONS = {
    "job": ("The run", "Which scene, which cameras and frames, and where the results go."),
    "batch": ("Batches", "Many scenes in one run. [batches.md](batches.md) shows how."),
    "labels": ("Objects and labels", "What is an object, and what it is called. [labels.md](labels.md) has the rules."),
    "capture": ("Capture", "What the embedded source draws. [capture.md](capture.md) has the details."),
    "graph": ("Scene graph", "Lengths are metres. [relations.md](relations.md) defines every word."),
    "caption": ("Captions", "Which texts are written. [captions.md](captions.md) shows them."),
    "chat": (
        "Chat model",
        "Who writes the captions with `engine: chat`, and what that may cost. [models.md](models.md) explains it.",
    ),
    "verify": (
        "Verifier",
        "What is held against the scene, and what the files say of that. [verifier.md](verifier.md) explains it.",
    ),
    "output": ("Files", "What is written for each frame. [output-formats.md](output-formats.md) describes every file."),
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--check", action="store_true", help="write nothing; exit code 1 if a file is not current")
    check = parser.parse_args().check
    stale = []
    for path, text in generated().items():
        if not path.is_file() or path.read_text(encoding="utf-8") != text:
            stale.append(path.relative_to(ROOT).as_posix())
            if not check:
                path.write_text(text, encoding="utf-8")
    for name in stale:
        print(f"{name}: {'is not current; run: make docs' if check else 'written'}")
    return int(check and bool(stale))


def generated() -> dict[Path, str]:
    """Return every generated file and its text."""
    schema = json.dumps(config_schema(), indent=2, ensure_ascii=False) + "\n"
    return {ROOT / "config" / "scenecap.schema.json": schema, ROOT / "docs" / "configuration.md": reference()}


def reference() -> str:
    """Return the reference page."""
    irc = ", ".join(f"`{key}`" for key in (*IRC_TOP_KEYS, *IRC_CAPTION_KEYS))
    defaults = ", ".join(f"`{key}: {_shown(value)}`" for key, value in IRC_DEFAULTS.items())
    parts = [HEAD.replace("{irc_keys}", irc + ".").replace("{irc_defaults}", defaults)]
    for section, (title, text) in SECTIONS.items():
        keys = [key for key in config_keys().values() if key.section == section]
        parts.append(f"\n## {title}\n\n{text}\n\n| key | default | allowed | what it is for |\n|---|---|---|---|\n")
        parts += [_row(key.name, _default(key), key.allowed, _description(key)) for key in keys]
        for key in keys:
            parts.append(_inner(key))
    return "".join(parts)


def _row(name: str, default: str, allows: str, description: str) -> str:
    return f"| `{name}` | {_cell(default)} | {_cell(allows)} | {_cell(description)} |\n"


def _description(key: ConfigKey) -> str:
    others = [alias for alias, name in ALIASES.items() if name == key.name and alias not in key.description]
    return key.description + (f" Also written {', '.join(f'`{alias}`' for alias in others)}." if others else "")


def _inner(key: ConfigKey) -> str:
    """A key whose value is a mapping with keys of its own gets a table of its own, and so do mappings inside."""
    schema = resolve(key.schema, key.definitions)
    title = f"Keys inside `{key.name}`"
    if key.name == "labels":
        schema = resolve(resolve(schema["additionalProperties"], key.definitions)["anyOf"][1], key.definitions)
        title = "A value of `labels` is a label, one of the words, or a mapping with these keys"
    items = resolve(schema.get("items", {}), key.definitions)
    if "discriminator" in items:
        return "".join(_member(key, kind, items) for kind in kinds_of(items, key.definitions))
    return _table(title, key.name, schema, key.definitions)


def _member(key: ConfigKey, kind: str, union: Schema) -> str:
    """A kind of mapping: what it is, and its keys beside ``kind``."""
    schema = member_of(union, kind, key.definitions)
    name = schema["properties"]["kind"]
    rest = {**schema, "properties": {name: item for name, item in schema["properties"].items() if name != "kind"}}
    title = f"`kind: {kind}` of `{key.name}`: {name.get('description', '')}"
    if not rest["properties"]:
        return f"\n{title}\n"
    return _table(f"{title} Keys", f"{key.name}: {kind}", rest, key.definitions)


def _table(title: str, name: str, schema: Schema, definitions: Schema) -> str:
    """A table of a mapping's keys, then those of the mappings inside."""
    if "properties" not in schema:
        return ""
    rows, inner = [], []
    for field, item in schema["properties"].items():
        below = _mapping(item, definitions)
        default = "required" if field in schema.get("required", ()) else f"`{_shown(item.get('default'))}`"
        if "default" not in item and below is not None and default != "required":
            default = "see below"
        description = item.get("description") or resolve(item, definitions).get("description", "")
        rows.append(_row(field, default, allowed(item, definitions), description))
        if below is not None:
            inner.append(_table(f"Keys inside `{field}` of `{name}`", f"{name}.{field}", below, definitions))
    head = "| key | default | allowed | what it is for |\n|---|---|---|---|\n"
    return f"\n{title}:\n\n{head}" + "".join(rows) + "".join(inner)


def _mapping(schema: Schema, definitions: Schema) -> Schema | None:
    """Return the mapping that a value, or each item of a list, may be."""
    schema = resolve(schema, definitions)
    if "x-allowed" in schema:
        return None
    if "properties" in schema:
        return schema
    inside = [*schema.get("anyOf", []), *([schema["items"]] if isinstance(schema.get("items"), dict) else [])]
    return next((found for item in inside if (found := _mapping(item, definitions)) is not None), None)


def _default(key: ConfigKey) -> str:
    value = to_jsonable_python(key.default)
    if key.name == "resolution":
        return f"`{value[0]}x{value[1]}`"
    if isinstance(value, dict) and value:
        return "see below"
    if isinstance(value, list) and len(value) > 4:
        whole = resolve(key.schema, key.definitions).get("items", {})
        words = resolve(whole, key.definitions).get("enum", [])
        return "all" if len(value) == len(words) else "see `scenecap config`"
    return f"`{_shown(value)}`"


def _shown(value: object) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (list, tuple)):
        return ", ".join(map(_shown, value)) or "[]"
    if value == "":
        return "''"
    return str(value) if isinstance(value, str) else json.dumps(value)


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


if __name__ == "__main__":
    sys.exit(main())
