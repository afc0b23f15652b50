"""Which scenes a batch consists of, from paths and globs, and a folder name for each that no other scene has."""

from __future__ import annotations

import glob
import os
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath

from scenecap.errors import UsageError
from scenecap.output.manifest import MANIFEST_NAME, RUN_LOG_NAME
from scenecap.text import clean_text, nearest, safe_name, short_hash

#: Names in the output folder that are not a scene's.
_TAKEN = (MANIFEST_NAME, RUN_LOG_NAME)


@dataclass(frozen=True)
class Scene:
    """One scene of a batch.

    Attributes:
        path: The file (or the folder of a recording, or an address of another system), absolute.
        name: Its folder below the output: one of its own, even where the file system ignores case.
    """

    path: str
    name: str


def find_scenes(patterns: Sequence[str], *, recorded: bool = False) -> tuple[Scene, ...]:
    """Return the scenes that paths and globs stand for: in the order of the patterns, those of a glob by their paths.

    Args:
        patterns: Absolute paths, globs, and addresses such as ``omniverse://host/scene.usd``, which are taken as they are.
        recorded: Take folders of recordings instead of USD files.

    Raises:
        UsageError: A path is not there, or a glob matches nothing.
    """
    paths = dict.fromkeys(path for pattern in patterns for path in _matches(pattern, recorded=recorded))
    names = scene_names(paths)
    return tuple(Scene(path, names[path]) for path in paths)


def scene_names(paths: Iterable[str]) -> dict[str, str]:
    """Return a folder name for each path: its stem, with as many of its folders before it as tell it from the others.

    ``kitchen/scene.usd`` and ``office/scene.usd`` become ``kitchen_scene`` and ``office_scene``; ``a.usd`` and ``a.usda``
    become ``a_usd`` and ``a_usda``. Names do not depend on the order of the paths, nor on where the tree of scenes lies.
    """
    parts = _distinct_parts(sorted(set(paths)))
    names = {path: safe_name(item[-1]) for path, item in parts.items()}
    for depth in range(2, max(map(len, parts.values()), default=0) + 1):
        for path in _shared(names):
            names[path] = safe_name("_".join(parts[path][-depth:]))
    for path in _shared(names):  # A/b_c and A_b/c
        names[path] = f"{safe_name(names[path], limit=90)}_{short_hash('/'.join(parts[path]))}"
    return names


def _distinct_parts(paths: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Return the folders of each path below the one that holds all of them, and its stem; the ending where that decides."""
    pure = {path: PurePath(path.split("://", 1)[-1]) for path in paths}
    folders = {path: item.parent.parts for path, item in pure.items()}
    common = 0
    while len({item[: common + 1] for item in folders.values()}) == 1 and common < min(map(len, folders.values())):
        common += 1
    stems = {path: item.stem if item.suffix.lower().startswith(".usd") else item.name for path, item in pure.items()}
    uses = Counter((folders[path], stem) for path, stem in stems.items())
    return {
        path: (
            *folders[path][common:],
            stem if uses[folders[path], stem] == 1 else pure[path].name.replace(".", "_"),
        )
        for path, stem in stems.items()
    }


def _shared(names: dict[str, str]) -> list[str]:
    """Return the paths whose names are not theirs alone."""
    uses = Counter([*(name.lower() for name in names.values()), *_TAKEN])
    return [path for path, name in names.items() if uses[name.lower()] > 1]


def _matches(pattern: str, *, recorded: bool) -> list[str]:
    if "://" in pattern:
        return [pattern]
    if os.path.exists(pattern):  # a name may hold brackets
        return [os.path.abspath(pattern)]
    if not glob.has_magic(pattern):
        raise UsageError(f"scenes: there is no {_what(recorded)} {pattern}.{_near(Path(pattern))}")
    found = sorted(
        (os.path.abspath(path) for path in glob.iglob(pattern, recursive=True)), key=lambda path: PurePath(path).parts
    )
    kept = [path for path in found if _fits(path, recorded=recorded)]
    if kept:
        return kept
    if found:
        wrong = "none of it is a folder" if recorded else "none of it is a USD file (.usd, .usda, .usdc, .usdz)"
        raise UsageError(f"scenes: {pattern} matches {len(found)} {'thing' if len(found) == 1 else 'things'}, and {wrong}.")
    raise UsageError(
        f"scenes: {pattern} matches no {_what(recorded)}.{_missing_folder(pattern)}",
        remedy="Relative globs start at the config file's folder; ** stands for any folders.",
    )


def _fits(path: str, *, recorded: bool) -> bool:
    if recorded:
        return os.path.isdir(path)
    from scenecap.stage.open import USD_SUFFIXES  # needs pxr, which a recording does not

    return path.lower().endswith(USD_SUFFIXES) and os.path.isfile(path)


def _what(recorded: bool) -> str:
    return "folder" if recorded else "file"


def _near(path: Path) -> str:
    """Return a near miss in the same folder, or which folder is not there."""
    if not path.parent.is_dir():
        return _missing_folder(str(path))
    hint = nearest(path.name, tuple(sorted(os.listdir(path.parent))))
    return f" Did you mean {clean_text(hint)}?" if hint else ""


def _missing_folder(pattern: str) -> str:
    """Return which folder of a pattern is not there, where that is why nothing matches."""
    missing = ""
    folder = Path(pattern).parent
    while folder != folder.parent:
        if not glob.has_magic(str(folder)):
            if folder.exists():
                break
            missing = f" There is no folder {folder}."
        folder = folder.parent
    return missing
