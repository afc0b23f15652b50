"""Settings of the captioner."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from scenecap.caption.model import QuestionKind


class CaptionSettings(BaseModel):
    """What texts are written, how long they are, and what margins a claim needs."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    brief: bool = Field(True, description="Write the one-sentence caption.")
    overall: bool = Field(True, description="Write the paragraph (`global_caption`).")
    questions: bool = Field(True, description="Write questions and answers.")
    seed: int = Field(0, description="Varies the wording. The same graph and seed give the same text.")
    max_sentences: int = Field(8, ge=1, le=40, description="Longest paragraph [sentences].")
    max_list: int = Field(
        7, ge=2, le=20, description="Most items that one list names; the rest becomes another sentence or is summed up."
    )
    summarize_above: int = Field(
        40,
        ge=2,
        description="From this many objects on the paragraph speaks of kinds instead of single objects, if most have several.",
    )
    max_references: int = Field(
        100,
        ge=0,
        description="Up to this many objects, every object gets a referring expression; above it, those that the texts name.",
    )
    colors: bool = Field(True, description="Say colors.")
    min_color_share: float = Field(
        0.6,
        ge=0.34,
        le=1.0,
        description="Share of an object's visible albedo that one basic color must cover to be its color.",
    )
    max_other_color_share: float = Field(
        0.2,
        ge=0.0,
        le=0.66,
        description="Largest share of an object's visible albedo that a clearly different color may have beside its color.",
    )
    min_color_px: int = Field(32, ge=1, description="Fewest visible pixels from which a color is read [px].")
    size_ratio: float = Field(
        1.25, ge=1.05, le=10.0, description="How much larger one object must be than another for a comparison."
    )
    distance_ratio: float = Field(
        1.25, ge=1.05, le=10.0, description="How much farther the next object must be for one to be called the closest."
    )
    question_kinds: tuple[QuestionKind, ...] = Field(tuple(QuestionKind), description="Kinds of questions to ask.")
    max_questions_per_kind: int = Field(4, ge=0, le=100, description="Most questions of one kind.")
    min_mention_share: float = Field(
        0.0001,
        ge=0.0,
        le=1.0,
        description="Objects with a smaller share of the picture's pixels are not spoken of in captions, unless they carry or "
        "are counted with larger ones, or there are no others. 0.0001 is 31 pixels of 640x480.",
    )
    min_question_px: int = Field(
        48,
        ge=1,
        description="Objects with fewer visible pixels are not asked about, and no count or absence depends on them [px].",
    )
