"""The pages on Isaac Sim: configs in them load, names exist, tables say what the code has."""

from __future__ import annotations

import ast
import importlib.util
import re
import shlex
from pathlib import Path

import pytest
import yaml

from scenecap.cli.options import config_overrides
from scenecap.output.settings import Layout
from scenecap.run.config import load_config
from scenecap.run.config.job_settings import CaptureKind
from scenecap_replicator.headless import build_parser
from scenecap_replicator.settings import ReplicatorSettings
from scenecap_replicator.writers.config_keys import _OPTIONS, AGENT_ROOT, OBJECT_ROOT, Flavour, WriterOptions, read_writer_keys

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "isaac-sim.md"
PAGES = [PAGE, ROOT / "docs" / "isaac-sim-checklist.md"]


def blocks(language: str) -> list[str]:
    """Return the code blocks of a language on both pages, those inside of lists too."""
    found: list[str] = []
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        for indent, body in re.findall(rf"^( *)```{language}\n(.*?)^ *```", text, re.MULTILINE | re.DOTALL):
            found.append(re.sub(rf"^{indent}", "", body, flags=re.MULTILINE))
    return found


def writers_configs() -> list[tuple[str, str, dict]]:
    found = []
    for block in blocks("yaml"):
        values = yaml.safe_load(block)
        for root in (AGENT_ROOT, OBJECT_ROOT):
            if root in values:
                found.append((root, block, values))
    return found


def test_there_is_a_config_of_each_kind() -> None:
    kinds = [(root, "writers:" in text) for root, text, _ in writers_configs()]
    assert sorted(kinds) == [(AGENT_ROOT, False), (AGENT_ROOT, True), (OBJECT_ROOT, False)]


@pytest.mark.parametrize(("root", "text", "values"), writers_configs(), ids=lambda value: str(value)[:40])
def test_configs_of_the_writers_load(root: str, text: str, values: dict) -> None:
    if root == AGENT_ROOT:
        flavour = Flavour(name="SceneGraphWriter", layout=Layout.AGENT, caption_interval=1000)
    else:
        flavour = Flavour(name="CombinedIROSceneGraphWriter", layout=Layout.OBJECT, defaults={"camera_dir": "name"})
    config, options = read_writer_keys({}, flavour=flavour, config=values)
    assert config.job.output_path is not None
    assert config.caption.brief
    assert options.captions
    if root == AGENT_ROOT:
        assert (options.caption_interval, options.scene_graph_interval) == (10, 10)
        assert config.output.agent_version == ("5" if "caption_config:" in text else "6")


def test_each_option_of_writers_is_in_the_table_with_its_default() -> None:
    text = PAGE.read_text(encoding="utf-8").split("## A writer in your own script")[1].split("### ")[0]
    rows = dict(re.findall(r"^\| (`[^|]+`) \|([^|]*)\|", text, re.MULTILINE))
    named = {name: default.strip() for cell, default in rows.items() for name in re.findall(r"`(\w+)`", cell)}
    assert set(_OPTIONS) - {"seed"} <= set(named)
    defaults = WriterOptions()
    for name in ("caption_interval", "scene_graph_interval", "writer_interval", "skip_frames"):
        assert named[name].split(";")[0] == str(getattr(defaults, name))
    for name in ("queue_capacity", "warm_up_frames"):
        assert named[name] == str(getattr(defaults.sink, name))
    assert named["drain_seconds"] == f"{defaults.sink.drain_seconds:g}"
    assert named["queue_full"] == f"`{defaults.sink.queue_full.value}`"


def test_each_setting_is_in_the_table_with_its_default() -> None:
    text = PAGE.read_text(encoding="utf-8").split("## Settings")[1].split("## ")[0]
    rows = dict(re.findall(r"^\| `(\w+)` \|([^|]*)\|", text, re.MULTILINE))
    assert list(rows) == list(ReplicatorSettings.model_fields)
    for name, field in ReplicatorSettings.model_fields.items():
        default = field.default
        wanted = (
            str(default).lower()
            if isinstance(default, bool)
            else f"{default:g}"
            if isinstance(default, float)
            else str(default)
        )
        assert rows[name].strip().strip("`") == wanted, name


@pytest.mark.parametrize("number", range(len(blocks("python"))))
def test_python_of_the_pages_compiles_and_imports_what_is_there(number: int) -> None:
    tree = ast.parse(blocks("python")[number])
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("scenecap"):
            spec = importlib.util.find_spec(node.module or "")
            assert spec is not None, node.module
            assert spec.origin is not None
            source = ast.parse(Path(spec.origin).read_text(encoding="utf-8"))
            defined = {
                item.name for item in source.body if isinstance(item, (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef))
            }
            assert {alias.name for alias in node.names} <= defined, node.module


def script_lines() -> list[tuple[str, list[str]]]:
    """Return (script, words after it) of every line that runs one of the project's scripts."""
    found = []
    for block in blocks("bash"):
        for line in block.replace("\\\n", " ").splitlines():
            words = shlex.split(line, comments=True)
            for place, word in enumerate(words):
                inner = shlex.split(word) if "--exec" in words[:place] and " " in word else [word]
                match = re.search(r"scripts/(?:isaac/)?\w+\.py$", inner[0]) if inner else None
                if match:
                    found.append((match.group(0), [*inner[1:], *words[place + 1 :]]))
    return found


@pytest.mark.parametrize(("script", "words"), script_lines(), ids=lambda value: str(value)[:60])
def test_scripts_and_their_options_are_there(script: str, words: list[str]) -> None:
    file = ROOT / script
    assert file.is_file(), script
    if script in ("scripts/isaac/caption_stage.py", "scripts/isaac/kit_exec.py"):
        args = build_parser(script).parse_args(words)
        if args.config.startswith("config/"):
            config = load_config(ROOT / args.config, overrides=tuple(config_overrides(args)))
            assert config.job.capture is CaptureKind.REPLICATOR
        return
    text = file.read_text(encoding="utf-8")
    for word in words:
        if word.startswith("--"):
            assert f'"{word}"' in text, f"{script} has no {word}"


def test_files_that_the_pages_name_are_there() -> None:
    for page in PAGES:
        for name in re.findall(
            r"`((?:config|scripts|docs|examples|tests|exts)/[\w./-]+\.\w+)`", page.read_text(encoding="utf-8")
        ):
            assert (ROOT / name).is_file(), f"{page.name}: {name}"


def test_settings_on_the_command_line_are_known() -> None:
    """Only such as Kit's and Isaac Sim's documentation has, or ours."""
    known = {
        "/app/asyncRendering", "/omni/replicator/asyncRendering", "/exts/isaacsim.core.throttling/enable_async",
        "/rtx/hydra/enableSemanticSchema",
    }  # fmt: skip
    for page in PAGES:
        for name in re.findall(r"--(/[\w./]+)=", page.read_text(encoding="utf-8")):
            ours = re.fullmatch(r"(?:/persistent)?/exts/scenecap\.replicator/(\w+)", name)
            assert name in known or (ours and ours.group(1) in ReplicatorSettings.model_fields), f"{page.name}: {name}"


def test_the_pages_accept_no_licence_for_anybody_and_name_no_key() -> None:
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        assert "ACCEPT_EULA" not in text
        assert not re.search(r"(?:nvapi|sk)-\w{8,}", text)
