"""What is asked about an asset, and what is kept of the answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from PIL import Image


@dataclass(frozen=True, eq=False)
class SeenAsset:
    """An asset as it was drawn.

    Attributes:
        name: What its name in the file says, or "".
        sheet: Its views.
        size: Width, depth and height [m].
        color_known: Share of its surface whose colour is known, in 0..1.
        color_near: Basic colour term -> share of its surface that might be called so. What is missing is nowhere.
        color_shares: (basic colour term, share) of what its surface certainly is, the largest first.
    """

    name: str
    sheet: Image.Image
    size: tuple[float, float, float]
    color_known: float
    color_near: Mapping[str, float] = field(default_factory=dict)
    color_shares: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True)
class AssetAnswer:
    """What a model says of an asset, after all checks.

    Attributes:
        label: What it is called; None where the model does not know.
        caption: A sentence, or None.
        attributes: ``color``, ``material``, ``category``, ``parts``, as far as they were given and hold.
        dropped: What was said and is not kept, with the reason: for people.
    """

    label: str | None
    caption: str | None = None
    attributes: Mapping[str, str] = field(default_factory=dict)
    dropped: tuple[str, ...] = ()
