"""``scenecap config``: check a config file, show what it comes to, print the JSON schema."""

from __future__ import annotations

import argparse
from pathlib import Path

import yaml

from scenecap.cli.console import print_json
from scenecap.run.config import ROOT, load_config, make_config
from scenecap.run.config.schema import as_keys, config_schema


def add_parser(commands: argparse._SubParsersAction, common: argparse.ArgumentParser) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "config",
        parents=[common],
        help="check a config file and show every value it comes to; or print the JSON schema",
        description="Check a config file and print all its values, defaults included, as YAML.",
    )
    parser.add_argument("config", metavar="CONFIG", nargs="?", help="YAML file; without one the defaults are shown")
    parser.add_argument("--schema", action="store_true", help="print the JSON schema of config files instead")
    parser.set_defaults(run=run_config_command)


def run_config_command(args: argparse.Namespace) -> int:
    """Print a config or the schema."""
    if args.schema:
        print_json(config_schema())
        return 0
    config = load_config(Path(args.config)) if args.config else make_config()
    keys = as_keys(config)
    if args.json:
        print_json({ROOT: keys, "content_hash": config.content_hash()})
    else:
        print(yaml.safe_dump({ROOT: keys}, sort_keys=False, allow_unicode=True, width=100).rstrip())
    return 0
