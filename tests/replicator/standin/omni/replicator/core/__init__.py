"""A stand-in of ``omni.replicator.core``: what the writers use of it, with the behaviour that is documented, and no renderer.

It does not render: tests make payloads and hand them over with :func:`deliver`, as graph evaluation does. What it
offers is checked by pyright against the Protocols of ``protocols.py``.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any


class Annotator:
    """An annotator by name, as ``AnnotatorRegistry.get_annotator`` returns it."""

    def __init__(self, name: str, init_params: Mapping[str, Any] | None = None) -> None:
        self._name = name
        self.init_params = dict(init_params or {})

    @property
    def name(self) -> str:
        return self._name

    def get_name(self) -> str:
        return self._name


class AnnotatorRegistry:
    """Annotators by name; unknown names are refused as in Replicator."""

    NAMES = frozenset(
        {
            "rgb", "LdrColor", "distance_to_image_plane", "distance_to_camera", "normals", "bounding_box_2d_tight",
            "bounding_box_2d_loose", "bounding_box_2d_tight_fast", "bounding_box_2d_loose_fast", "bounding_box_3d",
            "bounding_box_3d_fast", "semantic_segmentation", "instance_segmentation", "instance_segmentation_fast",
            "instance_id_segmentation", "camera_params", "occlusion", "pointcloud", "skeleton_data",
        }
    )  # fmt: skip

    @classmethod
    def get_annotator(cls, name: str, init_params: Mapping[str, Any] | None = None, device: str | None = None) -> Annotator:
        if name not in cls.NAMES:
            raise ValueError(f"no annotator {name}")
        return Annotator(name, init_params)


class RenderProduct:
    """What ``rep.create.render_product`` returns."""

    def __init__(self, path: str) -> None:
        self.path = path


class Writer:
    """The base class of writers: ``__new__`` seeds the attributes, ``initialize`` calls ``__init__``."""

    annotators: list[Any]
    version: str
    backend: Any
    data_structure: str
    _attached: list[str]
    _cached: Any

    def __new__(cls, *args: Any, **kwargs: Any) -> Writer:
        self = super().__new__(cls)
        self.annotators = []
        self.version = "0.0.0"
        self.backend = None
        self.data_structure = "legacy"
        self._attached = []
        self._cached = None
        return self

    def initialize(self, **kwargs: Any) -> None:
        self.__init__(**kwargs)  # type: ignore[misc]

    def attach(
        self,
        render_products: str | RenderProduct | Sequence[str | RenderProduct],
        trigger: str | None = "omni.replicator.core.OgnOnFrame",
    ) -> None:
        products = [render_products] if isinstance(render_products, (str, RenderProduct)) else list(render_products)
        self._attached = [item if isinstance(item, str) else item.path for item in products]

    def detach(self) -> None:
        self._attached = []

    def write(self, data: dict[str, Any]) -> None:
        raise NotImplementedError

    def on_final_frame(self) -> None:
        return None

    def get_data(self) -> Any:
        return self._cached


class WriterRegistry:
    """Writers by class name."""

    _writers: dict[str, type[Writer]] = {}  # noqa: RUF012

    @classmethod
    def register(cls, writer: type[Writer], category: str | None = None) -> None:
        if not issubclass(writer, Writer):
            raise TypeError(f"{writer} is no Writer")
        cls._writers[writer.__name__] = writer

    @classmethod
    def unregister_writer(cls, name: str) -> None:
        del cls._writers[name]

    @classmethod
    def get(cls, name: str) -> Writer:
        """Return a writer that has not been initialised yet."""
        writer = cls._writers[name]
        return writer.__new__(writer)

    @classmethod
    def get_writers(cls) -> dict[str, type[Writer]]:
        return dict(cls._writers)


class BackendDispatch:
    """The disk backend, as far as its folder goes."""

    def __init__(self, paths: Mapping[str, Any] | None = None, *, output_dir: str | None = None) -> None:
        self.output_dir = output_dir or str((paths or {}).get("paths", {}).get("out_dir", ""))

    def write_blob(self, path: str, data: bytes) -> None:
        target = Path(self.output_dir) / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)


def deliver(writer: Writer, data: dict[str, Any]) -> None:
    """Hand a payload to a writer as graph evaluation does: only to one that is attached."""
    if not writer._attached:
        raise RuntimeError("the writer is not attached")
    writer._cached = data
    writer.write(data)


def accepts_backend(writer: type[Writer]) -> bool:
    """Return what the Synthetic Data Recorder asks of a writer from 6.2 on: a ``backend`` parameter by name."""
    return "backend" in inspect.signature(writer.__init__).parameters
