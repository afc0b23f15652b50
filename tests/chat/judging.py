"""What the tests of judges share: a brain that judges, and what it was shown."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

from tests.chat.fake_server import Action, Brain, Received, answer, truthful

#: Gives a candidate's scores by its place among the shown and its caption.
Scorer = Callable[[int, str], dict[str, float]]


def block_of(received: Received, name: str) -> list[dict[str, Any]]:
    """Return the lines of the last block of a name in a request; fails where there is none or more than one."""
    found = re.findall(rf"<{name}>\n(.*?)\n</{name}>", received.turns[1][1], re.DOTALL)
    assert len(found) == 1, f"{len(found)} blocks named {name}"
    return [json.loads(line) for line in found[0].splitlines()]


def captions_in(received: Received) -> list[str]:
    """Return the captions that are to be judged, in the order they are shown."""
    return [item["caption"] for item in block_of(received, "captions")]


def is_capscore(received: Received) -> bool:
    return "<reference>" in received.text


def judging(scorer: Scorer) -> Brain:
    """Return a brain that answers in the right form with the scores of a function."""

    def brain(received: Received) -> Action:
        if received.is_probe:
            return truthful(received)
        shown = captions_in(received)
        if not is_capscore(received):
            return answer(json.dumps({"reason": "because", **scorer(0, shown[0])}))
        items = [
            {"candidate": chr(65 + place), "reason": f"because of {place}", **scorer(place, caption)}
            for place, caption in enumerate(shown)
        ]
        return answer(json.dumps({"judgements": items}))

    return brain


def said(text: str) -> Brain:
    """Return a brain that says the same to everything but the probe."""
    return lambda received: truthful(received) if received.is_probe else answer(text)
