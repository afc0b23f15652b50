"""Say why a frame holds nothing. An empty result is never a quiet success."""

from __future__ import annotations

from collections import Counter

from scenecap.contract import Frame
from scenecap.run.config import ScenecapConfig

#: What a reason's code means, in words that fit "12 guide prims".
_CODES = {
    "guide": "helper or collision shapes (purpose guide)",
    "proxy": "stand-ins (purpose proxy)",
    "invisible": "invisible",
    "transparent": "transparent",
    "ghost": "see-through markers",
    "room": "floor, wall or ceiling",
    "unlabelled": "without a label",
    "ignored": "ignored by the labels map",
    "collapsed": "scaled to nothing",
    "not_finite": "placed at NaN",
    "empty": "without geometry",
}


def empty_reason(frame: Frame, config: ScenecapConfig) -> str:
    """Return why a frame gives no node, as one line with the remedy.

    Args:
        frame: A frame that no graph can be built of.
        config: The run's config.
    """
    if not frame.objects:
        return _no_object(frame, config)
    seen, known = len(frame.visible), len(frame.objects)
    if not seen:
        what = "the scene's only object is not" if known == 1 else f"none of the scene's {known} objects is"
        return f"{what} in view of this camera"
    what = "the only object in view has no caption" if seen == 1 else f"none of the {seen} objects in view has a caption"
    return f"{what} in the label database, and caption_only is on"


def _no_object(frame: Frame, config: ScenecapConfig) -> str:
    codes = Counter(item.code for item in frame.left_out)
    if not config.labels.attach_label_to_usd and codes.get("unlabelled"):
        return "nothing in the scene is labelled, and attach_label_to_usd is off; turn it on, or author labels"
    if codes:
        return f"the scene has no object; left out: {_tally(codes)}"
    if frame.room:
        return "the scene has nothing but its floor, walls and ceiling"
    return "the scene has no geometry that is drawn"


def _tally(codes: Counter[str]) -> str:
    ranked = sorted(codes.items(), key=lambda item: (-item[1], item[0]))
    return ", ".join(f"{number} {_CODES.get(code, code)}" for code, number in ranked)
