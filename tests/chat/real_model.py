"""A real model for tests that ask for one: an address, or a GGUF file that is served here."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

#: Environment variable: path of a GGUF file, or address of a running server up to and with /v1.
VARIABLE = "SCENECAP_REAL_MODEL"
_START_SECONDS = 120


@dataclass(frozen=True)
class RealModel:
    """Where a model answers, and its name there."""

    url: str
    name: str


def why_not() -> str:
    """Return why there is no real model, or nothing."""
    given = os.environ.get(VARIABLE, "")
    if not given:
        return f"asks a real model: set {VARIABLE} to a GGUF file or to the address of a server (docs/models.md)"
    if "://" in given:
        return ""
    if not Path(given).is_file():
        return f"{VARIABLE}: there is no file {given}"
    if _command(given, 0) is None:
        return "a GGUF file needs llama-server in the PATH, or the package llama-cpp-python[server]"
    return ""


def _command(path: str, port: int) -> list[str] | None:
    own = shutil.which("llama-server")
    if own:
        return [own, "-m", path, "--host", "127.0.0.1", "--port", str(port), "-c", "8192"]
    if find_spec("llama_cpp") is None:
        return None
    server = [sys.executable, "-m", "llama_cpp.server", "--model", path, "--n_ctx", "8192"]
    return [*server, "--host", "127.0.0.1", "--port", str(port)]


@contextlib.contextmanager
def real_model(log: Path) -> Iterator[RealModel]:
    """Serve the model, if it is a file, and yield where it answers.

    Args:
        log: File that a server's output goes to.
    """
    given = os.environ[VARIABLE]
    if "://" in given:
        yield RealModel(given, _first_model(given))
        return
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = _command(given, port)
    assert command is not None
    url = f"http://127.0.0.1:{port}/v1"
    with log.open("wb") as stream:
        server = subprocess.Popen(command, stdout=stream, stderr=stream)
    try:
        yield RealModel(url, _wait_for(url, server, log))
    finally:
        server.kill()
        server.wait(timeout=30)


def _wait_for(url: str, server: subprocess.Popen[bytes], log: Path) -> str:
    for _ in range(_START_SECONDS):
        if server.poll() is not None:
            raise RuntimeError(f"the server ended: {log.read_text(errors='replace')[-500:]}")
        with contextlib.suppress(urllib.error.URLError, ConnectionError):
            return _first_model(url)
        time.sleep(1.0)
    raise RuntimeError(f"the server does not answer after {_START_SECONDS} s")


def _first_model(url: str) -> str:
    with urllib.request.urlopen(f"{url.rstrip('/')}/models", timeout=30) as reply:
        return str(json.load(reply)["data"][0]["id"])
