"""A server that speaks the chat protocol, for tests: truthful, gullible, adversarial or broken, as a test says.

It listens on 127.0.0.1 with one thread for each connection and keeps everything that it was sent. What it answers is decided
by a function from the request to an :class:`Action`; the protocol itself (headers, keep-alive, event streams) is the real one.
"""

from __future__ import annotations

import contextlib
import json
import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True)
class Received:
    """A request as it came.

    Attributes:
        number: How many came before it.
        path: Of the request line.
        headers: With lower-case names.
        body: The parsed JSON.
        at: When, on a monotonic clock [s].
    """

    number: int
    path: str
    headers: Mapping[str, str]
    body: dict[str, Any]
    at: float

    @property
    def text(self) -> str:
        """All that the messages say, in order."""
        return "\n".join(text for message in self.body["messages"] for text in _texts(message["content"]))

    @property
    def turns(self) -> list[tuple[str, str]]:
        """(role, text) of each message."""
        return [(message["role"], "\n".join(_texts(message["content"]))) for message in self.body["messages"]]

    @property
    def pictures(self) -> list[str]:
        """Data URLs of the pictures."""
        return [
            part["image_url"]["url"]
            for message in self.body["messages"]
            if isinstance(message["content"], list)
            for part in message["content"]
            if part["type"] == "image_url"
        ]

    @property
    def is_probe(self) -> bool:
        """Whether it is the small question at the start."""
        return "unripe lemon" in self.text

    @property
    def schema(self) -> dict[str, Any] | None:
        """The schema of the response format."""
        form = self.body.get("response_format") or {}
        return form["json_schema"]["schema"] if form.get("type") == "json_schema" else None


@dataclass(frozen=True)
class Action:
    """What the server does with a request.

    Attributes:
        status: HTTP status.
        body: Bytes of the body.
        headers: Additional headers.
        events: Pieces of an event stream instead of a body; each is sent as it is.
        wait: Before anything is sent [s].
        drip: Between single bytes of the body [s]; 0 sends it at once.
        cut: Announce more bytes than are sent, and close.
        hang_up: Close without an answer.
    """

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    events: tuple[bytes, ...] = ()
    wait: float = 0.0
    drip: float = 0.0
    cut: bool = False
    hang_up: bool = False


Brain = Callable[[Received], Action]


def answer(text: str | None, *, finish: str = "stop", refusal: str | None = None, usage: bool = True, **more: Any) -> Action:
    """Return a chat completion with a text."""
    message = {"role": "assistant", "content": text, "refusal": refusal}
    document: dict[str, Any] = {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1,
        "model": "fake",
        "choices": [{"index": 0, "message": message, "finish_reason": finish, "logprobs": None}],
    }
    if usage:
        document["usage"] = {"prompt_tokens": 100, "completion_tokens": 20, "total_tokens": 120}
    return Action(body=json.dumps(document).encode(), **more)


def streamed(text: str, *, ended: bool = True, **more: Any) -> Action:
    """Return the same as an event stream, in pieces of seven characters."""
    pieces = [text[at : at + 7] for at in range(0, len(text), 7)]
    events = [_event({"content": piece}, None) for piece in pieces]
    if ended:
        events += [_event({}, "stop"), b"data: [DONE]\n\n"]
    return Action(events=tuple(events), **more)


def _event(delta: dict[str, Any], finish: str | None) -> bytes:
    chunk = {
        "id": "chatcmpl-1",
        "object": "chat.completion.chunk",
        "created": 1,
        "model": "fake",
        "choices": [{"index": 0, "delta": delta, "finish_reason": finish}],
    }
    return b"data: " + json.dumps(chunk).encode() + b"\n\n"


def failure(status: int, message: str = "", *, headers: Mapping[str, str] | None = None, **more: Any) -> Action:
    """Return an error as servers of this protocol report it."""
    error = {"error": {"message": message, "type": "error", "code": None}}
    return Action(status=status, body=json.dumps(error).encode(), headers=headers or {}, **more)


def scene_of(received: Received) -> tuple[list[dict[str, Any]], list[list[Any]]]:
    """Return the objects and relations of the first scene block in a request."""
    match = re.search(r"<scene_data>\n(.*?)\n</scene_data>", received.text, re.DOTALL)
    if match is None:
        return [], []
    values = [json.loads(line) for line in match[1].splitlines()]
    return [item["object"] for item in values if "object" in item], [item["relation"] for item in values if "relation" in item]


def asked_of(received: Received) -> list[str]:
    """Return the keys that the last request for texts names."""
    found = re.findall(r"with exactly \d+ keys?: (.*)\.", received.turns[-1][1]) or re.findall(
        r"with exactly \d+ keys?: (.*)\.", received.text
    )
    return re.findall(r'"(\w+)"', found[-1]) if found else []


def truthful(received: Received) -> Action:
    """Say what is in the data and nothing else."""
    return answer(json.dumps(true_texts(received)))


def true_texts(received: Received) -> dict[str, Any]:
    """Return true texts about a request's scene, by the keys that it asks for."""
    if received.is_probe:
        return {"color": "green"}
    objects, _ = scene_of(received)
    names = [item["name"] for item in objects]
    single = [name for name in dict.fromkeys(names) if names.count(name) == 1]
    listed = [f"{'an' if name[0] in 'aeiou' else 'a'} {name}" for name in single] or ["several things"]
    shown = listed[0] if len(listed) == 1 else f"{', '.join(listed[:-1])} and {listed[-1]}"
    sentence = f"There is {shown}."
    question = {
        "question": f"Is there {listed[0]}?",
        "answer": "yes",
        "statement": f"There is {listed[0]}.",
        "kind": "existence",
        "objects": [objects[0]["id"]] if objects else [],
    }
    known = {"brief": sentence, "global": sentence, "questions": [question]}
    return {name: known[name] for name in asked_of(received)}


class FakeServer:
    """A running server.

    Args:
        brain: Decides what is answered.
        latency: Before each answer [s].
    """

    def __init__(self, brain: Brain = truthful, *, latency: float = 0.0) -> None:
        self.brain = brain
        self.latency = latency
        self.received: list[Received] = []
        self.busy_most = 0
        self._busy = 0
        self._lock = threading.Lock()
        fake = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_POST(self) -> None:
                fake._serve(self)

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self._server = _Server(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    @property
    def port(self) -> int:
        """Port it listens on."""
        return int(self._server.server_address[1])

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.port}/v1"

    @property
    def questions(self) -> list[Received]:
        """Requests that are no probe."""
        return [item for item in self.received if not item.is_probe]

    @property
    def probes(self) -> list[Received]:
        """Requests that are one."""
        return [item for item in self.received if item.is_probe]

    def close(self) -> None:
        """Stop."""
        self._server.shutdown()
        self._server.server_close()

    def __enter__(self) -> FakeServer:
        return self

    def __exit__(self, *args: object) -> None:
        self.close()

    def _serve(self, handler: BaseHTTPRequestHandler) -> None:
        body = handler.rfile.read(int(handler.headers.get("content-length", 0)))
        with self._lock:
            headers = {name.lower(): value for name, value in handler.headers.items()}
            received = Received(len(self.received), handler.path, headers, json.loads(body), time.monotonic())
            self.received.append(received)
            self._busy += 1
            self.busy_most = max(self.busy_most, self._busy)
        try:
            action = self.brain(received)
            time.sleep(self.latency + action.wait)
            with contextlib.suppress(OSError):
                self._act(handler, action)
        finally:
            with self._lock:
                self._busy -= 1

    def _act(self, handler: BaseHTTPRequestHandler, action: Action) -> None:
        if action.hang_up:
            handler.close_connection = True
            handler.connection.close()
            return
        handler.send_response(action.status)
        kind = "text/event-stream" if action.events else "application/json"
        headers = {"content-type": kind, **{name.lower(): value for name, value in action.headers.items()}}
        for name, value in headers.items():
            handler.send_header(name, value)
        if action.events:
            handler.send_header("connection", "close")
            handler.end_headers()
            for event in action.events:
                handler.wfile.write(event)
                handler.wfile.flush()
                time.sleep(action.drip)
            handler.close_connection = True
            return
        handler.send_header("content-length", str(len(action.body) * (2 if action.cut else 1)))
        handler.end_headers()
        for piece in _pieces(action.body, action.drip):
            handler.wfile.write(piece)
        if action.cut:
            handler.close_connection = True


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256


def _pieces(body: bytes, drip: float) -> Iterator[bytes]:
    if not drip:
        yield body
        return
    for at in range(len(body)):
        yield body[at : at + 1]
        time.sleep(drip)


def _texts(content: Any) -> list[str]:
    if isinstance(content, str):
        return [content]
    return [part["text"] for part in content if part["type"] == "text"]


def main() -> None:
    """Serve true texts until stdin ends; the first line of stdout is the address. For measurements: a process of its own."""
    import sys

    with FakeServer(latency=float(sys.argv[1])) as server:
        print(server.url, flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main()
