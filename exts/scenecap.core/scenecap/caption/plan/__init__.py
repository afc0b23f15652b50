"""What a text says and in which order, chosen from the graph before any word is."""

from scenecap.caption.plan.messages import Contrast, Group, Held, HeldKinds, Message, Others, Overview, Relate
from scenecap.caption.plan.planner import Planner

__all__ = ["Contrast", "Group", "Held", "HeldKinds", "Message", "Others", "Overview", "Planner", "Relate"]
