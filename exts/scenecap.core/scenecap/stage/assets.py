"""Which asset a prim is: the file it references, its name and description, and a hash of the file's content."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from scenecap.errors import MissingExtraError
from scenecap.stage.open import OpenStage
from scenecap.text import MAX_DOC, clean_text

try:
    from pxr import Sdf, Usd
except ImportError as error:  # pragma: no cover - depends on the installation
    raise MissingExtraError("pxr", extra="capture", purpose="Reading assets") from error

_MAX_IDENTIFIER = 500


@dataclass(frozen=True)
class AssetReference:
    """A file that a prim references or loads as a payload.

    Attributes:
        identifier: The file, relative to the stage's folder where it lies in it, with the prim in it where that is not the
            default one: ``assets/Bowl/Bowl.usd`` or ``library.usdc</Bowl>``.
        file: The file on disk, or None where it cannot be resolved.
        root_name: Name of the prim it is, in that file; the file's stem where that is not known.
    """

    identifier: str
    file: Path | None
    root_name: str


def asset_reference(prim: Usd.Prim, open_stage: OpenStage) -> AssetReference | None:
    """Return the first reference or payload of a prim to another file, strongest first; None where it has none."""
    for spec in prim.GetPrimStack():
        for items in (spec.referenceList, spec.payloadList):
            for item in items.GetAddedOrExplicitItems():
                if item.assetPath:
                    return _reference(spec.layer, item.assetPath, item.primPath, open_stage)
    return None


def asset_name(prim: Usd.Prim) -> str | None:
    """Return the ``assetInfo`` name of a prim, or None."""
    name = prim.GetAssetInfoByKey("name")
    return clean_text(name) or None if isinstance(name, str) else None


def asset_identity(prim: Usd.Prim, path: str, open_stage: OpenStage) -> tuple[str, Path | None]:
    """Return what a prim is called in the label database, and the asset's file.

    It is the ``assetInfo`` identifier, else the file it references, else the layer that defines it and its path there: the
    same whether the scene or a layer over it is opened. A layer's default prim is the file itself, as one that references
    the file calls it.

    Args:
        prim: The prim: an object, or the prototype root of a point instance.
        path: The object's path, which may be a point instance's.
        open_stage: The stage.
    """
    reference = asset_reference(prim, open_stage)
    stated = prim.GetAssetInfoByKey("identifier")
    if isinstance(stated, Sdf.AssetPath) and stated.path:
        resolved = Path(stated.resolvedPath) if stated.resolvedPath else (reference.file if reference else None)
        name = _relative(resolved, open_stage) if resolved else stated.path
        return clean_text(name, limit=_MAX_IDENTIFIER), resolved
    if reference is not None:
        return reference.identifier, reference.file
    for spec in reversed(prim.GetPrimStack()):
        if spec.specifier == Sdf.SpecifierDef:
            real = spec.layer.realPath
            name = _relative(Path(real), open_stage) if real else open_stage.name
            if real and spec.layer.defaultPrim and str(spec.path) == f"/{spec.layer.defaultPrim}":
                return clean_text(name, limit=_MAX_IDENTIFIER), Path(real)
            return clean_text(f"{name}<{spec.path}>", limit=_MAX_IDENTIFIER), None
    return clean_text(f"{open_stage.name}<{path}>", limit=_MAX_IDENTIFIER), None


def asset_doc(prim: Usd.Prim) -> str | None:
    """Return the ``doc`` metadata of a prim as one clean line, or None. A schema's own documentation does not count."""
    if not prim.HasAuthoredMetadata("documentation"):
        return None
    text = prim.GetMetadata("documentation")
    return clean_text(text, limit=MAX_DOC) or None if isinstance(text, str) else None


def content_hash(file: Path | None) -> str:
    """Return 16 hexadecimal digits that stand for a file's bytes; "" where it cannot be read."""
    if file is None:
        return ""
    digest = hashlib.sha256()
    try:
        with file.open("rb") as stream:
            while block := stream.read(1 << 20):
                digest.update(block)
    except OSError:
        return ""
    return digest.hexdigest()[:16]


def _reference(layer: Sdf.Layer, asset_path: str, prim_path: Sdf.Path, open_stage: OpenStage) -> AssetReference:
    absolute = Sdf.ComputeAssetPathRelativeToLayer(layer, asset_path) or asset_path
    file = Path(absolute)
    exists = file.is_file()
    name = _relative(file, open_stage) if exists else asset_path
    inner = "" if prim_path.isEmpty else str(prim_path)
    root_name = prim_path.name if inner else ""
    if not root_name and exists:
        found = Sdf.Layer.Find(absolute)
        root_name = found.defaultPrim if found else ""
    stem = PurePosixPath(asset_path.replace("\\", "/")).stem
    identifier = clean_text(f"{name}<{inner}>" if inner else name, limit=_MAX_IDENTIFIER)
    return AssetReference(identifier, file if exists else None, clean_text(root_name or stem))


def _relative(file: Path, open_stage: OpenStage) -> str:
    """Name a file as seen from the stage's folder, so that two copies of a project call it the same."""
    folder = os.path.dirname(open_stage.path)
    try:
        relative = os.path.relpath(file, folder) if folder else str(file)
    except ValueError:  # another drive
        return file.name
    return PurePosixPath(Path(relative)).as_posix()
