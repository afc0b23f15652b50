"""Scenecap: true captions and scene graphs for vision-language models, from USD stages."""

__version__ = "0.1.0"
