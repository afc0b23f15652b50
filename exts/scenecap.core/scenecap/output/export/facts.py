"""What an export holds, counted while it is made."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from scenecap.output.dataset.documents import CaptionDocument
from scenecap.output.dataset.reader import DatasetFrame


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
    """How the exported texts were made.

    Attributes:
        generators: Program and version -> frames.
        config_hashes: Hash of the settings -> frames.
        sources: Kind of text, who wrote it -> texts.
        models: Model, its profile, its prompts -> frames.
    """

    generators: Counter[str] = field(default_factory=Counter)
    config_hashes: Counter[str] = field(default_factory=Counter)
    sources: Counter[tuple[str, str]] = field(default_factory=Counter)
    models: Counter[tuple[str, str, str]] = field(default_factory=Counter)

    def add(self, frame: DatasetFrame, captions: CaptionDocument | None) -> None:
        """Note one frame."""
        self.config_hashes[frame.row.config_hash or "not known"] += 1
        if captions is None:
            return
        meta = captions.raw.get("meta")
        meta = meta if isinstance(meta, dict) else {}
        self.generators[str(meta.get("generator", "not known"))] += 1
        for name, text in captions.texts():
            self.sources[name.removesuffix("_caption"), text.source] += 1
        if captions.questions:
            source = captions.raw.get("caption_source")
            said = source.get("qa_caption") if isinstance(source, dict) else None
            self.sources["qa", str(said or "template")] += len(captions.questions)
        model = meta.get("model")
        if isinstance(model, dict):
            prompts = model.get("prompts")
            listed = [
                f"{item.get('name')} {item.get('version')}"
                for item in (prompts if isinstance(prompts, list) else ())
                if isinstance(item, dict)
            ]
            self.models[str(model.get("name")), str(model.get("profile")), ", ".join(listed)] += 1
