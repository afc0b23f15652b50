"""What is known of the licences of a scene's files."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class AssetLicence:
    """A licence that some of a scene's files are under.

    Attributes:
        name: SPDX identifier where it was recognised, else words ("see LICENSE-assets.md").
        source: Where it is stated: "file LICENSE", "documentation of chess_set.usda".
        files: How many of the scene's files it is stated of.
        examples: Some of them, relative to the scene's folder.
        text: What is stated there, whole; it may have to go with every copy.
    """

    name: str
    source: str
    files: int
    examples: tuple[str, ...]
    text: str


@dataclass(frozen=True, kw_only=True)
class SceneLicences:
    """What a scene's files say of their licences.

    Attributes:
        found: Each licence that is stated, by source.
        unknown: How many files no licence is stated of.
        unknown_examples: Some of them, relative to the scene's folder.
    """

    found: tuple[AssetLicence, ...] = ()
    unknown: int = 0
    unknown_examples: tuple[str, ...] = ()
