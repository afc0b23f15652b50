"""Ranges that random values are drawn from, as a person writes them: one number, or the two ends."""

from __future__ import annotations

import math
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, WithJsonSchema

_SCHEMA = {
    "anyOf": [
        {"type": "number"},
        {"type": "array", "items": {"type": "number"}, "minItems": 2, "maxItems": 2},
    ]
}


def parse_range(value: Any) -> tuple[float, float]:
    """Return (low, high) of one number or of ``[low, high]``.

    Raises:
        ValueError: It is neither, not finite, or the ends are the wrong way round.
    """
    items = value if isinstance(value, (list, tuple)) else [value, value]
    if len(items) != 2 or not all(isinstance(item, (int, float)) and not isinstance(item, bool) for item in items):
        raise ValueError("not a range")
    low, high = float(items[0]), float(items[1])
    if not (math.isfinite(low) and math.isfinite(high)):
        raise ValueError("not a range")
    if low > high:
        raise ValueError("the range ends before it starts")
    return low, high


def _within(lowest: float, highest: float):
    def check(value: tuple[float, float]) -> tuple[float, float]:
        if not (lowest <= value[0] and value[1] <= highest):
            raise ValueError(f"outside of {lowest:g} to {highest:g}")
        return value

    return AfterValidator(check)


def range_type(lowest: float, highest: float, what: str) -> Any:
    """Return the type of a field that takes a number or ``[low, high]`` within limits.

    Args:
        lowest: Least value.
        highest: Greatest value.
        what: Unit or kind for messages ("degrees").
    """
    allowed = f"a number of {what} from {lowest:g} to {highest:g}, or [low, high]"
    return Annotated[
        tuple[float, float],
        BeforeValidator(parse_range),
        _within(lowest, highest),
        WithJsonSchema({**_SCHEMA, "x-allowed": allowed}),
    ]
