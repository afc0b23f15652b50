"""The config of a run: the packages' own settings, side by side."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel, ConfigDict, Field
from pydantic.fields import FieldInfo

from scenecap.caption.chat.settings import ChatSettings, OnUnsupported
from scenecap.caption.settings import CaptionSettings
from scenecap.caption.verify.settings import Verdicts, VerdictSettings
from scenecap.capture.settings import CaptureSettings
from scenecap.capture.variation.settings import VariationSettings
from scenecap.contract import FORMAT_VERSION
from scenecap.graph.settings import GraphSettings
from scenecap.output.settings import OutputSettings
from scenecap.run.batch.settings import BatchSettings
from scenecap.run.config.job_settings import Engine, JobSettings
from scenecap.stage.settings import LabelSettings

#: Fields that say where things are, how much of the dataset to make and how safely, but not what a frame holds.
_NOT_CONTENT = frozenset(
    {
        ("job", "version"),
        ("job", "cameras"),
        ("job", "auto_views"),
        ("job", "frames"),
        ("job", "licence"),
        ("job", "workers"),
        ("job", "verbose"),
        ("batch", "scenes"),
        ("batch", "seeds"),
        ("batch", "limits"),
        ("batch", "executor"),
        ("batch", "ray"),
        ("output", "fsync"),
        *(
            ("chat", name)
            for name in (
                "key_variable",
                "key_host",
                "concurrency",
                "timeout",
                "retries",
                "retry_wait",
                "retry_wait_max",
                "give_up_after",
                "budget_requests",
                "budget_tokens",
                "budget_money",
                "price_input",
                "price_output",
                "cache",
            )
        ),
    }
)


class ScenecapConfig(BaseModel):
    """Everything a run depends on. Build it with :func:`scenecap.run.config.make_config` from flat keys, or from a file.

    Attributes:
        job: Scene, cameras, frames, destination.
        batch: Many scenes, seeds, limits.
        labels: Objects and their labels.
        capture: What the embedded source captures, and the picture.
        graph: Selection, relations, pruning.
        caption: Which captions.
        chat: The model that writes the captions with `engine: chat`.
        verify: Which texts the verifier judges, and how.
        output: Which files, in which layout.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    job: JobSettings = Field(default_factory=lambda: JobSettings.model_validate({}))
    batch: BatchSettings = Field(default_factory=lambda: BatchSettings.model_validate({}))
    labels: LabelSettings = Field(default_factory=lambda: LabelSettings.model_validate({}))
    capture: CaptureSettings = Field(default_factory=lambda: CaptureSettings.model_validate({}))
    graph: GraphSettings = Field(default_factory=lambda: GraphSettings.model_validate({}))
    caption: CaptionSettings = Field(default_factory=lambda: CaptionSettings.model_validate({}))
    chat: ChatSettings = Field(default_factory=lambda: ChatSettings.model_validate({}))
    verify: VerdictSettings = Field(default_factory=lambda: VerdictSettings.model_validate({}))
    output: OutputSettings = Field(default_factory=lambda: OutputSettings.model_validate({}))

    @property
    def asks_verifier(self) -> bool:
        """Whether the verifier judges any text."""
        return self.writes_verdicts or self._holds_model_to_scene

    @property
    def writes_verdicts(self) -> bool:
        """Whether frames' files say what the verifier found."""
        chosen = self.verify.verdicts
        return chosen is Verdicts.ALWAYS or (chosen is Verdicts.AUTO and self._holds_model_to_scene)

    @property
    def _holds_model_to_scene(self) -> bool:
        return self.job.engine is Engine.CHAT and self.chat.on_unsupported is not OnUnsupported.ACCEPT

    def content_hash(self) -> str:
        """Return 16 hexadecimal digits that stand for what decides a frame's files.

        Paths, which cameras and frames are run, and verbosity are left out: the same frame of a partial run, or of a run
        somewhere else, has the same hash. The stage and the label database are hashed by the manifest, as inputs.
        """
        content = {section: dict(_content(getattr(self, section), section)) for section in SECTIONS}
        if self.job.engine is not Engine.CHAT:
            del content["chat"]  # a model that is not asked decides nothing
        if not self.asks_verifier:
            del content["verify"]
        content = {section: values for section, values in content.items() if values}
        text = json.dumps({"format": FORMAT_VERSION, **content}, sort_keys=True, default=str)
        return hashlib.sha256(text.encode("utf-8")).hexdigest()[:16]


#: Section -> its model, in the order of the reference page.
SECTIONS: dict[str, type[BaseModel]] = {
    "job": JobSettings,
    "batch": BatchSettings,
    "labels": LabelSettings,
    "capture": CaptureSettings,
    "graph": GraphSettings,
    "caption": CaptionSettings,
    "chat": ChatSettings,
    "verify": VerdictSettings,
    "output": OutputSettings,
}


def is_path(field: FieldInfo) -> bool:
    """Whether a field holds a path: it starts at the config file's folder and does not decide a frame's content."""
    extra = field.json_schema_extra if isinstance(field.json_schema_extra, dict) else {}
    return field.annotation is Path or Path in get_args(field.annotation) or extra.get("x-path") is True


def _content(settings: BaseModel, section: str) -> Iterator[tuple[str, Any]]:
    for name, field in type(settings).model_fields.items():
        value = getattr(settings, name)
        if (section, name) in _NOT_CONTENT or is_path(field):
            continue
        # A config without viewpoints has the hash that it had before there were any.
        if section == "batch" and value == field.get_default(call_default_factory=True):
            continue
        if isinstance(value, VariationSettings):  # what a variation is does not depend on how many there are
            value = value.model_copy(update={"count": 1, "authored": True})
        yield name, _plain(value)


def _plain(value: Any) -> Any:
    """Return a value as JSON knows it. A mapping keeps its order: of the globs of `labels`, the first that fits wins."""
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    if isinstance(value, (set, frozenset)):
        return sorted(map(_plain, value), key=str)
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, Mapping):
        return [[str(key), _plain(item)] for key, item in value.items()]
    return value
