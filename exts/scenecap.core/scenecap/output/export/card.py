"""The card of an export: ``README.md`` with YAML front matter, as dataset hubs and people read it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import yaml

from scenecap import __version__
from scenecap.output.dataset.files import DERIVED_NAME
from scenecap.output.dataset.licences import UNKNOWN
from scenecap.output.export.facts import Origin, SplitFacts
from scenecap.output.export.licensing import TEXTS_DIR, LicenceTable
from scenecap.output.export.settings import ExportFormat, ExportSettings
from scenecap.text import clean_text

#: Labels that are listed; the annotations hold all.
LISTED = 50

_CC_KINDS = ("BY", "BY-SA", "BY-NC", "BY-ND", "BY-NC-SA", "BY-NC-ND")

#: SPDX identifier -> the id that dataset hubs know.
_HUB_IDS: Mapping[str, str] = MappingProxyType(
    {
        name: name.lower()
        for name in (
            "MIT",
            "Apache-2.0",
            "BSD-2-Clause",
            "BSD-3-Clause",
            "CC0-1.0",
            *(
                f"CC-{kind}-{version}"
                for kind in ("BY", "BY-SA", "BY-NC", "BY-ND", "BY-NC-SA", "BY-NC-ND")
                for version in ("3.0", "4.0")
            ),
        )
    }
    | {UNKNOWN: "unknown"}
)

_SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"), (10_000_000, "1M<n<10M"))

_MARKUP = re.compile(r"([\\`*_{}\[\]()#+!|~$^-])")


@dataclass(frozen=True, kw_only=True)
class CardFacts:
    """What a card says.

    Attributes:
        name: Of the dataset's folder.
        settings: How it was exported.
        splits: What each split holds.
        labels: Label -> annotated objects.
        without_mask: Annotated objects without a mask.
        left_out: Frames that could not be read.
        origin: How the texts were made.
        licences: The scenes' licences.
        texts: Text of a licence -> its path in the export.
    """

    name: str
    settings: ExportSettings
    splits: Mapping[str, SplitFacts]
    labels: Mapping[str, int]
    without_mask: int
    left_out: int
    origin: Origin
    licences: LicenceTable
    texts: Mapping[str, str]


def card_text(facts: CardFacts) -> str:
    """Return the card."""
    front = yaml.safe_dump(_front_matter(facts), sort_keys=False, allow_unicode=True, width=120)
    return f"---\n{front}---\n\n" + "\n".join(_body(facts)).rstrip() + "\n"


def _front_matter(facts: CardFacts) -> dict[str, Any]:
    formats, pictures = facts.settings.formats, sum(split.pictures for split in facts.splits.values())
    tasks = ["image-to-text", "visual-question-answering"] if ExportFormat.LLAVA in formats else []
    tasks += ["object-detection", "image-segmentation"] if ExportFormat.COCO in formats else []
    known = [_HUB_IDS.get(name) for name in facts.licences.names]
    front: dict[str, Any] = {"pretty_name": clean_text(facts.name), "language": ["en"]}
    if None in known:
        front |= {"license": "other", "license_name": "several-see-below"}
    else:
        front["license"] = known[0] if len(known) == 1 else known
    front |= {
        "task_categories": tasks,
        "tags": ["synthetic", "openusd", "scene-graph", *sorted(item.value for item in formats)],
        "size_categories": [next((name for limit, name in _SIZES if pictures < limit), "n>10M")],
    }
    if ExportFormat.LLAVA in formats:
        files = [{"split": split, "path": f"{split}.json"} for split, item in facts.splits.items() if item.conversations]
        front["configs"] = [{"config_name": "default", "data_files": files}]
    return front


def _body(facts: CardFacts) -> Iterator[str]:
    yield f"# {_plain(facts.name)}"
    yield ""
    yield "Pictures of 3D scenes (USD) with texts and ground truth, rendered and described by Scenecap."
    yield ""
    yield from _splits(facts)
    yield from _files(facts)
    yield from _captions(facts)
    yield from _licences(facts)
    yield from _labels(facts)


def _splits(facts: CardFacts) -> Iterator[str]:
    formats = facts.settings.formats
    head, columns = ["split", "scenes", "pictures"], [lambda item: len(item.scenes), lambda item: item.pictures]
    if ExportFormat.LLAVA in formats:
        head += ["conversations", "answers"]
        columns += [lambda item: item.conversations, lambda item: item.turns]
    if ExportFormat.COCO in formats:
        head += ["objects", "captions"]
        columns += [lambda item: item.objects, lambda item: item.captions]
    yield "## Splits"
    yield ""
    yield from _table(head, [(name, *(column(item) for column in columns)) for name, item in facts.splits.items()])
    yield ""
    yield f"Split by scene (seed {facts.settings.seed}): all pictures of a scene are in one split, also where it was rendered"
    yield "under two names or with several seeds."
    if facts.left_out:
        yield f"{facts.left_out} frames of the dataset could not be read and are left out; `{DERIVED_NAME}` lists them."
    yield ""


def _files(facts: CardFacts) -> Iterator[str]:
    formats = facts.settings.formats
    yield "## Files"
    yield ""
    yield "- `images/<split>/`: the pictures, PNG."
    if ExportFormat.LLAVA in formats:
        yield "- `<split>.json`: conversations in LLaVA's form; `image` is relative to `images/`."
    if ExportFormat.COCO in formats:
        yield "- `annotations/instances_<split>.json`: boxes `[x, y, width, height]`, areas and masks of all visible objects"
        yield "  in COCO's form; `file_name` is relative to `images/`. Floor, walls and ceiling are not annotated."
        yield "- `annotations/captions_<split>.json`: the captions; `kind` is `brief` or `global`."
        if facts.without_mask:
            total = sum(facts.labels.values())
            yield f"- {facts.without_mask} of {total} objects have no mask (`segmentation`): the dataset holds none of them."
    if facts.texts:
        yield f"- `{TEXTS_DIR}/`: texts of the assets' licences."
    yield f"- `{DERIVED_NAME}`: how this was made."
    yield ""


def _captions(facts: CardFacts) -> Iterator[str]:
    origin = facts.origin
    yield "## How the texts were made and checked"
    yield ""
    yield f"Generator: {_listed(origin.generators)}; exported by scenecap {__version__}."
    yield f"Hash of the settings: {_listed(origin.config_hashes)}."
    yield ""
    names = dict.fromkeys(name for name, _ in origin.sources)
    rows = [
        (name, source, count) for name in names for (other, source), count in sorted(origin.sources.items()) if other == name
    ]
    if rows:
        yield from _table(["text", "written by", "texts"], rows)
        yield ""
    authors = {source for _, source in origin.sources}
    if "template" in authors:
        yield "`template`: written from the scene graph by rules; each word stands for an object, attribute or relation of the"
        yield "scene, and a relation that is not clear is not asserted."
    if authors - {"template"}:
        yield "`model`: written by a language model from the scene graph, and read back by a verifier that holds each claim"
        yield "against the graph; what became of a text with an unsupported claim is the dataset's `on_unsupported` setting."
    if origin.flagged:
        what = "are kept" if facts.settings.keep_flagged else "are left out"
        yield "Texts that the verifier flagged, because the scene does not support all they say: "
        yield f"{origin.flagged}; they {what}."
    for (name, profile, prompts), frames in sorted(origin.models.items()):
        asked = _plain(prompts, limit=300) or "not known"
        yield f"Model: {_plain(name)} ({_plain(profile)}), prompts: {asked}; {frames} frames."
    yield ""


def _licences(facts: CardFacts) -> Iterator[str]:
    table = facts.licences
    yield "## Licences of the assets"
    yield ""
    yield "The pictures show the assets of these scenes, and their licences go with the pictures."
    if not table.recorded:
        yield "The dataset does not note what its scenes' files say (it was made by a version that did not)."
    yield ""
    rows: list[tuple[str, ...]] = []
    for scene, licence in table.scenes:
        if not licence.stated and not licence.notes:
            rows.append((scene, UNKNOWN, "nobody states one", ""))
            continue
        rows += [(scene, name, "stated by who ran or exported this", "") for name in licence.stated]
        rows += [(scene, note.name, f"{note.source} ({note.files} files)", facts.texts[note.text]) for note in licence.notes]
        if licence.unknown_files and not licence.stated:
            rows.append((scene, UNKNOWN, f"{licence.unknown_files} files of which nothing is said", ""))
    yield from _table(["scene", "licence", "stated in", "text"], rows)
    yield ""
    yield "Read from licence files beside the scenes and from what the USD files say of themselves; textures are taken to be"
    yield f"under the licence of the files beside them. `{UNKNOWN}` means that nobody says: ask before you share or train."
    yield ""


def _labels(facts: CardFacts) -> Iterator[str]:
    if not facts.labels:
        return
    ranked = sorted(facts.labels.items(), key=lambda item: (-item[1], item[0]))
    yield f"## Labels ({len(ranked)})"
    yield ""
    yield from _table(["label", "objects"], ranked[:LISTED])
    if len(ranked) > LISTED:
        yield ""
        yield f"... and {len(ranked) - LISTED} more."
    yield ""


def _table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> Iterator[str]:
    yield "| " + " | ".join(head) + " |"
    yield "|" + "---|" * len(head)
    for row in rows:
        yield "| " + " | ".join(str(cell) if isinstance(cell, int) else _plain(cell, limit=200) for cell in row) + " |"


def _listed(counts: Mapping[str, int]) -> str:
    return ", ".join(_plain(name) for name in sorted(counts)) or "not known"


def _plain(text: object, *, limit: int = 80) -> str:
    """Return a text that Markdown and HTML show as it is: names come from files of others."""
    escaped = clean_text(text, limit=limit).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return _MARKUP.sub(r"\\\1", escaped)
