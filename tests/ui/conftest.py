"""Where the panel's package is, for a test run in which it is not installed."""

from __future__ import annotations

import sys
from pathlib import Path

_EXTS = Path(__file__).resolve().parents[2] / "exts"
for _name in ("scenecap.ui", "scenecap.replicator"):
    if str(_EXTS / _name) not in sys.path:
        sys.path.append(str(_EXTS / _name))
