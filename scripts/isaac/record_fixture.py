"""Record what a real Isaac Sim hands to a writer, in every shape, as fixtures for the tests.

    ./python.sh scripts/isaac/record_fixture.py SCENE.usd OUT [--camera PATH --camera PATH] [--resolution 320x240]

OUT gets, for each of the shapes ``legacy``, ``annotator`` and ``renderProduct`` with one and with two render products, the
first payload (often an empty frame) and the last, each a ``.json`` and an ``.npz``; and ``versions.json``.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))

from checkout import add_to_path

add_to_path()

from payload_file import save_payload  # noqa: E402

from scenecap_replicator import compat, headless  # noqa: E402
from scenecap_replicator.payload_shapes import KNOWN  # noqa: E402

SHAPES = ("legacy", "annotator", "renderProduct")
#: Frames of each shape: the first may be empty.
STEPS = 6


def build_parser() -> argparse.ArgumentParser:
    """Return the parser."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("scene", help="USD file with labels; ours: the demo scene with its label layer")
    parser.add_argument("out", type=Path, help="folder for the fixtures")
    parser.add_argument("--camera", action="append", default=[], help="camera prim; the stage's first two without it")
    parser.add_argument("--resolution", default="320x240", help="size of the pictures, as in 320x240")
    return parser


async def record(args: argparse.Namespace) -> int:
    """Open the scene, record every variant, and return the exit code."""
    try:
        await _record(args)
        return 0
    except BaseException as error:
        return headless.exit_code_of(error)


async def _record(args: argparse.Namespace) -> None:
    from scenecap.stage.cameras import list_cameras
    from scenecap.stage.open import wrap_stage

    await compat.open_stage(str(Path(args.scene).resolve()))
    opened = wrap_stage(compat.current_stage())
    cameras = args.camera or [camera.path for camera in list_cameras(opened) if not camera.unsupported][:2]
    width, height = (int(number) for number in args.resolution.split("x"))
    rep = compat.replicator()
    taken: list[dict[str, Any]] = []
    writer_class = _recorder(rep, taken)
    from scenecap_replicator.session import CaptureSession

    with CaptureSession(semantic_filter="*:*") as session:
        for shape in SHAPES:
            for count in range(1, len(cameras) + 1):
                products = [
                    session.add_product(camera, (width, height), name=f"Fixture_{shape}_{count}_{number}")
                    for number, camera in enumerate(cameras[:count])
                ]
                for product in products:
                    compat.set_updates(product, True)
                taken.clear()
                writer = writer_class(shape)
                writer.attach(products)
                for _ in range(STEPS):
                    await compat.step(rt_subframes=4)
                await compat.wait_until_complete()
                writer.detach()
                for product in products:
                    compat.set_updates(product, False)
                facts = {"shape": shape, "cameras": cameras[:count], "app": compat.app_version()}
                for which, data in (("first", taken[0]), ("last", taken[-1])) if taken else ():
                    files = save_payload(args.out, f"{shape}_{count}_{which}", data, **facts)
                    print(f"{files[0].name}: {', '.join(map(str, data))}", flush=True)
    versions = {"app": compat.app_version(), "python": sys.version, "replicator": str(getattr(rep, "__version__", ""))}
    (args.out / "versions.json").write_text(json.dumps(versions, indent=1) + "\n", encoding="utf-8")


def _recorder(rep: Any, taken: list[dict[str, Any]]) -> Any:
    """Return a writer class that keeps a copy of each payload."""
    from scenecap_replicator.payload_shapes import copy_of

    class FixtureRecorder(rep.Writer):
        def __init__(self, shape: str) -> None:
            self.version = "1.0"
            self.data_structure = shape
            self.annotators = [compat.annotator(name) for name in KNOWN]

        def write(self, data: dict[str, Any]) -> None:
            taken.append(copy_of(data))

    return FixtureRecorder


def main(argv: Sequence[str]) -> int:
    """Start Isaac Sim, record, close it."""
    args = build_parser().parse_args(list(argv))
    sys.argv = sys.argv[:1]
    app = compat.simulation_app()({"headless": True, "fast_shutdown": False, "sync_loads": True})
    code = headless.EXIT_BUG
    try:
        task = headless.schedule(record(args))
        while not task.done():
            app.update()
        code = task.result()
    finally:
        compat.post_quit(code)
        app.close()
    return code


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
