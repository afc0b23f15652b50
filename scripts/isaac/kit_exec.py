"""Caption a stage in a Kit that is started for it.

    isaac-sim.sh --no-window --ext-folder exts --enable scenecap.replicator \\
        --exec "scripts/isaac/kit_exec.py CONFIG.yaml --out DIR"

The options are those of ``caption_stage.py``. Kit is asked to end with the exit code of ``scenecap run``, whatever happens: an
error at the top of such a script, or in a coroutine, would leave it running for ever.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

#: Keeps the coroutine: an event loop holds its tasks by weak references only.
_RUNNING: list[asyncio.Future[int]] = []


def _start() -> None:
    try:
        # Not every Kit defines __file__ for such a script; argv[0] is its path.
        sys.path.insert(0, str(Path(globals().get("__file__", sys.argv[0])).resolve().parent))
        from checkout import add_to_path

        add_to_path()
        from scenecap_replicator.headless import run_in_kit

        _RUNNING.append(asyncio.ensure_future(run_in_kit(sys.argv[1:])))
    except BaseException as error:
        import omni.kit.app

        print(f"scenecap: error: {type(error).__name__}: {error}", file=sys.stderr, flush=True)
        omni.kit.app.get_app().post_quit(2)


_start()
