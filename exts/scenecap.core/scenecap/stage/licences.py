"""Find what a scene's files say of their licences.

A layer says it itself (``license`` in its customLayerData, the assetInfo or customData of its root prims, its documentation,
its comment), or a licence file beside it does. A licence file counts for its folder and all below, up to the scene's own
folder; what the scene's root layer says counts like a licence file in that folder. The nearest word wins. Nothing above the
scene's folder is read: whose it is cannot be known.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from scenecap.contract import AssetLicence, SceneLicences
from scenecap.errors import MissingExtraError
from scenecap.stage.licence_text import licence_of_text, named_licence
from scenecap.stage.open import OpenStage, collect_diagnostics
from scenecap.text import clean_text

try:
    from pxr import Sdf, Tf
except ImportError as error:  # pragma: no cover - depends on the installation
    raise MissingExtraError("pxr", extra="capture", purpose="Reading a USD stage") from error

if TYPE_CHECKING:
    from pxr.Sdf import Layer

#: Files that are named one by one.
EXAMPLES = 5
#: Longest licence text that is kept [characters].
MAX_TEXT = 65536
#: Prims at the root of a layer that are asked.
_MAX_ROOTS = 64

_LICENCE_FILE = re.compile(r"(.*[ ._-])?(licen[cs]es?|copying|unlicense)([ ._-].*)?", re.IGNORECASE)
_TEXT_SUFFIXES = ("", ".txt", ".md", ".rst")
_KEYS = ("license", "licence", "License", "Licence", "LICENSE", "spdx", "SPDX")

#: Name, source, text.
_Stated = tuple[str, str, str]


def scene_licences(opened: OpenStage, also: Iterable[Path] = ()) -> SceneLicences:
    """Return what is known of the licences of a stage's files; nothing for a stage that lies in no file.

    Args:
        opened: The stage.
        also: Files that it is made of with other variants.
    """
    top = opened.stage.GetRootLayer()
    if not top.realPath:
        return SceneLicences()
    root = _file_of(top).parent
    own: dict[Path, tuple[_Stated, ...]] = {}
    layers = [layer for layer in opened.stage.GetUsedLayers() if layer.realPath]
    known = {_file_of(layer) for layer in layers}
    layers += filter(None, map(_layer_of, sorted(set(also) - known)))
    for layer in layers:
        path = _file_of(layer)
        own[path] = own.get(path) or tuple(_of_layer(layer, _shown(path, root)))
    of_scene = own.get(_file_of(top), ())
    folders: dict[Path, tuple[_Stated, ...]] = {}
    covers: dict[tuple[str, str], list[tuple[str, str]]] = defaultdict(list)
    unknown: list[str] = []
    for path in sorted(own):
        name = _shown(path, root)
        stated = own[path] or _beside(path, root, folders) or (of_scene if path.is_relative_to(root) else ())
        for licence, source, text in stated:
            covers[licence, text].append((name, source))
        if not stated:
            unknown.append(name)
    found = tuple(
        AssetLicence(
            name=licence,
            source=_sources([source for _, source in items]),
            files=len(items),
            examples=tuple(name for name, _ in items[:EXAMPLES]),
            text=text,
        )
        for (licence, text), items in sorted(covers.items())
    )
    return SceneLicences(found=found, unknown=len(unknown), unknown_examples=tuple(unknown[:EXAMPLES]))


def _sources(sources: list[str]) -> str:
    """Return where the same words stand: the first place, and how many more."""
    more = len(set(sources)) - 1
    return sources[0] + (f" and {more} more" if more else "")


def _layer_of(path: Path) -> Layer | None:
    try:
        with collect_diagnostics():
            return Sdf.Layer.FindOrOpen(str(path))
    except Tf.ErrorException:
        return None


def _file_of(layer: Layer) -> Path:
    """Return the file that a layer lies in: for one inside a package, the package."""
    return Path(layer.realPath.split("[", 1)[0])


def _of_layer(layer: Layer, name: str) -> Iterator[_Stated]:
    """Yield what a layer states itself; nothing where it states nothing."""
    places: list[tuple[str, Mapping[str, Any]]] = [(name, layer.customLayerData)]
    roots = list(layer.rootPrims)[:_MAX_ROOTS]
    for prim in roots:
        places += [(f"{prim.path} in {name}", prim.assetInfo), (f"{prim.path} in {name}", prim.customData)]
    for place, values in places:
        for key in _KEYS:
            value = values.get(key)
            if isinstance(value, str) and value.strip():
                yield named_licence(value) or clean_text(value), f"'{key}' of {place}", value.strip()[:MAX_TEXT]
                return
    texts = [(f"documentation of {name}", layer.documentation), (f"comment of {name}", layer.comment)]
    texts += [(f"documentation of {prim.path} in {name}", prim.documentation) for prim in roots]
    for place, text in texts:
        licence = named_licence(text[:MAX_TEXT]) if text else None
        if licence is not None:
            yield licence, place, text.strip()[:MAX_TEXT]
            return


def _beside(path: Path, root: Path, folders: dict[Path, tuple[_Stated, ...]]) -> tuple[_Stated, ...]:
    """Return what the licence files of the nearest folder state that has some."""
    inside = path.is_relative_to(root)
    for folder in path.parents:
        if not folder.is_relative_to(root) and (inside or root.is_relative_to(folder)):
            break  # above the scene's folder, or what holds both it and a layer from elsewhere
        if folder not in folders:
            folders[folder] = tuple(_of_folder(folder, root))
        if folders[folder]:
            return folders[folder]
    return ()


def _of_folder(folder: Path, root: Path) -> Iterator[_Stated]:
    try:
        files = sorted(item for item in folder.iterdir() if item.suffix.lower() in _TEXT_SUFFIXES)
    except OSError:
        return
    for file in files:
        try:
            if not _LICENCE_FILE.fullmatch(file.name) or not file.is_file():
                continue
            text = file.read_bytes()[: 4 * MAX_TEXT].decode("utf-8", "replace")[:MAX_TEXT].strip()
        except OSError:
            continue
        name = _shown(file, root)
        yield licence_of_text(text) or f"see {name}", f"file {name}", text


def _shown(path: Path, root: Path) -> str:
    """Name a file relative to the scene's folder, never with a machine's own folders."""
    if path.is_relative_to(root):
        return clean_text(path.relative_to(root).as_posix(), limit=200)
    return clean_text(PurePosixPath("..", *path.parts[-2:]), limit=200)
