"""Cameras by pattern, times by range."""

from __future__ import annotations

import pytest

from scenecap.errors import UsageError
from scenecap.run.plan import FrameTime, frame_times, select_cameras

CAMERAS = ("/World/Cameras/Front", "/World/Cameras/Back", "/Robot/wrist_cam")


def test_without_frames_the_first_of_the_stage_is_number_0() -> None:
    assert frame_times(None, start=101.0) == (FrameTime(0, 101.0),)


def test_whole_times_keep_their_numbers() -> None:
    assert [time.index for time in frame_times((5.0, 10.0, 15.0), start=0.0)] == [5, 10, 15]


@pytest.mark.parametrize("times", [(0.0, 0.5, 1.0), (-2.0, -1.0)])
def test_other_times_are_counted(times: tuple[float, ...]) -> None:
    assert frame_times(times, start=0.0) == tuple(FrameTime(place, time) for place, time in enumerate(times))


@pytest.mark.parametrize(
    ("patterns", "chosen"),
    [
        (("all",), CAMERAS),
        (("auto",), ()),
        (("/World/Cameras/Back",), ("/World/Cameras/Back",)),
        (("/World/Cameras/*",), CAMERAS[:2]),
        (("*wrist*", "/World/Cameras/Front"), ("/World/Cameras/Front", "/Robot/wrist_cam")),
        (("/World/Cameras/Front", "/World/Cameras/*"), CAMERAS[:2]),
    ],
)
def test_patterns_choose_in_stage_order(patterns: tuple[str, ...], chosen: tuple[str, ...]) -> None:
    assert select_cameras(patterns, CAMERAS) == chosen


@pytest.mark.parametrize(
    ("pattern", "words"),
    [
        ("/World/Cameras/Frnt", "Did you mean /World/Cameras/Front?"),
        ("/Other/Place/wrist_cam", "Did you mean /Robot/wrist_cam?"),
        ("/World/cameras/front", "Did you mean /World/Cameras/Front?"),
        ("/Nothing/like/it/xyzzy", "The stage has: /World/Cameras/Front, /World/Cameras/Back, /Robot/wrist_cam."),
        ("/World/Q*", "no camera matches it"),
    ],
)
def test_a_wrong_camera_gives_the_nearest(pattern: str, words: str) -> None:
    with pytest.raises(UsageError) as caught:
        select_cameras((pattern,), CAMERAS)
    assert pattern in str(caught.value)
    assert words in str(caught.value)


def test_a_camera_of_a_stage_without_cameras() -> None:
    with pytest.raises(UsageError, match="the stage has no camera"):
        select_cameras(("/World/Cam",), ())
