"""Contacts kept up to date equal contacts found anew, whatever moves, comes and goes."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("numba")

from scenecap.capture.contact_settings import ContactSettings
from scenecap.capture.contact_tracker import ContactTracker
from scenecap.capture.contacts import ContactBody, MeshPiece, find_contacts

_FACES = [[0, 2, 3, 1], [4, 5, 7, 6], [0, 1, 5, 4], [2, 6, 7, 3], [0, 4, 6, 2], [1, 3, 7, 5]]
_TRIANGLES = np.array([[face[0], face[k], face[k + 1]] for face in _FACES for k in (1, 2)], dtype=np.int32)


def box(path: str, low: np.ndarray, high: np.ndarray, *, is_room: bool = False) -> ContactBody:
    points = np.array([(x, y, z) for z in (low[2], high[2]) for y in (low[1], high[1]) for x in (low[0], high[0])])
    return ContactBody(path, np.stack([low, high]), is_room, pieces=lambda: [MeshPiece(points, _TRIANGLES)])


def heap(draw: np.random.Generator, number: int) -> tuple[np.ndarray, np.ndarray]:
    """Return a box that stands on one of a few levels of a 2 m square, so that many touch."""
    size = draw.choice([0.2, 0.4, 0.8], 3)
    at = np.append(draw.uniform(0, 2, 2), draw.choice([0.0, 0.2, 0.4, 0.8, 1.2]))
    return at, at + size


@pytest.mark.parametrize("seed", range(4))
def test_updates_equal_a_new_search(seed: int) -> None:
    draw = np.random.default_rng(seed)
    settings = ContactSettings.model_validate({})
    floor = box("/floor", np.array([-3, -3, -0.1]), np.array([5, 5, 0.0]), is_room=True)
    boxes = {f"/box_{k:02d}": heap(draw, k) for k in range(25)}
    tracker = ContactTracker(settings)
    changed = set(boxes) | {"/floor"}
    touched = 0
    for step in range(10):
        bodies = [floor, *(box(path, *limits) for path, limits in boxes.items())]
        expected = find_contacts(bodies, settings=settings)
        assert tracker.update(bodies, changed=changed) == expected, f"step {step}"
        touched += len(expected)
        changed = set(draw.choice(sorted(boxes), 3, replace=False).tolist())
        for number, path in enumerate(sorted(changed)):
            if number == 0 and step % 3 == 2:
                del boxes[path]
            else:
                boxes[path] = heap(draw, number)
        if step % 4 == 3:
            boxes[f"/new_{step}"] = heap(draw, step)
            changed.add(f"/new_{step}")
    assert touched > 100


def test_only_what_comes_near_is_searched_again(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = ContactSettings.model_validate({})
    tracker = ContactTracker(settings)
    floor = box("/floor", np.array([-30, -30, -0.1]), np.array([30, 30, 0.0]), is_room=True)
    apart = {f"/box_{k}": (np.array([2.0 * k, 0, 0]), np.array([2.0 * k + 0.5, 0.5, 0.5])) for k in range(8)}
    tracker.update([floor, *(box(path, *limits) for path, limits in apart.items())], changed=set(apart))
    searched: list[str] = []

    def watch(bodies, **options):
        searched.extend(body.path for body in bodies)
        return find_contacts(bodies, **options)

    monkeypatch.setattr("scenecap.capture.contact_tracker.find_contacts", watch)
    apart["/box_2"] = (np.array([6.1, 0, 0.5]), np.array([6.4, 0.3, 0.8]))  # onto box 3
    contacts = tracker.update([floor, *(box(path, *limits) for path, limits in apart.items())], changed={"/box_2"})
    assert sorted(searched) == ["/box_2", "/box_3", "/floor"]
    assert [item.parent for item in contacts if item.child == "/box_2"] == ["/box_3"]
