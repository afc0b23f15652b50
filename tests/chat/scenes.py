"""A small scene that texts are written of."""

from __future__ import annotations

from scenecap.contract import Frame
from scenecap.graph.model import SceneGraph
from tests.caption.scenes import Box, make_frame, make_graph


def desk(**labels: str) -> tuple[Frame, SceneGraph]:
    """Return a frame of four things (a mug and a bowl on a table, a chair beside it); their labels can be replaced."""
    names = {"mug": "mug", "bowl": "bowl", "table": "table", "chair": "chair", **labels}
    boxes = [
        Box(names["table"], (0.0, 0.0, 0.0), (1.6, 0.9, 0.7)),
        Box(names["mug"], (-0.4, 0.0, 0.7), (0.1, 0.1, 0.1), color="red"),
        Box(names["bowl"], (0.4, 0.0, 0.7), (0.2, 0.2, 0.1)),
        Box(names["chair"], (1.5, 0.2, 0.0), (0.5, 0.5, 0.9)),
    ]
    frame = make_frame(boxes)
    return frame, make_graph(frame)
