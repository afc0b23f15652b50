"""The supervisor on a transport that is told what to lose: who is blamed for a worker's death."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Sequence

import pytest

from scenecap.output.manifest import FrameStatus
from scenecap.output.model import JobFacts
from scenecap.output.names import CameraNames
from scenecap.run.config import make_config
from scenecap.run.executors.base import UnitShare, UnitWork
from scenecap.run.executors.messages import Answer, Begun, Drop, Lost, Make, Message, Ready, Reported
from scenecap.run.executors.supervise import SupervisedExecutor
from scenecap.run.make_frame import FrameOrder, FrameReport
from scenecap.run.plan import FrameTask, FrameTime
from scenecap.run.unit import Unit


class ScriptedWorker:
    """A worker that dies at a frame, and whose last answers may be lost with it."""

    def __init__(self, number: int, transport: ScriptedTransport) -> None:
        self._number = number
        self._transport = transport
        self.said: deque[Answer] = deque([Ready()])
        self.waiting: deque[Make] = deque()
        self.dead = False

    @property
    def number(self) -> int:
        return self._number

    def send(self, message: Message) -> None:
        if isinstance(message, Make):
            self.waiting.append(message)
        elif isinstance(message, Drop):
            raise AssertionError("nobody stops here")

    def kill(self) -> None:
        raise AssertionError("there is no limit here")

    def memory_mb(self) -> float | None:
        return None

    def work(self) -> None:
        """Do all that waits, as a worker does that is quicker than its answers travel."""
        transport = self._transport
        unheard: list[Answer] = []
        while self.waiting and not self.dead:
            make = self.waiting.popleft()
            transport.begun[make.order.number] += 1
            unheard.append(Begun(make.order.number, careful=make.careful))
            if make.careful:  # it waits until that was heard
                self.said.extend(unheard)
                unheard.clear()
            if transport.kills(make.order.number):
                self.dead = True
                self.said.extend(unheard[: len(unheard) - transport.lost_words])
                self.said.append(Lost("it died"))
                return
            unheard.append(Reported(FrameReport(make.order.number, FrameStatus.WRITTEN)))
        self.said.extend(unheard)


class ScriptedTransport:
    loses_last_words = True
    remedy = ""

    def __init__(self, deadly: dict[int, int], lost_words: int) -> None:
        self.deadly = Counter(deadly)
        self.lost_words = lost_words
        self.begun: Counter[int] = Counter()
        self.workers: list[ScriptedWorker] = []

    def kills(self, number: int) -> bool:
        self.deadly[number] -= 1
        return self.deadly[number] >= 0

    def start(self, number: int) -> ScriptedWorker:
        self.workers.append(ScriptedWorker(number, self))
        return self.workers[-1]

    def wait(self, seconds: float) -> list[tuple[ScriptedWorker, Answer]]:
        for worker in self.workers:
            worker.work()
        said = [(worker, answer) for worker in self.workers for answer in worker.said]
        for worker in self.workers:
            worker.said.clear()
        self.workers = [worker for worker in self.workers if not worker.dead]
        return said

    def finish(self) -> None:
        pass

    def close(self, links: Sequence[object]) -> None:
        pass


def work(frames: int) -> list[UnitWork]:
    config = make_config({"scene_path": "a.usda"})
    facts = JobFacts(CameraNames.of(["/C"], config.output.camera_dir), True, "", 0, "")
    orders = tuple(FrameOrder(number, str(number), FrameTask("/C", FrameTime(number, 0.0))) for number in range(frames))
    return [UnitWork(UnitShare(Unit(0, config), "out", facts), orders)]


# With two words lost, the end of a frame and the beginning of the next are not heard: the frame before looks guilty.
@pytest.mark.parametrize("lost_words", [0, 1, 2])
@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("deaths", [1, 99])
@pytest.mark.parametrize("deadly", [0, 1, 4])
def test_only_the_frame_that_kills_workers_pays(lost_words: int, workers: int, deaths: int, deadly: int) -> None:
    transport = ScriptedTransport({deadly: deaths}, lost_words)
    with SupervisedExecutor(transport, workers=workers) as executor:
        reports = {report.number: report for report in executor.make(work(6), stop=lambda: False)}
    failed = {number for number, report in reports.items() if report.status is FrameStatus.FAILED}
    assert len(reports) == 6
    assert failed == ({deadly} if deaths > 1 else set())
    assert transport.begun[deadly] <= 3
    assert all(count <= 2 for number, count in transport.begun.items() if number != deadly)
