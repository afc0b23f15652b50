"""Without the extra [capture]: recorded folders are captioned all the same, and what cannot be done says what is missing."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("pxr", reason="needs usd-core (extra capture)")

from scenecap.cli.main import main
from tests.cli.stages import room

#: Runs the command line as where only the core's own dependencies are installed.
WITHOUT = """
import sys
sys.modules.update(dict.fromkeys({missing!r}))
from scenecap.cli.main import main
sys.exit(main(sys.argv[1:]))
"""
CAPTURE = ("pxr", "numba", "mitsuba", "mitsuba_oidn")


def run(*arguments: str, missing: tuple[str, ...] = CAPTURE) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", WITHOUT.format(missing=missing), *arguments], capture_output=True, text=True, check=False
    )


def test_a_recorded_folder_needs_no_usd(tmp_path: Path) -> None:
    fast = ["--quality", "off", "--resolution", "96x72"]
    assert main(["caption", str(room(tmp_path / "s.usda")), "--out", str(tmp_path / "one"), *fast]) == 0
    config = tmp_path / "c.yaml"
    config.write_text(
        "scenecap:\n  capture: recorded\n  recorded_path: one\n  output_path: two\n  annotators: []\n", encoding="utf-8"
    )
    done = run("run", str(config), "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["written"] == 1
    captions = [
        json.loads((tmp_path / name / "World_Camera/Captions/scene_graph_caption.json").read_text("utf-8"))
        for name in ("one", "two")
    ]
    assert captions[0]["brief_caption"] == captions[1]["brief_caption"]


@pytest.mark.parametrize(("missing", "package"), [(("pxr",), "pxr"), (("numba",), "numba")])
def test_captioning_a_stage_says_which_package_is_missing(tmp_path: Path, missing: tuple[str, ...], package: str) -> None:
    done = run("caption", str(room(tmp_path / "s.usda")), "--out", str(tmp_path / "out"), missing=missing)
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1
    assert f"'{package}'" in done.stderr
    assert "pip install 'scenecap[capture]'" in done.stderr
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("arguments", [["inspect", "s.usda"], ["labels", "attach", "s.usda", "--out", "l.usda"]])
def test_commands_on_stages_say_it_too(arguments: list[str]) -> None:
    done = run(*arguments)
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1
    assert "scenecap[capture]" in done.stderr


def test_doctor_and_config_work_without_it() -> None:
    assert run("config").returncode == 0
    done = run("doctor")
    assert done.returncode == 1
    assert "usd-core" in done.stdout
    assert done.stderr == ""


def test_the_label_database_works_without_it(tmp_path: Path) -> None:
    database = ["--database", str(tmp_path / "l.sqlite")]
    assert run("labels", "set", "x", *database, "--label", "bowl").returncode == 0
    assert "bowl" in run("labels", "list", *database).stdout


def test_annotation_says_which_package_is_missing_and_a_dry_run_needs_none(tmp_path: Path) -> None:
    scene = str(room(tmp_path / "s.usda"))
    missing = ("openai", "jinja2")
    listed = run("labels", "annotate", scene, "--dry-run", "--json", missing=missing)
    assert listed.returncode == 0, listed.stderr
    assert len(json.loads(listed.stdout)["assets"]) == 3
    model = ["--database", str(tmp_path / "l.sqlite"), "--model", "m", "--model-profile", "vllm"]
    done = run("labels", "annotate", scene, *model, missing=missing)
    assert done.returncode == 2
    assert "scenecap[models]" in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert not (tmp_path / "l.sqlite").exists()
