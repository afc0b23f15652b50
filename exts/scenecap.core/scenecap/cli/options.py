"""Options of the command line that stand for config keys."""

from __future__ import annotations

import argparse

from scenecap.errors import UsageError
from scenecap.run.config import Override

#: Names on the command line -> config keys of the caption kinds.
CAPTION_KINDS = {"brief": "brief_caption", "global": "global_caption", "qa": "qa_caption"}


def add_config_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that replace single config values, which `caption` and `run` share."""
    group = parser.add_argument_group("what is made")
    group.add_argument(
        "--camera",
        action="append",
        metavar="PATH",
        help="camera prim path or glob, may be given more than once; 'all' (default) or 'auto' for placed views",
    )
    group.add_argument("--resolution", metavar="WxH", help="size of the pictures, as in 1280x720")
    group.add_argument("--frames", metavar="RANGE", help="time codes: 0..10, 0..100:5 or 1,4,9 (default: the first)")
    group.add_argument("--quality", metavar="Q", help="picture: off, draft, preview or final")
    group.add_argument("--layout", metavar="L", help="file tree: standalone, agent or object")
    group.add_argument("--kinds", metavar="K[,K]", help="captions to write: brief, global, qa")
    group.add_argument(
        "--label-database", metavar="FILE", help="take better labels from this database (see 'scenecap labels')"
    )
    group.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="any config key, value as in YAML; may be given more than once (docs/configuration.md lists the keys)",
    )


def config_overrides(args: argparse.Namespace) -> tuple[Override, ...]:
    """Return what the options say, as overrides of config keys.

    Raises:
        UsageError: ``--set`` without ``=``, or an unknown caption kind.
    """
    overrides = []
    for option, key in (("resolution", "resolution"), ("frames", "frames"), ("quality", "quality"), ("layout", "layout")):
        value = getattr(args, option)
        if value is not None:
            overrides.append(Override(key, value, f"--{option}"))
    if args.camera:
        overrides.append(Override("cameras", args.camera, "--camera"))
    overrides += label_overrides(args)
    if args.kinds is not None:
        overrides += _kinds(args.kinds)
    overrides += set_overrides(args)
    return tuple(overrides)


def label_overrides(args: argparse.Namespace) -> list[Override]:
    """Return what ``--label-database`` says: which database, and that it is used."""
    if args.label_database is None:
        return []
    return [
        Override("label_database", args.label_database, "--label-database"),
        Override("use_ai_label", True, "--label-database"),
    ]


def set_overrides(args: argparse.Namespace) -> list[Override]:
    """Return what ``--set KEY=VALUE`` says.

    Raises:
        UsageError: There is no ``=``.
    """
    overrides = []
    for item in args.set:
        key, separator, value = item.partition("=")
        if not separator or not key.strip():
            raise UsageError(f"--set {item}: is not KEY=VALUE.", remedy="Example: --set pruning_ratio=0.5")
        overrides.append(Override(key.strip(), value, f"--set {key.strip()}", is_text=True))
    return overrides


def _kinds(text: str) -> list[Override]:
    given = [word.strip() for word in text.split(",") if word.strip()]
    for word in given:
        if word not in CAPTION_KINDS:
            raise UsageError(f"--kinds: '{word}' is not allowed; give {', '.join(CAPTION_KINDS)}, separated by commas.")
    return [Override(key, word in given, "--kinds") for word, key in CAPTION_KINDS.items()]
