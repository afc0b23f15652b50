"""``--json-log``: what happens in a run, one JSON object a line, for machines that watch it."""

from __future__ import annotations

import argparse
import json
import logging
import os
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TextIO

from scenecap.errors import UsageError
from scenecap.run.events import Event, event_json
from scenecap.text import clean_text

#: What ``--json-log`` without a file means: the events go to stderr, and so does nothing else.
TO_STDERR = "-"

_LOG = logging.getLogger(__name__)


def add_json_log_option(parser: argparse.ArgumentParser) -> None:
    """Add ``--json-log`` to a command that makes frames."""
    parser.add_argument(
        "--json-log",
        nargs="?",
        const=TO_STDERR,
        metavar="FILE",
        help="events as JSON, one a line: appended to FILE, else on stderr (docs/batches.md lists them)",
    )


class JsonLog:
    """Writes events to a stream, each line whole and at once. One that cannot be written ends the log, never the run.

    Args:
        stream: Where to.
        clock: Seconds since 1970.
    """

    def __init__(self, stream: TextIO, *, clock: Callable[[], float] = time.time) -> None:
        self._stream: TextIO | None = stream
        self._clock = clock
        self._began = clock()
        self._lock = threading.Lock()  # a library may log on a thread of its own

    def __call__(self, event: Event) -> None:
        """Write an event."""
        self._write(event_json(event, now=self._clock(), began=self._began))

    def message(self, level: str, text: str) -> None:
        """Write what would be a line of text on stderr."""
        line = event_json(_NOTHING, now=self._clock(), began=self._began)
        self._write({**line, "event": "log", "level": level, "message": text})

    def _write(self, line: dict[str, Any]) -> None:
        with self._lock:
            if self._stream is None:
                return
            try:
                self._stream.write(json.dumps(line, ensure_ascii=True, allow_nan=False) + "\n")
                self._stream.flush()
                return
            except (OSError, ValueError) as error:  # a full disk, a reader that went away, a stream that was closed
                to_stderr, self._stream, why = self._stream is sys.stderr, None, error
        if not to_stderr:
            _LOG.warning("the JSON log ends here: %s", why)


_NOTHING = Event()


class JsonLogHandler(logging.Handler):
    """Sends log records to a JSON log: on stderr there must be nothing else.

    Args:
        log: The log.
    """

    def __init__(self, log: JsonLog) -> None:
        super().__init__()
        self.log = log

    def emit(self, record: logging.LogRecord) -> None:
        """Write a record."""
        text = record.getMessage()
        if record.exc_info:
            text += "\n" + logging.Formatter().formatException(record.exc_info)
        self.log.message(record.levelname.lower(), clean_text(text, limit=20_000))


def open_json_log(name: str, *, output: Path | str | None) -> JsonLog:
    """Open the file of a log for appending.

    Args:
        name: The file.
        output: The run's output, where it must not lie: times are no part of a dataset.

    Raises:
        UsageError: It cannot be opened, or lies in the output folder.
    """
    path = Path(os.path.abspath(name))
    if output is not None and "://" not in str(output) and path.is_relative_to(os.path.abspath(output)):
        raise UsageError(
            f"--json-log {name}: is in the output folder, where all but the dataset's own files is stray.",
            remedy="Choose a place outside of it; run_log.jsonl in the folder has the same events.",
        )
    try:
        return JsonLog(open(path, "a", encoding="utf-8", buffering=1))
    except OSError as error:
        raise UsageError(
            f"--json-log {name}: cannot be written ({(error.strerror or str(error)).lower()}).",
            remedy="Give a file in a folder that is there.",
        ) from None
