"""What an export holds, counted while it is made."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from scenecap.output.dataset.documents import CaptionDocument
from scenecap.output.dataset.reader import DatasetFrame
from scenecap.output.export.settings import ExportFormat, ExportSettings, TextKind
from scenecap.output.export.texts import captions_of, chosen_questions, flagged_kinds


@dataclass
class SplitFacts:
    """What a split holds.

    Attributes:
        scenes: Identity -> name of its scenes.
        pictures: Pictures.
        conversations: LLaVA's conversations.
        turns: Answers in them.
        objects: COCO's annotated objects.
        captions: COCO's captions.
    """

    scenes: dict[str, str] = field(default_factory=dict)
    pictures: int = 0
    conversations: int = 0
    turns: int = 0
    objects: int = 0
    captions: int = 0


@dataclass
class Origin:
    """How the exported texts were made, and which were not exported.

    Attributes:
        generators: Program and version -> frames.
        config_hashes: Hash of the settings -> frames.
        sources: Kind of text, who wrote it -> texts.
        flagged: Texts that the verifier flagged, a frame's questions counted as one.
        models: Model, its profile, its prompts -> frames.
    """

    generators: Counter[str] = field(default_factory=Counter)
    config_hashes: Counter[str] = field(default_factory=Counter)
    sources: Counter[tuple[str, str]] = field(default_factory=Counter)
    models: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    flagged: int = 0

    def add(self, name: str, frame: DatasetFrame, captions: CaptionDocument | None, settings: ExportSettings) -> None:
        """Note one frame, by its name in the export: the texts of it that are exported, and how they came to be."""
        self.config_hashes[frame.row.config_hash or "not known"] += 1
        if captions is None:
            return
        meta = captions.raw.get("meta")
        meta = meta if isinstance(meta, dict) else {}
        self.generators[str(meta.get("generator", "not known"))] += 1
        self.flagged += len(flagged_kinds(captions) & frozenset(settings.kinds))
        exported = captions_of(captions, settings)
        for kind, text in ((TextKind.BRIEF, captions.brief), (TextKind.GLOBAL, captions.overall)):
            if kind in exported and text is not None:
                self.sources[kind.value, text.source] += 1
        questions = chosen_questions(captions, settings, key=name)
        if questions and ExportFormat.LLAVA in settings.formats:
            source = captions.raw.get("caption_source")
            said = source.get("qa_caption") if isinstance(source, dict) else None
            self.sources[TextKind.QA.value, str(said or "template")] += len(questions)
        model = meta.get("model")
        if isinstance(model, dict):
            prompts = model.get("prompts")
            listed = [
                f"{item.get('name')} {item.get('version')}"
                for item in (prompts if isinstance(prompts, list) else ())
                if isinstance(item, dict)
            ]
            self.models[str(model.get("name")), str(model.get("profile")), ", ".join(listed)] += 1
