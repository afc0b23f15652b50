"""What Kit reads of the extensions: extension.toml in upstream's order, icons, change logs, modules that need no Kit."""

from __future__ import annotations

import ast
import importlib.util
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

if sys.version_info >= (3, 11):
    import tomllib
else:  # pytest itself brings tomli there
    import tomli as tomllib

import scenecap

ROOT = Path(__file__).resolve().parents[1]
EXTENSIONS = {"scenecap.core": "scenecap", "scenecap.replicator": "scenecap_replicator", "scenecap.ui": "scenecap_ui"}
#: The order that Isaac Sim's own extensions keep to.
SECTIONS = (
    "core", "package", "deprecation", "dependencies", "python.module", "native.plugin", "python.pipapi", "settings", "trigger",
    "fswatcher", "test", "documentation",
)  # fmt: skip
#: Extensions of Kit and Isaac Sim 4.5 to 6 that may be asked for, and whether it may be by need or only where they are.
KNOWN = {
    "omni.usd": True,
    "omni.replicator.core": True,
    "omni.syntheticdata": True,
    "omni.timeline": True,
    "omni.ui": True,
    "omni.kit.menu.utils": True,
    "omni.kit.window.filepicker": True,
    "omni.kit.clipboard": False,
    "isaacsim.replicator.caption.core": False,
    "omni.kit.pip_archive": False,
    "omni.pip.compute": False,
}
#: What would make Kit's start slow, or is not there.
HEAVY = ("numba", "mitsuba", "pxr", "scipy", "networkx", "PIL", "omni", "carb", "httpx", "openai", "requests")


@pytest.fixture(params=EXTENSIONS)
def extension(request: pytest.FixtureRequest) -> str:
    return request.param


def home(extension: str) -> Path:
    return ROOT / "exts" / extension


def text_of(extension: str) -> str:
    return (home(extension) / "config" / "extension.toml").read_text(encoding="utf-8")


def read(extension: str) -> dict[str, Any]:
    return tomllib.loads(text_of(extension))


def test_sections_stand_in_upstreams_order(extension: str) -> None:
    found = re.findall(r"^\[+([^\]]+)\]+$", text_of(extension), re.MULTILINE)
    places = [SECTIONS.index(name) for name in found]
    assert places == sorted(places)
    assert {"core", "package", "dependencies", "python.module", "test"} <= set(found)


def test_versions_agree_everywhere(extension: str) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    changes = re.findall(
        r"^## \[?([^\]\s]+)", (home(extension) / "docs" / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE
    )
    assert {read(extension)["package"]["version"], project, scenecap.__version__, changes[0]} == {project}
    assert re.fullmatch(r"\d+\.\d+\.\d+", project), "Kit takes semantic versions only"


def test_dependencies_are_known_and_the_extensions_do_not_go_round(extension: str) -> None:
    order = list(EXTENSIONS)
    for name, how in read(extension)["dependencies"].items():
        assert set(how) <= {"optional"}, f"{name}: a version would tie the extension to one Isaac Sim"
        if name in EXTENSIONS:
            assert order.index(name) < order.index(extension)
            continue
        assert name in KNOWN, name
        assert KNOWN[name] or how.get("optional") is True, f"{name} is not in every Isaac Sim: make it optional"


def test_the_core_needs_nothing_of_kit_and_only_the_panel_needs_a_window() -> None:
    assert all(how.get("optional") for how in read("scenecap.core")["dependencies"].values())
    for extension in ("scenecap.core", "scenecap.replicator"):
        needed = [name for name, how in read(extension)["dependencies"].items() if not how.get("optional")]
        assert not [name for name in needed if name.startswith(("omni.ui", "omni.kit.window", "omni.kit.menu"))], extension


def test_what_the_code_imports_of_omni_is_declared_or_guarded(extension: str) -> None:
    """An import of an extension that is not declared works by luck; inside a try or a function it may fail in words."""
    declared = {name for name, _ in _all_dependencies(extension)} | {"omni.ext", "omni.kit.app", "omni.client"}
    for path in sorted((home(extension) / EXTENSIONS[extension]).rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for node in tree.body:  # the top level only: what is deeper is in a function, a try or TYPE_CHECKING
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            for name in names:
                if name.split(".")[0] in ("omni", "carb", "isaacsim"):
                    assert any(name == known or name.startswith(f"{known}.") for known in declared), f"{path}: {name}"


def _all_dependencies(extension: str) -> set[tuple[str, bool]]:
    found = set()
    for name, how in read(extension)["dependencies"].items():
        found.add((name, bool(how.get("optional"))))
        if name in EXTENSIONS:
            found |= _all_dependencies(name)
    return found


def test_pictures_and_pages_are_where_the_package_says(extension: str) -> None:
    package = read(extension)["package"]
    for key, size in (("icon", (256, 256)), ("preview_image", (768, 432))):
        file = home(extension) / package[key]
        with Image.open(file) as image:
            assert (image.format, image.size) == ("PNG", size)
        assert file.stat().st_size < 300_000
    for key in ("readme", "changelog"):
        page = (home(extension) / package[key]).read_text(encoding="utf-8")
        assert page.startswith("# ")
        assert len(page) > 200


def test_the_icons_differ() -> None:
    assert len({(home(name) / "data" / "icon.png").read_bytes() for name in EXTENSIONS}) == len(EXTENSIONS)


def modules(extension: str) -> list[str]:
    return [entry["name"] for entry in read(extension)["python"]["module"] if "name" in entry]


def test_each_module_is_the_extensions_own(extension: str) -> None:
    assert [name.split(".")[0] for name in modules(extension)] == [EXTENSIONS[extension]]
    for name in modules(extension):
        assert (home(extension) / name.replace(".", "/")).with_suffix(".py").is_file() or (
            home(extension) / name.replace(".", "/") / "__init__.py"
        ).is_file()


def test_paths_that_are_added_to_python_are_there(extension: str) -> None:
    for entry in read(extension)["python"]["module"]:
        if "path" in entry:
            assert (home(extension) / entry["path"]).is_dir()


def test_modules_import_without_kit_and_import_nothing_heavy(extension: str) -> None:
    program = (
        "import importlib, json, sys\n"
        f"for name in {modules(extension)!r}: importlib.import_module(name)\n"
        f"print(json.dumps(sorted(set({HEAVY!r}) & set(sys.modules))))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == []


@pytest.mark.parametrize("name", ["scenecap.replicator", "scenecap.ui"])
def test_kit_finds_one_extension_class(name: str) -> None:
    """Kit starts each subclass of omni.ext.IExt that it finds in the module named: there must be one, and be it once."""
    (module,) = modules(name)
    source = (home(name) / module.replace(".", "/")).with_suffix(".py").read_text(encoding="utf-8")
    classes = [node for node in ast.parse(source).body if isinstance(node, ast.ClassDef)]
    extensions = [
        node
        for node in classes
        if {"on_startup", "on_shutdown"} <= {item.name for item in node.body if isinstance(item, ast.FunctionDef)}
    ]
    assert len(extensions) == 1
    package = (home(name) / EXTENSIONS[name] / "__init__.py").read_text(encoding="utf-8")
    assert "extension" not in {node.module for node in ast.walk(ast.parse(package)) if isinstance(node, ast.ImportFrom)}


def test_nothing_is_installed_or_downloaded_at_startup(extension: str) -> None:
    config = read(extension)
    assert "pipapi" not in config.get("python", {})
    for path in sorted((home(extension) / EXTENSIONS[extension]).rglob("*.py")):
        assert "pipapi" not in path.read_text(encoding="utf-8"), path


def test_settings_stand_under_the_extensions_own_prefix_and_hold_no_key(extension: str) -> None:
    settings = read(extension).get("settings", {})

    def names(values: dict[str, Any], prefix: str = "") -> list[str]:
        found = []
        for key, value in values.items():
            found += names(value, f"{prefix}{key}/") if isinstance(value, dict) else [f"{prefix}{key}"]
        return found

    for name in names(settings):
        assert name.startswith((f"exts/{extension}/", f"persistent/exts/{extension}/")), name
        assert not re.search(r"key|token|secret|password", name.rsplit("/", 1)[-1]), (
            f"{name}: keys come from environment or file"
        )


def test_the_settings_are_those_of_the_code_with_its_defaults() -> None:
    from scenecap_replicator.settings import EXTENSION, ReplicatorSettings

    assert read(EXTENSION)["settings"]["exts"][EXTENSION] == ReplicatorSettings().model_dump()


def test_the_packager_checks_the_same_extensions() -> None:
    spec = importlib.util.spec_from_file_location("package_extensions", ROOT / "scripts" / "package_extensions.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert module.EXTENSIONS == EXTENSIONS
    assert module.check_versions() == scenecap.__version__
