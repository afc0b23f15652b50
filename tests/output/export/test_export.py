"""An export as a whole: where it goes, what it refuses and leaves out, what its card says, that it is the same bytes again."""

from __future__ import annotations

import json
import os
import re
import shutil
from pathlib import Path

import pytest
import yaml

from scenecap.contract import AssetLicence, SceneLicences
from scenecap.errors import DatasetError, OutputError, UsageError
from scenecap.output.canonical import dumps
from scenecap.output.dataset.files import DERIVED_NAME
from scenecap.output.dataset.reader import open_dataset
from scenecap.output.dataset.scene_identity import identity_of
from scenecap.output.dataset.verify import verify_dataset
from scenecap.output.export.export import ExportReport, export_dataset
from scenecap.output.export.settings import ExportFormat, ExportSettings, TextKind
from scenecap.output.licences import LICENCES_NAME, LicensedScene, licences_document
from scenecap.output.manifest import FrameStatus
from tests.output.dataset.make import fault, kitchen, write_dataset
from tests.output.export.make import digest, frames_of, scenes_dataset, without_picture

BOTH = frozenset(ExportFormat)
SCENES = ("kitchen", "bar", "office", "hall")
HALVES = {"train": 0.5, "val": 0.5}


def export(dataset: Path, out: Path, **options) -> ExportReport:
    return export_dataset(open_dataset(dataset), out, ExportSettings(**{"formats": BOTH, **options}))


def contents(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def card(out: Path) -> tuple[dict, str]:
    _, front, body = (out / "README.md").read_text("utf-8").split("---\n", 2)
    return yaml.safe_load(front), body


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return scenes_dataset(tmp_path_factory.mktemp("export") / "rooms", *SCENES)


@pytest.mark.parametrize("options", [{}, {"layout": "agent"}, {"layout": "object"}], ids=str)
def test_each_scene_is_in_one_split(tmp_path: Path, options: dict) -> None:
    report = export(scenes_dataset(tmp_path / "in", *SCENES, **options), tmp_path / "out", shares={"train": 0.75, "val": 0.25})
    assert {name: (len(item.scenes), item.pictures) for name, item in report.splits.items()} == {
        "train": (3, 6),
        "val": (1, 2),
    }
    scene_of = {}
    for split in report.splits:
        images = json.loads((tmp_path / "out" / "annotations" / f"instances_{split}.json").read_bytes())["images"]
        for image in images:
            assert scene_of.setdefault(image["scene"], split) == split
            assert image["file_name"].startswith(f"{split}/")
        files = {image["file_name"] for image in images}
        talks = json.loads((tmp_path / "out" / f"{split}.json").read_bytes())
        assert {item["image"] for item in talks} == files
        assert all((tmp_path / "out" / "images" / name).is_file() for name in files)
    assert set(scene_of) == set(SCENES)


@pytest.mark.parametrize("seed", range(6))
def test_one_scene_under_two_names_lies_in_one_split(tmp_path: Path, seed: int) -> None:
    dataset = scenes_dataset(tmp_path / "in", *SCENES, same=("kitchen", "hall"))
    report = export(dataset, tmp_path / "out", shares=HALVES, seed=seed, formats={ExportFormat.COCO})
    where = {}
    for split in HALVES:
        for image in json.loads((tmp_path / "out" / "annotations" / f"instances_{split}.json").read_bytes())["images"]:
            where[image["scene"]] = split
    assert where["kitchen"] == where["hall"]
    assert sum(len(item.scenes) for item in report.splits.values()) == 3


def test_the_same_export_is_the_same_bytes_and_the_dataset_is_untouched(dataset: Path, tmp_path: Path) -> None:
    before = contents(dataset)
    export(dataset, tmp_path / "one", shares=HALVES, seed=5)
    export(dataset, tmp_path / "two", shares=HALVES, seed=5)
    assert contents(tmp_path / "one") == contents(tmp_path / "two")
    assert contents(dataset) == before
    assert verify_dataset(dataset).sound
    assert {path.name for path in tmp_path.iterdir()} == {"one", "two"}


def test_one_scene_is_all_in_train_and_that_is_said(tmp_path: Path) -> None:
    dataset = scenes_dataset(tmp_path / "in", "kitchen")
    report = export(dataset, tmp_path / "out")
    assert list(report.splits) == ["train"]
    assert any("never divided" in warning and "'train'" in warning for warning in report.warnings)
    assert not (tmp_path / "out" / "val.json").exists()
    with pytest.raises(UsageError, match="there is one scene, and a scene is never divided"):
        export(dataset, tmp_path / "other", shares=HALVES)
    assert not (tmp_path / "other").exists()


def test_seeds_of_one_scene_are_one_scene(tmp_path: Path) -> None:
    frames = [kitchen(frame_index=number) for number in range(3)]
    report = export(scenes_dataset(tmp_path / "in", "kitchen", frames=frames), tmp_path / "out")
    assert (len(report.splits["train"].scenes), report.splits["train"].pictures) == (1, 3)


@pytest.mark.parametrize("place", ["", ".", "exports", "kitchen/exports/x", "../in"])
def test_an_export_does_not_go_into_the_dataset(tmp_path: Path, place: str) -> None:
    dataset = scenes_dataset(tmp_path / "in", "kitchen")
    before = contents(dataset)
    with pytest.raises(UsageError, match="lies in the dataset"):
        export(dataset, dataset / place, force=True)
    assert contents(dataset) == before


def test_nor_around_it_nor_through_a_link(tmp_path: Path) -> None:
    dataset = scenes_dataset(tmp_path / "all" / "in", "kitchen")
    with pytest.raises(UsageError, match="the dataset lies in it"):
        export(dataset, tmp_path / "all", force=True)
    (tmp_path / "link").symlink_to(dataset)
    with pytest.raises(UsageError, match="lies in the dataset"):
        export(dataset, tmp_path / "link" / "out")


def test_only_an_export_is_replaced_and_only_when_asked(dataset: Path, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.tex").write_text("years", encoding="utf-8")
    (tmp_path / "file").touch()
    for name, words in (("mine", "is no export"), ("file", "is no folder")):
        with pytest.raises(UsageError, match=words):
            export(dataset, tmp_path / name, force=True)
    assert (tmp_path / "mine" / "thesis.tex").read_text("utf-8") == "years"
    (tmp_path / "out").mkdir()  # an empty folder is free
    export(dataset, tmp_path / "out", kinds=(TextKind.BRIEF,))
    with pytest.raises(UsageError, match="--force"):
        export(dataset, tmp_path / "out")
    export(dataset, tmp_path / "out", formats={ExportFormat.COCO}, force=True)
    assert not (tmp_path / "out" / "train.json").exists()
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]


def test_a_report_is_no_export(dataset: Path, tmp_path: Path) -> None:
    (tmp_path / "report").mkdir()
    for marker in ('{"kind": "report"}', "[]", "{"):
        (tmp_path / "report" / DERIVED_NAME).write_text(marker, encoding="utf-8")
        with pytest.raises(UsageError, match="is no export"):
            export(dataset, tmp_path / "report", force=True)
    assert (tmp_path / "report" / DERIVED_NAME).read_text("utf-8") == "{"


def test_an_export_that_was_put_into_a_dataset_is_no_stray(tmp_path: Path) -> None:
    dataset = scenes_dataset(tmp_path / "in", "kitchen")
    export(dataset, tmp_path / "out")
    shutil.copytree(tmp_path / "out", dataset / "training")
    assert verify_dataset(dataset).sound
    (dataset / "training" / DERIVED_NAME).unlink()
    assert not verify_dataset(dataset).sound


def test_what_a_killed_export_left_is_cleared_and_nothing_else(dataset: Path, tmp_path: Path) -> None:
    for name in (".out.partial", ".out.old"):
        (tmp_path / name).mkdir()
        (tmp_path / name / DERIVED_NAME).write_text('{"kind": "export"}', encoding="utf-8")
        (tmp_path / name / "half.png").touch()
    export(dataset, tmp_path / "out")
    export(dataset, tmp_path / "out", force=True)
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
    (tmp_path / ".out.partial").mkdir()
    (tmp_path / ".out.partial" / "mine").touch()
    with pytest.raises(OutputError, match="cannot be written"):
        export(dataset, tmp_path / "out", force=True)
    assert (tmp_path / ".out.partial" / "mine").exists()


def test_an_error_in_the_middle_leaves_what_was_there(dataset: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    export(dataset, tmp_path / "out")
    before = contents(tmp_path / "out")
    real, written = Path.write_bytes, []

    def full(self: Path, content: bytes) -> int:
        written.append(self)
        if len(written) > 3:
            raise OSError(28, "No space left on device")
        return real(self, content)

    monkeypatch.setattr(Path, "write_bytes", full)
    for place in ("out", "new"):
        written.clear()
        with pytest.raises(OutputError, match=r"no space left on device"):
            export(dataset, tmp_path / place, force=True)
    assert contents(tmp_path / "out") == before
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_without_pictures_there_is_nothing_to_train_on(tmp_path: Path) -> None:
    dataset = write_dataset(tmp_path / "in", [without_picture(kitchen())])
    with pytest.raises(UsageError, match=r"holds no picture.*quality: draft") as caught:
        export(dataset, tmp_path / "out")
    assert "save_image: true" in str(caught.value)
    assert not (tmp_path / "out").exists()


def test_frames_without_a_picture_are_counted(tmp_path: Path) -> None:
    frames = [*frames_of("kitchen", "bar"), without_picture(kitchen(scene="hall"))]
    report = export(scenes_dataset(tmp_path / "in", "kitchen", "bar", "hall", frames=frames), tmp_path / "out")
    assert "1 of 5 frames have no picture and are left out." in report.warnings
    assert sum(item.pictures for item in report.splits.values()) == 4


def test_no_text_of_the_kinds_asked_for(tmp_path: Path) -> None:
    dataset = scenes_dataset(tmp_path / "in", "kitchen")
    for path in dataset.rglob("scene_graph_caption.json"):
        document = json.loads(path.read_bytes())
        document.update(brief_caption=None, qa_caption=None)
        path.write_text(json.dumps(document), encoding="utf-8")
    with pytest.raises(UsageError, match="brief_caption: true, qa_caption: true"):
        export(dataset, tmp_path / "out", kinds=(TextKind.BRIEF, TextKind.QA))
    report = export(dataset, tmp_path / "out")
    assert report.splits["train"].conversations == 2


@pytest.mark.parametrize("keep", [False, True])
def test_flagged_texts_are_not_passed_on_unnoticed(tmp_path: Path, keep: bool) -> None:
    dataset = scenes_dataset(tmp_path / "in", "kitchen")
    path = sorted(dataset.rglob("scene_graph_caption.json"))[0]
    document = json.loads(path.read_bytes())
    document["notes"] = [
        "global_caption: flagged: the scene does not support 'an elephant' (no such object).",
        "qa_caption: flagged: the scene does not support 'two' (one).",
        "brief_caption: written by template: the server was busy",
        "he said: brief_caption: flagged: ",
        3,
    ]
    path.write_text(json.dumps(document), encoding="utf-8")
    report = export(dataset, tmp_path / "out", keep_flagged=keep)
    talks = json.loads((tmp_path / "out" / "train.json").read_bytes())
    ours = {item["id"].split("/")[1] for item in talks if item["id"].startswith("World_Cameras_Left_0/")}
    assert ours == ({"brief", "global", "qa"} if keep else {"brief"})
    captions = json.loads((tmp_path / "out" / "annotations" / "captions_train.json").read_bytes())["annotations"]
    assert len(captions) == (4 if keep else 3)
    assert any("2 texts are left out" in warning for warning in report.warnings) is not keep
    body = " ".join(card(tmp_path / "out")[1].split())
    assert f"does not support all they say: 2; they {'are kept' if keep else 'are left out'}" in body


@pytest.mark.parametrize("faults", [[], [fault(FrameStatus.FAILED, "no")]])
def test_a_dataset_without_frames(tmp_path: Path, faults: list) -> None:
    with pytest.raises(UsageError, match="no frame of it was written"):
        export(write_dataset(tmp_path / "in", [], faults=faults), tmp_path / "out")


def test_what_cannot_be_read_is_left_out_whole_and_told(tmp_path: Path) -> None:
    dataset = scenes_dataset(tmp_path / "in", "kitchen", "bar")
    changed, torn = sorted(dataset.rglob("World_Cameras_Left.png"))[0], sorted(dataset.rglob("scene_graph_caption.json"))[3]
    changed.write_bytes(changed.read_bytes()[:-1] + b"?")
    torn.write_text("{", encoding="utf-8")
    report = export(dataset, tmp_path / "out")
    assert [reason.split(":")[1].split("(")[0].strip() for _, reason in report.left_out] == [
        "is not JSON",
        "was changed after it was written.",
    ]
    out = contents(tmp_path / "out")
    assert sum(name.endswith(".png") for name in out) == 2
    account = json.loads(out[DERIVED_NAME])
    assert [item["frame"] for item in account["left_out"]] == [key for key, _ in report.left_out]
    assert "2 frames of the dataset could not be read" in card(tmp_path / "out")[1]
    for path in dataset.rglob("*.png"):
        path.unlink()
    with pytest.raises(DatasetError, match="not one frame could be read"):
        export(dataset, tmp_path / "none")
    assert not (tmp_path / "none").exists()


def test_links_share_their_bytes_with_the_dataset(dataset: Path, tmp_path: Path) -> None:
    export(dataset, tmp_path / "copied", shares=HALVES)
    export(dataset, tmp_path / "linked", shares=HALVES, link=True)
    assert contents(tmp_path / "copied") == contents(tmp_path / "linked")
    inodes = {path.stat().st_ino for path in dataset.rglob("*.png")}
    assert all(path.stat().st_ino in inodes for path in (tmp_path / "linked").rglob("*.png"))
    assert not any(path.stat().st_ino in inodes for path in (tmp_path / "copied").rglob("*.png"))


def test_a_link_that_cannot_be(dataset: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError(18, "Invalid cross-device link")

    monkeypatch.setattr(os, "link", refuse)
    with pytest.raises(OutputError, match="leave --link out"):
        export(dataset, tmp_path / "out", link=True)
    assert not list(tmp_path.iterdir())


def test_an_unfinished_run_says_so(tmp_path: Path) -> None:
    report = export(scenes_dataset(tmp_path / "in", "kitchen", "bar", finished=False), tmp_path / "out")
    assert any("unfinished" in warning for warning in report.warnings)


def test_names_that_would_clash_get_a_hash(tmp_path: Path) -> None:
    dataset = scenes_dataset(tmp_path / "in", "kitchen", "bar")
    lines = [json.loads(line) for line in (dataset / "manifest.jsonl").read_text("utf-8").splitlines()]
    for line, key in zip(lines, ("a/b", "a:b", "A/B", "../../../c"), strict=True):
        line["key"] = key
    (dataset / "manifest.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    export(dataset, tmp_path / "out")
    pictures = [path.relative_to(tmp_path / "out/images").as_posix() for path in (tmp_path / "out").rglob("*.png")]
    assert len({name.lower() for name in pictures}) == 4
    assert sum(name.split("/")[1].lower().startswith("a_b_") for name in pictures) == 3


def test_the_card_says_what_is_there(dataset: Path, tmp_path: Path) -> None:
    report = export(dataset, tmp_path / "out", shares={"train": 0.75, "val": 0.25})
    front, body = card(tmp_path / "out")
    assert front["pretty_name"] == "rooms"
    assert front["size_categories"] == ["n<1K"]
    assert front["configs"][0]["data_files"] == [
        {"split": "train", "path": "train.json"},
        {"split": "val", "path": "val.json"},
    ]
    train = report.splits["train"]
    row = f"| train | 3 | 6 | {train.conversations} | {train.turns} | {train.objects} | {train.captions} |"
    assert row in body
    assert train.turns == sum(
        len(item["conversations"]) // 2 for item in json.loads((tmp_path / "out/train.json").read_bytes())
    )
    assert "scenecap test" in body
    assert "0" * 64 in body
    assert "| brief | template | 8 |" in body
    assert f"| mug | {report.labels['mug']} |" in body
    assert report.labels == dict(sorted(report.labels.items()))


def test_the_card_counts_the_texts_that_are_exported(dataset: Path, tmp_path: Path) -> None:
    export(dataset, tmp_path / "out", kinds=(TextKind.BRIEF, TextKind.QA), questions=2)
    body = card(tmp_path / "out")[1]
    assert "| brief | template | 8 |" in body
    assert "| qa | template | 16 |" in body
    assert "| global |" not in body
    export(dataset, tmp_path / "coco", formats={ExportFormat.COCO})  # whose captions are no questions
    assert "| qa |" not in card(tmp_path / "coco")[1]


def test_a_model_and_its_prompts_are_named(tmp_path: Path) -> None:
    dataset = scenes_dataset(tmp_path / "in", "kitchen")
    for path in dataset.rglob("scene_graph_caption.json"):
        document = json.loads(path.read_bytes())
        document["caption_source"] = {"brief_caption": "model", "global_caption": "model_repaired", "qa_caption": "model"}
        prompts = [{"name": "brief", "version": "3", "hash": "x"}, "?"]
        document["meta"]["model"] = {"name": "llama|x", "profile": "vllm", "picture": False, "prompts": prompts}
        path.write_text(json.dumps(document), encoding="utf-8")
    export(dataset, tmp_path / "out")
    body = card(tmp_path / "out")[1]
    assert "| brief | model | 2 |" in body
    assert "| global | model\\_repaired | 2 |" in body
    assert "Model: llama\\|x (vllm), prompts: brief 3; 2 frames." in body
    assert "read back by a verifier" in body
    assert "`template`:" not in body


def licensed(dataset: Path, **scenes: LicensedScene) -> None:
    (dataset / LICENCES_NAME).write_bytes(dumps(licences_document(scenes.values())))


def scene(name: str, *found: AssetLicence, stated: str = "", unknown: int = 0) -> LicensedScene:
    identity = identity_of(name, {"x": digest(name)})
    return LicensedScene(
        name=name, identity=identity, stated=stated, licences=SceneLicences(found=found, unknown=unknown, unknown_examples=())
    )


MIT = AssetLicence(name="MIT", source="file LICENSE", files=3, examples=("a.usd",), text="MIT License\n\nCopyright (c) X")


def test_licences_go_with_the_pictures(tmp_path: Path) -> None:
    dataset = scenes_dataset(tmp_path / "in", *SCENES)
    licensed(
        dataset,
        kitchen=scene("kitchen", MIT),
        bar=scene("bar", MIT, unknown=2),
        office=scene("office", stated="CC-BY-4.0"),
    )
    report = export(dataset, tmp_path / "out", shares={"train": 1.0}, licences={"hal*": "my|own <licence>"})
    assert report.licences == {"MIT": 2, "CC-BY-4.0": 1, "my|own <licence>": 1, "unknown": 1}
    front, body = card(tmp_path / "out")
    assert (front["license"], front["license_name"]) == ("other", "several-see-below")
    text = next((tmp_path / "out" / "licences").iterdir())
    assert text.read_text("utf-8") == "MIT License\n\nCopyright (c) X\n"
    path = f"licences/{text.name}".replace("_", "\\_").replace("-", "\\-")
    assert f"| kitchen | MIT | file LICENSE \\(3 files\\) | {path} |" in body
    assert "| bar | unknown | 2 files of which nothing is said |  |" in body
    assert "| office | CC\\-BY\\-4.0 | stated by who ran or exported this |  |" in body
    assert "| hall | my\\|own &lt;licence&gt; | stated by who ran or exported this |  |" in body
    coco = json.loads((tmp_path / "out/annotations/instances_train.json").read_bytes())
    names = {item["id"]: item["name"] for item in coco["licenses"]}
    assert {image["scene"]: names[image["license"]] for image in coco["images"]} == {
        "kitchen": "MIT",
        "bar": "MIT AND unknown",
        "office": "CC-BY-4.0",
        "hall": "my|own <licence>",
    }


@pytest.mark.parametrize(
    ("stated", "front"),
    [
        ({"*": "MIT"}, "mit"),
        ({}, "unknown"),
        ({"kitchen": "MIT", "bar": "CC-BY-4.0"}, ["cc-by-4.0", "mit"]),
        ({"kitchen": "MIT"}, ["mit", "unknown"]),
    ],
)
def test_the_front_matter_names_licences_as_hubs_do(tmp_path: Path, stated: dict, front: object) -> None:
    export(scenes_dataset(tmp_path / "in", "kitchen", "bar"), tmp_path / "out", licences=stated)
    assert card(tmp_path / "out")[0]["license"] == front


def test_unknown_is_said_plainly(tmp_path: Path) -> None:
    export(scenes_dataset(tmp_path / "in", "kitchen"), tmp_path / "out")
    body = card(tmp_path / "out")[1]
    assert "| kitchen | unknown | nobody states one |  |" in body
    assert "does not note what its scenes' files say" in body


def test_a_licence_of_no_scene_is_a_slip(dataset: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"no scene is called 'kitchn'\. Did you mean 'kitchen'\?"):
        export(dataset, tmp_path / "out", licences={"kitchn": "MIT"})


def test_hostile_names_are_inert_in_the_card(tmp_path: Path) -> None:
    dataset = scenes_dataset(tmp_path / "in", "kitchen")
    evil = AssetLicence(name="<script>x</script>\n# x", source="[a](javascript:b)|`c`", files=1, examples=(), text="t")
    licensed(dataset, kitchen=scene("kitchen", evil))
    for path in dataset.rglob("object_data.json"):
        document = json.loads(path.read_bytes())
        for item in document["objects"].values():
            item["class"] = "mug\n---\nlicense: mit | <img src=x> ![i](j)"
        path.write_text(json.dumps(document), encoding="utf-8")
    export(dataset, tmp_path / "out")
    front, body = card(tmp_path / "out")
    assert front["license"] == "other"
    assert "<script" not in body
    assert "<img" not in body
    assert "](" not in body.replace("\\]\\(", "")
    assert not [line for line in body.splitlines() if line.startswith("# ") and line != "# in"]
    assert len(yaml.safe_load_all((tmp_path / "out" / "README.md").read_text("utf-8").split("---\n", 2)[1]).__next__()) >= 5


def test_the_manuals_snippets_run(dataset: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Python of docs/datasets.md, on an export; what needs packages that are not there is passed over."""
    pytest.importorskip("pycocotools", reason="needs pycocotools (extra test)")
    page = Path(__file__).resolve().parents[3] / "docs" / "datasets.md"
    blocks = re.findall(r"^```python\n(.*?)^```", page.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    assert len(blocks) == 3
    monkeypatch.chdir(tmp_path)
    export(dataset, tmp_path / "out" / "training")
    for block in blocks:
        if "from datasets import" not in block:
            exec(compile(block, str(page), "exec"), {})
