"""Makes the packages of this checkout importable where they are not installed: scripts run from it without pip."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

_HOME = Path(__file__).resolve().parents[2]
#: The repository's folder of extensions; in the packaged zip the scripts lie in one of them.
_EXTENSIONS = _HOME / "exts" if (_HOME / "exts").is_dir() else _HOME
_PACKAGES = {"scenecap": "scenecap.core", "scenecap_replicator": "scenecap.replicator"}


def add_to_path() -> None:
    """Add the extensions' folders, and what is packed with them, to ``sys.path``."""
    for package, extension in _PACKAGES.items():
        if importlib.util.find_spec(package) is not None:
            continue
        for folder in (_EXTENSIONS / extension, _EXTENSIONS / extension / "pip_prebundle"):
            if folder.is_dir():
                sys.path.append(str(folder))
