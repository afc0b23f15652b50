"""Whole runs with engine: chat: files, manifest, run log, account."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from scenecap.errors import UsageError
from scenecap.run.captioner import LazyCaptioner
from scenecap.run.config import make_config
from scenecap.run.job import run_job
from tests.chat.fake_server import Action, FakeServer, Received, failure, truthful
from tests.chat.scenes import desk
from tests.run.test_job import BoxSource, tasks

KEY = "sk-very/secret+value-99"


def config(server: FakeServer, tmp_path: Path, **keys: Any) -> Any:
    return make_config(
        {
            "output_path": str(tmp_path / "out"),
            "engine": "chat",
            "model_url": server.url,
            "model_name": "fake",
            "model_cache_path": str(tmp_path / "cache"),
            "model_retry_wait": 0.0,
            "on_unsupported": "accept",
            **keys,
        }
    )


def test_a_run_is_written_by_the_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_KEY", KEY)
    ticks = iter(range(10**6))
    with FakeServer() as server:
        chosen = config(server, tmp_path, model_key_variable="MY_KEY")
        result = run_job(chosen, source=BoxSource(tasks("/World/A", "/World/B")), clock=lambda: float(next(ticks)))
        again = run_job(
            config(server, tmp_path, model_key_variable="MY_KEY", output_path=str(tmp_path / "again")),
            source=BoxSource(tasks("/World/A", "/World/B")),
        )
        requests = len(server.received)
    assert result.exit_code == again.exit_code == 0
    assert result.model is not None
    assert again.model is not None
    assert result.model["frames_by_model"] == 2
    assert (again.model["requests"], again.model["replies_kept"]) == (0, 2)
    assert requests == 3
    assert all(dict(frame.row.counts)["texts_by_model"] == 3 for frame in result.frames)
    documents = sorted((tmp_path / "out").rglob("scene_graph_caption.json"))
    assert len(documents) == 2
    for path in documents:
        document = json.loads(path.read_text(encoding="utf-8"))
        assert set(document["caption_source"].values()) == {"model"}
        assert document["meta"]["model"]["name"] == "fake"
        assert {item["version"] for item in document["meta"]["model"]["prompts"]} == {"1"}
    for path in documents:
        twin = tmp_path / "again" / path.relative_to(tmp_path / "out")
        assert twin.read_bytes() == path.read_bytes()
    log = (tmp_path / "out" / "run_log.jsonl").read_text(encoding="utf-8")
    assert any(json.loads(line)["event"] == "model" for line in log.splitlines())
    for path in tmp_path.rglob("*"):
        if path.is_file():
            data = path.read_bytes()
            assert KEY.encode() not in data
            assert KEY.replace("/", "\\/").encode() not in data


def test_a_run_with_a_server_that_fails_half_its_requests(tmp_path: Path) -> None:
    def brain(received: Received) -> Action:
        return failure(503, "busy") if received.number % 2 else truthful(received)

    with FakeServer(brain) as server:
        chosen = config(server, tmp_path, model_retries=1, model_cache=False)
        result = run_job(chosen, source=BoxSource(tasks("/World/A", "/World/B", times=6)))
    assert result.exit_code == 0
    assert len(result.frames) == 12
    assert result.model is not None
    template = sum(bool(frame.row.counts["texts_by_template"]) for frame in result.frames)
    assert result.model["frames_by_template"] == template
    assert result.model["frames_by_model"] == 12 - template
    assert [frame.row.number for frame in result.frames] == list(range(12))
    for frame in result.frames:
        assert bool(frame.row.counts["texts_by_template"]) is any("by template" in note for note in frame.row.warnings)
        assert frame.brief


@pytest.mark.parametrize("keys", [{"workers": 2}, {"limits": {"frame_seconds": 5}}])
def test_other_workers_do_not_go_with_a_model(tmp_path: Path, keys: dict[str, Any]) -> None:
    with FakeServer() as server, pytest.raises(UsageError, match="engine: chat"):
        run_job(config(server, tmp_path, scene_path="x.usda", **keys))


def test_nothing_is_left_where_the_model_cannot_be_asked(tmp_path: Path) -> None:
    with FakeServer(lambda _: failure(401, "no")) as server, pytest.raises(UsageError, match="401"):
        run_job(config(server, tmp_path), source=BoxSource(tasks("/World/A")))
    assert not (tmp_path / "out").exists()


def test_a_picture_needs_a_quality(tmp_path: Path) -> None:
    with FakeServer() as server, pytest.raises(UsageError, match="model_picture"):
        run_job(config(server, tmp_path, model_picture=True, quality="off"), source=BoxSource(tasks("/World/A")))


def test_a_captioner_that_is_opened_late_fails_the_same_way_each_time(tmp_path: Path) -> None:
    scene = desk()
    with FakeServer(lambda _: failure(401, "no")) as server:
        late = LazyCaptioner(config(server, tmp_path))
        for _ in range(3):
            with pytest.raises(UsageError, match="401"):
                late.submit(*scene, config(server, tmp_path), seed=0)
        assert len(server.received) == 1
        late.close()
    with FakeServer() as server:
        late = LazyCaptioner(config(server, tmp_path))
        assert late.summary() is None
        assert late.submit(*scene, config(server, tmp_path), seed=0).result(timeout=30).model is not None
        summary = late.summary()
        late.close()
    assert summary is not None
    assert summary["frames_by_model"] == 1
