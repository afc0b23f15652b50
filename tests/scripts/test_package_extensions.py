"""The zip of the extensions: the same bytes each time, complete, and at work without pip, USD or numba."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import json
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from types import ModuleType

import pytest

from scenecap.graph.build import build_scene_graph
from scenecap.output.basicwriter import annotator_files
from scenecap.output.settings import OutputSettings
from tests.output.scenes import boxes_frame

ROOT = Path(__file__).resolve().parents[2]
#: What Isaac Sim brings, and what these need; nothing of USD, numba or Mitsuba.
SHIPPED = (
    "numpy",
    "scipy",
    "Pillow",
    "PyYAML",
    "pydantic",
    "pydantic-core",
    "annotated-types",
    "typing-extensions",
    "typing-inspection",
)


@pytest.fixture(scope="module")
def packager() -> ModuleType:
    spec = importlib.util.spec_from_file_location("package_extensions", ROOT / "scripts" / "package_extensions.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel of the networkx that is installed here: the tests ask no package registry for anything."""
    distribution = importlib.metadata.distribution("networkx")
    path = tmp_path_factory.mktemp("wheel") / f"networkx-{distribution.version}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for file in distribution.files or ():
            if not file.parts[0].startswith("networkx") or "__pycache__" in file.parts:
                continue
            archive.writestr(file.as_posix(), file.locate().read_bytes())
    return path


@pytest.fixture(scope="module")
def package(packager: ModuleType, wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    output = tmp_path_factory.mktemp("package") / "extensions.zip"
    assert packager.main(["--output", str(output), "--networkx", str(wheel)]) == 0
    return output


@pytest.fixture(scope="module")
def unpacked(package: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("extsUser")
    with zipfile.ZipFile(package) as archive:
        archive.extractall(folder)
    return folder


def test_the_same_sources_give_the_same_bytes(packager: ModuleType, wheel: Path, package: Path, tmp_path: Path) -> None:
    again = tmp_path / "again.zip"
    assert packager.main(["--output", str(again), "--networkx", str(wheel)]) == 0
    assert again.read_bytes() == package.read_bytes()


def test_every_module_and_data_file_is_in_it_and_nothing_else(package: Path) -> None:
    with zipfile.ZipFile(package) as archive:
        names = set(archive.namelist())
    for extension, module in {
        "scenecap.core": "scenecap",
        "scenecap.replicator": "scenecap_replicator",
        "scenecap.ui": "scenecap_ui",
    }.items():
        home = ROOT / "exts" / extension
        sources = [path for path in (home / module).rglob("*") if path.is_file() and "__pycache__" not in path.parts]
        assert {
            f"{extension}/{path.relative_to(home).as_posix()}" for path in sources if path.suffix not in (".nbi", ".nbc")
        } <= names
        assert f"{extension}/config/extension.toml" in names
        assert f"{extension}/LICENSE" in names
    assert not [name for name in names if "__pycache__" in name or "egg-info" in name or "/tests/" in name]
    assert {name.split("/")[0] for name in names} == {"scenecap.core", "scenecap.replicator", "scenecap.ui"}
    assert all(name.startswith("scenecap.core/pip_prebundle/networkx") for name in names if "pip_prebundle" in name)
    assert [name for name in names if name.startswith("scenecap.core/pip_prebundle/") and "LICENSE" in name], (
        "its licence must go along"
    )


def isaac_python(folder: Path) -> Path:
    """Make a folder with the libraries that Isaac Sim brings, and no other."""
    folder.mkdir()
    for name in SHIPPED:
        distribution = importlib.metadata.distribution(name)
        for top in {file.parts[0] for file in distribution.files or () if file.parts[0] not in ("..", "__pycache__")}:
            target = Path(str(distribution.locate_file(top)))
            if not top.endswith(".dist-info") and target.exists() and not (folder / top).exists():
                (folder / top).symlink_to(target, target_is_directory=target.is_dir())
    return folder


PROGRAM = """
import json, sys
sys.path[:0] = json.loads(sys.argv[1])
from scenecap.cli.main import main
try:
    code = main(sys.argv[2:])
except SystemExit as end:
    code = end.code
import networkx
loaded = [name for name in ("pxr", "numba", "mitsuba") if name in sys.modules]
print(json.dumps({"code": code, "networkx": networkx.__file__, "loaded": loaded}))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="needs symbolic links")
def test_a_recorded_frame_is_captioned_from_the_unpacked_zip_alone(unpacked: Path, tmp_path: Path) -> None:
    """In a Python that has Isaac Sim's libraries and no USD, numba or Mitsuba, nor the project's own folders."""
    frame = boxes_frame()
    for path, content in annotator_files(frame, OutputSettings(), render_product="Camera", nested=False).items():
        file = tmp_path / "recorded" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
    libraries = isaac_python(tmp_path / "libraries")
    paths = [str(unpacked / name) for name in ("scenecap.core", "scenecap.replicator", "scenecap.ui")]
    paths += [str(unpacked / "scenecap.core" / "pip_prebundle"), str(libraries)]
    config = tmp_path / "recorded.yaml"
    config.write_text(
        f"scenecap:\n  capture: recorded\n  recorded_path: {tmp_path / 'recorded'}\n  output_path: {tmp_path / 'out'}\n"
    )
    command = [sys.executable, "-I", "-S", "-c", PROGRAM, json.dumps(paths), "run", str(config)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    facts = json.loads(done.stdout.splitlines()[-1])
    assert facts["code"] == 0, done.stdout + done.stderr
    assert facts["loaded"] == []
    assert Path(facts["networkx"]).is_relative_to(unpacked / "scenecap.core" / "pip_prebundle")
    (captions,) = (tmp_path / "out").rglob("scene_graph_caption.json")
    graph = json.loads(captions.with_name("full_scene_graph.json").read_text())
    assert json.loads(captions.read_text())["brief_caption"]
    assert len(graph["obj"]) == len(build_scene_graph(frame).nodes)


@pytest.mark.skipif(sys.platform == "win32", reason="needs symbolic links")
@pytest.mark.parametrize(
    ("arguments", "code", "message"), [(["--help"], 0, "capture: replicator"), (["no.yaml"], 2, "no.yaml")]
)
def test_the_scripts_in_the_zip_find_the_extensions(unpacked: Path, tmp_path: Path, arguments, code, message) -> None:
    script = unpacked / "scenecap.replicator" / "scripts" / "caption_stage.py"
    program = "import runpy, sys; sys.path.insert(0, sys.argv.pop(1)); sys.argv.pop(0); "
    program += "runpy.run_path(sys.argv[0], run_name='__main__')"
    command = [sys.executable, "-I", "-S", "-c", program, str(isaac_python(tmp_path / "libraries")), str(script), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert (done.returncode, message in done.stdout + done.stderr) == (code, True), done.stdout + done.stderr


# What the packager refuses, in words.


def copy_of_project(folder: Path) -> Path:
    """Copy what holds versions, and what the extensions must have."""
    for name in ("pyproject.toml", "CHANGELOG.md", "LICENSE"):
        shutil.copy(ROOT / name, folder / name)
    for extension in ("scenecap.core", "scenecap.replicator", "scenecap.ui"):
        for part in ("config", "docs", "data"):
            shutil.copytree(ROOT / "exts" / extension / part, folder / "exts" / extension / part)
    (folder / "exts/scenecap.core/scenecap").mkdir()
    shutil.copy(ROOT / "exts/scenecap.core/scenecap/__init__.py", folder / "exts/scenecap.core/scenecap/__init__.py")
    return folder


@pytest.mark.parametrize(
    "path",
    ["pyproject.toml", "CHANGELOG.md", "exts/scenecap.ui/config/extension.toml", "exts/scenecap.replicator/docs/CHANGELOG.md"],
)
def test_versions_that_differ_are_all_named(packager: ModuleType, tmp_path: Path, path: str) -> None:
    root = copy_of_project(tmp_path)
    version = packager.check_versions(root)
    file = root / path
    file.write_text(file.read_text(encoding="utf-8").replace(version, "9.9.9"), encoding="utf-8")
    with pytest.raises(packager.PackageError) as raised:
        packager.check_versions(root)
    assert f"{path} has 9.9.9" in str(raised.value)
    assert f"__init__.py has {version}" in str(raised.value)


def test_a_missing_module_is_named(packager: ModuleType, tmp_path: Path) -> None:
    root = copy_of_project(tmp_path)
    with pytest.raises(packager.PackageError, match=r"scenecap_replicator/__init__\.py is not there"):
        packager.extension_files(root)


def fake_wheel(path: Path, *, name: str = "networkx", pure: str = "true") -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(f"{name}/__init__.py", "")
        archive.writestr(f"{name}-1.dist-info/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1\n")
        archive.writestr(f"{name}-1.dist-info/WHEEL", f"Wheel-Version: 1.0\nRoot-Is-Purelib: {pure}\n")
    return path


@pytest.mark.parametrize(
    ("facts", "message"),
    [({"name": "numpy"}, "this is numpy, and networkx is wanted"), ({"pure": "false"}, "not pure Python")],
)
def test_other_wheels_are_refused(packager: ModuleType, tmp_path: Path, capsys, facts: dict[str, str], message: str) -> None:
    wheel = fake_wheel(tmp_path / "some.whl", **facts)
    assert packager.main(["--output", str(tmp_path / "x.zip"), "--networkx", str(wheel)]) == 2
    assert message in capsys.readouterr().err
    assert not (tmp_path / "x.zip").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [(["--output", "x.tar"], "must end in .zip"), (["--networkx", "nowhere.whl"], "nowhere.whl")],
)
def test_arguments_that_are_wrong_are_one_line(
    packager: ModuleType, capsys, monkeypatch, tmp_path, arguments, message
) -> None:
    monkeypatch.chdir(tmp_path)
    assert packager.main([*arguments]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert len(error.splitlines()) == 1


def test_paths_fit_windows(packager: ModuleType, tmp_path: Path) -> None:
    with pytest.raises(packager.PackageError, match="do not fit below an install on Windows"):
        packager.write_zip(tmp_path / "x.zip", {f"scenecap.core/{'a' * 200}.py": b""})
