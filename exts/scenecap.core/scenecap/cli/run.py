"""``scenecap run CONFIG.yaml``: the same from a config file, ours or IRC's, over one scene or many."""

from __future__ import annotations

import argparse
from pathlib import Path

from scenecap.cli.execute import execute
from scenecap.cli.json_log import add_json_log_option
from scenecap.cli.options import add_config_options, config_overrides
from scenecap.cli.plan import plan
from scenecap.run.config import Override, load_config


def add_parser(commands: argparse._SubParsersAction, common: argparse.ArgumentParser) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "run",
        parents=[common],
        help="run a config file (an IRC config file works unchanged)",
        description="Run a YAML config. Options given here replace the file's values.",
    )
    parser.add_argument("config", metavar="CONFIG", help="YAML file; config/ has a ready one for each use")
    parser.add_argument(
        "--plan",
        action="store_true",
        help="say how many frames it would make, of what, how long that takes and how much disk; make none",
    )
    parser.add_argument("--scene", metavar="FILE", help="another scene than the config's")
    parser.add_argument("--out", metavar="DIR", help="another output folder than the config's")
    add_config_options(parser)
    add_json_log_option(parser)
    parser.set_defaults(run=run_config)


def run_config(args: argparse.Namespace) -> int:
    """Run one config file."""
    overrides = list(config_overrides(args))
    if args.scene is not None:
        overrides.append(Override("scene_path", args.scene, "--scene"))
    if args.out is not None:
        overrides.append(Override("output_path", args.out, "--out"))
    config = load_config(Path(args.config), overrides=tuple(overrides))
    return plan(config, args) if args.plan else execute(config, args)
