"""Replies about assets, for the fake server: from a table by the asset's size, as a model that sees would know it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from tests.chat.fake_server import Action, Received, answer

UNKNOWN: Mapping[str, Any] = {
    "label": "unknown",
    "caption": "It cannot be told.",
    "category": "",
    "colors": [],
    "materials": [],
    "parts": [],
}


def reply_about(label: str, **changes: Any) -> dict[str, Any]:
    """Return a plausible answer."""
    return {
        "label": label,
        "caption": f"A plain {label}.",
        "category": "thing of the house",
        "colors": [],
        "materials": [],
        "parts": [],
        **changes,
    }


def asset_data(received: Received) -> dict[str, Any]:
    """Return what a request says of its asset: sizes, and the name where it was told."""
    match = re.search(r"<asset_data>\n(.*?)\n</asset_data>", received.text, re.DOTALL)
    assert match is not None, "a request without an asset"
    values: dict[str, Any] = {}
    for line in match[1].splitlines():
        values.update(json.loads(line))
    return values


def named_by(replies: Mapping[str, Mapping[str, Any] | Action]):
    """Return a brain that knows assets by the name that it was told; others it does not know."""

    def brain(received: Received) -> Action:
        if received.is_probe:
            return answer(json.dumps({"color": "green"}))
        assert len(received.pictures) == 1
        found = replies.get(asset_data(received).get("name_in_file", ""), UNKNOWN)
        return found if isinstance(found, Action) else answer(json.dumps(found))

    return brain
