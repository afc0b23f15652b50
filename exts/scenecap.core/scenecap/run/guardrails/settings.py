"""Settings of the rail, from ``custom_data`` of a rails configuration."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from scenecap.caption.chat.settings import OnUnsupported
from scenecap.caption.verify.settings import VerifySettings
from scenecap.errors import ConfigError
from scenecap.text import clean_text, nearest

#: Where in ``custom_data`` they stand.
SECTION = "scenecap"


class RailSettings(BaseModel):
    """What the rail does with a caption, and where scenes are."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    on_unsupported: OnUnsupported = Field(
        OnUnsupported.REPAIR,
        description="What becomes of a caption with a claim that the scene does not support: `accept` or `flag`: it passes, "
        "with its verdict; `repair`: the sentences that say it are left out, and where nothing is left the template's caption "
        "stands in; `template`: the template's caption at once; `drop`: it is refused.",
    )
    verify: VerifySettings = Field(
        default_factory=lambda: VerifySettings.model_validate({}), description="The verifier's settings."
    )
    dataset: Path | None = Field(
        None,
        description="Folder of the dataset that scenes are looked up in. Where it is given, a conversation can name no other.",
    )


def rail_settings(custom_data: Mapping[str, Any], *, folder: Path | None = None) -> RailSettings:
    """Return the settings that a rails configuration holds.

    Args:
        custom_data: Its ``custom_data``.
        folder: Where a relative ``dataset`` starts.

    Raises:
        ConfigError: A key or value is wrong; names it.
    """
    given = custom_data.get(SECTION)
    given = {} if given is None else given
    where = f"custom_data.{SECTION}"
    if not isinstance(given, Mapping):
        raise ConfigError(f"{where}: is not a mapping.", remedy=f"Known keys are {', '.join(RailSettings.model_fields)}.")
    try:
        settings = RailSettings.model_validate(dict(given))
    except ValidationError as error:
        raise ConfigError("\n".join(_fault(where, item) for item in error.errors(include_url=False))) from None
    if settings.dataset is not None and folder is not None:
        settings = settings.model_copy(update={"dataset": folder / settings.dataset.expanduser()})
    return settings


def _fault(where: str, item: Any) -> str:
    place = [str(part) for part in item["loc"]]
    if item["type"] == "extra_forbidden":
        known = tuple((VerifySettings if place[:-1] == ["verify"] else RailSettings).model_fields)
        hint = nearest(place[-1], known)
        what = f"did you mean '{hint}'?" if hint else f"known are {', '.join(known)}."
        return f"{'.'.join((where, *place[:-1]))}: unknown key '{clean_text(place[-1])}'; {what}"
    return f"{'.'.join((where, *place))}: {clean_text(item['msg'], limit=300)}."
