"""What the panel says at a section: in words, with a tone."""

from __future__ import annotations

import enum
import logging
from dataclasses import dataclass

from scenecap.errors import ScenecapError

_LOG = logging.getLogger(__name__)


class Tone(str, enum.Enum):
    """How a message is shown."""

    INFO = "info"
    GOOD = "good"
    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True)
class Message:
    """One message; an empty text shows nothing."""

    text: str = ""
    tone: Tone = Tone.INFO


NO_MESSAGE = Message()


def message_of(error: Exception) -> Message:
    """Say an error in words: ours as they are, a bug by its type, with its traceback in the log."""
    if isinstance(error, ScenecapError):
        return Message(str(error), Tone.ERROR)
    _LOG.error("unexpected error", exc_info=error)
    return Message(f"Unexpected {type(error).__name__}: {error}. The log has the details.", Tone.ERROR)


def counted(number: int, word: str, plural: str = "") -> str:
    """Return "1 prim", "2 prims"."""
    return f"{number:,} {word if number == 1 else plural or word + 's'}"
