"""Caption a stage with Isaac Sim's renderer, without a window.

    ./python.sh scripts/isaac/caption_stage.py CONFIG.yaml [--scene FILE] [--out DIR] [--set KEY=VALUE] ...

The config is that of ``scenecap run``, with ``capture: replicator``. Exit codes are the command line's too. A wrong option or
config is told before Isaac Sim starts.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from checkout import add_to_path

add_to_path()

from scenecap_replicator import compat, headless  # noqa: E402 - neither imports anything of Kit

#: What a capture asks of the application. Without fast shutdown, so that it comes back and the exit code is ours.
APP = {"headless": True, "fast_shutdown": False, "sync_loads": True}
#: Settings that must hold before the renderer starts: see docs/isaac-sim.md.
ARGUMENTS = (
    "--/app/asyncRendering=false",
    "--/omni/replicator/asyncRendering=false",
    "--/exts/isaacsim.core.throttling/enable_async=false",
    "--/rtx/hydra/enableSemanticSchema=1",
)


def main(argv: Sequence[str]) -> int:
    """Start Isaac Sim, run, close it, and return the exit code."""
    try:
        args, config = headless.read_arguments(argv, program="caption_stage.py")
        start = compat.simulation_app()
    except BaseException as error:
        return headless.exit_code_of(error)
    code = headless.EXIT_BUG
    try:
        sys.argv = sys.argv[:1]  # SimulationApp hands the rest to Kit, which does not know our options
        width, height = config.job.resolution
        app = start({**APP, "width": width, "height": height, "extra_args": list(ARGUMENTS)})
    except BaseException as error:
        return headless.exit_code_of(error)
    try:
        code = headless.run_in_app(app, args, config)
    except BaseException as error:  # Ctrl-C for the third time
        code = headless.exit_code_of(error)
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        compat.post_quit(code)  # for versions whose close() ends the process
        app.close()
    return code


if __name__ == "__main__":
    exit_code = main(sys.argv[1:])
    sys.stdout.flush()
    sys.stderr.flush()
    # Not sys.exit: libraries that are unloaded at the interpreter's end may crash, and the code with them.
    os._exit(exit_code)
