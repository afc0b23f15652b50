"""Show a folder to the person, by the means of the system."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from scenecap.errors import UsageError


def show_folder(path: str) -> None:
    """Open a folder in the system's file manager and return at once.

    Raises:
        UsageError: There is no such folder, or the system has no file manager (a server without a desktop).
    """
    folder = Path(path).expanduser().absolute()
    if not folder.is_dir():
        raise UsageError(f"{folder}: there is no such folder yet.", remedy="Generate first.")
    try:
        if sys.platform == "win32":
            os.startfile(folder)
        else:
            program = "open" if sys.platform == "darwin" else "xdg-open"
            subprocess.Popen([program, str(folder)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    except OSError:
        raise UsageError(f"This system has no file manager that could be started. The folder is {folder}.") from None
