"""Names of cameras in an output folder: one folder per camera, none shared."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from scenecap.errors import OutputError
from scenecap.output.settings import CameraDir
from scenecap.text import safe_name, short_hash


@dataclass(frozen=True)
class CameraNames:
    """Folder and render product names of the cameras of a job.

    Attributes:
        folders: Camera path -> folder name; unique even where the file system ignores case.
    """

    folders: Mapping[str, str]

    @classmethod
    def of(cls, cameras: Iterable[str], mode: CameraDir = CameraDir.ID) -> CameraNames:
        """Name all cameras of a job at once.

        Names do not depend on the order of the cameras: where two would share a name (``/World/A_B`` and ``/World/A/B``),
        both get a hash of their path.

        Args:
            cameras: Prim paths.
            mode: The whole path, or its last part.
        """
        plain = {path: camera_id(path) if mode is CameraDir.ID else safe_name(path.rsplit("/", 1)[-1]) for path in cameras}
        uses = Counter(name.lower() for name in plain.values())
        return cls(
            {
                path: name if uses[name.lower()] == 1 else f"{safe_name(name, limit=90)}_{short_hash(path)}"
                for path, name in sorted(plain.items())
            }
        )

    def folder(self, camera: str) -> str:
        """Return the folder of a camera.

        Raises:
            OutputError: The camera is not one of the job's.
        """
        try:
            return self.folders[camera]
        except KeyError:
            raise OutputError(
                f"{camera}: this camera has no folder in the job; the job's cameras are {sorted(self.folders)}."
            ) from None


def camera_id(path: str) -> str:
    """Return a camera's id as IRC forms it: the path without its first slash, ``/`` turned into ``_``.

    ``/World/Cameras/Camera`` becomes ``World_Cameras_Camera``.
    """
    return safe_name(path.lstrip("/").replace("/", "_"))
