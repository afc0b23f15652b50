"""Make one zip with the three extensions, to unpack into Isaac Sim's extsUser folder: nothing has to be installed with pip.

    python scripts/package_extensions.py                          # dist/scenecap-<version>-isaacsim.zip
    python scripts/package_extensions.py --networkx networkx-3.4.2-py3-none-any.whl      # without a network

networkx, the one library that Isaac Sim lacks or is about to lack, is put into scenecap.core/pip_prebundle. It is pure
Python; all else (numpy, scipy, Pillow, PyYAML, pydantic) is compiled and comes with Isaac Sim.
pip downloads the wheel, which is held against a hash. Entries are sorted and bear one date: the same sources, the same bytes.
"""

from __future__ import annotations

import argparse
import hashlib
import re
import subprocess
import sys
import tempfile
import zipfile
from email.parser import Parser
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
EXTENSIONS = {"scenecap.core": "scenecap", "scenecap.replicator": "scenecap_replicator", "scenecap.ui": "scenecap_ui"}
#: What each extension must have, beside its module.
REQUIRED = ("config/extension.toml", "data/icon.png", "data/preview.png", "docs/CHANGELOG.md", "docs/Overview.md")
#: The scripts that a person runs under Isaac Sim, and where they go.
SCRIPTS = "scripts/isaac"
SCRIPTS_HOME = "scenecap.replicator/scripts"

#: The last release for Python 3.10, which is Isaac Sim 4.5's; works on 3.11 and 3.12 too.
NETWORKX = "3.4.2"
NETWORKX_SHA256 = "df5d4365b724cf81b8c6a7312509d0c22386097011ad1abe274afd5e9d3bbc5f"
PREBUNDLE = "scenecap.core/pip_prebundle"

SUFFIXES = frozenset(
    {".py", ".json", ".yaml", ".yml", ".co", ".ttf", ".txt", ".j2", ".html", ".css", ".js", ".typed", ".toml", ".md", ".png"}
)
LEFT_OUT = re.compile(r"(^|/)(__pycache__|[^/]*\.egg-info|\.[^/]*)(/|$)")
#: Windows opens no path longer than 260 characters; an install's own folder takes some 100 of them.
LONGEST_PATH = 140
#: The earliest time that a zip can hold.
DATE = (1980, 1, 1, 0, 0, 0)


class PackageError(Exception):
    """The zip cannot be made; says why and what to do."""


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; return 0, or 2 where the zip cannot be made."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--output", type=Path, help="the zip (default: dist/scenecap-<version>-isaacsim.zip)")
    parser.add_argument("--networkx", type=Path, metavar="WHEEL", help="a wheel that is here already, instead of a download")
    options = parser.parse_args(arguments)
    try:
        version = check_versions()
        output = options.output or ROOT / "dist" / f"scenecap-{version}-isaacsim.zip"
        if output.suffix != ".zip":
            raise PackageError(f"--output {output}: the name must end in .zip")
        files = extension_files()
        if options.networkx is not None:
            bundled, needs = read_wheel(options.networkx)
        else:
            with tempfile.TemporaryDirectory() as folder:
                bundled, needs = read_wheel(download_networkx(Path(folder)))
        write_zip(output, files | bundled)
    except (PackageError, OSError) as error:
        print(f"package_extensions: {error}", file=sys.stderr)
        return 2
    digest = hashlib.sha256(output.read_bytes()).hexdigest()
    print(f"{output}\n  {len(files | bundled)} files, {output.stat().st_size / 1e6:.1f} MB, Python {needs}\n  sha256 {digest}")
    return 0


def check_versions(root: Path = ROOT) -> str:
    """Return the version, which must be the same wherever it is written.

    Raises:
        PackageError: Two places disagree; names all of them.
    """
    sources = {
        "pyproject.toml": r'^\[project\]$(?:(?!^\[).)*?^version\s*=\s*"([^"]+)"',
        "CHANGELOG.md": r"^## \[?([0-9][^\]\s]*)",
        "exts/scenecap.core/scenecap/__init__.py": r'^__version__\s*=\s*"([^"]+)"',
    }
    for name in EXTENSIONS:
        sources[f"exts/{name}/config/extension.toml"] = r'^\[package\]$(?:(?!^\[).)*?^version\s*=\s*"([^"]+)"'
        sources[f"exts/{name}/docs/CHANGELOG.md"] = r"^## \[?([0-9][^\]\s]*)"
    found = {}
    for path, pattern in sources.items():
        match = re.search(pattern, (root / path).read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
        if match is None:
            raise PackageError(f"{path}: there is no version in it.")
        found[path] = match.group(1)
    if len(set(found.values())) != 1:
        listed = "; ".join(f"{path} has {version}" for path, version in found.items())
        raise PackageError(f"the versions differ, write the same one everywhere: {listed}.")
    return next(iter(found.values()))


def extension_files(root: Path = ROOT) -> dict[str, bytes]:
    """Return path in the zip -> content, for the three extensions and the scripts that run under Isaac Sim.

    Raises:
        PackageError: A file that each extension must have is not there.
    """
    files: dict[str, bytes] = {}
    for name, module in EXTENSIONS.items():
        home = root / "exts" / name
        for wanted in (*REQUIRED, f"{module}/__init__.py"):
            if not (home / wanted).is_file():
                raise PackageError(f"exts/{name}/{wanted} is not there.")
        for folder in ("config", "data", "docs", module):
            files |= {f"{name}/{path}": content for path, content in folder_files(home, folder).items()}
        files[f"{name}/LICENSE"] = (root / "LICENSE").read_bytes()
    scripts = folder_files(root, SCRIPTS)
    files |= {f"{SCRIPTS_HOME}/{path.removeprefix(f'{SCRIPTS}/')}": content for path, content in scripts.items()}
    return files


def folder_files(home: Path, folder: str) -> dict[str, bytes]:
    """Return path from ``home`` -> content of the files below a folder that belong into a release."""
    files = {}
    for path in sorted((home / folder).rglob("*")):
        name = path.relative_to(home).as_posix()
        if path.is_file() and path.suffix in SUFFIXES and not LEFT_OUT.search(name):
            files[name] = path.read_bytes()
    return files


def download_networkx(folder: Path) -> Path:
    """Return the wheel of the one release that is bundled, downloaded by pip and held against its hash."""
    wanted = folder / "requirements.txt"
    wanted.write_text(f"networkx=={NETWORKX} --hash=sha256:{NETWORKX_SHA256}\n", encoding="utf-8")
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
    command += ["--only-binary=:all:", "--require-hashes", "--requirement", str(wanted), "--dest", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    wheels = list(folder.glob("*.whl"))
    if done.returncode != 0 or not wheels:
        last = (done.stderr.strip().splitlines() or ["pip said nothing"])[-1]
        raise PackageError(f"networkx {NETWORKX} cannot be downloaded ({last}). Give its wheel with --networkx.")
    return wheels[0]


def read_wheel(wheel: Path) -> tuple[dict[str, bytes], str]:
    """Return path in the zip -> content of networkx, and which Python it needs. Its own tests are left out.

    Raises:
        PackageError: The wheel is not networkx, or holds more than Python.
    """
    try:
        with zipfile.ZipFile(wheel) as archive:
            members = {name: archive.read(name) for name in archive.namelist() if not name.endswith("/")}
    except zipfile.BadZipFile:
        raise PackageError(f"{wheel}: this is no wheel.") from None
    records = {Path(name).name: content.decode() for name, content in members.items() if ".dist-info/" in name}
    metadata, wheel_facts = Parser().parsestr(records.get("METADATA", "")), Parser().parsestr(records.get("WHEEL", ""))
    if metadata["Name"] != "networkx":
        raise PackageError(f"{wheel}: this is {metadata['Name'] or 'no wheel'}, and networkx is wanted.")
    if wheel_facts["Root-Is-Purelib"] != "true":
        raise PackageError(f"{wheel}: this is not pure Python, so it would not fit every Isaac Sim.")
    kept = {
        f"{PREBUNDLE}/{name}": content
        for name, content in members.items()
        if name.startswith("networkx/") and "/tests/" not in name
    }
    for name, content in members.items():
        if ".dist-info/" in name and (name.endswith("/METADATA") or "LICENSE" in name):
            kept[f"{PREBUNDLE}/{name}"] = content
    return kept, metadata["Requires-Python"] or "any"


def write_zip(output: Path, files: dict[str, bytes]) -> None:
    """Write a zip that depends on the files alone: sorted, one date, one mode.

    Raises:
        PackageError: A path is too long for Windows.
    """
    longest = max(files, key=len)
    if len(longest) > LONGEST_PATH:
        raise PackageError(
            f"{longest}: {len(longest)} characters; more than {LONGEST_PATH} do not fit below an install on Windows."
        )
    output.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(output, "w") as archive:
        for name in sorted(files):
            entry = zipfile.ZipInfo(name, DATE)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.create_system = 3  # Unix, on whatever machine, since the mode below is
            entry.external_attr = 0o100644 << 16
            archive.writestr(entry, files[name], compresslevel=9)


if __name__ == "__main__":
    sys.exit(main())
