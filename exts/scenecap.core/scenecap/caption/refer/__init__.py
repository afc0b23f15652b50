"""Referring expressions: texts that mean exactly one object of a frame, with a machine form to check them by."""

from scenecap.caption.refer.query import Extreme, Query, QueryKind, resolve
from scenecap.caption.refer.referrer import Reference, Referrer

__all__ = ["Extreme", "Query", "QueryKind", "Reference", "Referrer", "resolve"]
