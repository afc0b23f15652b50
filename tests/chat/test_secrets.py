"""Keys: whose they are, where they go, and that they are nowhere else."""

from __future__ import annotations

import base64
import logging
import pickle
from collections.abc import Callable
from pathlib import Path

import pytest

from scenecap.caption.chat.address import checked_url, origin_of
from scenecap.caption.chat.engine import ChatEngine, check_model
from scenecap.caption.chat.keys import BoundKey, find_key
from scenecap.caption.chat.session import server_url
from scenecap.caption.chat.settings import ChatSettings
from scenecap.caption.settings import CaptionSettings
from scenecap.errors import UsageError
from tests.chat.conftest import captions_of
from tests.chat.fake_server import Action, FakeServer, Received, answer, failure, streamed, truthful
from tests.chat.scenes import desk

KEY = "nvapi-Sup3r/Secret+0123456789"


def settings(**keys: object) -> ChatSettings:
    return ChatSettings.model_validate({"name": "m", **keys})


def key_of(environ: dict[str, str], **keys: object) -> str | None:
    chosen = settings(**keys)
    origin = origin_of(server_url(chosen))
    key = find_key(chosen, origin, environ=environ)
    return None if key is None else key.for_origin(origin)


def test_a_profiles_key_goes_to_its_own_host() -> None:
    assert key_of({"NVIDIA_API_KEY": KEY}, profile="nim") == KEY
    assert key_of({"NIM_API_KEY": KEY}, profile="nim") == KEY
    assert key_of({"OPENAI_API_KEY": KEY}, profile="openai") == KEY


@pytest.mark.parametrize(
    "keys",
    [
        {"profile": "nim", "url": "https://evil.example/v1"},
        {"profile": "nim", "url": "https://integrate.api.nvidia.com.evil.example/v1"},
        {"profile": "openai", "url": "http://localhost:8000/v1"},
        {"profile": "vllm"},
        {"profile": "other", "url": "https://integrate.api.nvidia.com/v1"},
    ],
)
def test_and_to_no_other(keys: dict[str, object]) -> None:
    assert key_of({"NVIDIA_API_KEY": KEY, "OPENAI_API_KEY": KEY}, **keys) is None


@pytest.mark.parametrize("variable", ["NVIDIA_API_KEY", "NIM_API_KEY", "OPENAI_API_KEY"])
def test_naming_somebodys_variable_for_another_host_is_refused(variable: str) -> None:
    with pytest.raises(UsageError, match=rf"the key in {variable} is for"):
        key_of({variable: KEY}, url="https://evil.example/v1", key_variable=variable)


def test_a_key_that_says_its_host_is_held_to_it(tmp_path: Path) -> None:
    good, bad = "https://api.example.com/v1", "https://api.example.org/v1"
    file = tmp_path / "key.txt"
    file.write_text(f"api.example.com {KEY}\n")
    assert key_of({}, url=good, key_file=file) == KEY
    assert key_of({"K": KEY, "K_HOST": "api.example.com"}, url=good, key_variable="K") == KEY
    assert key_of({"K": KEY}, url=good, key_variable="K", key_host="API.example.com") == KEY
    for environ, keys in (
        ({}, {"key_file": file}),
        ({"K": KEY, "K_HOST": "api.example.com"}, {"key_variable": "K"}),
        ({"K": KEY}, {"key_variable": "K", "key_host": "api.example.com"}),
    ):
        with pytest.raises(UsageError, match="is not sent") as caught:
            key_of(environ, url=bad, **keys)
        assert KEY not in str(caught.value)


def test_a_key_does_not_cross_the_open_network_in_the_clear() -> None:
    with pytest.raises(UsageError, match="unencrypted"):
        key_of({"K": KEY}, url="http://api.example.com/v1", key_variable="K")
    for local in ("http://localhost:8000/v1", "http://127.0.0.1:1/v1", "http://172.16.0.7/v1", "http://nim-service:8000/v1"):
        assert key_of({"K": KEY}, url=local, key_variable="K") == KEY


@pytest.mark.parametrize("content", ["", "a b c", "x" * 20_000, "kéy-0123", "abc"])
def test_a_file_without_a_key_is_refused_without_showing_it(tmp_path: Path, content: str) -> None:
    file = tmp_path / "key.txt"
    file.write_text(content, encoding="utf-8")
    with pytest.raises(UsageError) as caught:
        key_of({}, url="https://api.example.com/v1", key_file=file)
    assert not content or content not in str(caught.value)


def test_missing_keys_say_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="NVIDIA_API_KEY or NIM_API_KEY is not set"):
        key_of({}, profile="nim")
    with pytest.raises(UsageError, match="K is not set"):
        key_of({}, url="https://a.example/v1", key_variable="K")
    with pytest.raises(UsageError, match="cannot be read"):
        key_of({}, url="https://a.example/v1", key_file=tmp_path / "none")


@pytest.mark.parametrize(
    "url",
    [
        "https://user:pw@a.example/v1",
        "https://a.example/v1?key=1",
        "https://a.example/#x",
        "ftp://a.example",
        "a.example",
        "http://a b/",
    ],
)
def test_addresses_that_may_hold_a_key_are_refused(url: str) -> None:
    with pytest.raises(ValueError, match="address"):
        checked_url(url)


def test_a_bound_key_does_not_show_itself() -> None:
    origin = origin_of("https://a.example/v1")
    key = BoundKey(KEY, origin=origin, source="K")
    assert KEY not in repr(key) + str(key) + f"{key!r}"
    assert key.for_origin(origin_of("https://a.example:8443/v1")) is None
    assert key.for_origin(origin_of("http://a.example/v1")) is None
    with pytest.raises(TypeError):
        pickle.dumps(key)


def test_the_servers_get_the_key_and_nothing_of_the_environment(
    open_engine: Callable[..., tuple[FakeServer, ChatEngine]], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("OPENAI_API_KEY", "OPENAI_ORG_ID", "OPENAI_PROJECT_ID", "OPENAI_ADMIN_KEY"):
        monkeypatch.setenv(name, f"leak-{name}")
    monkeypatch.setenv("OPENAI_CUSTOM_HEADERS", "X-Leak: leak-header")
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:9/leak")
    server, engine = open_engine()
    captions_of(engine, desk())
    server_with_key, with_key = open_engine(key_variable="K", environ={"K": KEY})
    captions_of(with_key, desk())
    assert server.received
    assert server_with_key.received
    for received in (*server.received, *server_with_key.received):
        assert "leak" not in repr(received.headers)
        assert "openai" not in " ".join(received.headers)
    assert all("authorization" not in received.headers for received in server.received)
    assert all(received.headers["authorization"] == f"Bearer {KEY}" for received in server_with_key.received)


def test_a_redirect_takes_the_key_nowhere(tmp_path: Path) -> None:
    with FakeServer() as thief:
        moved = Action(status=307, headers={"location": f"{thief.url}/chat/completions"})
        with FakeServer(lambda _: moved) as server:
            chosen = settings(url=server.url, key_variable="K", cache_path=tmp_path)
            good, words = check_model(chosen, environ={"K": KEY})
        assert not good
        assert "Redirects are not followed" in words
        assert not thief.received


def echo(received: Received) -> Action:
    """Say the key back in every way that a server has."""
    key = received.headers.get("authorization", "").removeprefix("Bearer ")
    if received.is_probe:
        return truthful(received)
    turn = received.number % 5
    if turn == 0:
        return failure(500, f"your key {key} broke me")
    if turn == 1:
        return answer(f'{{"brief": "The key is {key}.", "global": "A {key}.", "questions": []}}')
    if turn == 2:
        return answer(None, refusal=f"I will not use {key}")
    if turn == 3:
        return streamed(f"{key}", headers={"x-key": key})
    return Action(body=f"<html>{key}</html>".encode())


def test_the_key_is_nowhere(
    open_engine: Callable[..., tuple[FakeServer, ChatEngine]], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    forms = [KEY, KEY.replace("/", "\\/"), base64.b64encode(KEY.encode()).decode()]
    texts: list[str] = []
    with caplog.at_level(logging.DEBUG):
        for retries in (0, 3):
            _, engine = open_engine(echo, key_variable="K", environ={"K": KEY}, retries=retries, give_up_after=100)
            for names in ({}, {"mug": "cup"}, {"mug": "vase"}, {"mug": "jar"}, {"mug": "pot"}, {"mug": "can"}):
                texts.append(repr(captions_of(engine, desk(**names))))
            texts += [repr(engine.summary()), repr(engine._settings), repr(vars(engine)), repr(vars(engine._session))]
        for action in (failure(401, f"bad key {KEY}"), failure(400, f"no {KEY}"), Action(body=KEY.encode())):
            with FakeServer(lambda _, action=action: action) as server:
                chosen = settings(url=server.url, key_variable="K", cache_path=tmp_path / "cache", retries=0, retry_wait=0.0)
                texts.append(check_model(chosen, environ={"K": KEY})[1])
                with (
                    pytest.raises(UsageError) as caught,
                    ChatEngine(chosen, CaptionSettings.model_validate({}), environ={"K": KEY}) as refused,
                ):
                    refused.prepare()
                texts.append("".join(map(str, (caught.value, caught.value.__cause__, caught.value.__context__))))
    texts.append(caplog.text)
    texts.append("\n".join(map(repr, (record.args for record in caplog.records))))
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert files, "replies were kept"
    texts += [path.read_text(encoding="utf-8") for path in files]
    for form in forms:
        assert not [text[max(0, text.find(form) - 200) :][:400] for text in texts if form in text]
    assert any("[key]" in text for text in texts), "the server did say it back"
