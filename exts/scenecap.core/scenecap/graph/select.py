"""Which of the observed objects become nodes, and what became of the others."""

from __future__ import annotations

from scenecap.contract import Frame, LeftOut, ObservedObject
from scenecap.errors import EmptyFrameError
from scenecap.graph.model import SelectionReport
from scenecap.graph.settings import GraphSettings


def select_objects(frame: Frame, settings: GraphSettings) -> tuple[tuple[ObservedObject, ...], SelectionReport]:
    """Choose the objects that become nodes: the ``max_object_capacity`` with the largest tight 2D box, ties by prim path.

    Args:
        frame: What the camera saw.
        settings: ``max_object_capacity`` and ``caption_only`` decide.

    Returns:
        The chosen objects in order of path, and a report of the visible ones that were dropped, largest first.

    Raises:
        EmptyFrameError: Nothing is left; the message says why.
    """
    visible = frame.visible
    ranked = sorted(visible, key=lambda item: (-item.visibility.box_area if item.visibility else 0, item.path))
    chosen: list[ObservedObject] = []
    dropped: list[LeftOut] = []
    for item in ranked:
        if settings.caption_only and not item.caption:
            reason = "it has no caption in the label database, and caption_only is on"
            dropped.append(LeftOut(path=item.path, reason=reason, code="no_caption"))
        elif len(chosen) >= settings.max_object_capacity:
            reason = f"max_object_capacity is {settings.max_object_capacity}, and larger objects are in the picture"
            dropped.append(LeftOut(path=item.path, reason=reason, code="capacity"))
        else:
            chosen.append(item)
    if not chosen:
        raise _empty(frame, len(visible))
    report = SelectionReport(
        seen=len(visible), kept=len(chosen), dropped=tuple(dropped), capacity=settings.max_object_capacity
    )
    return tuple(sorted(chosen, key=lambda item: item.path)), report


def _empty(frame: Frame, seen: int) -> EmptyFrameError:
    where = f"Frame {frame.frame_index} of camera {frame.camera.path}"
    if seen:
        return EmptyFrameError(
            f"{where}: caption_only is on, and none of the {seen} visible objects has a caption in the label database.",
            remedy="Import captions with 'scenecap labels import', or set caption_only: false.",
        )
    if frame.objects:
        return EmptyFrameError(
            f"{where}: none of the scene's {len(frame.objects)} objects has a visible pixel.",
            remedy="Point the camera at the objects, or choose another camera.",
        )
    return EmptyFrameError(
        f"{where}: the scene has no object.",
        remedy="'scenecap inspect' lists what was left out and why; label prims, or turn attach_label_to_usd on.",
    )
