"""Recognise a licence by what a file says. Where no rule fits, nothing is guessed."""

from __future__ import annotations

import re

#: What a licence is called by itself, without a word about licences: only names that mean nothing else.
_NAMES: tuple[tuple[str, str], ...] = (
    (r"CC0[- ]?1\.0(?:[- ]Universal)?|CC0", "CC0-1.0"),
    (r"CC[- ]BY[- ]NC[- ]SA[- ](\d\.\d)", "CC-BY-NC-SA-{}"),
    (r"CC[- ]BY[- ]NC[- ]ND[- ](\d\.\d)", "CC-BY-NC-ND-{}"),
    (r"CC[- ]BY[- ]NC[- ](\d\.\d)", "CC-BY-NC-{}"),
    (r"CC[- ]BY[- ]SA[- ](\d\.\d)", "CC-BY-SA-{}"),
    (r"CC[- ]BY[- ]ND[- ](\d\.\d)", "CC-BY-ND-{}"),
    (r"CC[- ]BY[- ](\d\.\d)", "CC-BY-{}"),
    (r"Apache[- ](?:License,? )?(?:Version )?2\.0", "Apache-2.0"),
    (r"BSD[- ]3[- ]Clause", "BSD-3-Clause"),
    (r"BSD[- ]2[- ]Clause", "BSD-2-Clause"),
    (r"MIT Licen[cs]e", "MIT"),
)

#: Words that a licence's own text has: the first at its beginning, the others anywhere.
_TEXTS: tuple[tuple[tuple[str, ...], str], ...] = (
    (("apache license", "version 2.0", "terms and conditions for use, reproduction, and distribution"), "Apache-2.0"),
    (("permission is hereby granted, free of charge", 'the software is provided "as is"'), "MIT"),
    (("redistribution and use in source and binary forms", "neither the name"), "BSD-3-Clause"),
    (("redistribution and use in source and binary forms",), "BSD-2-Clause"),
    (("cc0 1.0 universal",), "CC0-1.0"),
    (("attribution-noncommercial-sharealike 4.0 international",), "CC-BY-NC-SA-4.0"),
    (("attribution-noncommercial-noderivatives 4.0 international",), "CC-BY-NC-ND-4.0"),
    (("attribution-noncommercial 4.0 international",), "CC-BY-NC-4.0"),
    (("attribution-sharealike 4.0 international",), "CC-BY-SA-4.0"),
    (("attribution-noderivatives 4.0 international",), "CC-BY-ND-4.0"),
    (("attribution 4.0 international",), "CC-BY-4.0"),
    (("mozilla public license", "2.0"), "MPL-2.0"),
)

#: A file that is shorter names a licence; a longer one may name several in passing [characters].
_SHORT = 1000

#: A licence says within so many characters what it is; one file may hold several, and that is for a person to read.
_HEAD = 400

_SPDX = re.compile(r"SPDX-License-Identifier:\s*([A-Za-z0-9.+() -]{2,80})")
_STATED = re.compile(
    r"\blicen[cs]ed?(?:\s+(?:is|under|by))*[:\s]+(?:the\s+)?(MIT|ISC|Unlicense|Zlib|OFL-1\.1)\b", re.IGNORECASE
)


def named_licence(text: str) -> str | None:
    """Return the SPDX identifier that a sentence names, or None. "Made at MIT" names none, "licensed under MIT" does.

    Args:
        text: A comment, a documentation, the value of a ``license`` key.
    """
    spdx = _SPDX.search(text)
    if spdx:
        return spdx[1].strip()
    for pattern, name in _NAMES:
        found = re.search(rf"(?<![\w.-])(?:{pattern})(?![\w-])", text, re.IGNORECASE)
        if found:
            return name.format(*found.groups())
    stated = _STATED.search(text)
    return stated[1] if stated else None


def licence_of_text(text: str) -> str | None:
    """Return the SPDX identifier of a licence by its own text, or by what a short file says; None where neither is known."""
    spdx = _SPDX.search(text)
    if spdx:
        return spdx[1].strip()
    plain = " ".join(text.lower().replace("\u201c", '"').replace("\u201d", '"').split())
    names = [name for words, name in _TEXTS if words[0] in plain[:_HEAD] and all(word in plain for word in words)]
    if "BSD-3-Clause" in names:
        names.remove("BSD-2-Clause")  # whose words it has too
    if len(names) > 1:
        return None
    return names[0] if names else named_licence(text) if len(text) < _SHORT else None
