"""What the command line prints: results on stdout, everything else on stderr."""

from __future__ import annotations

import json
import logging
import shutil
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TextIO

from scenecap.cli.json_log import JsonLog, JsonLogHandler
from scenecap.text import clean_text

#: Width of a table where the output is not a terminal.
PLAIN_WIDTH = 120


class _LineFormatter(logging.Formatter):
    """One line a record, as errors are printed; a traceback only where one was asked for."""

    def format(self, record: logging.LogRecord) -> str:
        level = "" if record.levelno == logging.INFO else f"{record.levelname.lower()}: "
        text = f"scenecap: {level}{record.getMessage()}"
        return f"{text}\n{self.formatException(record.exc_info)}" if record.exc_info else text


def set_up_logging(*, quiet: bool, verbose: bool, debug: bool, as_json: bool = False) -> None:
    """Send the library's log to stderr: warnings by default, errors only with ``quiet``, more with the others.

    With ``as_json`` all that goes to stderr is a JSON log.
    """
    level = logging.DEBUG if debug else logging.INFO if verbose else logging.ERROR if quiet else logging.WARNING
    handler: logging.Handler = JsonLogHandler(JsonLog(sys.stderr)) if as_json else logging.StreamHandler()
    if not as_json:
        handler.setFormatter(_LineFormatter())
    logger = logging.getLogger("scenecap")
    logger.handlers[:] = [handler]
    logger.setLevel(level)
    logger.propagate = False


def stderr_log() -> JsonLog | None:
    """Return the JSON log that has stderr for itself, or None."""
    handlers = logging.getLogger("scenecap").handlers
    return next((handler.log for handler in handlers if isinstance(handler, JsonLogHandler)), None)


def print_error(message: str) -> None:
    """Print each line of an error's message as one error on stderr."""
    log = stderr_log()
    for line in message.splitlines() or [""]:
        if log is not None:
            log.message("error", line)
        else:
            print(f"scenecap: error: {line}", file=sys.stderr)


def print_warning(message: str) -> None:
    """Print a warning on stderr."""
    print(f"scenecap: warning: {message}", file=sys.stderr)


def print_json(value: Any) -> None:
    """Print machine-readable output on stdout."""
    print(json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False))


def table(
    rows: Sequence[Sequence[object]], *, head: Sequence[str] = (), indent: str = "  ", stream: TextIO | None = None
) -> str:
    """Return rows as aligned columns; the last column is cut where the line would not fit the terminal.

    Args:
        rows: Cells; numbers are set flush right.
        head: Titles of the columns.
        indent: Before each line.
        stream: Where it will be printed, for the width; stdout without it.
    """
    cells = [[clean_text(cell, limit=200) for cell in row] for row in rows]
    lines = [list(head), *cells] if head else cells
    if not lines:
        return ""
    columns = max(len(line) for line in lines)
    widths = [max(len(line[index]) for line in lines if index < len(line)) for index in range(columns)]
    numeric = [
        all(isinstance(row[index], (int, float)) for row in rows if index < len(row)) and bool(rows)
        for index in range(columns)
    ]
    limit = _width(stream or sys.stdout)
    text = []
    for line in lines:
        padded = [
            cell.rjust(widths[index]) if numeric[index] else cell.ljust(widths[index]) for index, cell in enumerate(line)
        ]
        whole = (indent + "  ".join(padded)).rstrip()
        text.append(whole if len(whole) <= limit else whole[: limit - 3].rstrip() + "...")
    return "\n".join(text)


def _width(stream: TextIO) -> int:
    if not stream.isatty():
        return 10_000  # a file or a pipe loses nothing
    return max(60, shutil.get_terminal_size((PLAIN_WIDTH, 24)).columns)


def counted(number: int, noun: str, plural: str = "") -> str:
    """Return "1 frame" or "3 frames"."""
    return f"{number} {noun if number == 1 else plural or noun + 's'}"


def shown_path(path: Path | str) -> str:
    """Return a path as seen from the working directory, where it is below it; an address (``s3://...``) as it is."""
    if "://" in str(path):
        return str(path)
    try:
        relative = Path(path).relative_to(Path.cwd())
    except ValueError:
        return str(path)
    return str(relative) if relative.parts else "."


def size_text(count: int) -> str:
    """Return a number of bytes for a person: "12 bytes", "3.4 MB"."""
    value = float(count)
    for unit in ("bytes", "kB", "MB", "GB"):
        if value < 1000:
            return f"{value:.0f} {unit}" if unit == "bytes" else f"{value:.1f} {unit}"
        value /= 1000
    return f"{value:.1f} TB"


def time_text(seconds: float) -> str:
    """Return a duration for a person: "0.4 s", "12 s", "3 min", "2 h 10 min"."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    if minutes < 60:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if minutes else f"{hours} h"


def share_text(share: float) -> str:
    """Return a share for a person: "41 %", "under 1 %"."""
    return "under 1 %" if 0 < share < 0.01 else f"{100 * share:.0f} %"


def summary(counts: Mapping[str, int]) -> str:
    """Return "12 guide, 3 invisible" from counts, most first."""
    return ", ".join(f"{number} {name}" for name, number in sorted(counts.items(), key=lambda item: (-item[1], item[0])))


class CountLine:
    """One line on a terminal that says how far something is: "checking frame 12 of 500"; nothing where stderr is none.

    Args:
        what: What is counted.
        quiet: Show nothing.
    """

    def __init__(self, what: str, *, quiet: bool) -> None:
        self._what = what
        self._live = sys.stderr.isatty() and not quiet

    def __call__(self, number: int, total: int | None = None) -> None:
        """Show the number that comes next, from 1, and of how many where that is known."""
        if self._live:
            whole = "" if total is None else f" of {total}"
            print(f"\r\x1b[K{self._what} {number}{whole}", end="", file=sys.stderr, flush=True)

    def clear(self) -> None:
        """Take the line away."""
        if self._live:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)
