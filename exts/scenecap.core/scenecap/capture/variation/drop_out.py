"""Draw which objects are taken away."""

from __future__ import annotations

from collections.abc import Callable

from scenecap.capture.variation.rigging import Rigging
from scenecap.capture.variation.settings import DropOut
from scenecap.contract import Change, ChangeKind
from scenecap.stage.draws import Draws


def draw_drop_out(rig: Rigging, settings: DropOut, *, draws: Callable[..., Draws]) -> tuple[frozenset[str], list[Change]]:
    """Draw the objects that vanish in one variation.

    Each has a number of its own, and vanishes where that is below the share. Where more would than may, those with the
    lowest numbers do.

    Args:
        rig: The stage as authored.
        settings: Which objects, how many.
        draws: The random numbers.

    Returns:
        Paths of all that vanishes, parts and ghosts included, and the changes, in the order of paths.
    """
    objects = {item.path for item in rig.objects}
    lots = sorted((draws("drop_out", item.path).unit(), item.path) for item in rig.chosen(settings.objects))
    hidden: set[str] = set()
    causes: dict[str, str] = {}
    for lot, path in lots:
        if lot >= settings.share:
            break
        if path in hidden or (rig.carries(path) and not settings.supporters):
            continue
        going = set(rig.load(path))
        if settings.most is not None and len((hidden | going) & objects) > settings.most:
            continue
        for one in sorted((going - hidden) & objects):
            causes[one] = path
        hidden |= going
    changes = [Change(ChangeKind.HIDDEN, path, {} if path == by else {"with": by}) for path, by in sorted(causes.items())]
    return frozenset(hidden), changes
