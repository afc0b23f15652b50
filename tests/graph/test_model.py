"""The graph's own types."""

from __future__ import annotations

import numpy as np
import pytest

from scenecap.contract import Evidence
from scenecap.graph.build import build_scene_graph
from scenecap.graph.model import INVERSE, PairSource, Relation
from tests.graph.scenes import box, frame_of


def test_every_relation_has_an_inverse_and_all_but_attached_come_back() -> None:
    single = [relation for relation in Relation if relation]
    assert set(INVERSE) == set(single)
    for relation in single:
        if relation is not Relation.HANGING:  # HOLDS stands for both; the child's own edge says which
            assert relation.inverse().inverse() is relation
    assert Relation.HANGING.inverse() is Relation.HOLDS


def test_the_inverse_of_several_is_that_of_each() -> None:
    assert (Relation.LEFT | Relation.BEHIND | Relation.NEAR).inverse() == Relation.RIGHT | Relation.FRONT | Relation.NEAR
    assert Relation.NONE.inverse() == Relation.NONE


def test_take_keeps_rows_together_and_in_the_given_order() -> None:
    objects = [box(f"N{index}", (0.5 * index, 0.1 * index, 0.1), (0.2,) * 3) for index in range(4)]
    table = build_scene_graph(frame_of(objects)).full
    assert table is not None
    rows = np.array([4, 0, 2])
    part = table.take(rows)
    assert len(part) == 3
    assert part.source.tolist() == table.source[rows].tolist()
    assert part.offset.tolist() == table.offset[rows].tolist()
    assert part.relation(1) == table.relation(0)
    assert part.evidence_of(0) is Evidence.BOXES


def test_a_pair_source_must_say_how() -> None:
    with pytest.raises(NotImplementedError):
        PairSource().evaluate(np.array([0]), np.array([1]))
