"""Write the labels that discovery found onto a stage: into its session layer, or into a layer file beside it.

The user's files are never changed. A label layer is a small USD file that sublayers the scene and adds labels to it: open
it instead of the scene. Specs are authored with Sdf alone, so a prim that cannot be edited through the stage does no harm,
and neither schema's bindings are needed.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from scenecap.contract import LabelSource
from scenecap.errors import MissingExtraError, OutputError, UsageError
from scenecap.stage.label_text import naming_label
from scenecap.stage.labels import LABELS_NAMESPACE, read_labels
from scenecap.stage.model import Discovery, Role
from scenecap.stage.open import USD_SUFFIXES, OpenStage, collect_diagnostics
from scenecap.stage.settings import LabelSchema
from scenecap.text import clean_text

try:
    from pxr import Sdf, Tf, Usd, Vt
except ImportError as error:  # pragma: no cover - depends on the installation
    raise MissingExtraError("pxr", extra="capture", purpose="Attaching labels") from error

#: Taxonomy that labels are written under.
TAXONOMY = "class"
#: Why a labelled object is skipped: the one reason that is no problem.
HAS_LABEL = "it has a label already"
#: Marks a label layer as ours in its customLayerData, so that it may be written again.
_MARK = "scenecap:labelLayer"
_LABELS_API = f"SemanticsLabelsAPI:{TAXONOMY}"
_LEGACY_INSTANCE = "Semantics"
_LEGACY_API = f"SemanticsAPI:{_LEGACY_INSTANCE}"
_LEGACY_TYPE = f"semantic:{_LEGACY_INSTANCE}:params:semanticType"
_LEGACY_DATA = f"semantic:{_LEGACY_INSTANCE}:params:semanticData"
#: Fields of a root layer that belong to its own composition, not to the stage.
_NOT_COPIED = frozenset(
    {"subLayers", "subLayerOffsets", "primChildren", "documentation", "comment", "owner", "customLayerData"}
)


@dataclass(frozen=True)
class PlannedLabel:
    """A label that would be written.

    Attributes:
        prim_path: Prim to write it on: the object, an instance's root, or a point instance's prototype root.
        label: The label.
        source: Where it comes from.
        objects: Paths of the objects that get it.
    """

    prim_path: str
    label: str
    source: LabelSource
    objects: tuple[str, ...]


@dataclass(frozen=True)
class SkippedLabel:
    """An object that gets no label, and why."""

    path: str
    reason: str


@dataclass(frozen=True)
class LabelPlan:
    """What would be written, by prim path, and what would not.

    Attributes:
        labels: The labels.
        skipped: Objects that keep what they have, or cannot be labelled.
    """

    labels: tuple[PlannedLabel, ...]
    skipped: tuple[SkippedLabel, ...]


def plan_labels(open_stage: OpenStage, discovery: Discovery) -> LabelPlan:
    """Decide which prims get which label. Nothing is changed; existing labels stay.

    Args:
        open_stage: The stage.
        discovery: Its objects and room. Ghosts get no label.
    """
    targets: dict[str, list[tuple[str, str, LabelSource]]] = {}
    skipped: list[SkippedLabel] = []
    for entity in discovery.entities:
        if entity.role is Role.GHOST:
            skipped.append(SkippedLabel(entity.path, "it is a ghost"))
            continue
        prim = prim_to_label(open_stage.stage, entity.path)
        if prim is None:
            skipped.append(SkippedLabel(entity.path, "it is within an instance, which cannot be edited; label the asset"))
        elif naming_label(read_labels(prim)) is not None:
            skipped.append(SkippedLabel(entity.path, HAS_LABEL))
        else:
            targets.setdefault(str(prim.GetPath()), []).append((entity.path, entity.label, entity.label_source))
    labels = []
    for path, wanted in sorted(targets.items()):
        _, label, source = wanted[0]
        agreeing = tuple(sorted(item[0] for item in wanted if item[1] == label))
        skipped.extend(
            SkippedLabel(item[0], f"its prototype is labelled '{label}'") for item in wanted if item[0] not in agreeing
        )
        labels.append(PlannedLabel(path, label, source, agreeing))
    return LabelPlan(tuple(labels), tuple(sorted(skipped, key=lambda item: item.path)))


def effective_schema(schema: LabelSchema) -> LabelSchema:
    """Return the schema that is written: this USD's legacy one where it does not know the labels schema (before 24.11)."""
    known = Usd.SchemaRegistry().FindAppliedAPIPrimDefinition("SemanticsLabelsAPI") is not None
    return schema if known or schema is LabelSchema.LEGACY else LabelSchema.LEGACY


def attach_to_session(open_stage: OpenStage, plan: LabelPlan, *, schema: LabelSchema = LabelSchema.LABELS) -> int:
    """Write labels to the stage's session layer, which is never saved. Returns how many.

    Raises:
        UsageError: The stage was opened without a session layer.
    """
    if not open_stage.session:
        raise UsageError("This stage has no session layer to label it in.", remedy="Open it with one.")
    with Sdf.ChangeBlock():
        _author(open_stage.session, plan.labels, effective_schema(schema))
    return len(plan.labels)


def detach_from_session(open_stage: OpenStage, plan: LabelPlan) -> None:
    """Take back what :func:`attach_to_session` wrote, and nothing else."""
    layer = open_stage.session
    with Sdf.ChangeBlock():
        for planned in plan.labels:
            spec = layer.GetPrimAtPath(planned.prim_path)
            if spec is None:
                continue
            for name in (f"{LABELS_NAMESPACE}{TAXONOMY}", _LEGACY_TYPE, _LEGACY_DATA):
                if name in spec.properties:
                    spec.RemoveProperty(spec.properties[name])
            _change_schemas(spec, remove=(_LABELS_API, _LEGACY_API))
        layer.RemoveInertSceneDescription()


def write_label_layer(
    open_stage: OpenStage,
    plan: LabelPlan,
    path: str | os.PathLike[str],
    *,
    schema: LabelSchema = LabelSchema.LABELS,
    overwrite: bool = False,
) -> Path:
    """Write a label layer: a USD file that sublayers the scene and adds the labels. It is written whole or not at all.

    Args:
        open_stage: The scene, opened from a file.
        plan: The labels.
        path: Where to; .usda, .usd or .usdc.
        schema: Schema to write.
        overwrite: Replace a file that is no label layer of ours. Never a layer of the scene.

    Raises:
        UsageError: The path is one of the scene's own layers, no USD file, or a file that is not ours; or the scene has no
            file.
        OutputError: It cannot be written.
    """
    target = Path(path).absolute()
    root = open_stage.stage.GetRootLayer()
    _check_target(open_stage, target, overwrite=overwrite)
    layer = Sdf.Layer.CreateAnonymous(f"labels{target.suffix}")
    for field in root.pseudoRoot.ListInfoKeys():
        # Units, axis and time range are read from the root layer only, so the label layer must say them too.
        if field not in _NOT_COPIED:
            layer.pseudoRoot.SetInfo(field, root.pseudoRoot.GetInfo(field))
    layer.subLayerPaths.append(_sublayer_path(Path(root.realPath), target.parent))
    layer.customLayerData = {_MARK: True}
    layer.documentation = "Labels for the scene that this layer sublayers, written by Scenecap."
    _author(layer, plan.labels, effective_schema(schema))
    _export(layer, target)
    return target


def prim_to_label(stage: Usd.Stage, path: str) -> Usd.Prim | None:
    """Return the prim to write an object's label on, or None where there is none that can be edited."""
    if "[" in path:
        head, _, tail = path.partition("[")
        number, _, below = tail.partition("]")
        instancer = stage.GetPrimAtPath(head)
        if below or not instancer:
            return None  # a part of a point instance: its prototype may have other parents
        prim = _prototype_root(stage, instancer, number)
    else:
        prim = stage.GetPrimAtPath(path)
    return prim if prim and not prim.IsInstanceProxy() and not prim.IsPrototype() else None


def _prototype_root(stage: Usd.Stage, instancer: Usd.Prim, number: str) -> Usd.Prim | None:
    targets = instancer.GetRelationship("prototypes").GetTargets()
    if len(targets) == 1:
        return stage.GetPrimAtPath(targets[0])
    indices = instancer.GetAttribute("protoIndices").Get(Usd.TimeCode.EarliestTime()) or ()
    at = int(number)
    return stage.GetPrimAtPath(targets[indices[at]]) if 0 <= at < len(indices) and indices[at] < len(targets) else None


def _author(layer: Sdf.Layer, labels: Iterable[PlannedLabel], schema: LabelSchema) -> None:
    for planned in labels:
        spec = Sdf.CreatePrimInLayer(layer, planned.prim_path)
        if schema in (LabelSchema.LABELS, LabelSchema.BOTH):
            _set(spec, f"{LABELS_NAMESPACE}{TAXONOMY}", Sdf.ValueTypeNames.TokenArray, Vt.TokenArray([planned.label]))
            _change_schemas(spec, add=_LABELS_API)
        if schema in (LabelSchema.LEGACY, LabelSchema.BOTH):
            _set(spec, _LEGACY_TYPE, Sdf.ValueTypeNames.String, TAXONOMY)
            _set(spec, _LEGACY_DATA, Sdf.ValueTypeNames.String, planned.label)
            _change_schemas(spec, add=_LEGACY_API)


def _set(spec: Sdf.PrimSpec, name: str, kind: Sdf.ValueTypeName, value: object) -> None:
    attribute = spec.attributes[name] if name in spec.attributes else Sdf.AttributeSpec(spec, name, kind)
    attribute.default = value


def _change_schemas(spec: Sdf.PrimSpec, *, add: str | None = None, remove: Iterable[str] = ()) -> None:
    items = spec.GetInfo("apiSchemas") if spec.HasInfo("apiSchemas") else Sdf.TokenListOp()
    gone = set(remove)
    if items.isExplicit:
        items.explicitItems = [*(i for i in items.explicitItems if i not in gone and i != add), *([add] if add else [])]
    else:
        items.prependedItems = [*([add] if add else []), *(i for i in items.prependedItems if i not in gone and i != add)]
    if items.isExplicit or items.prependedItems or items.appendedItems or items.deletedItems or items.addedItems:
        spec.SetInfo("apiSchemas", items)
    else:
        spec.ClearInfo("apiSchemas")


def _check_target(open_stage: OpenStage, target: Path, *, overwrite: bool) -> None:
    shown = clean_text(target, limit=300)
    root = open_stage.stage.GetRootLayer()
    if not root.realPath:
        raise UsageError("This stage has no file that a label layer could sublayer.", remedy="Save it, and open the file.")
    if target.suffix.lower() not in USD_SUFFIXES[:3]:
        raise UsageError(f"'{shown}' is no name for a label layer.", remedy=f"Give one in {', '.join(USD_SUFFIXES[:3])}.")
    if target.is_dir():
        raise UsageError(f"'{shown}' is a directory.", remedy="Give a file.")
    for used in open_stage.used_files():
        if _same_file(target, used):
            raise UsageError(f"'{shown}' is a layer of the scene, which is never changed.", remedy="Give another file.")
    if target.exists() and not overwrite and not _is_label_layer(target):
        raise UsageError(f"'{shown}' exists and is no label layer.", remedy="Give another file, or allow to overwrite it.")


def _same_file(first: Path, second: Path) -> bool:
    try:
        return os.path.realpath(first) == os.path.realpath(second) or (first.exists() and os.path.samefile(first, second))
    except OSError:
        return False


def _is_label_layer(file: Path) -> bool:
    with collect_diagnostics():
        try:
            layer = Sdf.Layer.OpenAsAnonymous(str(file), metadataOnly=True)
        except Tf.ErrorException:
            return False
    return layer is not None and bool(layer.customLayerData.get(_MARK))


def _sublayer_path(scene: Path, folder: Path) -> str:
    try:
        relative = Path(os.path.relpath(os.path.realpath(scene), os.path.realpath(folder))).as_posix()
    except ValueError:  # another drive
        return scene.as_posix()
    # Without a dot USD would look for it along its search path too.
    return relative if relative.startswith("../") else f"./{relative}"


def _export(layer: Sdf.Layer, target: Path) -> None:
    temporary = None
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=f".{target.stem}.", suffix=target.suffix, dir=target.parent)
        os.close(handle)
        temporary = Path(name)
        with collect_diagnostics() as notes:
            done = layer.Export(str(temporary))
        if not done:
            raise OSError(clean_text(notes[0], limit=200) if notes else "USD could not write it")
        mask = os.umask(0)
        os.umask(mask)
        temporary.chmod(0o666 & ~mask)  # mkstemp's files are private
        os.replace(temporary, target)
    except (OSError, Tf.ErrorException) as error:
        if temporary is not None:
            temporary.unlink(missing_ok=True)
        raise OutputError(f"The label layer '{target}' cannot be written: {error}.") from None
    loaded = Sdf.Layer.Find(str(target))
    if loaded is not None:
        loaded.Reload(force=True)
