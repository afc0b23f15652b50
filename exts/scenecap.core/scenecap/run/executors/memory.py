"""How much memory a process holds, and whether a process's number means the same here, without a library for it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

#: Longest wait for ``ps`` [s].
_PS_SECONDS = 2.0


def process_space() -> str | None:
    """Return what two processes share where a process's number means the same to both; None where that cannot be known.

    It is the boot of the machine and the namespace of its process numbers: two containers have one each. Linux only.
    """
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        return f"{boot} {os.readlink('/proc/self/ns/pid')}"
    except OSError:
        return None


def can_watch_memory() -> bool:
    """Whether the memory of another process can be read here: on Linux and macOS."""
    return sys.platform.startswith("linux") or sys.platform == "darwin"


def resident_mb(pid: int) -> float | None:
    """Return the resident memory of a process [MB = 2**20 bytes], or None where it is gone or cannot be asked.

    Linux says it in ``/proc``; elsewhere on POSIX ``ps`` is asked, which costs a process of its own. Not on Windows.
    """
    if sys.platform.startswith("linux"):
        try:
            pages = int(Path(f"/proc/{pid}/statm").read_bytes().split()[1])
        except (OSError, ValueError, IndexError):
            return None
        return pages * os.sysconf("SC_PAGE_SIZE") / 2**20
    return None if os.name == "nt" else resident_mb_of_ps(pid)


def resident_mb_of_ps(pid: int) -> float | None:
    """Return what ``ps`` says of a process's resident memory [MB], or None."""
    try:
        done = subprocess.run(["ps", "-o", "rss=", "-p", str(pid)], capture_output=True, timeout=_PS_SECONDS, check=False)
        return int(done.stdout) / 1024
    except (OSError, ValueError, subprocess.TimeoutExpired):
        return None
