"""Texts as tokens: cleaned, split, phrases matched. The parser's tags come last (:mod:`scenecap.caption.verify.tagging`)."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from scenecap.caption.verify.words import PhraseUse, singular, words

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
#: Words that "'s" and "'re" behind them are verbs of: two words in one.
_CONTRACTED = re.compile(r"(there|here|it|that|this|what|which|who|he|she|they|we|you|one|everything)('s|'re)")


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
        short = _CONTRACTED.fullmatch(low)
        cut = len(found) if short is None else len(short[1])
        middle = match.start() + cut
        sentences[-1].append(Token(found[:cut], low[:cut], match.start(), middle, kind))
        if short is not None:
            sentences[-1].append(Token(found[cut:], low[cut:], middle, match.end(), kind))
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
    lows = [token.low for token in tokens]
    result: list[Token] = []
    index = 0
    while index < len(tokens):
        token = tokens[index]
        use, label = None, ()
        for parts, found in table.get(token.low, ()):
            if tuple(lows[index : index + len(parts)]) == parts:
                use = found
                break
        length = use.length if use is not None else 1
        if token.low in heads:
            for size in range(min(longest, len(tokens) - index), 1, -1):
                names = lows[index : index + size]
                key = (*names[:-1], singular(names[-1]))
                if key in labels and size >= length:
                    use, label, length = None, key, size
                    break
        if length == 1:
            result.append(token if use is None else replace(token, phrase=use))
        else:
            last = tokens[index + length - 1]
            joined = " ".join(item.text for item in tokens[index : index + length])
            result.append(Token(joined, joined.lower(), token.start, last.end, "word", use, label))
        index += length
    return result
