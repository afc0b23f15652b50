"""Model Settings: which chat model writes captions, and where its key is read from. A key itself is never taken or kept."""

from __future__ import annotations

import enum
import os
import re
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from scenecap.caption.chat.profiles import PROFILES
from scenecap.caption.chat.settings import ChatSettings
from scenecap_ui.fields import Field, clear_errors
from scenecap_ui.settings_store import SettingsStore


class KeySource(str, enum.Enum):
    """Where the key of a chat model is read from."""

    NONE = "none"
    ENVIRONMENT = "environment"
    FILE = "file"


#: As shown, in the order of the drop-down.
KEY_SOURCE_TITLES: Mapping[KeySource, str] = {
    KeySource.NONE: "No key",
    KeySource.ENVIRONMENT: "Environment variable",
    KeySource.FILE: "File",
}
DEFAULT_VARIABLE = "SCENECAP_API_KEY"

# Names of variables are upper case by convention and keys never are: what is pasted here by mistake is neither used nor kept.
_VARIABLE = re.compile(r"[A-Z_][A-Z0-9_]{0,63}")
_MISTAKEN_KEY = "This is no name of a variable. If it is a key, it belongs into the variable, not here."


class ModelForm:
    """The fields of Model Settings.

    Args:
        environ: Environment to look for the key's variable in; only whether it is set is looked at.
    """

    def __init__(self, environ: Mapping[str, str] | None = None) -> None:
        self._environ = os.environ if environ is None else environ
        self.url: Field[str] = Field("model_url", "", keep=lambda url: not _secret_in_url(url))
        self.model: Field[str] = Field("model_name", "", keep=lambda text: len(text) < 200)
        self.source: Field[str] = Field("model_key_source", KeySource.NONE.value, keep=_is_key_source)
        self.variable: Field[str] = Field("model_key_variable", DEFAULT_VARIABLE, keep=_is_variable)
        self.file: Field[str] = Field("model_key_file", "", keep=_is_path)
        self.fields = (self.url, self.model, self.source, self.variable, self.file)

    def restore(self, store: SettingsStore) -> None:
        """Take what was kept."""
        for field in self.fields:
            field.restore(store)
        if not _is_key_source(self.source.value):
            self.source.set(KeySource.NONE.value)

    @property
    def key_source(self) -> KeySource:
        """Where the key is read from."""
        return KeySource(self.source.value)

    def key_state(self) -> str:
        """Say whether there is a key where it is read from; the key is not read."""
        source = self.key_source
        if source is KeySource.ENVIRONMENT:
            name = self.variable.value.strip()
            if not _is_variable(name):
                return ""
            return f"{name} is set." if self._environ.get(name) else f"{name} is not set in Isaac Sim's environment."
        if source is KeySource.FILE:
            name = self.file.value.strip()
            if not name:
                return "Choose a text file that holds the key alone."
            return "The file is there." if Path(name).expanduser().is_file() else "There is no such file."
        return "For a server of your own that asks for no key."

    def settings(self) -> ChatSettings:
        """Return the fields as settings of the chat engine; :meth:`check` has found them right."""
        url = self.url.value.strip()
        values: dict[str, object] = {"url": url, "name": self.model.value.strip()}
        facts = next((item for item in PROFILES.items() if item[1].hosts and _hostname(url) in item[1].hosts), None)
        if facts is not None:
            values["profile"] = facts[0]
        if self.key_source is KeySource.ENVIRONMENT:
            values["key_variable"] = self.variable.value.strip()
        elif self.key_source is KeySource.FILE:
            values["key_file"] = self.file.value.strip()
        return ChatSettings.model_validate(values)

    def check(self) -> bool:
        """Check the fields without any request; what is wrong stands at the field afterwards."""
        clear_errors(self.fields)
        self._check_url()
        if self.url.value.strip() and not self.model.value.strip():
            self.model.error.set("Give the model's name, as its server lists it.")
        source = self.key_source
        if source is KeySource.ENVIRONMENT and not _is_variable(self.variable.value.strip()):
            self.variable.error.set(_MISTAKEN_KEY)
        if source is KeySource.FILE and not Path(self.file.value.strip() or "\0").expanduser().name.strip("\0"):
            self.file.error.set("Choose the file that holds the key.")
        return not any(field.error.value for field in self.fields)

    def _check_url(self) -> None:
        text = self.url.value.strip()
        if not text:
            return
        if _secret_in_url(text):
            self.url.error.set("The address holds a user name or key. Remove it: keys are read from a variable or a file.")
            return
        parts = _split(text)
        if parts is None or parts.scheme not in ("http", "https") or not parts.hostname:
            self.url.error.set("Give an address such as https://integrate.api.nvidia.com/v1.")


def _split(text: str):
    try:
        parts = urlsplit(text)
        _ = parts.port  # raises where it is no number
        return parts
    except ValueError:
        return None


def _hostname(text: str) -> str:
    parts = _split(text)
    return (parts.hostname or "") if parts is not None else ""


def _secret_in_url(text: str) -> bool:
    parts = _split(text.strip())
    return parts is None or bool(parts.username or parts.password or parts.query or parts.fragment)


def _is_key_source(value: str) -> bool:
    return value in [item.value for item in KeySource]


def _is_variable(value: str) -> bool:
    return bool(_VARIABLE.fullmatch(value))


def _is_path(value: str) -> bool:
    return not value or os.sep in value or "/" in value
