"""A config run inside Isaac Sim without its window: the options, messages and exit codes of ``scenecap run``.

Two ways in: ``caption_stage.py`` starts a SimulationApp and pumps it (:func:`run_in_app`); ``kit_exec.py`` is handed to a Kit
that runs (:func:`run_in_kit`). Both end the application whatever happens.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import signal
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from scenecap.cli.console import print_error, set_up_logging
from scenecap.cli.execute import print_result
from scenecap.cli.options import add_config_options, config_overrides
from scenecap.errors import ScenecapError, UsageError
from scenecap.run.config import Override, ScenecapConfig, load_config
from scenecap.run.config.job_settings import CaptureKind
from scenecap.run.result import FrameOutcome
from scenecap_replicator import compat

logger = logging.getLogger(__name__)

EXIT_BUG = 1
EXIT_USAGE = 2
EXIT_INTERRUPTED = 130
#: Longest wait for the frame in hand where Kit cannot go on [s].
_ABORT_SECONDS = 10.0


def build_parser(program: str) -> argparse.ArgumentParser:
    """Return the parser of both scripts: that of ``scenecap run``."""
    parser = argparse.ArgumentParser(
        prog=program,
        description="Caption a stage with Isaac Sim's renderer, from the same YAML as 'scenecap run'.",
        epilog="exit codes: 0 all frames written, 1 some failed or are empty, 2 a wrong argument or config, 3 all are empty",
    )
    parser.add_argument("config", metavar="CONFIG", help="YAML config with 'capture: replicator'")
    parser.add_argument("--scene", metavar="FILE", help="another scene than the config's; omniverse:// works here")
    parser.add_argument("--out", metavar="DIR", help="another output folder than the config's")
    add_config_options(parser)
    group = parser.add_argument_group("output of this program")
    group.add_argument("--json", action="store_true", help="machine-readable result on stdout")
    group.add_argument("--quiet", "-q", action="store_true", help="errors only")
    group.add_argument("--verbose", "-v", action="store_true", help="say more on stderr")
    group.add_argument("--debug", action="store_true", help="full log, with tracebacks")
    return parser


def read_arguments(argv: Sequence[str], *, program: str) -> tuple[argparse.Namespace, ScenecapConfig]:
    """Return the options and the config that they name.

    Raises:
        SystemExit: ``--help``, or an option that there is none of (code 2).
        ConfigError: The config is wrong.
        UsageError: It is for another capture.
    """
    args = build_parser(program).parse_args(list(argv))
    set_up_logging(quiet=args.quiet, verbose=args.verbose, debug=args.debug)
    overrides = list(config_overrides(args))
    if args.scene is not None:
        overrides.append(Override("scene_path", args.scene, "--scene"))
    if args.out is not None:
        overrides.append(Override("output_path", args.out, "--out"))
    config = load_config(Path(args.config), overrides=tuple(overrides))
    if config.job.capture is CaptureKind.RECORDED:
        raise UsageError(
            "capture: recorded reads a folder and needs no Isaac Sim.", remedy="Use 'scenecap run', or capture: replicator."
        )
    if config.job.output_path is None:
        raise UsageError("output_path: no output folder is given.", remedy="Give it in the config, or --out.")
    return args, config


async def capture_config(args: argparse.Namespace, config: ScenecapConfig, *, stop: threading.Event) -> int:
    """Run a config, print what came of it, and return the exit code. Never raises: every error is a line and a code.

    Args:
        args: The options.
        config: The config.
        stop: Set it to stop after the frame that is being made.
    """
    try:
        from scenecap_replicator.capture import run_capture

        result = await run_capture(config, progress=_progress(args), cancelled=stop.is_set, discard_changes=True)
        print_result(result, args)
        sys.stdout.flush()
        return result.exit_code
    except BaseException as error:
        return exit_code_of(error)


def exit_code_of(error: BaseException) -> int:
    """Print an error as the command line does and return its exit code."""
    if isinstance(error, SystemExit):  # argparse has said it
        return error.code if isinstance(error.code, int) else EXIT_USAGE
    logger.debug("raised here", exc_info=error)
    if isinstance(error, (KeyboardInterrupt, asyncio.CancelledError)):
        print_error("stopped. What was written so far is whole.")
        return EXIT_INTERRUPTED
    if isinstance(error, ScenecapError):
        print_error(str(error))
        return error.exit_code
    what = f"{type(error).__name__}: {error}".splitlines()[0]
    print_error(f"unexpected {what}. This is a bug; --debug shows where.")
    return EXIT_BUG


def run_in_app(app: Any, args: argparse.Namespace, config: ScenecapConfig) -> int:
    """Run a config in a SimulationApp and return the exit code; the application is left to the caller to close.

    Ctrl-C stops after the frame that is being made; a second one at once.
    """
    stop = threading.Event()
    restore = _on_interrupt(stop, again=_interrupt)
    try:
        _enable_replicator(app)
        task = schedule(capture_config(args, config, stop=stop))
        while not task.done():
            if not app.is_running():  # somebody closed it
                stop.set()
            app.update()
        return task.result()
    except BaseException as error:
        code = exit_code_of(error)
        _abort(stop)
        return code
    finally:
        restore()


async def run_in_kit(argv: Sequence[str], *, program: str = "kit_exec.py") -> int:
    """Run a config in the Kit that executes this and ask Kit to end with the exit code, whatever happens.

    Ctrl-C stops after the frame that is being made; a second one at once.
    """
    code = EXIT_BUG
    stop = threading.Event()

    def end_now() -> None:  # no exception: it would come up in whatever Kit runs at this moment
        _abort(stop)
        compat.post_quit(EXIT_INTERRUPTED)

    restore = _on_interrupt(stop, again=end_now)
    try:
        await compat.next_update()  # at the top of an --exec script nothing has been updated yet
        args, config = read_arguments(argv, program=program)
        code = await capture_config(args, config, stop=stop)
    except BaseException as error:
        code = exit_code_of(error)
    finally:
        restore()
        compat.post_quit(code)
    return code


def _abort(stop: threading.Event) -> None:
    """Stop the capture that runs, without another update: its worker waits for a frame that will not come."""
    from scenecap_replicator.capture import CaptureRun

    stop.set()
    run = CaptureRun.current()
    if run is not None:
        run.abort(limit_seconds=_ABORT_SECONDS)


def schedule(coroutine: Any) -> Any:
    """Hand a coroutine to Kit's event loop."""
    engine = compat.find("omni.kit.async_engine")
    if engine is not None and hasattr(engine, "run_coroutine"):
        return engine.run_coroutine(coroutine)
    return asyncio.ensure_future(coroutine)


def _enable_replicator(app: Any) -> None:
    """Enable Replicator where the experience does not; Isaac's do."""
    manager = compat.extension_manager()
    if manager is not None and not compat.is_extension_enabled("omni.replicator.core"):
        manager.set_extension_enabled_immediate("omni.replicator.core", True)
        app.update()


def _on_interrupt(stop: threading.Event, *, again: Callable[[], None]) -> Callable[[], None]:
    """Take Ctrl-C from the application, which would end the process in the midst of a file; return what gives it back.

    Args:
        stop: Set at the first Ctrl-C.
        again: Called at each further one.
    """

    def handle(_number: int, _frame: Any) -> None:
        if stop.is_set():
            again()
            return
        print_error("stopping after this frame (Ctrl-C again: at once)")
        stop.set()

    try:
        before = signal.signal(signal.SIGINT, handle)
    except ValueError:  # not the main thread
        return lambda: None

    def restore() -> None:  # None: a handler that was not installed from Python, and cannot be put back from it
        signal.signal(signal.SIGINT, signal.SIG_DFL if before is None else before)

    return restore


def _interrupt() -> None:
    raise KeyboardInterrupt


def _progress(args: argparse.Namespace) -> Any:
    def tell(outcome: FrameOutcome, number: int, total: int) -> None:
        if not args.quiet:
            print(f"[{number}/{total}] {outcome.row.camera}: {outcome.row.status.value}", file=sys.stderr, flush=True)

    return tell
