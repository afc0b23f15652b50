"""Selection: the largest boxes in the picture, and a reason for everything else."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scenecap.contract import Visibility
from scenecap.errors import EmptyFrameError
from scenecap.graph.select import select_objects
from scenecap.graph.settings import GraphSettings
from tests.graph.scenes import box, frame_of


def seen(width: int, height: int, *, pixels: int = 1) -> Visibility:
    area = (0, 0, width - 1, height - 1)
    return Visibility(area, area, pixels, pixels, 0.0, False)


def item(name: str, visibility: Visibility | None, **fields: object):
    return box(name, (0, 0, 0.5), (1, 1, 1), visibility=visibility, **fields)


def test_largest_tight_boxes_win_and_ties_go_by_path() -> None:
    # Pixels do not count, the box does; /World/B and /World/C tie.
    frame = frame_of(
        [
            item("A", seen(5, 5, pixels=25)),
            item("B", seen(10, 10), label="z"),
            item("C", seen(20, 5), label="a"),
            item("D", seen(40, 40)),
        ]
    )
    chosen, report = select_objects(frame, GraphSettings(max_object_capacity=2))
    assert [entry.path for entry in chosen] == ["/World/B", "/World/D"]
    assert [(entry.path, entry.code) for entry in report.dropped] == [("/World/C", "capacity"), ("/World/A", "capacity")]
    assert (report.seen, report.kept, report.capacity) == (4, 2, 2)
    assert "max_object_capacity is 2" in report.dropped[0].reason


def test_only_what_has_a_visible_pixel_can_be_a_node() -> None:
    frame = frame_of([item("A", seen(5, 5)), item("B", None), item("C", seen(50, 50, pixels=0))])
    chosen, report = select_objects(frame, GraphSettings())
    assert [entry.path for entry in chosen] == ["/World/A"]
    assert (report.seen, report.dropped) == (1, ())


def test_caption_only_keeps_what_has_a_caption_and_takes_no_place_for_the_rest() -> None:
    frame = frame_of(
        [item("A", seen(5, 5), caption="A small red mug."), item("B", seen(9, 9)), item("C", seen(9, 9), caption="")]
    )
    chosen, report = select_objects(frame, GraphSettings(caption_only=True, max_object_capacity=1))
    assert [entry.path for entry in chosen] == ["/World/A"]
    assert [(entry.path, entry.code) for entry in report.dropped] == [("/World/B", "no_caption"), ("/World/C", "no_caption")]


@pytest.mark.parametrize(
    ("objects", "settings_", "message"),
    [
        ([], {}, "the scene has no object"),
        ([item("A", None), item("B", None)], {}, "none of the scene's 2 objects has a visible pixel"),
        ([item("A", seen(5, 5))], {"caption_only": True}, "caption_only is on, and none of the 1 visible objects"),
    ],
)
def test_an_empty_result_says_why(objects: list, settings_: dict, message: str) -> None:
    with pytest.raises(EmptyFrameError, match=message) as caught:
        select_objects(frame_of(objects), GraphSettings(**settings_))
    assert "/Camera" in str(caught.value)
    assert caught.value.remedy


@settings(max_examples=40, deadline=None, derandomize=True)
@given(st.lists(st.tuples(st.integers(1, 6), st.integers(1, 6)), min_size=1, max_size=12), st.integers(1, 12))
def test_every_kept_box_is_at_least_as_large_as_every_dropped_one(sizes: list[tuple[int, int]], capacity: int) -> None:
    frame = frame_of([item(f"Item_{index:02d}", seen(*size)) for index, size in enumerate(sizes)])
    chosen, report = select_objects(frame, GraphSettings(max_object_capacity=capacity))
    assert len(chosen) == min(capacity, len(sizes))
    assert {entry.path for entry in chosen} | {entry.path for entry in report.dropped} == {
        entry.path for entry in frame.objects
    }
    area = {entry.path: entry.visibility.box_area for entry in frame.objects if entry.visibility}
    kept, dropped = [entry.path for entry in chosen], [entry.path for entry in report.dropped]
    assert all((-area[one], one) < (-area[two], two) for one in kept for two in dropped)
    assert kept == sorted(kept)
