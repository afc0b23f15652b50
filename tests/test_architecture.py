"""The rules that hold for every file: imports go down, the core is free of Kit, modules stay small, versions agree."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import scenecap

ROOT = Path(__file__).resolve().parents[1]
CORE = ROOT / "exts" / "scenecap.core" / "scenecap"
EXTENSIONS = ROOT / "exts"
MAX_LINES = 400

#: Part of the core -> the parts it may import (itself is understood). A leaf module is a part of its own.
LEAVES = {"contract", "errors", "text", "geometry", "colours", "replicator_format", "__init__"}
FLOORS: dict[str, set[str]] = {
    "stage": LEAVES,
    "graph": LEAVES,
    "capture": LEAVES | {"stage"},
    "caption": LEAVES | {"graph"},
    "output": LEAVES | {"graph", "caption", "capture"},
    "run": LEAVES | {"stage", "graph", "capture", "caption", "output"},
    "cli": LEAVES | {"stage", "graph", "capture", "caption", "output", "run"},
    "__main__": {"cli"},
}
#: From capture, output may import only what says how a frame is written down, so that reading and writing cannot drift apart.
OUTPUT_FROM_CAPTURE = {"scenecap.capture.sidecar"}
#: Parts that must work where no USD library is installed.
WITHOUT_PXR = {"graph", "caption", "output"} | LEAVES
KIT = {"omni", "carb", "isaacsim", "Semantics", "scenecap_replicator", "scenecap_ui"}


def modules() -> list[Path]:
    return sorted(path for path in CORE.rglob("*.py"))


def part_of(path: Path) -> str:
    first = path.relative_to(CORE).parts[0]
    return first.removesuffix(".py")


def imported_names(path: Path) -> Iterator[tuple[str, int]]:
    """Yield (dotted name, line) of every import, wherever in the file it stands."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name, node.lineno
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: a relative import; name the module in full"
            for alias in node.names:
                yield f"{node.module}.{alias.name}", node.lineno


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", modules(), ids=name_of)
def test_imports_go_down(path: Path) -> None:
    part = part_of(path)
    if part in LEAVES:
        allowed = LEAVES
    else:
        assert part in FLOORS, f"{name_of(path)}: a new part of the core; give it a floor in this test and in the design"
        allowed = FLOORS[part] | {part}
    for name, line in imported_names(path):
        if name.split(".")[0] != "scenecap":
            continue
        target = name.split(".")[1]
        if target.startswith("__version"):
            continue
        assert target in allowed, f"{name_of(path)}:{line}: {part} may not import {name}"
        if part == "output" and target == "capture":
            assert any(name.startswith(module) for module in OUTPUT_FROM_CAPTURE), f"{name_of(path)}:{line}: imports {name}"


@pytest.mark.parametrize("path", modules(), ids=name_of)
def test_the_core_is_free_of_kit_and_the_upper_parts_of_usd(path: Path) -> None:
    for name, line in imported_names(path):
        top = name.split(".")[0]
        assert top not in KIT, f"{name_of(path)}:{line}: the core imports {name}"
        if part_of(path) in WITHOUT_PXR:
            assert top != "pxr", f"{name_of(path)}:{line}: {part_of(path)} imports {name}"


def test_contract_imports_numpy_only() -> None:
    names = {name for path in (CORE / "contract").glob("*.py") for name, _ in imported_names(path)}
    foreign = {name.split(".")[0] for name in names if not name.startswith("scenecap.contract")}
    assert "scenecap" not in foreign
    assert foreign - set(sys.stdlib_module_names) == {"numpy"}


@pytest.mark.parametrize("path", sorted(EXTENSIONS.rglob("*.py")), ids=name_of)
def test_modules_stay_small(path: Path) -> None:
    lines = path.read_text(encoding="utf-8").count("\n")
    assert lines <= MAX_LINES, f"{name_of(path)} has {lines} lines; make it a folder of the same name"


@pytest.mark.parametrize("path", modules(), ids=name_of)
def test_no_print_no_clock_no_global_random_state(path: Path) -> None:
    """Outside the command line: print, time.time, datetime.now, random.* and numpy's global generator."""
    if part_of(path) in ("cli", "__main__"):
        return
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.Call):
            continue
        called = ast.unparse(node.func)
        where = f"{name_of(path)}:{node.lineno}: calls {called}"
        assert called != "print", where
        assert not re.fullmatch(r"(time\.(time|time_ns)|datetime\.(now|utcnow|today)|datetime\.datetime\.now)", called), where
        assert not re.match(r"random\.(?!Random\b)", called), where
        assert not re.match(r"(np|numpy)\.random\.(?!default_rng|Generator|PCG64|Philox|SeedSequence)", called), where


def test_tests_have_packages() -> None:
    """Two test files of the same name need packages around them."""
    for folder in {path.parent for path in (ROOT / "tests").rglob("test_*.py")}:
        assert (folder / "__init__.py").is_file(), f"{name_of(folder)} has no __init__.py"


def test_versions_agree() -> None:
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    declared = re.search(r'^version = "([^"]+)"', project, re.MULTILINE)
    newest = re.search(r"^## \[?(\d+\.\d+\.\d+)", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert declared is not None
    assert newest is not None
    assert declared[1] == scenecap.__version__ == newest[1]


def repository_files() -> list[Path]:
    try:
        listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True, text=True).stdout
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("needs a git checkout")
    return [ROOT / name for name in listed.split("\0") if name]


def test_nothing_names_a_machine() -> None:
    """Paths of the machine it was written on, and hosts of package mirrors, have no place in a repository."""
    pattern = re.compile(
        r"(?<![\w./<])/(?:home|root|Users|work|tmp/w)/\w|[A-Z]:\\\\Users|\bindex-url\b|https?://(?:10\.|192\.168\.)"
    )
    for path in repository_files():
        if path.suffix in (".png", ".jpg", ".usdc", ".usdz", ".npy", ".ttf") or path == Path(__file__).resolve():
            continue
        if not path.is_file():
            continue
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
            assert not pattern.search(line), f"{name_of(path)}:{number}: {line.strip()[:100]}"
