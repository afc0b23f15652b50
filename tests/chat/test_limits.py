"""What a run may cost, what is kept, what is remembered, how many requests run at a time."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from scenecap.caption.chat.capabilities import Capabilities, Rung, corrected
from scenecap.caption.chat.engine import ChatEngine
from scenecap.caption.model import CaptionSource
from scenecap.contract import Frame
from scenecap.errors import UsageError
from scenecap.graph.model import SceneGraph
from tests.chat.conftest import captions_of, template
from tests.chat.fake_server import Action, FakeServer, Received, answer, failure, truthful
from tests.chat.scenes import desk

Start = Callable[..., tuple[FakeServer, ChatEngine]]
NAMES = ("mug", "cup", "vase", "jar", "pot", "can", "box", "bag", "tin", "jug")


def desks(count: int) -> list[tuple[Frame, SceneGraph]]:
    return [desk(mug=NAMES[place % len(NAMES)], bowl=NAMES[(place // 10 + 3) % 10] + " lid") for place in range(count)]


@pytest.mark.parametrize(
    ("keys", "asked"),
    [
        ({"budget_requests": 4}, 3),
        ({"budget_money": 0.004, "price_input": 10.0, "price_output": 0.0}, None),
        ({"budget_tokens": 2600, "max_tokens": 100}, None),
        ({"budget_requests": 0}, 0),
    ],
)
def test_a_budget_stops_cleanly(open_engine: Start, keys: dict[str, Any], asked: int | None) -> None:
    server, engine = open_engine(concurrency=1, cache=False, **keys)
    engine.prepare()
    written = [captions_of(engine, scene) for scene in desks(10)]
    summary = engine.summary()
    if asked is not None:
        assert len(server.questions) == asked
    assert len(server.questions) < 10
    assert len(server.received) == summary["requests"]
    by_model = [item.brief.source is CaptionSource.MODEL for item in written if item.brief is not None]
    assert by_model == [True] * len(server.questions) + [False] * (10 - len(server.questions))
    assert (summary["frames_by_model"], summary["frames_by_template"]) == (sum(by_model), 10 - sum(by_model))
    assert any("budget is spent" in note for note in written[-1].notes)
    assert next(iter(keys)) in summary["ended"]
    limit = {"tokens": summary["tokens_in"] + summary["tokens_out"], "money": summary["money"]}
    for name, spent in limit.items():
        assert spent <= keys.get(f"budget_{name}", 10**9)


def test_requests_at_the_same_time_cannot_pass_the_budget(open_engine: Start) -> None:
    server, engine = open_engine(concurrency=8, cache=False, budget_requests=6)
    server.latency = 0.05
    futures = [engine.submit(*scene, template(*scene)) for scene in desks(20)]
    assert all(future.result(timeout=30).brief for future in futures)
    assert len(server.received) == 6


def test_a_second_run_costs_no_request(open_engine: Start) -> None:
    first_server, first = open_engine()
    before = [captions_of(first, scene) for scene in desks(5)]
    assert len(first_server.received) == 6
    keys = {"url": first_server.url}
    first_server.brain = lambda _: failure(500, "must not be asked")
    _, second = open_engine(**keys)
    second.prepare()
    after = [captions_of(second, scene) for scene in desks(5)]
    assert len(first_server.received) == 6
    assert [(item.brief, item.overall, item.questions) for item in before] == [
        (item.brief, item.overall, item.questions) for item in after
    ]
    assert second.summary()["replies_kept"] == 5
    assert second.summary()["requests"] == 0


@pytest.mark.parametrize(
    "change", [{"name": "other"}, {"temperature": 0.9}, {"seed": 7}, {"max_tokens": 99}, {"graph": "full"}]
)
def test_whatever_goes_in_is_part_of_what_is_kept(open_engine: Start, scene: Any, change: dict[str, Any]) -> None:
    server, first = open_engine()
    captions_of(first, scene)
    _, second = open_engine(url=server.url, **change)
    captions_of(second, scene)
    assert len(server.questions) == 2


def test_changed_prompts_ask_anew_and_are_told_apart(open_engine: Start, scene: Any, tmp_path: Path) -> None:
    server, first = open_engine()
    before = captions_of(first, scene)
    folder = tmp_path / "prompts"
    folder.mkdir()
    (folder / "system.j2").write_text("{# version: mine-2 #}\nDescribe briefly.")
    _, second = open_engine(url=server.url, prompts=folder)
    after = captions_of(second, scene)
    assert len(server.questions) == 2
    assert server.questions[1].turns[0] == ("system", "Describe briefly.")
    assert before.model is not None
    assert after.model is not None
    changed = [new for old, new in zip(before.model.prompts, after.model.prompts, strict=True) if old != new]
    assert [(item.name, item.version) for item in changed] == [("system", "mine-2")]


@pytest.mark.parametrize("damage", [b"", b"{", b"[]", b'{"text": 5}', b"\x00" * 50, b'{"key": "x", "text": "a"}'])
def test_a_damaged_kept_reply_is_asked_again(open_engine: Start, scene: Any, tmp_path: Path, damage: bytes) -> None:
    server, first = open_engine()
    captions_of(first, scene)
    for path in (tmp_path / "cache" / "replies").rglob("*.json"):
        path.write_bytes(damage)
    _, second = open_engine(url=server.url)
    assert captions_of(second, scene).brief.source is CaptionSource.MODEL  # type: ignore[union-attr]
    assert len(server.questions) == 2


def test_requests_are_bounded(open_engine: Start) -> None:
    server, engine = open_engine(concurrency=4, cache=False)
    server.latency = 0.03
    futures = [engine.submit(*scene, template(*scene)) for scene in desks(20)]
    assert all(future.result(timeout=30) for future in futures)
    assert server.busy_most == 4


def test_half_the_requests_fail_and_every_frame_has_its_captions(open_engine: Start) -> None:
    def brain(received: Received) -> Action:
        return failure(500, "by chance") if received.number % 2 else truthful(received)

    server, engine = open_engine(brain, concurrency=8, retries=3, cache=False)
    futures = [engine.submit(*scene, template(*scene)) for scene in desks(40)]
    written = [future.result(timeout=60) for future in futures]
    summary = engine.summary()
    assert all(item.brief and item.overall and item.questions for item in written)
    by_model = sum(item.brief.source is CaptionSource.MODEL for item in written if item.brief)
    assert summary["frames"] == 40
    assert (summary["frames_by_model"], summary["frames_by_template"]) == (by_model, 40 - by_model)
    assert by_model >= 30
    assert summary["requests"] == len(server.received)
    assert summary["failed_requests"]["server error"] == sum(item.number % 2 for item in server.received)
    for item in written:
        assert (item.brief.source is CaptionSource.TEMPLATE) is any("by template" in note for note in item.notes)  # type: ignore[union-attr]


# What an endpoint can do


def refuses(*words: str, status: int = 400) -> Callable[[Received], Action]:
    """Return a server that refuses requests with certain parameters, in its own words."""
    texts = {
        "json_schema": "response_format type json_schema is not supported",
        "json_object": "Unsupported response_format: json_object",
        "max_tokens": "Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead.",
        "max_completion_tokens": "Extra inputs are not permitted: max_completion_tokens",
        "temperature": "Unsupported value: 'temperature' does not support 0.2 with this model.",
        "seed": "Unrecognized request argument supplied: seed",
        "system": "System role not supported",
        "chat_template_kwargs": "unknown field: chat_template_kwargs",
        "image_url": "this model has no vision: image_url is not supported",
    }

    def brain(received: Received) -> Action:
        for word in words:
            if f'"{word}"' in json.dumps(received.body):
                return failure(status, texts[word])
        return truthful(received)

    return brain


@pytest.mark.parametrize(
    "words",
    [
        ("json_schema",),
        ("json_schema", "json_object"),
        ("max_tokens",),
        ("max_tokens", "max_completion_tokens"),
        ("temperature", "seed"),
        ("system",),
        ("chat_template_kwargs",),
        ("json_schema", "json_object", "max_tokens", "temperature", "seed", "system", "chat_template_kwargs"),
    ],
)
@pytest.mark.parametrize("status", [400, 422, 500])
def test_what_a_server_refuses_is_found_out_once(open_engine: Start, words: tuple[str, ...], status: int) -> None:
    server, engine = open_engine(refuses(*words, status=status), enable_thinking=False)
    engine.prepare()
    probes = len(server.probes)
    # JSON mode is tried with the schema and without
    assert probes == len(words) + 1 + ("json_object" in words), "each refusal costs one request; none is repeated"
    for scene in desks(3):
        assert captions_of(engine, scene).brief.source is CaptionSource.MODEL  # type: ignore[union-attr]
    assert len(server.questions) == 3
    _, again = open_engine(url=server.url, enable_thinking=False)
    again.prepare()
    assert len(server.probes) == probes, "it is remembered"


def test_a_server_that_takes_a_schema_and_ignores_it_is_found_out(open_engine: Start, scene: Any) -> None:
    def brain(received: Received) -> Action:
        if received.schema is not None:
            return answer("I'd say it is green!")
        return truthful(received)

    server, engine = open_engine(brain)
    engine.prepare()
    assert engine.summary()["endpoint"]["rung"] == "json_object_schema"
    captions_of(engine, scene)
    assert "It must fit this JSON schema" in server.questions[0].text
    assert server.questions[0].body["response_format"]["schema"]["required"] == ["brief", "global", "questions"]


def test_a_server_that_calls_a_wrong_request_its_own_error_is_asked_differently(open_engine: Start, scene: Any) -> None:
    """llama-cpp-python's server: JSON mode with a schema, no json_schema, and 500 for what it does not know."""
    words = "1 validation error: {'type': 'literal_error', 'loc': ('body', 'response_format', 'type'), 'input': 'json_schema'}"

    def brain(received: Received) -> Action:
        return truthful(received) if received.schema is None else failure(500, words)

    server, engine = open_engine(brain)
    engine.prepare()
    assert len(server.probes) == 2
    assert engine.summary()["endpoint"]["rung"] == "json_object_schema"
    assert captions_of(engine, scene).brief.source is CaptionSource.MODEL  # type: ignore[union-attr]


def test_a_model_that_does_not_see_is_an_error_before_the_first_frame(open_engine: Start) -> None:
    _, engine = open_engine(refuses("image_url"), picture=True)
    with pytest.raises(UsageError, match="takes no picture"):
        engine.prepare()


def test_a_refusal_that_nothing_explains_is_not_repeated(open_engine: Start, scene: Any) -> None:
    def brain(received: Received) -> Action:
        return truthful(received) if received.is_probe else failure(413, "no")

    server, engine = open_engine(brain)
    captions = captions_of(engine, scene)
    assert len(server.questions) == 1
    assert engine.summary()["reasons"] == {"unsupported request": 3}
    assert captions.brief == template(*scene).brief


def test_corrections_end() -> None:
    known: Capabilities | None = Capabilities()
    sent = frozenset({"rung", "seed", "temperature", "token_limit", "system", "thinking", "usage", "picture"})
    steps = 0
    while known is not None:
        steps += 1
        known = corrected(known, "something is wrong", status=400, sent=sent)
    assert steps < 10
    lowest = Capabilities(rung=Rung.PLAIN, stream=True)
    assert corrected(lowest, "response_format is wrong", status=400, sent=frozenset({"rung"})) is None
    assert corrected(Capabilities(), "temperature", status=400, sent=frozenset({"seed"})) != Capabilities()


@pytest.mark.parametrize(
    "values", [None, [], {}, {"rung": "x"}, {"rung": "plain", "extra": 1}, {"rung": "plain", "stream": "yes"}]
)
def test_what_is_remembered_is_checked(values: Any) -> None:
    assert Capabilities.from_json(values) is None


def test_what_is_remembered_comes_back() -> None:
    known = Capabilities(rung=Rung.PLAIN, stream=True, token_limit="", seed=False)
    assert Capabilities.from_json(json.loads(json.dumps(known.to_json()))) == known
