"""How long each step of a frame took. Durations go to the run log; nothing in the dataset depends on them."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

#: The steps of a frame, in their order: capture it, build its graph, write its texts, write its files.
STEPS = ("observe", "graph", "captions", "files")

#: What opening scenes is called beside them.
OPEN = "open"


class StepTimer:
    """Adds up the seconds of each step.

    Attributes:
        seconds: Step -> seconds [s]; a step that did not run is not there.
    """

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Measure a step, also one that fails."""
        start = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[name] = self.seconds.get(name, 0.0) + time.perf_counter() - start
