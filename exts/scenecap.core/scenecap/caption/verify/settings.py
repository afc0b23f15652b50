"""Settings of the verifier."""

from __future__ import annotations

import enum

from pydantic import BaseModel, ConfigDict, Field


class Strictness(str, enum.Enum):
    """How loosely words may be taken."""

    STRICT = "strict"  # the graph's own words and relations, nothing that people may mix up
    NORMAL = "normal"  # what a careful reader would let pass
    LENIENT = "lenient"  # near synonyms and neighbouring colors pass too


class Verdicts(str, enum.Enum):
    """Whose texts get a verdict in the files."""

    AUTO = "auto"  # a chat model's, unless they are accepted unseen
    ALWAYS = "always"  # also the templates'
    NEVER = "never"


class VerifySettings(BaseModel):
    """How texts are checked against the scene graph."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    strictness: Strictness = Field(
        Strictness.NORMAL,
        description="How loosely words may be taken: `strict` accepts the graph's own nouns, colors and relations; `normal` "
        "also broader nouns, near synonyms (mug, cup), measured colors that people mix up, and 'on' through a tray; `lenient` "
        "any color that people mix up and more precise nouns than the graph's.",
    )
    number_tolerance: float = Field(
        0.15, ge=0.0, le=1.0, description="How far a stated length or distance may be from the true one, as a share of it."
    )
    number_slack: float = Field(0.02, ge=0.0, le=1.0, description="How far it may be from it in any case [m].")
    approximate_count: float = Field(
        0.2, ge=0.0, le=1.0, description="How far 'about 20 boxes' may be from the true count, as a share of it."
    )
    near_distance: float = Field(
        1.0, ge=0.0, le=100.0, description="'Near' and 'next to' are not contradicted below this surface distance [m]."
    )
    position_margin: float = Field(
        0.05,
        ge=0.0,
        le=0.5,
        description="How far over the middle of the picture 'on the left' may reach, as a share of its width.",
    )
    size_ratio: float = Field(
        1.1, ge=1.0, le=10.0, description="How much larger one object must be than another for a comparison to be true."
    )
    vague_words: bool = Field(
        False, description="Whether words of taste (modern, cozy) and vague sizes (a large table) count as unknown claims."
    )
    max_chars: int = Field(
        8000, ge=100, le=1_000_000, description="Characters of a text that are read; the rest counts as one unknown claim."
    )
    max_sentence_tokens: int = Field(
        300, ge=20, le=5000, description="Words of one sentence that are read together; a longer one is cut there."
    )
    max_candidates: int = Field(
        2000, ge=10, le=1_000_000, description="Objects that one noun may speak of before its relations are no longer judged."
    )


class VerdictSettings(BaseModel):
    """Which texts the verifier judges for the files, and how."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    verdicts: Verdicts = Field(
        Verdicts.AUTO,
        description="Whether each frame's caption file says what the verifier found: `auto` with `engine: chat`, unless "
        "`on_unsupported: accept` leaves the verifier out; `always` for templates too; `never`. Needs the extra `verify`.",
    )
    verify: VerifySettings = Field(
        default_factory=lambda: VerifySettings.model_validate({}),
        description="How the verifier takes words and numbers, there and where it judges a model's texts.",
    )
