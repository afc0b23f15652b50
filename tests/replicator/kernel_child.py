"""One life of Kit's kernel, in a process of its own; run by test_kit_kernel.py with an interpreter that has omniverse-kit.

python kernel_child.py life FOLDER EXTENSION ...    enable extensions, update, disable them, and say how it went
python kernel_child.py exec FOLDER COMMAND          run a script with --exec until Kit ends; its exit code is this process's
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

EXTENSIONS = Path(__file__).resolve().parents[2] / "exts"
#: Updates after which a Kit that was not asked to end is given up.
MOST_UPDATES = 2000


def flags(folder: str) -> list[str]:
    """Return the options of a Kit without window, network and traces outside of a folder."""
    found = ["--no-window", "--portable-root", folder, "--ext-folder", str(EXTENSIONS)]
    found += ["--/app/extensions/registryEnabled=false", "--/crashreporter/enabled=false", "--/app/fastShutdown=false"]
    found += ["--/app/runWithoutRunloop=true", "--allow-root"]
    return found


def life(folder: str, names: list[str]) -> int:
    """Enable extensions one after another and disable them again; print one line of JSON."""
    from omni.kit_app import KitApp  # pyright: ignore[reportMissingImports]

    kit = KitApp()
    kit.startup(flags(folder))
    import omni.kit.app

    manager = omni.kit.app.get_app().get_extension_manager()
    said: dict[str, dict[str, bool]] = {}
    for name in names:
        manager.set_extension_enabled_immediate(name, True)
        said[name] = {"enabled": bool(manager.is_extension_enabled(name))}
    for _ in range(5):
        kit.update()
    for name in reversed(names):
        manager.set_extension_enabled_immediate(name, False)
        said[name]["disabled"] = not manager.is_extension_enabled(name)
    print(
        json.dumps({"life": said, "modules": sorted({"numba", "mitsuba", "networkx", "scipy"} & set(sys.modules))}), flush=True
    )
    return int(kit.shutdown() or 0)


def execute(folder: str, command: str) -> int:
    """Run a script as --exec does and return the code that Kit ends with; 99 where it does not end."""
    from omni.kit_app import KitApp  # pyright: ignore[reportMissingImports]

    kit = KitApp()
    kit.startup([*flags(folder), "--exec", command])
    for _ in range(MOST_UPDATES):
        if not kit.is_running():
            return int(kit.shutdown() or 0)
        kit.update()
    return 99


if __name__ == "__main__":
    what, folder, *rest = sys.argv[1:]
    sys.exit(life(folder, rest) if what == "life" else execute(folder, *rest))
