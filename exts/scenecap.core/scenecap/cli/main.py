"""``scenecap``: the command line. Every command is a module here with ``add_parser`` and a ``run_...`` function."""

from __future__ import annotations

import argparse
import logging
import os
import sys
from collections.abc import Sequence
from typing import NoReturn

from scenecap import __version__
from scenecap.cli import caption, check, config_command, doctor, export, inspect, judge, labels, report, run, stats, verify
from scenecap.cli.console import print_error, print_json, set_up_logging
from scenecap.cli.json_log import TO_STDERR
from scenecap.errors import MissingExtraError, ScenecapError

_LOG = logging.getLogger(__name__)

EXIT_BUG = 1
EXIT_USAGE = 2
EXIT_INTERRUPTED = 130
EXIT_BROKEN_PIPE = 141

#: What the extra [capture] brings, by import name.
_CAPTURE_PACKAGES = frozenset({"pxr", "numba", "mitsuba", "mitsuba_oidn"})

_EPILOG = """\
exit codes:
  0  all frames written         2  a wrong argument or config: nothing was started
  1  some failed or are empty   3  every frame is empty

Start with:  scenecap inspect SCENE.usd    then    scenecap caption SCENE.usd --out out/
"""


class _Parser(argparse.ArgumentParser):
    """A parser whose errors are one line like all others."""

    def error(self, message: str) -> NoReturn:
        print_error(f"{message} (see '{self.prog} --help')")
        raise SystemExit(EXIT_USAGE)


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of the whole command line."""
    parser = _Parser(
        prog="scenecap",
        description="True captions and scene graphs for vision-language models, from USD stages.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"scenecap {__version__}")
    commands = parser.add_subparsers(title="commands", dest="command", metavar="COMMAND", required=True)
    common = argparse.ArgumentParser(add_help=False)
    group = common.add_argument_group("output of this program")
    group.add_argument("--json", action="store_true", help="machine-readable result on stdout")
    group.add_argument("--quiet", "-q", action="store_true", help="errors only")
    group.add_argument("--verbose", "-v", action="store_true", help="say more on stderr")
    group.add_argument("--debug", action="store_true", help="full log, with tracebacks")
    for module in (caption, run, inspect, labels, verify, check, judge, stats, report, export, config_command, doctor):
        module.add_parser(commands, common)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line.

    Args:
        argv: Arguments without the program's name; the process's own by default.

    Returns:
        The exit code.
    """
    args = None
    try:
        args = build_parser().parse_args(argv)
        as_json = getattr(args, "json_log", None) == TO_STDERR
        set_up_logging(quiet=args.quiet, verbose=args.verbose, debug=args.debug, as_json=as_json)
        code = args.run(args)
        sys.stdout.flush()
        return code
    except SystemExit as stop:  # argparse: --help, --version and usage errors
        return stop.code if isinstance(stop.code, int) else EXIT_USAGE
    except ScenecapError as error:
        _LOG.debug("raised here", exc_info=True)
        return _fail(args, str(error), error.exit_code)
    except BrokenPipeError:
        # The reader went away (`| head`); point stdout elsewhere so that the interpreter's last flush is quiet too.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_BROKEN_PIPE
    except KeyboardInterrupt:
        print_error("stopped. What was written so far is whole.")
        return EXIT_INTERRUPTED
    except ModuleNotFoundError as error:
        package = (error.name or "").split(".")[0]
        if package not in _CAPTURE_PACKAGES:
            return _fail_on_bug(args, error)
        missing = MissingExtraError(package, extra="capture", purpose=f"scenecap {args.command if args else ''}".strip())
        return _fail(args, str(missing), missing.exit_code)
    except Exception as error:
        return _fail_on_bug(args, error)


def _fail_on_bug(args: argparse.Namespace | None, error: Exception) -> int:
    _LOG.debug("raised here", exc_info=True)
    what = f"{type(error).__name__}: {error}".splitlines()[0]
    return _fail(args, f"unexpected {what}. This is a bug; --debug shows where.", EXIT_BUG)


def _fail(args: argparse.Namespace | None, message: str, code: int) -> int:
    print_error(message)
    if args is not None and args.json:
        print_json({"error": message, "exit_code": code})
    return code
