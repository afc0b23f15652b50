"""``scenecap labels``: label layer files of scenes, and the label database of assets."""

from scenecap.cli.labels.command import add_parser

__all__ = ["add_parser"]
