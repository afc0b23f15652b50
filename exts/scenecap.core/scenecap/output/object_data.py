"""``Data/object_data.json``: everything that was observed, selected or not. Of IRC's file only the name is known."""

from __future__ import annotations

from typing import Any

from scenecap.output.meta import meta_block
from scenecap.output.model import FrameResult, JobFacts
from scenecap.output.nodes_json import Placements, left_out_json, object_json, room_json


def object_data_document(result: FrameResult, job: JobFacts, *, export_world: bool) -> dict[str, Any]:
    """Return all objects of the stage by prim path, with the node id of those in the graph.

    Args:
        result: The frame and its graph.
        job: What the job's frames share.
        export_world: Write world-space boxes and the camera's pose.
    """
    frame, graph = result.frame, result.graph
    placements = Placements(frame.objects, frame.camera, export_world=export_world)
    objects = {}
    for observed in frame.objects:
        node = graph.node_of(observed.path)
        shown = object_json(observed, placements)
        objects[observed.path] = {
            "class": shown.pop("class"),
            "id": None if node is None else node.id,
            "instance_id": frame.entity_ids.get(observed.path),
            **shown,
        }
    contacts = None
    if frame.contacts is not None:
        contacts = [
            {
                "child": contact.child,
                "parent": contact.parent,
                "kind": contact.kind,
                "gap": contact.gap,
                "area": contact.area,
                "share": contact.share,
                "evidence": contact.evidence,
            }
            for contact in frame.contacts
        ]
    return {
        "objects": objects,
        "contacts": contacts,
        "room": room_json(frame.room, export_world=export_world),
        "setting": frame.setting,
        "left_out": left_out_json(frame.left_out),
        "warnings": list(frame.warnings),
        "meta": meta_block("object_data", frame, job, export_world=export_world),
    }
