"""Measure the verifier: milliseconds a caption, true template captions rejected.

    python scripts/bench/bench_verify.py [--rooms N]

Captions of made-up furnished rooms, brief and global, each read as bare text: first with nothing known, then once more, as
after a repair, when the parser's tags of their sentences are kept. Reports median and 95th percentile of the processor's time
and of the clock's, which is longer on a machine that is busy.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Sequence
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
    work, claims, failed, words = [], 0, 0, 0
    for seed in range(rooms):
        frame = random_room(seed, count=6 + seed % 14)
        graph = build_scene_graph(frame)
        captions = caption_graph(graph, frame=frame, seed=seed)
        verifier = Verifier(graph, frame)
        work += [(verifier, caption.text) for caption in (captions.brief, captions.overall) if caption is not None]
    work[0][0].check("A parser that is loaded.")
    for title in ("first", "again"):
        cpu, wall = [], []
        for verifier, text in work:
            at, start = time.perf_counter(), time.process_time()
            verdict = verifier.check(text)
            cpu.append(1000 * (time.process_time() - start))
            wall.append(1000 * (time.perf_counter() - at))
            if title == "first":
                claims += len(verdict.claims)
                failed += len(verdict.failed)
                words += len(text.split())
        print(f"{title}: processor {_spread(cpu)}; clock {_spread(wall)}")
    print(f"{len(work)} captions of {words / len(work):.0f} words on average")
    print(f"{claims} claims, {failed} of them (all true) rejected: {failed / claims:.2%}")


def _spread(times: Sequence[float]) -> str:
    ordered = sorted(times)
    return f"median {statistics.median(ordered):.1f} ms, 95 % under {ordered[int(0.95 * len(ordered))]:.1f} ms"


if __name__ == "__main__":
    main()
