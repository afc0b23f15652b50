"""Prompt templates: Jinja files in the package, each replaceable by one of the same name in a user's folder.

Templates run in Jinja's sandbox and get plain values: stage text reaches them as one finished block
(:mod:`scenecap.caption.chat.quoting`), which a template places and cannot take apart.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib import resources
from pathlib import Path
from typing import Any

from scenecap.caption.model import PromptVersion
from scenecap.errors import ConfigError, MissingExtraError
from scenecap.text import clean_text

#: All templates and what each is for.
NAMES: Mapping[str, str] = {
    "system": "who the model is and what data is",
    "captions": "the request for a frame's texts",
    "schema": "the reply's form in words, for servers that take no schema",
    "repair_json": "what is said when a reply had the wrong form",
    "repair_claims": "what is said when the scene does not support a text",
    "asset_system": "who is to say what an asset is, and what data is",
    "asset": "the request for an asset's label, caption and attributes",
    "judge_system": "who a judge is and what data is",
    "judge_visce2": "the request for a caption's score by the scene's data",
    "judge_capscore": "the request for captions' scores by a reference",
}
#: Templates that `scenecap labels annotate` uses.
ASSET_PROMPTS = ("asset_system", "asset", "schema", "repair_json")
#: Templates that `engine: chat` uses.
CAPTION_PROMPTS = ("system", "captions", "schema", "repair_json", "repair_claims")
#: Templates that `scenecap judge` uses.
JUDGE_PROMPTS = ("judge_system", "judge_visce2", "judge_capscore", "schema", "repair_json")
_MAX_BYTES = 64_000
_VERSION = re.compile(r"\A\{#-?\s*version:\s*([\w.-]{1,32})\s*-?#\}")


@dataclass(frozen=True)
class _Source:
    text: str
    version: str
    origin: str


class Prompts:
    """Some of the templates, read and compiled once.

    Args:
        folder: A user's folder, or None.
        names: Which; all that captions are asked for with, by default.

    Raises:
        MissingExtraError: Jinja is not installed.
        ConfigError: The folder is not there, has a file that is no template of ours, or one that is wrong.
    """

    def __init__(self, folder: Path | None = None, *, names: Sequence[str] = CAPTION_PROMPTS) -> None:
        try:
            import jinja2
            import jinja2.sandbox
        except ImportError:
            raise MissingExtraError("jinja2", extra="models", purpose="asking a chat model") from None
        self._jinja = jinja2
        self._sources = {name: _read(name, folder) for name in names}
        if folder is not None:
            _check_folder(folder)
        environment = jinja2.sandbox.ImmutableSandboxedEnvironment(
            undefined=jinja2.StrictUndefined, autoescape=False, trim_blocks=True, lstrip_blocks=True, extensions=[]
        )
        self._templates = {}
        for name, source in self._sources.items():
            try:
                self._templates[name] = environment.from_string(source.text)
            except jinja2.TemplateSyntaxError as error:
                raise ConfigError(f"{source.origin}:{error.lineno}: {clean_text(error.message, limit=200)}.") from None

    def render(self, name: str, **values: Any) -> str:
        """Return a template's text.

        Raises:
            ConfigError: It uses a value that there is not, or something that the sandbox does not allow.
        """
        try:
            return self._templates[name].render(values).strip()
        except Exception as error:  # a user's template may raise anything
            message = clean_text(error, limit=200).rstrip(".")
            raise ConfigError(
                f"{self._sources[name].origin}: {message}.", remedy="docs/models.md lists what each template is given."
            ) from None

    @cached_property
    def versions(self) -> tuple[PromptVersion, ...]:
        """Name, version and hash of each template, for the output."""
        return tuple(
            PromptVersion(name, source.version, hashlib.sha256(source.text.encode()).hexdigest()[:12])
            for name, source in sorted(self._sources.items())
        )


def _read(name: str, folder: Path | None) -> _Source:
    own = None if folder is None else folder / f"{name}.j2"
    if own is not None and own.is_file():
        try:
            data = own.read_bytes()
            if len(data) > _MAX_BYTES:
                raise ConfigError(f"{own}: larger than {_MAX_BYTES // 1000} kB; this is no prompt template.")
            text, origin = data.decode("utf-8-sig"), str(own)
        except UnicodeDecodeError:
            raise ConfigError(f"{own}: is not UTF-8 text.") from None
        except OSError as error:
            raise ConfigError(f"{own}: cannot be read: {error.strerror}.") from None
    else:
        file = resources.files("scenecap.caption.chat") / "prompts" / f"{name}.j2"
        text = file.read_text(encoding="utf-8")
        origin = f"prompts/{name}.j2"
    text = text.replace("\r\n", "\n")
    match = _VERSION.match(text)
    return _Source(text, match[1] if match else "unversioned", origin)


def _check_folder(folder: Path) -> None:
    if not folder.is_dir():
        raise ConfigError(f"prompts: {folder}: there is no such folder.")
    known = ", ".join(f"{name}.j2" for name in NAMES)
    for path in sorted(folder.glob("*.j2")):
        if path.stem not in NAMES:
            raise ConfigError(f"prompts: {path}: there is no template of this name; known are {known}.")
