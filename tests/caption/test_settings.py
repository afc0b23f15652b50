from __future__ import annotations

import pytest
from pydantic import ValidationError

from scenecap.caption.settings import CaptionSettings


def test_every_field_is_described() -> None:
    for name, field in CaptionSettings.model_fields.items():
        assert field.description, name
        assert field.description.endswith("."), name


@pytest.mark.parametrize(
    "values",
    [
        {"max_sentences": 0},
        {"max_list": 1},
        {"min_color_share": 0.2},
        {"question_kinds": ["smell"]},
        {"no_such_key": 1},
        {"size_ratio": 1.0},
    ],
)
def test_values_that_make_no_sense_are_refused(values: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        CaptionSettings.model_validate(values)
