"""Measure how well requests to a chat model overlap: 100 frames against a local server that takes 50 ms for each reply.

python scripts/bench/bench_chat.py [--frames 100] [--latency 0.05] [--concurrency 16]
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from tests.caption.scenes import kitchen, make_frame, make_graph  # noqa: E402

from scenecap.caption.chat.engine import ChatEngine  # noqa: E402
from scenecap.caption.chat.settings import ChatSettings  # noqa: E402
from scenecap.caption.settings import CaptionSettings  # noqa: E402
from scenecap.caption.template import caption_graph  # noqa: E402


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--frames", type=int, default=100)
    parser.add_argument("--latency", type=float, default=0.05)
    parser.add_argument("--concurrency", type=int, default=16)
    args = parser.parse_args()
    alone = seconds(args.frames, args.latency, concurrency=1)
    together = seconds(args.frames, args.latency, concurrency=args.concurrency)
    print(f"{args.frames} frames, {args.latency * 1000:.0f} ms for a reply")
    print(f"one after the other: {alone:6.2f} s")
    print(f"{args.concurrency:3} at a time:       {together:6.2f} s   {alone / together:.1f}x")
    return 0


def seconds(frames: int, latency: float, *, concurrency: int) -> float:
    """Return how long the frames' captions take, from the first request to the last reply [s]; the probe is not counted."""
    frame = make_frame(kitchen())
    graph = make_graph(frame)
    base = caption_graph(graph, frame=frame)
    command = [sys.executable, "-m", "tests.chat.fake_server", str(latency)]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdin is not None
        assert server.stdout is not None
        url = server.stdout.readline().strip()
        settings = ChatSettings.model_validate(
            {"url": url, "name": "fake", "concurrency": concurrency, "cache": False, "on_unsupported": "accept"}
        )
        with ChatEngine(settings, CaptionSettings.model_validate({})) as engine:
            engine.prepare()
            start = time.perf_counter()
            if concurrency == 1:
                for _ in range(frames):
                    engine.submit(frame, graph, base).result()
            else:
                for future in [engine.submit(frame, graph, base) for _ in range(frames)]:
                    future.result()
            took = time.perf_counter() - start
        server.stdin.close()
    return took


if __name__ == "__main__":
    raise SystemExit(main())
