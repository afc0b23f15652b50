"""The numbers: documented, checked, and not to be changed under way."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from scenecap.graph.settings import GraphSettings

PAGE = Path(__file__).resolve().parents[2] / "docs" / "relations.md"


@pytest.mark.parametrize("name", sorted(GraphSettings.model_fields))
def test_every_number_is_explained(name: str) -> None:
    assert f"`{name}`" in PAGE.read_text(encoding="utf-8")
    assert GraphSettings.model_fields[name].description


@pytest.mark.parametrize(
    ("values", "key"),
    [
        ({"max_object_capacity": 0}, "max_object_capacity"),
        ({"max_object_capacity": 2.5}, "max_object_capacity"),
        ({"full_edges": "some"}, "full_edges"),
        ({"mst_weight": "area"}, "mst_weight"),
        ({"random_seed": -1}, "random_seed"),
        ({"near": 2}, "near"),
        ({"touching_distance": -0.001}, "touching_distance"),
        ({"between_margin": 0.5}, "between_margin"),
    ],
)
def test_wrong_keys_and_values_are_named(values: dict, key: str) -> None:
    with pytest.raises(ValidationError) as caught:
        GraphSettings(**values)
    assert caught.value.errors()[0]["loc"] == (key,)


def test_settings_cannot_be_changed() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        GraphSettings().pruning_ratio = 0.5  # type: ignore[misc]
