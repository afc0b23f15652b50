"""COCO's ``instances_*.json`` and ``captions_*.json``: boxes, masks and captions, as pycocotools reads them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from scenecap.output.dataset.documents import SceneObject
from scenecap.output.export.masks import InstanceMasks, box_of, encode_rle
from scenecap.output.export.settings import TextKind


@dataclass(frozen=True, kw_only=True)
class CocoImage:
    """A picture and what is known of it.

    Attributes:
        file_name: Relative to the export's ``images``.
        size: Width and height [px].
        licence: Number of its licence.
        scene: Name of its scene.
        camera: Its camera's prim path.
        key: The frame's key in the dataset.
    """

    file_name: str
    size: tuple[int, int]
    licence: int
    scene: str
    camera: str
    key: str


class CocoFiles:
    """Collects pictures, and makes the files of all splits of them. Ids are unique over all splits.

    Args:
        splits: Names of the splits.
        description: Goes into each file's ``info``.
        version: Goes there too: the program's.
    """

    def __init__(self, splits: Sequence[str], *, description: str, version: str) -> None:
        self._info = {"description": description, "version": version}
        self._images: dict[str, list[dict[str, Any]]] = {split: [] for split in splits}
        self._instances: dict[str, list[tuple[str, dict[str, Any]]]] = {split: [] for split in splits}
        self._captions: dict[str, list[dict[str, Any]]] = {split: [] for split in splits}
        self._objects_of: defaultdict[str, int] = defaultdict(int)
        self._ids: dict[str, int] = {"image": 0, "instance": 0, "caption": 0}
        #: Objects without a mask: no instance picture was written, or it does not hold the object's pixels.
        self.without_mask = 0

    @property
    def labels(self) -> dict[str, int]:
        """Label -> annotated objects, over all splits, in the order of the categories."""
        return dict(sorted(self._objects_of.items()))

    def count(self, split: str) -> tuple[int, int]:
        """Return how many objects and captions a split has."""
        return len(self._instances[split]), len(self._captions[split])

    def add(
        self,
        split: str,
        image: CocoImage,
        objects: Sequence[SceneObject],
        masks: InstanceMasks | None,
        captions: Mapping[TextKind, str],
    ) -> None:
        """Add a picture.

        Args:
            split: Where it goes.
            image: The picture.
            objects: Its objects; those that are not visible are passed over.
            masks: Its instance picture.
            captions: Its captions.
        """
        number = self._next("image")
        self._images[split].append(
            {
                "id": number,
                "file_name": image.file_name,
                "width": image.size[0],
                "height": image.size[1],
                "license": image.licence,
                "scene": image.scene,
                "camera": image.camera,
                "frame_key": image.key,
            }
        )
        for item in objects:
            if item.box_tight is None:
                continue
            annotation = {"id": self._next("instance"), "image_id": number, **self._shape(item, image.size, masks)}
            annotation["prim_path"] = item.path
            annotation["occlusion"] = item.occlusion
            annotation["truncated"] = item.truncated
            self._instances[split].append((item.label, annotation))
            self._objects_of[item.label] += 1
        for kind, text in captions.items():
            self._captions[split].append(
                {"id": self._next("caption"), "image_id": number, "caption": text, "kind": kind.value}
            )

    def _shape(self, item: SceneObject, size: tuple[int, int], masks: InstanceMasks | None) -> dict[str, Any]:
        """Return box, area and, where the instance picture holds the very pixels that the box was taken from, the mask."""
        assert item.box_tight is not None
        x_min, y_min, x_max, y_max = item.box_tight
        shape: dict[str, Any] = {"bbox": [x_min, y_min, x_max - x_min + 1, y_max - y_min + 1], "area": item.visible_px}
        mask = masks.mask(item.path) if masks is not None and masks.size == size else None
        if mask is not None and int(mask.sum()) == item.visible_px and box_of(mask) == item.box_tight:
            shape["segmentation"] = {"size": [size[1], size[0]], "counts": encode_rle(mask)}
        else:
            self.without_mask += 1
        return {**shape, "iscrowd": 0}

    def documents(self, split: str, licences: Sequence[Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
        """Return the files of a split: ``instances`` and ``captions``. Call when all pictures of all splits are there.

        Args:
            split: The split.
            licences: ``id``, ``name``, ``url`` of each licence.
        """
        numbers = {label: number for number, label in enumerate(sorted(self._objects_of), start=1)}
        head = {"info": self._info, "licenses": list(licences), "images": self._images[split]}
        instances = [{**item, "category_id": numbers[label]} for label, item in self._instances[split]]
        categories = [{"id": number, "name": label, "supercategory": "object"} for label, number in numbers.items()]
        return {
            "instances": {**head, "annotations": instances, "categories": categories},
            "captions": {**head, "annotations": self._captions[split]},
        }

    def _next(self, what: str) -> int:
        self._ids[what] += 1
        return self._ids[what]
