"""Messages to sentences."""

from scenecap.caption.realize.writer import Writer

__all__ = ["Writer"]
