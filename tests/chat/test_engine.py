"""The whole way over a real socket: what is asked, what becomes of each kind of answer, who is said to have written what."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from email.utils import formatdate
from typing import Any

import pytest

from scenecap.caption.chat.engine import ChatEngine
from scenecap.caption.model import CaptionSource
from scenecap.contract import Frame
from scenecap.errors import UsageError
from scenecap.graph.model import Relation, SceneGraph
from tests.chat.conftest import QuickClock, captions_of, template
from tests.chat.fake_server import (
    Action,
    FakeServer,
    Received,
    answer,
    failure,
    scene_of,
    streamed,
    true_texts,
    truthful,
)

Start = Callable[..., tuple[FakeServer, ChatEngine]]
Scene = tuple[Frame, SceneGraph]


def test_texts_are_the_models_and_say_so(open_engine: Start, scene: Scene) -> None:
    server, engine = open_engine()
    captions = captions_of(engine, scene)
    expected = true_texts(server.questions[0])
    assert captions.brief is not None
    assert captions.overall is not None
    assert captions.model is not None
    assert (captions.brief.text, captions.brief.source) == (expected["brief"], CaptionSource.MODEL)
    assert captions.overall.text == expected["global"]
    assert [item.question for item in captions.questions] == [expected["questions"][0]["question"]]
    assert captions.questions[0].polarity is True
    assert captions.model.questions is CaptionSource.MODEL
    assert {item.name for item in captions.model.prompts} == {"system", "captions", "schema", "repair_json", "repair_claims"}
    assert len(server.questions) == 1, "brief, paragraph and questions are one request"
    assert engine.summary()["frames_by_model"] == 1


def test_the_model_is_told_the_graph(open_engine: Start, scene: Scene) -> None:
    server, engine = open_engine()
    captions_of(engine, scene)
    objects, relations = scene_of(server.questions[0])
    by_id = {item["id"]: item["name"] for item in objects}
    assert sorted(by_id.values()) == ["bowl", "chair", "mug", "table"]
    assert next(item for item in objects if item["name"] == "mug")["color"] == "red"
    said = {(by_id[subject], words, by_id.get(other)) for subject, words, other in relations if isinstance(other, int)}
    assert {("mug", "on", "table"), ("bowl", "on", "table")} <= said
    _, graph = scene
    for subject, words, other in relations:
        if words in ("left of", "right of"):
            relation = Relation.LEFT if words == "left of" else Relation.RIGHT
            assert graph.relation(subject, other) & relation, "only what the graph asserts"


def test_the_full_graph_tells_more_than_the_pruned_one_and_is_bounded(open_engine: Start, scene: Scene) -> None:
    counts = {}
    for part, most in (("pruned", 300), ("full", 300), ("full", 3)):
        server, engine = open_engine(graph=part, max_relations=most)
        captions_of(engine, scene)
        counts[part, most] = len(scene_of(server.questions[0])[1])
    assert counts["full", 300] > counts["pruned", 300] > 3
    assert counts["full", 3] == 3
    assert "relations_not_listed" in server.questions[0].text


def test_apart_is_one_request_for_each_text(open_engine: Start, scene: Scene) -> None:
    server, engine = open_engine(requests="apart")
    captions = captions_of(engine, scene)
    keys = sorted(tuple(received.schema["properties"]) for received in server.questions if received.schema)
    assert keys == [("brief",), ("global",), ("questions",)]
    assert captions.brief is not None
    assert captions.overall is not None
    assert captions.questions


def test_only_what_is_wanted_is_asked_for(open_engine: Start, scene: Scene) -> None:
    server, engine = open_engine(captions={"overall": False, "questions": False})
    captions_of(engine, scene)
    assert server.questions[0].schema is not None
    assert list(server.questions[0].schema["properties"]) == ["brief"]


def picked(limit: int, then: Callable[[Received], Action]) -> Callable[[Received], Action]:
    """Fail the first requests that are no probe."""
    seen: list[int] = []

    def brain(received: Received) -> Action:
        if received.is_probe:
            return truthful(received)
        seen.append(received.number)
        return then(received) if len(seen) <= limit else truthful(received)

    return brain


PASSING = {
    "429": failure(429, "slow down", headers={"Retry-After": "3"}),
    "500": failure(500, "oops"),
    "502 in HTML": Action(status=502, body=b"<html>bad gateway</html>", headers={"content-type": "text/html"}),
    "503": failure(503, "loading model"),
    "not JSON": Action(body=b"<html>hello</html>"),
    "JSON, no completion": Action(body=b'{"object": "list"}'),
    "null": Action(body=b"null"),
    "no choices": Action(body=b'{"choices": []}'),
    "content is a number": Action(body=b'{"choices": [{"message": {"content": 5}, "finish_reason": "stop"}]}'),
    "deeply nested": Action(body=b"[" * 100_000),
    "cut body": answer("{}", cut=True),
    "hang up": Action(hang_up=True),
    "invalid UTF-8": Action(body=b"\xff\xfe\x00"),
}


@pytest.mark.parametrize("name", PASSING)
def test_what_fails_by_chance_is_asked_again(open_engine: Start, scene: Scene, name: str) -> None:
    server, engine = open_engine(picked(2, lambda _: PASSING[name]))
    captions = captions_of(engine, scene)
    assert captions.brief is not None
    assert captions.brief.source is CaptionSource.MODEL
    assert len(server.questions) == 3
    assert sum(engine.summary()["failed_requests"].values()) == 2
    assert engine.summary()["repeated"] == 2


@pytest.mark.parametrize("name", PASSING)
def test_what_fails_for_good_ends_with_the_template(open_engine: Start, scene: Scene, name: str) -> None:
    server, engine = open_engine(picked(99, lambda _: PASSING[name]), retries=2)
    captions = captions_of(engine, scene)
    expected = template(*scene)
    assert captions.brief == expected.brief
    assert captions.overall == expected.overall
    assert captions.questions == expected.questions
    assert len(server.questions) == 3
    assert any(note.startswith("brief_caption: written by template: ") and "asked 3 times" in note for note in captions.notes)
    assert engine.summary()["frames_by_template"] == 1
    assert sum(engine.summary()["reasons"].values()) == 3


def test_a_server_that_asks_for_a_pause_gets_it(open_engine: Start, scene: Scene, clock: QuickClock) -> None:
    _, engine = open_engine(picked(1, lambda _: PASSING["429"]))
    captions_of(engine, scene)
    assert max(clock.waits) >= 3.0
    until = formatdate(time.time() + 30, usegmt=True)
    _, engine = open_engine(picked(1, lambda _: failure(429, "slow", headers={"Retry-After": until})))
    clock.waits.clear()
    captions_of(engine, scene)
    assert 29.0 <= max(clock.waits) <= 30.5, "the date is 30 s from now, by the server's clock"


def test_a_server_that_asks_for_too_long_a_pause_has_failed(open_engine: Start, scene: Scene, clock: QuickClock) -> None:
    server, engine = open_engine(picked(9, lambda _: failure(429, "tomorrow", headers={"Retry-After": "86400"})))
    captions = captions_of(engine, scene)
    assert len(server.questions) == 1
    assert max(clock.waits, default=0.0) < 60.0
    assert engine.summary()["reasons"] == {"rate limited": 3}
    assert captions.brief is not None


def test_waits_double_with_jitter_and_are_the_same_in_each_run(open_engine: Start, scene: Scene, clock: QuickClock) -> None:
    runs = []
    for _ in range(2):
        clock.waits.clear()
        server, engine = open_engine(picked(4, lambda _: PASSING["500"]), retry_wait=1.0, cache=False)
        captions_of(engine, scene)
        runs.append(list(clock.waits))
        for attempt, wait in enumerate(runs[-1]):
            assert 0.5 * 2**attempt <= wait <= 2**attempt
        assert len(server.questions) == 5
    # the address, with its port, is part of what the jitter is drawn from
    assert runs[0] != runs[1]
    assert len(set(runs[0])) == 4


def test_a_slow_drip_ends_at_the_deadline(open_engine: Start, scene: Scene) -> None:
    dripping = answer(json.dumps({"brief": "x" * 400}), drip=0.05)
    server, engine = open_engine(picked(99, lambda _: dripping), timeout=0.6, retries=1, real_time=True, retry_wait=0.0)
    begun = time.monotonic()
    captions = captions_of(engine, scene)
    assert time.monotonic() - begun < 5.0, "every byte resets a timeout between bytes; only the whole is bounded"
    assert engine.summary()["reasons"] == {"timeout": 3}
    assert captions.brief == template(*scene).brief
    assert len(server.questions) == 2


def test_an_endless_reply_is_cut_off(open_engine: Start, scene: Scene) -> None:
    flood = Action(body=b"x" * 5_000_000)
    _, engine = open_engine(picked(99, lambda _: flood))
    captions = captions_of(engine, scene)
    assert any("more than 4 MB" in note for note in captions.notes)


def test_a_compressed_reply_is_not_unpacked(open_engine: Start, scene: Scene) -> None:
    bomb = Action(body=b"\x1f\x8b" + b"0" * 100, headers={"content-encoding": "gzip"})
    _, engine = open_engine(picked(99, lambda _: bomb))
    assert any("compressed" in note for note in captions_of(engine, scene).notes)


def one_question(**wrong: Any) -> str:
    question = {"question": "q?", "answer": "a", "statement": "s", "kind": "count", "objects": [0], **wrong}
    return json.dumps({"brief": "A mug stands there.", "global": "A mug stands there.", "questions": [question]})


WRONG_FORM = {
    "prose": "Sure! There is a mug on the table.",
    "another schema": '{"caption": "a mug"}',
    "a list": '["a mug"]',
    "empty": "",
    "null content": None,
    "number": '{"brief": 5, "global": "x", "questions": []}',
    "empty text": '{"brief": " ", "global": "A mug stands there.", "questions": []}',
    "unknown kind": one_question(kind="zzz"),
    "wrong ids": one_question(objects=[99]),
    "ids as text": one_question(objects=["0"]),
    "no questions": '{"brief": "A mug stands there.", "global": "A mug stands there.", "questions": []}',
    "far too long": json.dumps({"brief": "mug " * 1000, "global": "A mug stands there.", "questions": []}),
    "a word for a paragraph": '{"brief": "A mug is on a table.", "global": "curtain", "questions": []}',
    "three words for a sentence": '{"brief": "brown dining table", "global": "A mug is on a table.", "questions": []}',
}


@pytest.mark.parametrize("name", WRONG_FORM)
def test_a_reply_of_the_wrong_form_gets_one_more_turn(open_engine: Start, scene: Scene, name: str) -> None:
    server, engine = open_engine(picked(1, lambda _: answer(WRONG_FORM[name])))
    captions = captions_of(engine, scene)
    assert captions.brief is not None
    assert captions.brief.source is CaptionSource.MODEL
    assert len(server.questions) == 2
    roles = [role for role, _ in server.questions[1].turns]
    assert roles == ["system", "user", "assistant", "user"]
    assert "could not be used" in server.questions[1].turns[-1][1]


@pytest.mark.parametrize("name", WRONG_FORM)
def test_a_second_reply_of_the_wrong_form_is_the_last(open_engine: Start, scene: Scene, name: str) -> None:
    server, engine = open_engine(picked(99, lambda _: answer(WRONG_FORM[name])))
    captions = captions_of(engine, scene)
    assert captions.brief == template(*scene).brief
    assert len(server.questions) == 2
    assert engine.summary()["reasons"] == {"wrong form": 3}


RIGHT_FORM = {
    "in a fence": "```json\n{}\n```",
    "after thinking": '<think>The user wants {"brief": ...}. Let me see {"a": 1}.</think>\n{}',
    "with words around it": "Here you are: {} I hope this helps!",
}


@pytest.mark.parametrize("name", RIGHT_FORM)
def test_json_is_found_where_models_put_it(open_engine: Start, scene: Scene, name: str) -> None:
    def brain(received: Received) -> Action:
        return answer(RIGHT_FORM[name].replace("{}", json.dumps(true_texts(received))))

    server, engine = open_engine(brain)
    captions = captions_of(engine, scene)
    assert captions.brief is not None
    assert captions.brief.source is CaptionSource.MODEL
    assert len(server.questions) == 1


@pytest.mark.parametrize(
    "refused",
    [answer(None, refusal="I cannot help with that."), answer("", finish="content_filter")],
    ids=["refusal", "content filter"],
)
def test_a_refusal_is_not_argued_with(open_engine: Start, scene: Scene, refused: Action) -> None:
    server, engine = open_engine(picked(99, lambda _: refused))
    captions = captions_of(engine, scene)
    assert len(server.questions) == 1
    assert engine.summary()["reasons"] == {"declined": 3}
    assert captions.brief == template(*scene).brief


def test_a_reply_that_is_cut_at_its_limit_says_which_key_to_raise(open_engine: Start, scene: Scene) -> None:
    _, engine = open_engine(picked(99, lambda _: answer('{"brief": "A mug', finish="length")))
    captions = captions_of(engine, scene)
    assert any("model_max_tokens" in note for note in captions.notes)


def test_a_wrong_key_ends_the_run_of_requests(open_engine: Start, scene: Scene) -> None:
    server, engine = open_engine(picked(99, lambda _: failure(401, "bad key")))
    first, second = captions_of(engine, scene), captions_of(engine, scene)
    assert len(server.questions) == 1, "no other frame asks in vain"
    assert first.brief == second.brief == template(*scene).brief
    assert "401" in engine.summary()["ended"]


@pytest.mark.parametrize(
    ("action", "words"),
    [
        (failure(401, "invalid api key"), "401"),
        (failure(404, "The model `fake` does not exist."), "model_name"),
        (Action(status=302, headers={"location": "http://127.0.0.1:9/v1/chat/completions"}), "Redirects are not followed"),
        (failure(429, "You exceeded your current quota"), "quota"),
    ],
)
def test_before_the_first_frame_that_is_an_error(open_engine: Start, action: Action, words: str) -> None:
    server, engine = open_engine(lambda _: action)
    with pytest.raises(UsageError, match=words):
        engine.prepare()
    assert len(server.received) == 1


def test_a_server_that_is_not_there_is_an_error_before_the_first_frame(open_engine: Start) -> None:
    server, engine = open_engine(retries=1)
    server.close()
    with pytest.raises(UsageError, match=r"cannot be reached.*engine: template"):
        engine.prepare()


def test_a_server_that_dies_costs_a_few_frames_their_patience_and_not_all(open_engine: Start, scene: Scene) -> None:
    server, engine = open_engine(picked(10**6, lambda _: Action(hang_up=True)), retries=1, give_up_after=3)
    engine.prepare()
    for _ in range(8):
        assert captions_of(engine, scene).brief == template(*scene).brief
    assert len(server.questions) == 3 * 2
    assert engine.summary()["frames_by_template"] == 8
    assert "3 in a row" in engine.summary()["ended"]


# Streaming


def only_streaming(received: Received) -> Action:
    if not received.body.get("stream"):
        return failure(400, "This server supports stream=true only.")
    return streamed(json.dumps(true_texts(received)))


def always_streaming(received: Received) -> Action:
    return streamed(json.dumps(true_texts(received)))


def never_streaming(received: Received) -> Action:
    return truthful(received)


@pytest.mark.parametrize("brain", [only_streaming, always_streaming])
def test_servers_that_only_stream_are_understood(open_engine: Start, scene: Scene, brain: Any) -> None:
    server, engine = open_engine(brain)
    captions = captions_of(engine, scene)
    assert captions.brief is not None
    assert captions.brief.source is CaptionSource.MODEL
    assert all(received.body["stream"] for received in server.questions)
    assert len(server.questions) == 1, "the probe has found out"


def test_a_server_that_is_expected_to_stream_and_does_not_is_understood(open_engine: Start, scene: Scene) -> None:
    _, engine = open_engine(never_streaming, profile="transformers")
    captions = captions_of(engine, scene)
    assert captions.brief is not None
    assert captions.brief.source is CaptionSource.MODEL


def test_a_cut_stream_is_asked_again(open_engine: Start, scene: Scene) -> None:
    seen: list[int] = []

    def brain(received: Received) -> Action:
        seen.append(received.number)
        return streamed(json.dumps(true_texts(received)), ended=len(seen) not in (2, 3))

    server, engine = open_engine(brain, profile="transformers")
    captions = captions_of(engine, scene)
    assert captions.brief is not None
    assert captions.brief.source is CaptionSource.MODEL
    assert len(server.questions) == 3
    assert engine.summary()["failed_requests"] == {"cut reply": 2}


def test_an_error_within_a_stream_is_asked_again(open_engine: Start, scene: Scene) -> None:
    broken = Action(events=(b'data: {"error": {"message": "engine died", "code": 500}}\n\n',))
    _, engine = open_engine(picked(1, lambda _: broken), profile="transformers")
    assert captions_of(engine, scene).brief.source is CaptionSource.MODEL  # type: ignore[union-attr]
