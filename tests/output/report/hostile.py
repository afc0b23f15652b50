"""A dataset whose every text from a stage tries to become markup, code or a key of a prototype."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from scenecap.output.dataset.documents import SceneObject
from scenecap.output.dataset.files import FileKind
from scenecap.output.dataset.reader import open_dataset
from scenecap.output.manifest import FrameStatus
from tests.output.dataset.make import fault, write_dataset
from tests.output.scenes import Box, boxes_frame, look_at

#: What runs where something is amiss: each sets ``window.hacked``, opens a dialog, or adds an element of class ``hacked``.
LABELS = (
    "</script><script>window.hacked=1</script>",
    "<img class=hacked src=x onerror=window.hacked=2>",
    '" onmouseover="window.hacked=3" class="hacked',
    "'); window.hacked=4; ('",
    "\u2028window.hacked=5\u2029//",
    "__proto__",
    "\U0001f916 mug \\x3cb class=hacked\\x3e",
    "{{title}} ${window.hacked=6} javascript:window.hacked=7",
)
SCENE = "<b class=hacked>scene</b>"
CAMERA = "/World/<i class=hacked>Left</i>"
REASON = "<svg class=hacked onload=window.hacked=8>"


def write_hostile(root: Path) -> Path:
    """Write the dataset: one frame with an object for each label on a table, and one that is not there."""
    row = [
        Box(f"Thing_{number}", label, (0.24 * number - 0.9, 0.0, 0.85), (0.16, 0.16, 0.2), (60 + 20 * number, 90, 120))
        for number, label in enumerate(LABELS)
    ]
    table = Box("Table", "table", (0.0, 0.0, 0.375), (2.2, 0.8, 0.75), (150, 110, 70))
    contacts = (*((box.name, "Table") for box in row), ("Table", "Floor"))
    camera = look_at((0.0, -2.6, 1.9), (0.0, 0.0, 0.7), path=CAMERA)
    frame = boxes_frame((table, *row), contacts, camera=camera, scene=SCENE)
    frame = dataclasses.replace(frame, warnings=(REASON, "</title><script>window.hacked=9</script>"), setting=None)
    write_dataset(root, [frame], faults=[fault(FrameStatus.FAILED, REASON, scene=SCENE, camera=CAMERA)])
    written = next(open_dataset(root).frames())
    path = written.path(FileKind.CAPTIONS)
    assert path is not None
    document = json.loads(path.read_bytes())
    _let_a_model_speak(document, {node.label: node for node in written.nodes()})
    path.write_text(json.dumps(document, ensure_ascii=False), encoding="utf-8")
    return root


def _let_a_model_speak(document: dict[str, Any], nodes: Mapping[str, SceneObject]) -> None:
    """Have the captions say the labels themselves, which templates clean before they say them, and ground each."""
    text, spans = "\U0001f916\U0001f916 ", []
    for label in LABELS:
        spans.append(
            {
                "start": len(text),
                "end": len(text) + len(label),
                "objects": [{"id": nodes[label].id, "path": nodes[label].path}],
            }
        )
        text += f"{label} & "
    for name in ("brief_caption", "global_caption"):
        document[name], document["grounding"][name], document["caption_source"][name] = text, spans, LABELS[1]
    for question in document["qa_caption"]:
        question |= {"question": text, "answer": LABELS[1], "question_grounding": spans, "answer_grounding": []}
        question["kind"] = LABELS[0]
