"""Measure the verifier: milliseconds a caption, true template captions rejected.

    python scripts/bench/bench_verify.py [--rooms N]

Captions of made-up furnished rooms, brief and global, each read as bare text. Reports median and 95th percentile.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.caption.rooms import random_room

from scenecap.caption.template import caption_graph
from scenecap.caption.verify import Verifier
from scenecap.graph.build import build_scene_graph


def main() -> None:
    """Run the benchmark and print its numbers."""
    parser = argparse.ArgumentParser(description="Measure the verifier.")
    parser.add_argument("--rooms", type=int, default=100)
    rooms = parser.parse_args().rooms
    times, claims, failed, words = [], 0, 0, 0
    for seed in range(rooms):
        frame = random_room(seed, count=6 + seed % 14)
        graph = build_scene_graph(frame)
        captions = caption_graph(graph, frame=frame, seed=seed)
        verifier = Verifier(graph, frame)
        for caption in (captions.brief, captions.overall):
            if caption is None:
                continue
            start = time.perf_counter()
            verdict = verifier.check(caption.text)
            times.append(1000 * (time.perf_counter() - start))
            claims += len(verdict.claims)
            failed += len(verdict.failed)
            words += len(caption.text.split())
    times = sorted(times[2:])  # the first loads the parser
    print(f"{len(times)} captions, {words / (len(times) + 2):.0f} words each: median {statistics.median(times):.1f} ms, "
          f"mean {statistics.mean(times):.1f} ms, 95 % under {times[int(0.95 * len(times))]:.1f} ms")  # fmt: skip
    print(f"{claims} claims, {failed} of them (all true) rejected: {failed / claims:.2%}")


if __name__ == "__main__":
    main()
