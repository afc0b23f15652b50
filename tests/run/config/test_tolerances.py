"""Contacts by geometry and by boxes go by one set of tolerances, whichever key names them."""

from __future__ import annotations

import numpy as np
import pytest

from scenecap.capture.contact_settings import ContactSettings
from scenecap.errors import ConfigError
from scenecap.geometry import SUPPORT_TOLERANCE, SupportTolerance
from scenecap.graph.settings import GraphSettings
from scenecap.run.config import make_config

BOUNDS = {"min": ("least", 0.007), "max": ("most", 0.05), "up": ("up", 0.3), "down": ("down", 0.4)}


def test_the_defaults_are_one() -> None:
    assert ContactSettings().tolerance == GraphSettings().support_gap == SUPPORT_TOLERANCE


@pytest.mark.parametrize("bound", BOUNDS)
def test_either_key_sets_both(bound: str) -> None:
    name, value = BOUNDS[bound]
    wanted = SUPPORT_TOLERANCE._replace(**{name: value})
    configs = [
        make_config(keys)
        for keys in (
            {f"support_gap_{bound}": value},
            {"contacts": {f"tolerance_{bound}": value, "grid": 8}},
            {"contacts": {f"tolerance_{bound}": value}, f"support_gap_{bound}": value},
        )
    ]
    for config in configs:
        assert config.graph.support_gap == config.capture.contacts.tolerance == wanted
    assert configs[1].capture.contacts.grid == 8
    assert configs[0].content_hash() == configs[2].content_hash() != make_config({}).content_hash()


def test_one_key_each_of_different_bounds() -> None:
    config = make_config({"support_gap_up": 0.3, "contacts": {"tolerance_down": 0.4}})
    assert config.graph.support_gap == config.capture.contacts.tolerance == SUPPORT_TOLERANCE._replace(up=0.3, down=0.4)


def test_two_values_for_one_number_are_an_error() -> None:
    with pytest.raises(ConfigError) as caught:
        make_config({"support_gap_up": 0.2, "contacts": {"tolerance_up": 0.3}})
    assert str(caught.value) == (
        "config: support_gap_up: and contacts.tolerance_up are one number, and are given as 0.2 and 0.3; give one of the two."
    )


@pytest.mark.parametrize(
    "keys", [{"support_gap_up": 3}, {"contacts": {"tolerance_up": 3}}, {"contacts": "near"}, {"support_gap_min": "x"}]
)
def test_what_is_not_allowed_is_said_once(keys: dict) -> None:
    with pytest.raises(ConfigError) as caught:
        make_config(keys)
    assert str(caught.value).count("\n") == 0
    assert "is not allowed" in str(caught.value)


def test_a_tolerance_is_a_share_of_the_height_within_bounds() -> None:
    heights = np.array([0.0, 0.02, 0.1, 0.2, 5.0])
    tolerance = SupportTolerance(0.005, 0.03, 0.12, 0.25)
    assert tolerance.above(heights) == pytest.approx([0.005, 0.005, 0.012, 0.024, 0.03])
    assert tolerance.below(heights) == pytest.approx([0.005, 0.005, 0.025, 0.03, 0.03])
