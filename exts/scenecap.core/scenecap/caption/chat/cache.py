"""Replies on disk, by everything that went into the request. Kept are the model's text and its count of tokens, no more."""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from scenecap.caption.chat.capabilities import Capabilities
from scenecap.caption.chat.endpoint import Reply

_LOG = logging.getLogger(__name__)
#: Changes where what goes into a key, or a file's layout, changes.
_VERSION = 1
_MAX_FILE = 8_000_000


def default_cache_folder() -> Path:
    """Return ``scenecap/chat`` in the user's cache folder."""
    base = os.environ.get("XDG_CACHE_HOME") or os.environ.get("LOCALAPPDATA") or str(Path.home() / ".cache")
    return Path(base) / "scenecap" / "chat"


def cache_key(url: str, params: Mapping[str, Any]) -> str:
    """Return what stands for a request: a hash of the address and of all parameters, messages and pictures included."""
    text = json.dumps({"version": _VERSION, "url": url, "params": params}, sort_keys=True, ensure_ascii=True)
    return hashlib.sha256(text.encode("ascii")).hexdigest()


class ReplyCache:
    """A folder of replies. Several processes may share it. Trouble with it costs a request, never a run.

    Args:
        folder: Where; it is made when something is kept.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def get(self, key: str) -> Reply | None:
        """Return the reply to a request, or None."""
        values = self._read(self._path("replies", key))
        try:
            text, finish = values["text"], values["finish"]
            tokens = [values["tokens_in"], values["tokens_out"]]
        except (TypeError, KeyError):
            return None
        right = isinstance(text, str) and isinstance(finish, str) and all(type(item) in (int, type(None)) for item in tokens)
        return Reply(text, finish, *tokens) if right and values.get("key") == key else None

    def put(self, key: str, reply: Reply) -> None:
        """Keep a reply."""
        values = {"key": key, "text": reply.text, "finish": reply.finish}
        self._write(self._path("replies", key), {**values, "tokens_in": reply.tokens_in, "tokens_out": reply.tokens_out})

    def capabilities(self, key: str) -> Capabilities | None:
        """Return what is remembered of an endpoint, or None."""
        values = self._read(self._path("endpoints", key))
        return (
            Capabilities.from_json(values["capabilities"]) if isinstance(values, dict) and "capabilities" in values else None
        )

    def remember(self, key: str, known: Capabilities) -> None:
        """Keep what is known of an endpoint."""
        self._write(self._path("endpoints", key), {"capabilities": known.to_json()})

    def _path(self, kind: str, key: str) -> Path:
        return self._folder / kind / key[:2] / f"{key}.json"

    def _read(self, path: Path) -> Any:
        try:
            with path.open("rb") as stream:
                data = stream.read(_MAX_FILE + 1)
            return json.loads(data) if len(data) <= _MAX_FILE else None
        except FileNotFoundError:
            return None
        except (OSError, ValueError, RecursionError):
            _LOG.warning("%s: this kept reply cannot be read; the model is asked again.", path)
            return None

    def _write(self, path: Path, values: Mapping[str, Any]) -> None:
        name = ""
        try:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            handle, name = tempfile.mkstemp(dir=path.parent, prefix=".tmp_")  # readable by its owner only
            with os.fdopen(handle, "wb") as stream:
                stream.write(json.dumps(values, ensure_ascii=True).encode("ascii"))
            os.replace(name, path)
        except OSError as error:
            _LOG.warning("%s: a reply cannot be kept (%s).", path.parent, error.strerror or error)
            if name:
                with contextlib.suppress(OSError):
                    os.unlink(name)
