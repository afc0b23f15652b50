"""What both backends do with an open stage: its cameras, and its labels as rows for a table. Needs pxr."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from scenecap.contract import LabelSource
from scenecap_ui.backend import CameraChoice, LabelAction, LabelPreview, LabelRow, LabelTarget

if TYPE_CHECKING:
    from scenecap.stage.model import Discovery
    from scenecap.stage.open import OpenStage
    from scenecap.stage.settings import LabelSchema

_SOURCE_WORDS: Mapping[LabelSource, str] = {
    LabelSource.AUTHORED: "authored",
    LabelSource.MAP: "from the labels key",
    LabelSource.DATABASE: "from the label database",
    LabelSource.ASSET_INFO: "from the asset's name",
    LabelSource.PROTOTYPE: "from the prototype's name",
    LabelSource.PRIM_NAME: "from the prim's name",
    LabelSource.RULE: "by a rule",
}


def camera_choices(opened: OpenStage) -> tuple[CameraChoice, ...]:
    """Return the cameras of a stage, with why some cannot be captured."""
    from scenecap.stage.cameras import list_cameras

    return tuple(CameraChoice(item.path, item.unsupported) for item in list_cameras(opened))


def preview_of(opened: OpenStage, discovery: Discovery) -> LabelPreview:
    """Return what writing labels would do, those first that would be written."""
    from scenecap.stage.attach import HAS_LABEL, plan_labels

    plan = plan_labels(opened, discovery)
    labels = {entity.path: entity.label for entity in discovery.entities}
    rows = [
        LabelRow(item.prim_path, item.label, LabelAction.WRITE, _source(item.source, len(item.objects)))
        for item in plan.labels
    ]
    for item in plan.skipped:
        has = item.reason == HAS_LABEL
        rows.append(
            LabelRow(
                item.path,
                labels.get(item.path, "") if has else "",
                LabelAction.KEEP if has else LabelAction.SKIP,
                "authored" if has else item.reason,
            )
        )
    order = list(LabelAction)
    return LabelPreview(tuple(sorted(rows, key=lambda row: (order.index(row.action), row.prim))))


def write_plan(
    opened: OpenStage, discovery: Discovery, target: LabelTarget, path: str, *, schema: LabelSchema, overwrite: bool
) -> int:
    """Write the labels of a plan; return how many.

    Raises:
        UsageError: The file is a layer of the scene, or exists and is none of ours.
        OutputError: It cannot be written.
    """
    from scenecap.stage.attach import attach_to_session, plan_labels, write_label_layer

    plan = plan_labels(opened, discovery)
    if target is LabelTarget.SESSION:
        return attach_to_session(opened, plan, schema=schema)
    write_label_layer(opened, plan, path, schema=schema, overwrite=overwrite)
    return len(plan.labels)


def _source(source: LabelSource, objects: int) -> str:
    text = _SOURCE_WORDS[source]
    return text if objects == 1 else f"{text}, {objects} objects"
