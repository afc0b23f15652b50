"""What can go wrong between a question and its answer. A person meets these as reasons, never as tracebacks."""

from __future__ import annotations

from scenecap.errors import ScenecapError


class ChatError(ScenecapError):
    """A text could not be had of the model. The message never holds a key."""


class TransientError(ChatError):
    """It may go well the next time: 429, 5xx, a timeout, a cut reply.

    Args:
        message: What happened.
        kind: Short name for the account ("rate limited", "server error", "timeout", "connection", "cut reply").
        wait: How long the server asks to wait [s]; None where it does not say.
    """

    def __init__(self, message: str, *, kind: str, wait: float | None = None) -> None:
        super().__init__(message)
        self.kind = kind
        self.wait = wait


class UnsupportedError(ChatError):
    """The endpoint cannot do what was asked; asking again does not help, asking differently may.

    Args:
        message: The server's words.
        status: HTTP status; 0 where there is none.
        sent: What the request used, as in :func:`scenecap.caption.chat.capabilities.corrected`.
    """

    def __init__(self, message: str, *, status: int, sent: frozenset[str] = frozenset()) -> None:
        super().__init__(message)
        self.status = status
        self.sent = sent


class EndpointError(ChatError):
    """The endpoint will not answer this run at all: wrong key, no such model, no such address."""


class ReplyError(ChatError):
    """The model answered, but not what was asked: no JSON, another schema, the prompt itself.

    Args:
        message: What is wrong with it.
        reply: The reply, for a repair turn.
    """

    def __init__(self, message: str, *, reply: str = "") -> None:
        super().__init__(message)
        self.reply = reply


class RefusalError(ChatError):
    """The model, or its server's filter, declined."""


class BudgetError(ChatError):
    """The run's budget does not allow another request."""
