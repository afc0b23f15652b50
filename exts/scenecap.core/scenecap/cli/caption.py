"""``scenecap caption SCENE --out DIR``: every camera of a stage, without a config file."""

from __future__ import annotations

import argparse

from scenecap.cli.execute import execute
from scenecap.cli.json_log import add_json_log_option
from scenecap.cli.options import add_config_options, config_overrides
from scenecap.run.config import Override, make_config

_EXAMPLES = """\
examples:
  scenecap caption kitchen.usda --out out/
  scenecap caption kitchen.usda --out out/ --camera /World/Cameras/Front --resolution 1920x1080 --quality final
  scenecap caption shot.usd --out out/ --frames 0..100:5 --quality draft
  scenecap caption chess.usda --out out/ --set 'labels={"*/Pawn*": pawn}'
"""


def add_parser(commands: argparse._SubParsersAction, common: argparse.ArgumentParser) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "caption",
        parents=[common],
        help="caption a scene: every camera of the stage; without one, views are placed automatically",
        description="Caption a USD scene: pictures, ground truth, scene graphs and captions, for every camera of the stage.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("scene", metavar="SCENE", help="USD file (usd, usda, usdc, usdz)")
    parser.add_argument("--out", required=True, metavar="DIR", help="folder for the results; it is created")
    add_config_options(parser)
    add_json_log_option(parser)
    parser.set_defaults(run=run_caption)


def run_caption(args: argparse.Namespace) -> int:
    """Caption one scene."""
    overrides = (
        Override("scene_path", args.scene, "SCENE"),
        Override("output_path", args.out, "--out"),
        *config_overrides(args),
    )
    return execute(make_config(overrides=overrides), args)
