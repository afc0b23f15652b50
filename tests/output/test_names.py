"""One folder per camera, none shared, whatever the cameras are called."""

from __future__ import annotations

import random

import pytest

from scenecap.errors import OutputError
from scenecap.output.names import CameraNames, camera_id
from scenecap.output.settings import CameraDir


def test_a_camera_id_is_the_path_with_underscores():
    assert camera_id("/World/Cameras/Camera") == "World_Cameras_Camera"
    assert camera_id("/auto/0") == "auto_0"


@pytest.mark.parametrize(("mode", "name"), [(CameraDir.ID, "World_Cameras_Camera"), (CameraDir.NAME, "Camera")])
def test_plain_names(mode, name):
    assert CameraNames.of(["/World/Cameras/Camera"], mode).folder("/World/Cameras/Camera") == name


@pytest.mark.parametrize(
    ("mode", "paths"),
    [
        (CameraDir.ID, ["/World/A_B", "/World/A/B", "/World/C"]),
        (CameraDir.NAME, ["/A/Camera", "/B/Camera", "/B/camera"]),
        (CameraDir.ID, ["/World/cam", "/World/CAM"]),  # one folder where the file system ignores case
        (CameraDir.ID, ["/World/カメラ", "/World/映像"]),
        (CameraDir.ID, ["/" + "a" * 300, "/" + "a" * 301]),
        (CameraDir.NAME, ["/x/..", "/y/..", "/z/CON"]),
    ],
)
def test_clashing_names_get_a_hash_and_do_not_depend_on_the_order(mode, paths):
    names = CameraNames.of(paths, mode)
    folders = [names.folder(path) for path in paths]
    assert len({folder.lower() for folder in folders}) == len(paths)
    for _ in range(5):
        random.Random(1).shuffle(paths)
        again = CameraNames.of(paths, mode)
        assert {path: again.folder(path) for path in paths} == dict(names.folders)
    for folder in folders:
        assert folder not in (".", "..")
        assert len(folder) <= 120
        assert all(char.isascii() and (char.isalnum() or char in "._-") for char in folder)


def test_a_camera_alone_keeps_its_name_when_others_clash():
    names = CameraNames.of(["/World/A_B", "/World/A/B", "/World/C"])
    assert names.folder("/World/C") == "World_C"


def test_an_unknown_camera_is_an_error():
    with pytest.raises(OutputError, match="/World/No"):
        CameraNames.of(["/World/A"]).folder("/World/No")
