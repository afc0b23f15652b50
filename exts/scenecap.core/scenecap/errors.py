"""Errors that Scenecap raises on purpose.

Every error names the thing that is wrong (prim path, file, key, frame), the rule it breaks and the remedy, and derives
from :class:`ScenecapError`, so a caller can show one line to a person and never a traceback.
"""

from __future__ import annotations


class ScenecapError(Exception):
    """Base class of all errors a user can meet.

    Args:
        message: What is wrong, naming the prim, file, key or frame.
        remedy: What to do about it, as an imperative sentence. Shown after the message.
    """

    #: Exit code of the command line when this error ends the run.
    exit_code = 1

    def __init__(self, message: str, *, remedy: str = "") -> None:
        super().__init__(message if not remedy else f"{message} {remedy}")
        self.message = message
        self.remedy = remedy


class UsageError(ScenecapError):
    """A wrong argument, path or config: nothing has been started. Exit code 2."""

    exit_code = 2


class ConfigError(UsageError):
    """A config file or value that does not fit the models."""


class StageError(UsageError):
    """A stage that cannot be opened or holds nothing that can be used."""


class CameraError(ScenecapError):
    """A camera that does not exist or that cannot be captured (fisheye, orthographic)."""


class LabelDatabaseError(UsageError):
    """A label database that cannot be read or written."""


class EmptyFrameError(ScenecapError):
    """A frame with no object in it. Carries the reason; never a quiet success."""


class CaptureError(ScenecapError):
    """A frame that could not be observed."""


class OutputError(ScenecapError):
    """A file that could not be written."""


class DatasetError(ScenecapError):
    """A dataset on disk, or a file of it, that cannot be read."""


class MissingExtraError(ScenecapError):
    """An optional dependency that is not installed.

    Args:
        package: The import that failed.
        extra: The extra of this project that brings it.
        purpose: What needs it.
    """

    exit_code = 2

    def __init__(self, package: str, *, extra: str, purpose: str) -> None:
        super().__init__(
            f"{purpose} needs the package '{package}', which is not installed.",
            remedy=f"Install it with: pip install 'scenecap[{extra}]'.",
        )
        self.package = package
        self.extra = extra
