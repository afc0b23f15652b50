"""What was written is read back: the same objects, edges and texts in all three layouts, and errors that name the file."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from scenecap.errors import DatasetError, UsageError
from scenecap.output.atomic import FileRecord
from scenecap.output.dataset.files import FileKind, file_kind, is_inside, layout_files
from scenecap.output.dataset.reader import open_dataset
from scenecap.output.manifest import FrameStatus
from scenecap.output.relation_words import relation_words
from scenecap.replicator_format import Annotator, Part
from tests.output.dataset.make import CAMERAS, fault, kitchen, result_of, write_dataset

FRAMES = (kitchen(), kitchen(CAMERAS[1]))
LAYOUTS = ({}, {"layout": "agent"}, {"layout": "agent", "agent_version": "5"}, {"layout": "object"})


@pytest.mark.parametrize("options", LAYOUTS, ids=str)
def test_every_layout_is_read_back(tmp_path: Path, options: dict) -> None:
    dataset = open_dataset(write_dataset(tmp_path, FRAMES, **options))
    assert (dataset.scenes, dataset.unfinished, dataset.count(FrameStatus.WRITTEN)) == (("kitchen",), False, 2)
    frames = list(dataset.frames())
    assert [frame.row.camera for frame in frames] == list(CAMERAS)
    for frame, source in zip(frames, FRAMES, strict=True):
        wanted = result_of(source)
        assert wanted.captions is not None
        for pruned, table in ((False, wanted.graph.full), (True, wanted.graph.pruned)):
            graph = frame.graph(pruned=pruned)
            assert graph is not None
            assert table is not None
            assert [(node.id, node.path, node.label) for node in graph.objects] == [
                (node.id, node.path, node.label) for node in wanted.graph.nodes
            ]
            assert graph.pairs == len(table)
            paths = [node.path for node in wanted.graph.nodes]
            forward = [
                (paths[source], paths[target], relation_words(bits))
                for source, target, bits in zip(table.source, table.target, table.relations.tolist(), strict=True)
                if bits
            ]
            edges = list(graph.edges())
            assert [(edge.source, edge.target, ",".join(edge.relations)) for edge in edges[::2]] == forward
            assert [(edge.target, edge.source) for edge in edges[1::2]] == [item[:2] for item in forward]
            assert list(graph.pair_relations()) == [item[2] for item in forward]
        captions = frame.captions()
        assert captions is not None
        assert captions.brief is not None
        assert wanted.captions.brief is not None
        assert captions.brief.text == wanted.captions.brief.text
        assert [(item.question, item.answer, item.polarity) for item in captions.questions] == [
            (item.question, item.answer, item.polarity) for item in wanted.captions.questions
        ]
        for _, text in captions.texts():
            for mention in text.mentions:
                assert 0 <= mention.start < mention.end <= len(text.text)
                assert len(mention.paths) == len(mention.ids)
        for kind in (FileKind.PICTURE, FileKind.OVERLAY):
            path = frame.path(kind)
            assert path is not None
            assert path.is_file()
        segmentation = frame.annotator_path(Annotator.INSTANCE_SEGMENTATION)
        assert segmentation is not None
        assert segmentation.is_file()
        assert frame.annotator_path(Annotator.INSTANCE_SEGMENTATION, Part.MAPPING) is not None


@pytest.mark.parametrize("options", [{}, {"layout": "agent"}, {"layout": "object"}], ids=str)
def test_objects_hold_all_that_is_seen(tmp_path: Path, options: dict) -> None:
    frame = next(open_dataset(write_dataset(tmp_path, FRAMES[:1], **options)).frames())
    seen = {item.path: item for item in frame.objects()}
    assert list(seen) == sorted(item.path for item in FRAMES[0].objects)
    for item in FRAMES[0].objects:
        assert item.visibility is not None
        read = seen[item.path]
        expected = item.visibility.box_tight if item.visibility.visible_px else None
        assert (read.label, read.box_tight, read.visible_px) == (item.label, expected, item.visibility.visible_px)
        assert read.attributes == item.attributes


def test_a_graph_is_the_last_source_of_objects(tmp_path: Path) -> None:
    write_dataset(tmp_path, FRAMES[:1], layout="agent", save_sidecar=False, save_full_scene_graph=False)
    frame = next(open_dataset(tmp_path).frames())
    assert frame.graph() is None
    assert [item.path for item in frame.objects()] == sorted(item.path for item in FRAMES[0].visible)


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("s/variation_003/Cam/frame_0001/Captions/full_scene_graph.json", FileKind.FULL_GRAPH),
        ("Captions/Captions/pruned_scene_graph.json", FileKind.PRUNED_GRAPH),
        ("rgb/Image/rgb.png", FileKind.PICTURE),
        ("images/7_caption.png", FileKind.PICTURE),
        ("caption/caption_dict/7_caption.json", FileKind.CAPTIONS),
        ("Cam/caption/caption_0001.json", FileKind.CAPTIONS),
        ("Cam/caption/scene_graph_caption_0001.json", FileKind.CAPTIONS),
        ("replicator/scenecap_frame_0000.json", FileKind.SIDECAR),
        ("Cam/Captions/viz_camera_scene_graph.jpg", None),
        ("replicator/rgb_0000.png", None),
        ("xCaptions/full_scene_graph.json", None),
        ("notes.txt", None),
    ],
)
def test_files_are_told_by_their_paths(path: str, kind: FileKind | None) -> None:
    assert file_kind(path) is kind


def test_the_annotators_picture_serves_where_the_layout_has_none() -> None:
    flat = FileRecord("replicator/rgb_0000.png", 1, "")
    layout = FileRecord("Cam/Image/Cam.png", 1, "")
    assert layout_files([flat])[FileKind.PICTURE] is flat
    assert layout_files([flat, layout])[FileKind.PICTURE] is layout


@pytest.mark.parametrize("path", ["", "/etc/passwd", "../a", "a/../../b", "a\\b", "c:/a", "a\0b", "."])
def test_paths_that_leave_the_dataset_are_passed_over(path: str) -> None:
    assert not is_inside(path)
    assert file_kind(f"{path}/Image/x.png") is FileKind.PICTURE
    assert bool(layout_files([FileRecord(f"{path}/Image/x.png", 1, "")])) == is_inside(f"{path}/Image/x.png")


def test_faults_are_rows_and_no_frames(tmp_path: Path) -> None:
    write_dataset(tmp_path, FRAMES[:1], faults=[fault(FrameStatus.EMPTY, "nothing"), fault(FrameStatus.FAILED, "no")])
    dataset = open_dataset(tmp_path)
    assert [row.status.value for row in dataset.rows] == ["written", "empty", "failed"]
    assert len(list(dataset.frames())) == 1


def test_an_unfinished_run_is_a_dataset_too(tmp_path: Path) -> None:
    dataset = open_dataset(write_dataset(tmp_path, FRAMES, finished=False))
    assert dataset.unfinished
    assert len(list(dataset.frames())) == 2


def test_frames_are_read_one_by_one(tmp_path: Path) -> None:
    """A damaged frame costs only itself, and nothing is read before it is asked for."""
    dataset = open_dataset(write_dataset(tmp_path, FRAMES))
    frames = dataset.frames()
    first = next(frames)
    path = first.path(FileKind.CAPTIONS)
    assert path is not None
    path.write_text("{", encoding="utf-8")
    with pytest.raises(DatasetError, match="is not JSON"):
        first.captions()
    assert next(frames).captions() is not None


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[]", "not a JSON object"),
        ('{"obj": NaN}', "NaN is not JSON"),
        ('{"meta": {"format_version": "9.0"}}', "its format version is 9.0"),
        ('{"meta": {}}', "it has no key 'obj'"),
        ('{"obj": {"/A": {"class": 3}}, "meta": {}}', "3 is not a text"),
        ('{"obj": [], "edges": {}, "meta": {}}', "no attribute 'items'"),
        ("[" * 100_000, "is not JSON"),
    ],
)
def test_what_is_no_graph_says_so(tmp_path: Path, text: str, words: str) -> None:
    frame = next(open_dataset(write_dataset(tmp_path, FRAMES[:1])).frames())
    path = frame.path(FileKind.FULL_GRAPH)
    assert path is not None
    path.write_text(text, encoding="utf-8")
    with pytest.raises(DatasetError) as caught:
        frame.graph()
    assert str(caught.value).startswith("World_Cameras_Left/Captions/full_scene_graph.json: ")
    assert words in str(caught.value)
    path.unlink()
    with pytest.raises(DatasetError, match="is missing"):
        frame.graph()


def test_what_is_no_dataset_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for path, words in ((tmp_path / "none", "no such folder"), (tmp_path / "file", "is a file"), (tmp_path, "not a dataset")):
        with pytest.raises(UsageError, match=words):
            open_dataset(path)
    (tmp_path / "manifest.jsonl").write_text("{}\n", encoding="utf-8")
    with pytest.raises(UsageError, match="line 1"):
        open_dataset(tmp_path)


def test_unknown_keys_are_kept(tmp_path: Path) -> None:
    frame = next(open_dataset(write_dataset(tmp_path, FRAMES[:1])).frames())
    path = frame.path(FileKind.CAPTIONS)
    assert path is not None
    document = json.loads(path.read_bytes())
    document["later"] = 1
    path.write_text(json.dumps(document), encoding="utf-8")
    captions = frame.captions()
    assert captions is not None
    assert captions.raw["later"] == 1
