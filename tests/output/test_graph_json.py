"""Graph files: the shape that code written against IRC reads, and nothing in them that the graph does not hold."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest

from scenecap.contract import LeftOut
from scenecap.graph.build import build_scene_graph
from scenecap.graph.model import INVERSE, Relation
from scenecap.graph.settings import GraphSettings
from scenecap.output.canonical import dumps
from scenecap.output.graph_json import encode_edges, graph_document
from scenecap.output.model import FrameResult
from scenecap.output.nodes_json import MAX_LEFT_OUT, left_out_json, visibility_json
from scenecap.output.relation_words import WORDS, relation_words
from tests.output.scenes import boxes_frame, job_facts

FRAME = boxes_frame()
GRAPH = build_scene_graph(FRAME)
RESULT = FrameResult(FRAME, GRAPH)


def read(which: str = "full", result: FrameResult = RESULT, **options) -> dict:
    return json.loads(dumps(graph_document(result, job_facts(), which=which, **options)))


@pytest.mark.parametrize("which", ["full", "pruned"])
def test_consumers_of_irc_files_find_what_they_read(which):
    document = read(which)
    objects = document["obj"]
    assert [item["id"] for item in objects.values()] == list(range(len(objects)))
    for path, item in objects.items():
        assert path.startswith("/World/")
        assert isinstance(item["class"], str)
        assert item["caption"] is None
        assert np.array(item["3d_bbox"]).shape == np.array(item["world_3d_bbox"]).shape == (8, 3)
    for edge in document["edges"]["obj-obj"]:
        assert objects[edge["source"]]["class"] == edge["source_name"]
        assert objects[edge["target"]]["class"] == edge["target_name"]
        assert set(edge["relation"].split(",")) <= set(WORDS.values())
        assert edge["relation"]


def test_boxes_are_in_the_camera_and_in_the_world():
    camera_to_world = np.linalg.inv(FRAME.camera.world_to_camera)
    for observed in FRAME.objects:
        item = read()["obj"][observed.path]
        world = np.array(item["world_3d_bbox"])
        assert np.abs(world - observed.corners_world).max() <= 5e-5
        camera = np.concatenate([np.array(item["3d_bbox"]), np.ones((8, 1))], axis=1)
        assert np.abs((camera @ camera_to_world)[:, :3] - world).max() < 3e-4
        assert (camera[:, 2] < 0).all()  # in front of the camera: -z is forward
        # The centre projects into the object's box.
        pixel, depth = FRAME.camera.project(world.mean(axis=0)[None])
        assert depth[0] == pytest.approx(-np.mean(camera[:, 2]), abs=1e-3)
        if item["visibility"]["truncated"]:
            continue
        x0, y0, x1, y1 = item["visibility"]["bbox_2d_loose"]
        assert x0 - 1 <= pixel[0, 0] <= x1 + 2
        assert y0 - 1 <= pixel[0, 1] <= y1 + 2


@pytest.mark.parametrize("which", ["full", "pruned"])
def test_each_pair_is_there_in_both_directions_with_inverse_words(which):
    inverse = {WORDS[one]: WORDS[other] for one, other in INVERSE.items()} | {"holds": None}
    document = read(which)
    edges = {(edge["source"], edge["target"]): edge for edge in document["edges"]["obj-obj"]}
    assert len(edges) == len(document["edges"]["obj-obj"])
    for (source, target), edge in edges.items():
        back = edges[target, source]
        assert {inverse[word] for word in edge["relation"].split(",")} == set(back["relation"].split(","))
        assert back["offset"] == [-value + 0.0 for value in edge["offset"]]
        assert (back["clock"] - edge["clock"]) % 12 == 6
        for key in ("distance", "center_distance", "margin", "weight", "evidence"):
            assert back[key] == edge[key]
    pairs = {frozenset((GRAPH.nodes[a].path, GRAPH.nodes[b].path)) for a, b, _ in document["pairs_without_relation"]}
    pairs |= {frozenset(pair) for pair in edges}
    table = {"full": GRAPH.full, "pruned": GRAPH.pruned}[which]
    assert pairs == {
        frozenset((GRAPH.nodes[a].path, GRAPH.nodes[b].path)) for a, b in zip(table.source, table.target, strict=True)
    }


def test_edges_say_what_the_graph_says():
    document = read()
    for edge in document["edges"]["obj-obj"]:
        source, target = (GRAPH.node_of(edge[end]) for end in ("source", "target"))
        relation = GRAPH.relation(source.id, target.id)
        assert edge["relation"] == relation_words(int(relation))
        offset = (source.observed.center_world - target.observed.center_world) @ FRAME.camera.viewer_to_world.T
        assert np.allclose(edge["offset"], offset, atol=2e-4)
        assert edge["center_distance"] == pytest.approx(np.linalg.norm(offset), abs=2e-4)
    mug = next(
        edge for edge in document["edges"]["obj-obj"] if edge["source_name"] == "mug" and edge["target_name"] == "table"
    )
    assert "supported by" in mug["relation"].split(",")


def test_fast_edges_are_the_bytes_of_the_general_encoder():
    for line in encode_edges(GRAPH.full, GRAPH):
        assert dumps(json.loads(line), levels=0).decode().rstrip("\n") == line


def test_labels_with_quotes_and_other_scripts_stay_data():
    nasty = 'mug "x": [1], \\ 杯'
    objects = tuple(dataclasses.replace(item, label=nasty) for item in FRAME.objects)
    frame = dataclasses.replace(FRAME, objects=objects)
    document = read(result=FrameResult(frame, build_scene_graph(frame)))
    assert {edge["source_name"] for edge in document["edges"]["obj-obj"]} == {nasty}


def test_without_edges_nothing_of_them_is_told():
    document = read(export_edges=False)
    assert document["edges"] == {"obj-obj": []}
    assert document["meta"]["edges_exported"] is False
    assert not {"pairs_without_relation", "between", "centered"} & set(document)
    assert document["obj"]


def test_without_world_nothing_is_in_world_space():
    document = read(export_world=False)
    keys = set()

    def walk(value):
        if isinstance(value, dict):
            keys.update(value)
            for item in value.values():
                walk(item)
        elif isinstance(value, list):
            for item in value:
                walk(item)

    walk({key: value for key, value in document.items() if key != "meta"})
    walk(document["meta"]["camera"])
    assert not [key for key in keys if "world" in key]


def test_meta_says_what_the_numbers_mean():
    meta = read("pruned")["meta"]
    assert meta["kind"] == "pruned_scene_graph"
    assert meta["units"]["length"] == "m"
    assert set(meta["frames_of_reference"]) == {"camera", "world", "viewer", "pixel"}
    assert (meta["config_hash"], meta["seed"], meta["scene"], meta["frame"]) == ("0" * 64, 7, "kitchen", 0)
    assert meta["camera"]["path"] == "/World/Cameras/Camera"
    assert np.allclose(meta["camera"]["world_to_camera"], FRAME.camera.world_to_camera, atol=1e-9)
    assert meta["nodes"] == len(GRAPH.nodes)


def test_support_tree_room_and_selection_are_told():
    graph = build_scene_graph(FRAME, GraphSettings(max_object_capacity=3))
    document = read(result=FrameResult(FRAME, graph))
    assert document["selection"]["capacity"] == document["selection"]["kept"] == 3
    assert {item["code"] for item in document["selection"]["dropped"]} == {"capacity"}
    document = read()
    tree = document["support_tree"]
    assert tree["root"] == "/World/Floor"
    by_id = {item["id"]: path for path, item in document["obj"].items()}
    assert {by_id[node] for node in tree["levels"]["1"]} == {"/World/Table", "/World/Chair"}
    table = document["obj"]["/World/Table"]["id"]
    assert document["obj"]["/World/Plate"]["id"] in tree["children"][str(table)]
    assert document["obj"]["/World/Bowl_1"]["support"]["level"] == 3
    assert document["room"][0]["kind"] == "floor"
    assert document["left_out"]["counts"] == {"guide": 1}
    assert document["setting"] == "kitchen"


def test_a_long_list_of_what_was_left_out_is_cut_and_counted():
    guides = [LeftOut(f"/G{number:05d}", "it is a guide", "guide") for number in range(1000)]
    many = (*guides, LeftOut("/A", "no", "empty"))
    shown = left_out_json(many)
    assert shown["counts"] == {"empty": 1, "guide": 1000}
    assert len(shown["items"]) == MAX_LEFT_OUT
    assert shown["not_listed"] == 1001 - MAX_LEFT_OUT
    assert shown["items"][0]["path"] == "/A"


def test_a_graph_that_was_not_built_is_an_error():
    graph = build_scene_graph(FRAME, full=False)
    with pytest.raises(ValueError, match="'full' is not there"):
        graph_document(FrameResult(FRAME, graph), job_facts(), which="full")


def test_words_cover_all_relations_once():
    assert set(WORDS) == {item for item in Relation if item}
    assert len(set(WORDS.values())) == len(WORDS)
    assert all("," not in word for word in WORDS.values())
    assert relation_words(int(Relation.LEFT | Relation.NEAR)) == "left,near"
    assert relation_words(0) == ""


def test_a_wholly_hidden_object_has_no_tight_box():
    hidden = dataclasses.replace(GRAPH.nodes[0].observed.visibility, visible_px=0, box_tight=(0, 0, -1, -1), median_depth=None)
    shown = visibility_json(hidden)
    assert shown["bbox_2d_tight"] is None
    assert shown["bbox_2d_loose"] == list(hidden.box_loose)
    assert visibility_json(None) is None
