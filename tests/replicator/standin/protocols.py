"""The shape of ``omni.replicator.core`` that the writers rely on; pyright checks the stand-in, and the writers, against it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

import omni.replicator.core as rep


class WriterLike(Protocol):
    """A writer."""

    annotators: list[Any]
    version: str
    backend: Any
    data_structure: str

    def initialize(self, **kwargs: Any) -> None: ...
    def attach(self, render_products: Any, trigger: Any = ...) -> Any: ...
    def detach(self) -> None: ...
    def write(self, data: dict[str, Any]) -> None: ...
    def on_final_frame(self) -> None: ...
    def get_data(self) -> Any: ...


class AnnotatorRegistryLike(Protocol):
    """Where annotators come from."""

    @classmethod
    def get_annotator(cls, name: str, init_params: Mapping[str, Any] | None = None, device: str | None = None) -> Any: ...


class WriterRegistryLike(Protocol):
    """Where writers are registered."""

    @classmethod
    def register(cls, writer: Any, category: str | None = None) -> None: ...
    @classmethod
    def get(cls, name: str) -> Any: ...
    @classmethod
    def unregister_writer(cls, name: str) -> None: ...


def _checked_by_pyright(writer: rep.Writer) -> tuple[WriterLike, type[AnnotatorRegistryLike], type[WriterRegistryLike]]:
    return writer, rep.AnnotatorRegistry, rep.WriterRegistry
