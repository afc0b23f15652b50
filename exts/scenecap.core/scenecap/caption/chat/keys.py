"""Keys: read when they are needed, bound to one host, shown to nobody."""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping
from pathlib import Path

from scenecap.caption.chat.address import Origin, same_host
from scenecap.caption.chat.profiles import OWNED_VARIABLES, PROFILES
from scenecap.caption.chat.settings import ChatSettings
from scenecap.errors import UsageError

_MAX_FILE = 16_384
_MAX_KEY = 8_192


class BoundKey:
    """A key and the one origin that it may be sent to.

    It cannot be printed, pickled or compared by accident: :meth:`for_origin` is the only way to its text.

    Args:
        secret: The key.
        origin: Where it may go.
        source: Where it was read, for people ("NVIDIA_API_KEY").
    """

    __slots__ = ("__secret", "origin", "source")

    def __init__(self, secret: str, *, origin: Origin, source: str) -> None:
        self.__secret = secret
        self.origin = origin
        self.source = source

    def for_origin(self, origin: Origin) -> str | None:
        """Return the key if it is for exactly this origin, else None."""
        return self.__secret if origin == self.origin else None

    def redact(self, text: str) -> str:
        """Return a text without the key in it, as it is and as JSON would write it."""
        for form in (self.__secret, self.__secret.replace("/", "\\/"), self.__secret.replace("+", "\\u002b")):
            text = text.replace(form, "[key]")
        return text

    def __repr__(self) -> str:
        return f"BoundKey(source={self.source!r}, origin={str(self.origin)!r})"

    def __reduce__(self) -> str:
        raise TypeError("a key is not to be pickled")


class KeyFilter(logging.Filter):
    """Takes a key out of what libraries log: a server may say it back in a header, and they log those.

    Args:
        key: The key.
    """

    #: Libraries that see what a server sends.
    LIBRARIES = ("openai", "httpx", "httpcore", "httpx2", "httpcore2", "h11", "anyio")

    def __init__(self, key: BoundKey) -> None:
        super().__init__()
        self._key = key
        loggers = [name for name in logging.root.manager.loggerDict if name.partition(".")[0] in self.LIBRARIES]
        self._loggers = [logging.getLogger(name) for name in loggers]
        for logger in self._loggers:
            logger.addFilter(self)

    def filter(self, record: logging.LogRecord) -> bool:
        """Replace the record's words by words without the key, where it holds it."""
        message = record.getMessage()
        clean = self._key.redact(message)
        if clean != message:
            record.msg, record.args = clean, ()
        return True

    def remove(self) -> None:
        """Take the filter away again."""
        for logger in self._loggers:
            logger.removeFilter(self)


def find_key(settings: ChatSettings, origin: Origin, *, environ: Mapping[str, str] | None = None) -> BoundKey | None:
    """Read the key that goes to an origin; None where the server asks for none.

    Args:
        settings: Where the key is, and whose it is.
        origin: Where the requests go.
        environ: The environment.

    Raises:
        UsageError: The variable or file is not there or holds no key, or the key is for another host.
    """
    environ = os.environ if environ is None else environ
    if settings.key_file is not None:
        secret, host = _from_file(settings.key_file)
        source = f"the key file {settings.key_file.name}"
        _check_host(host, origin, source, "the file names")
    elif settings.key_variable:
        source = settings.key_variable
        _check_owner(source, origin)
        secret = environ.get(source, "").strip()
        if not secret:
            raise UsageError(
                f"model_key_variable: {source} is not set.", remedy="Set it in the environment, or give model_key_file."
            )
        _check_host(environ.get(f"{source}_HOST", ""), origin, source, f"{source}_HOST names")
    else:
        facts = PROFILES[settings.profile]
        if not any(same_host(host, origin) for host in facts.hosts):
            return None
        source = next((name for name in facts.variables if environ.get(name, "").strip()), "")
        if not source:
            raise UsageError(
                f"{origin} asks for a key, and {' or '.join(facts.variables)} is not set.",
                remedy="Set it in the environment, or give model_key_file.",
            )
        secret = environ[source].strip()
    _check_host(settings.key_host, origin, source, "model_key_host is")
    _check_secret(secret, source)
    if origin.scheme == "http" and not origin.is_local:
        raise UsageError(
            f"model_url: a key would cross the open network unencrypted to {origin}.", remedy="Give an https address."
        )
    return BoundKey(secret, origin=origin, source=source)


def _check_owner(variable: str, origin: Origin) -> None:
    hosts = OWNED_VARIABLES.get(variable)
    if hosts and not any(same_host(host, origin) for host in hosts):
        raise UsageError(
            f"model_key_variable: the key in {variable} is for {' and '.join(hosts)}, and the requests go to {origin.host}.",
            remedy="Put the key of that server into a variable of its own, such as SCENECAP_API_KEY.",
        )


def _check_host(written: str, origin: Origin, source: str, says: str) -> None:
    if written.strip() and not same_host(written, origin):
        raise UsageError(
            f"the key of {source} is for another host than {origin.host} ({says} {written.strip()[:255]}); it is not sent.",
            remedy="Correct model_url, or give the key of that host.",
        )


def _check_secret(secret: str, source: str) -> None:
    if len(secret) < 4 or len(secret) > _MAX_KEY or not secret.isascii() or not secret.isprintable() or " " in secret:
        raise UsageError(f"{source} does not hold a key: a key is one word of ASCII characters.")


def _from_file(path: Path) -> tuple[str, str]:
    """Return (key, host): the file's only word, or its second and first."""
    where = f"model_key_file: {path}"
    try:
        with path.expanduser().open("rb") as stream:
            data = stream.read(_MAX_FILE + 1)
    except OSError as error:
        raise UsageError(f"{where}: cannot be read: {(error.strerror or 'error').lower()}.") from None
    words = data.decode("utf-8-sig", "replace").split() if len(data) <= _MAX_FILE else []
    if len(words) not in (1, 2):
        raise UsageError(
            f"{where}: does not hold a key.", remedy="Give a file with the key alone, or with its host and the key."
        )
    return words[-1], words[0] if len(words) == 2 else ""
