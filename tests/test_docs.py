"""The manual: generated pages are current, links lead somewhere, commands in it exist."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"), *(ROOT / "examples").rglob("*.md")])
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def anchors(page: Path) -> set[str]:
    """Return the anchors of a page's headings, as GitHub forms them."""
    titles = re.findall(r"^#+\s+(.+?)\s*$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def test_generated_files_are_current() -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "scripts" / "generate_docs.py"), "--check"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_links_lead_somewhere(page: Path) -> None:
    for target in LINK.findall(page.read_text(encoding="utf-8")):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        file = (page.parent / path).resolve() if path else page
        assert file.exists(), f"{name_of(page)}: {target}"
        if anchor and file.suffix == ".md":
            assert anchor in anchors(file), f"{name_of(page)}: {target}"


def commands() -> list[tuple[str, str]]:
    """Return (page, line) of every scenecap command in a code block."""
    found = []
    for page in PAGES:
        for block in re.findall(
            r"^```(?:bash|sh|console)?\n(.*?)^```", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL
        ):
            for line in re.sub(r"\\\n\s*", "", block).splitlines():
                words = line.removeprefix("$ ").split(" #")[0].strip()
                if words.startswith("scenecap ") and not re.search(r"[|\[\]{}…]|\.\.\.", words):
                    found.append((name_of(page), words))
    return found


@pytest.mark.parametrize(("page", "command"), commands(), ids=lambda value: value[:60])
def test_commands_of_the_manual_parse(page: str, command: str) -> None:
    from scenecap.cli.main import build_parser

    build_parser().parse_args(shlex.split(command)[1:])


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_yaml_of_the_manual_is_right(page: Path, tmp_path: Path) -> None:
    """Every YAML block that is a whole config loads."""
    from scenecap.run.config import IRC_ROOT, load_config
    from scenecap.run.config import ROOT as OUR_ROOT

    for block in re.findall(r"^```yaml\n(.*?)^```", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL):
        if block.lstrip().startswith((f"{OUR_ROOT}:", f"{IRC_ROOT}:")):
            (tmp_path / "block.yaml").write_text(block, encoding="utf-8")
            load_config(tmp_path / "block.yaml")
