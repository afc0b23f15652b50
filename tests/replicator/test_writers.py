"""The real writers on the stand-in of Replicator, from payloads of the embedded source."""

from __future__ import annotations

import asyncio
import importlib
import inspect
import json
import logging
import pickle
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from scenecap.contract import Frame
from scenecap.output.manifest import FrameStatus, read_manifest
from scenecap.run.config.load import make_config
from scenecap.run.embedded_run import EmbeddedRun
from scenecap.run.job import run_job
from scenecap.run.plan import FrameTask
from scenecap.stage.open import open_stage
from tests.replicator import payloads
from tests.replicator.scene import CAMERAS, captured

FRONT = "/World/Cameras/Front"
QUIET: dict[str, Any] = {"save_image": False, "visualize_caption": False, "fsync": False, "attach_label_to_usd": True}
SHAPES: dict[str, Callable[[dict[str, payloads.Outputs], dict[str, str]], dict[str, Any]]] = {
    "legacy": lambda given, cameras: (
        payloads.legacy(given) | {f"rp_{name}": {"camera": camera, "resolution": (1, 1)} for name, camera in cameras.items()}
    ),
    "renderProduct": lambda given, cameras: payloads.render_product_shape(given, cameras=cameras),
}


@pytest.fixture
def registry() -> Iterator[ModuleType]:
    """The writers, registered with the stand-in."""
    module = importlib.import_module("scenecap_replicator.writers.registry")
    names = module.register_writers(irc_loaded=False)
    yield module
    module.unregister_writers(names)


@pytest.fixture
def kit_stage() -> Iterator[SimpleNamespace]:
    """Kit's context, to put a stage into."""
    context = importlib.import_module("omni.usd").get_context()
    yield context
    context.stage = None


@pytest.fixture
def make(rep: ModuleType, registry: ModuleType, kit_stage: SimpleNamespace) -> Iterator[Callable[..., Any]]:
    """Make an attached writer by name."""
    importlib.import_module("omni.timeline").reset()
    writers = []

    def made(name: str, stage: Any = None, **kwargs: Any) -> Any:
        kit_stage.stage = captured().stage if stage is None else stage
        writer = rep.WriterRegistry.get(name)
        writer.initialize(**kwargs)
        writer.attach(["/Render/RenderProduct_Front"])
        writers.append(writer)
        return writer

    yield made
    for writer in writers:
        writer.detach()


def payload(shape: str = "renderProduct", cameras: tuple[str, ...] = (FRONT,)) -> dict[str, Any]:
    scene = captured()
    given = {f"rp{number}": payloads.outputs_of(scene.frames[path], scene.stage) for number, path in enumerate(cameras)}
    return SHAPES[shape](given, {f"rp{number}": path for number, path in enumerate(cameras)})


def tree(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file() and path.parent != folder}


def comparable(path: Path) -> dict[str, Any]:
    """Return a file without what rightly differs: where the frame came from, and the hash of all settings."""
    document = json.loads(path.read_text())
    for key in ("source", "config_hash"):
        document["meta"].pop(key)
    return document


class Remembering(EmbeddedRun):
    """Keeps the frames that it made, to make payloads of them."""

    cameras: int

    def tasks(self) -> tuple[FrameTask, ...]:
        self.made: dict[str, Frame] = {}
        return super().tasks()[: self.cameras]

    def observe(self, task: FrameTask) -> Frame:
        self.made[task.camera] = super().observe(task)
        return self.made[task.camera]


def assert_same_as_embedded(rep: ModuleType, make: Callable[..., Any], scene: Path, folder: Path, *, cameras: int) -> None:
    """Caption a stage with the embedded source and through SceneGraphWriter in both payload shapes; compare the files."""
    keys: dict[str, Any] = {
        **QUIET,
        "scene_path": str(scene),
        "resolution": [480, 360],
        "quality": "off",
        "layout": "agent",
        "pruning_strategy": "random",
        "pruning_ratio": 0.8,
        "qa_caption": True,
        "annotators": [],
        "output_path": str(folder / "embedded"),
        "workers": 1,
    }
    run = Remembering(make_config({**keys, "annotators": ["distance_to_image_plane", "instance_segmentation"]}))
    run.cameras = cameras
    run_job(make_config(keys), source=run)
    assert all(frame.visible for frame in run.made.values())
    stage = open_stage(str(scene)).stage
    names = {f"rp{number}": camera for number, camera in enumerate(run.made)}
    given = {name: payloads.outputs_of(run.made[camera], stage) for name, camera in names.items()}
    for shape, shaped in SHAPES.items():
        out = folder / shape
        options = {key: keys[key] for key in (*QUIET, "qa_caption", "pruning_ratio")}
        writer = make("SceneGraphWriter", stage, output_dir=str(out), caption_interval=1, **options)
        rep.deliver(writer, shaped(given, names))
        report = writer.drain()
        assert [outcome.row.reason for outcome in report.outcomes] == [""] * cameras
        expected = sorted(tree(folder / "embedded"))
        assert sorted(tree(out)) == expected
        assert len(expected) == 3 * cameras
        for name in expected:
            assert comparable(out / name) == comparable(folder / "embedded" / name), f"{shape}: {name}"


def test_the_demo_room_gives_the_embedded_sources_graphs_and_captions(
    rep: ModuleType, make: Callable[..., Any], tmp_path: Path
) -> None:
    room = Path(__file__).resolve().parents[2] / "examples" / "living_room" / "living_room.usda"
    assert_same_as_embedded(rep, make, room, tmp_path, cameras=2)


@pytest.mark.shared
@pytest.mark.parametrize(
    "name",
    [
        "libero_kitchen6/kitchen_scene6_close_the_microwave_cams.usda",
        "franka_kitchen/franka_kitchen_cams.usda",
        "robosuite_pickplace/robosuite_pickplace_cams.usda",
    ],
)
def test_other_peoples_kitchens_give_the_embedded_sources_graphs_and_captions(
    rep: ModuleType, make: Callable[..., Any], tmp_path: Path, shared: Path, name: str
) -> None:
    assert_same_as_embedded(rep, make, shared / "scenes" / name, tmp_path, cameras=1)


# Configs of the neighbours, as their documentation has them

AGENT_5 = """
isaacsim.replicator.agent:
  version: 0.7.28
  replicator:
    writer: SceneGraphWriter
    parameters:
      output_dir: OUT
      caption_config:
        save_full_scene_graph: true
        save_pruned_scene_graph: true
        pruning_ratio: 1.0
        random_seed: 0
        attach_label_to_usd: true
        use_ai_label: false
        visualize_caption: true
        max_object_capacity: 100
        export_edges: true
        export_world: false
        global_caption: true
        brief_caption: true
        qa_caption: false
        caption_only: false
        verbose: true
      caption_interval: 2
      scene_graph_interval: 1
      skip_frames: 1
      writer_interval: 1
      export_point_cloud: true
      export_depth: true
"""

AGENT_6 = """
isaacsim.replicator.agent:
  replicator:
    writers:
      SceneGraphWriter:
        output_dir: OUT
        semantic_filter_predicate: "class:*"
        rgb: true
        camera_params: true
        object_info_bounding_box_2d_tight: true
        object_info_bounding_box_2d_loose: false
        object_info_bounding_box_3d: true
        agent_info_skeleton_data: false
        save_full_scene_graph: true
        save_pruned_scene_graph: true
        pruning_ratio: 1.0
        random_seed: 0
        attach_label_to_usd: true
        use_ai_label: false
        visualize_caption: true
        max_object_capacity: 100
        export_edges: true
        export_world: false
        global_caption: true
        brief_caption: true
        qa_caption: false
        caption_only: false
        verbose: true
        scene_graph_interval: 2
        caption_interval: 1
"""

OBJECT = """
isaacsim.replicator.object:
  version: 0.4.13
  num_frames: 2
  seed: 7
  output_path: OUT
  output_switches:
    caption: True
    images: True
    labels: True
    distance_to_image_plane: True
    pointcloud: False
  caption_configs:
    caption_writer: CombinedIROSceneGraphWriter
    save_full_scene_graph: true
    save_pruned_scene_graph: true
    pruning_ratio: 1.0
    random_seed: 0
    attach_label_to_usd: true
    use_ai_label: false
    visualize_caption: true
    max_object_capacity: 100
    export_edges: true
    export_world: true
    global_caption: true
    brief_caption: true
    qa_caption: false
    caption_only: false
    verbose: true
  room_size: 8
"""


def config_file(folder: Path, text: str) -> str:
    path = folder / "config.yaml"
    path.write_text(text.replace("OUT", str(folder / "out")))
    return str(path)


def test_an_agent_config_of_isaac_sim_5_gives_its_tree(rep: ModuleType, make: Callable[..., Any], tmp_path: Path) -> None:
    writer = make("SceneGraphWriter", config=config_file(tmp_path, AGENT_5))
    for _ in range(4):  # the first is skipped
        rep.deliver(writer, payload())
    writer.drain()
    camera = "World_Cameras_Front"
    assert tree(tmp_path / "out") == {
        *(f"{camera}/caption_pruned_json/scene_graph_pruned_000{number}.json" for number in range(3)),
        *(f"{camera}/caption_full_json/scene_graph_full_000{number}.json" for number in range(3)),
        *(f"{camera}/caption_rgb/rgb_000{number}.jpg" for number in range(3)),
        *(f"{camera}/rgb/rgb_000{number}.png" for number in range(3)),
        *(f"{camera}/caption/caption_000{number}.json" for number in (0, 2)),
        *(f"{camera}/depth/depth_000{number}.npy" for number in range(3)),
        *(f"{camera}/pointcloud/pointcloud_000{number}.npy" for number in range(3)),
    }
    graph = json.loads((tmp_path / "out" / camera / "caption_full_json" / "scene_graph_full_0000.json").read_text())
    assert len(graph["obj"]) == 4
    assert all("world_3d_bbox" not in node for node in graph["obj"].values())


def test_an_agent_config_of_isaac_sim_6_gives_its_tree(rep: ModuleType, make: Callable[..., Any], tmp_path: Path) -> None:
    writer = make("SceneGraphWriter", config=config_file(tmp_path, AGENT_6))
    for _ in range(2):
        rep.deliver(writer, payload("legacy"))
    writer.drain()
    camera = "World_Cameras_Front"
    outputs = ("rgb", "camera_params", "bounding_box_2d_tight", "bounding_box_3d")
    found = tree(tmp_path / "out")
    assert {name for name in found if not name.startswith("replicator/")} == {
        f"{camera}/caption_pruned_json/scene_graph_pruned_0000.json",
        f"{camera}/caption_full_json/scene_graph_full_0000.json",
        f"{camera}/caption_rgb/rgb_0000.jpg",
        f"{camera}/rgb/rgb_0000.png",
        f"{camera}/rgb/rgb_0001.png",
        f"{camera}/caption/scene_graph_caption_0000.json",
        f"{camera}/caption/scene_graph_caption_0001.json",
    }
    written = {name.removeprefix("replicator/") for name in found if name.startswith("replicator/")}
    for output in outputs:
        assert any(name.startswith(f"{output}_0000") for name in written), output
    assert not any(name.startswith("bounding_box_2d_loose") for name in written)


@pytest.mark.parametrize(("name", "labels"), [("CombinedIROSceneGraphWriter", True), ("IROSceneGraphWriter", False)])
def test_an_object_config_gives_its_tree(
    rep: ModuleType, make: Callable[..., Any], tmp_path: Path, name: str, labels: bool
) -> None:
    writer = make(name, config=config_file(tmp_path, OBJECT))
    for _ in range(2):
        rep.deliver(writer, payload(cameras=tuple(CAMERAS)))
    writer.drain()
    expected = set()
    for seed in (7, 8):  # the job's seed and the frame's number
        for camera in ("Front", "Side"):
            expected |= {
                f"caption/caption_pruned_json/{seed}_{camera}.json",
                f"caption/caption_full_json/{seed}_{camera}.json",
                f"caption_rgb/{seed}_{camera}.jpg",
                f"{camera}/caption_dict/{seed}_{camera}.json",
                f"images/{seed}_{camera}.png",
            }
    found = tree(tmp_path / "out")
    assert {path for path in found if not path.startswith("replicator/")} == expected
    assert any("bounding_box_3d" in path for path in found) is labels
    assert any("distance_to_image_plane" in path for path in found)


def test_outputs_are_written_between_the_graphs_where_their_own_interval_says_so(
    rep: ModuleType, make: Callable[..., Any], tmp_path: Path
) -> None:
    keys = {**QUIET, "rgb": True, "scene_graph_interval": 3, "caption_interval": 6, "export_depth": True}
    writer = make("SceneGraphWriter", output_dir=str(tmp_path), writer_interval=2, **keys)
    for _ in range(5):
        rep.deliver(writer, payload())
    writer.drain()
    found = tree(tmp_path)
    assert {path.rsplit("_", 1)[1] for path in found if "caption_full_json" in path} == {"0000.json", "0003.json"}
    assert {path.rsplit("_", 1)[1] for path in found if path.startswith("replicator/rgb")} == {
        "0000.png",
        "0002.png",
        "0004.png",
    }
    assert {path.rsplit("_", 1)[1] for path in found if "/depth/" in path} == {"0000.npy", "0003.npy"}
    assert [row.frame_index for row in read_manifest(tmp_path)] == [0, 2, 3, 4]


def test_frames_between_the_graphs_are_left_out_where_no_output_is_asked_for(
    rep: ModuleType, make: Callable[..., Any], tmp_path: Path
) -> None:
    writer = make("SceneGraphWriter", output_dir=str(tmp_path), scene_graph_interval=3, **QUIET)
    for _ in range(5):
        rep.deliver(writer, payload())
    writer.drain()
    assert [row.frame_index for row in read_manifest(tmp_path)] == [0, 3]


def test_a_config_that_calls_the_writer_by_our_own_name_is_the_same(
    rep: ModuleType, make: Callable[..., Any], tmp_path: Path
) -> None:
    text = AGENT_6.replace("SceneGraphWriter:", "ScenecapSceneGraphWriter:")
    writer = make("ScenecapSceneGraphWriter", config=config_file(tmp_path, text))
    assert writer.config == make("SceneGraphWriter", config=config_file(tmp_path, AGENT_6)).config


def test_waiting_until_complete_leaves_the_event_loop_running(
    rep: ModuleType, make: Callable[..., Any], tmp_path: Path
) -> None:
    writer = make("SceneGraphWriter", output_dir=str(tmp_path), **QUIET)

    async def main() -> tuple[Any, int]:
        for _ in range(2):
            rep.deliver(writer, payload())
        waiting, turns = asyncio.ensure_future(writer.wait_until_complete_async()), 0
        while not waiting.done():
            turns += 1
            await asyncio.sleep(0)
        return waiting.result(), turns

    report, turns = asyncio.run(main())
    assert report.count(FrameStatus.WRITTEN) == 2
    assert turns > 2
    rep.deliver(writer, payload())  # the capture goes on
    assert writer.drain().count(FrameStatus.WRITTEN) == 3


def test_object_captions_can_be_switched_off(rep: ModuleType, make: Callable[..., Any], tmp_path: Path) -> None:
    switches = {"caption": False, "images": False}
    writer = make("CombinedIROSceneGraphWriter", output_dir=str(tmp_path), output_switches=switches, caption_configs=QUIET)
    rep.deliver(writer, payload())
    writer.drain()
    assert {path.split("/")[0] for path in tree(tmp_path)} == {"caption"}


# Our own writer


def test_scenecap_writer_takes_any_render_products_and_a_config_as_a_mapping(
    rep: ModuleType, make: Callable[..., Any], tmp_path: Path
) -> None:
    config = {"scenecap": {**QUIET, "annotators": [], "output_path": str(tmp_path)}}
    writer = make("ScenecapWriter", config=config, brief_caption=True)
    rep.deliver(writer, payload(cameras=tuple(CAMERAS)))
    report = writer.drain()
    assert report.count(FrameStatus.WRITTEN) == 2
    captions = sorted(path for path in tree(tmp_path) if path.endswith("scene_graph_caption.json"))
    assert [path.split("/")[0] for path in captions] == ["World_Cameras_Front", "World_Cameras_Side"]
    text = json.loads((tmp_path / captions[0]).read_text())["brief_caption"]
    assert "table" in text


def test_a_render_product_whose_camera_is_not_in_the_payload_is_looked_up_on_the_stage(
    rep: ModuleType, make: Callable[..., Any], tmp_path: Path
) -> None:
    from tests.replicator.scene import make_stage

    stage = make_stage()
    prim = stage.DefinePrim("/Render/OmniverseKit/HydraTextures/Replicator_03", "RenderProduct")
    prim.CreateRelationship("camera").SetTargets([FRONT])
    writer = make("ScenecapWriter", stage, output_dir=str(tmp_path), annotators=[], **QUIET)
    scene = captured()
    data = payloads.render_product_shape({"Replicator_03": payloads.outputs_of(scene.front, scene.stage)})
    rep.deliver(writer, data)
    (outcome,) = writer.drain().outcomes
    assert (outcome.row.status, outcome.row.camera) == (FrameStatus.WRITTEN, FRONT)


def test_without_a_stage_a_frame_rests_on_boxes_and_says_so(
    rep: ModuleType, make: Callable[..., Any], kit_stage: SimpleNamespace, tmp_path: Path
) -> None:
    writer = make("ScenecapWriter", output_dir=str(tmp_path), annotators=[], **QUIET)
    kit_stage.stage = None
    rep.deliver(writer, payload())
    (outcome,) = writer.drain().outcomes
    assert outcome.row.status is FrameStatus.WRITTEN
    assert any("boxes alone" in warning for warning in outcome.row.warnings)


_WITHOUT_NUMBA = """
import sys
sys.modules["numba"] = None
sys.path[:0] = PATHS
import omni.replicator.core as rep, omni.usd
from scenecap_replicator.writers.registry import register_writers
import pickle
register_writers(irc_loaded=False)
from pxr import Usd
omni.usd.get_context().stage = Usd.Stage.CreateInMemory("room.usda")
writer = rep.WriterRegistry.get("ScenecapWriter")
writer.initialize(output_dir=OUT, annotators=[], **KEYS)
writer.attach(["/Render/rp"])
with open(PAYLOAD, "rb") as file:
    rep.deliver(writer, pickle.load(file))
(outcome,) = writer.drain().outcomes
print(outcome.row.status.value, outcome.row.warnings)
"""


def test_without_numba_a_frame_rests_on_boxes_and_says_so(tmp_path: Path) -> None:
    stored = tmp_path / "payload.pickle"
    stored.write_bytes(pickle.dumps(payload()))
    facts = f"PATHS, OUT, PAYLOAD, KEYS = {sys.path!r}, {str(tmp_path / 'out')!r}, {str(stored)!r}, {QUIET!r}\n"
    run = subprocess.run(
        [sys.executable, "-c", facts + _WITHOUT_NUMBA], capture_output=True, text=True, timeout=100, check=False
    )
    assert run.stdout.startswith("written"), run.stderr
    assert "contacts come from boxes alone" in run.stdout
    assert "numba" in run.stdout


# Replicator's contract


@pytest.mark.parametrize("name", ["ScenecapWriter", "SceneGraphWriter", "IROSceneGraphWriter", "CombinedIROSceneGraphWriter"])
def test_the_recorder_can_use_the_writers(rep: ModuleType, registry: ModuleType, name: str, tmp_path: Path) -> None:
    writer = rep.WriterRegistry.get_writers()[name]
    assert rep.accepts_backend(writer)
    parameters = inspect.signature(writer.__init__).parameters
    assert "output_dir" in parameters
    assert any(item.kind is inspect.Parameter.VAR_KEYWORD for item in parameters.values())
    made = rep.WriterRegistry.get(name)
    made.initialize(backend=rep.BackendDispatch(output_dir=str(tmp_path)))
    assert made.output == tmp_path
    asked = {item.name: item.init_params for item in made.annotators}
    assert {"camera_params", "bounding_box_3d", "bounding_box_2d_tight", "instance_segmentation"} <= set(asked)
    assert asked["instance_segmentation"] == {"colorize": False}
    assert made.version != "0.0.0"


def test_no_annotator_is_asked_for_that_nothing_needs(rep: ModuleType, registry: ModuleType, tmp_path: Path) -> None:
    writer = rep.WriterRegistry.get("ScenecapWriter")
    writer.initialize(output_dir=str(tmp_path), annotators=[], **QUIET)
    names = {item.name for item in writer.annotators}
    assert not names & {"rgb", "normals", "semantic_segmentation"}


def test_ircs_names_are_left_alone_where_irc_is_loaded(rep: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    module = importlib.import_module("scenecap_replicator.writers.registry")
    monkeypatch.setitem(sys.modules, "isaacsim.replicator.caption.core", ModuleType("isaacsim.replicator.caption.core"))

    class SceneGraphWriter(rep.Writer):  # type: ignore[name-defined]
        """IRC's."""

    rep.WriterRegistry.register(SceneGraphWriter)
    try:
        names = module.register_writers()
        assert rep.WriterRegistry.get_writers()["SceneGraphWriter"] is SceneGraphWriter
        assert "ScenecapSceneGraphWriter" in names
        assert "SceneGraphWriter" not in names
        module.unregister_writers(names)
        assert set(rep.WriterRegistry.get_writers()) == {"SceneGraphWriter"}
        module.unregister_writers(names)  # once more does no harm
    finally:
        rep.WriterRegistry.unregister_writer("SceneGraphWriter")


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"prunning_ratio": 1.0}, "unknown key 'prunning_ratio'; did you mean 'pruning_ratio'"),
        ({"caption_config": {"brief_captoin": True}}, "did you mean 'brief_caption'"),
        ({"caption_intervall": 3}, "did you mean 'caption_interval'"),
        ({"caption_interval": 0}, "caption_interval: '0' is not allowed"),
        ({"skip_frames": True}, "skip_frames: 'True' is not allowed"),
        ({"queue_full": "wait"}, "queue_full: 'wait' is not allowed; give block or fail"),
        ({"semantic_types": ["class"], "semantic_filter_predicate": "class:*"}, "exclude each other"),
        ({"pruning_ratio": 2.0}, "pruning_ratio"),
        ({"output_switches": {"captoin": True}}, "did you mean 'caption'"),
        ({"drain_seconds": -1}, "drain_seconds"),
        ({"data_structure": "legcy"}, "data_structure"),
    ],
)
def test_wrong_keys_are_named(
    rep: ModuleType, registry: ModuleType, tmp_path: Path, keys: dict[str, Any], message: str
) -> None:
    from scenecap.errors import ConfigError

    writer = rep.WriterRegistry.get("SceneGraphWriter")
    with pytest.raises(ConfigError) as caught:
        writer.initialize(output_dir=str(tmp_path), **keys)
    assert message in str(caught.value)


def test_no_output_folder_is_an_error_with_the_remedy(rep: ModuleType, registry: ModuleType) -> None:
    from scenecap.errors import UsageError

    with pytest.raises(UsageError, match="Give output_dir"):
        rep.WriterRegistry.get("SceneGraphWriter").initialize()


def test_keys_of_the_neighbours_are_taken_and_told_once(
    rep: ModuleType, registry: ModuleType, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    writer = rep.WriterRegistry.get("SceneGraphWriter")
    with caplog.at_level(logging.INFO):
        writer.initialize(
            output_dir=str(tmp_path), s3_bucket="b", motion_vectors=False, object_info_bounding_box_9d=True, rgb=True
        )
    lines = [record.getMessage() for record in caplog.records if "no meaning here" in record.getMessage()]
    assert len(lines) == 1
    assert all(name in lines[0] for name in ("s3_bucket", "motion_vectors", "object_info_bounding_box_9d"))


def test_on_final_frame_returns_and_the_next_capture_starts_anew(
    rep: ModuleType, make: Callable[..., Any], tmp_path: Path
) -> None:
    writer = make("SceneGraphWriter", output_dir=str(tmp_path), **QUIET)
    for _ in range(2):
        rep.deliver(writer, payload())
    writer.on_final_frame()
    assert writer.drain().count(FrameStatus.WRITTEN) == 2
    assert [row.frame_index for row in read_manifest(tmp_path)] == [0, 1]
    rep.deliver(writer, payload())
    writer.on_final_frame()
    writer.detach()
    assert [row.frame_index for row in read_manifest(tmp_path)] == [0]


def test_warm_up_frames_take_no_number(rep: ModuleType, make: Callable[..., Any], tmp_path: Path) -> None:
    writer = make("SceneGraphWriter", output_dir=str(tmp_path), **QUIET)
    scene = captured()
    empty = payloads.empty_outputs(payloads.outputs_of(scene.front, scene.stage))
    for data in (payloads.legacy({"rp": empty}), payloads.legacy({"rp": empty}), payload("legacy"), payload("legacy")):
        rep.deliver(writer, data)
    writer.drain()
    assert [row.frame_index for row in read_manifest(tmp_path)] == [0, 1]


def test_a_damaged_payload_is_a_row_not_an_exception(rep: ModuleType, make: Callable[..., Any], tmp_path: Path) -> None:
    writer = make("SceneGraphWriter", output_dir=str(tmp_path), **QUIET)
    broken = payload()
    broken["renderProducts"]["rp0"]["bounding_box_3d"]["primPaths"] = ["/one"]
    for data in (payload(), broken, {}, payload()):
        rep.deliver(writer, data)
    writer.drain()
    assert [row.status.value for row in read_manifest(tmp_path)] == ["written", "failed", "written"]


def test_an_annotator_that_did_not_come_costs_what_it_tells_and_no_more(
    rep: ModuleType, make: Callable[..., Any], tmp_path: Path
) -> None:
    writer = make("ScenecapWriter", output_dir=str(tmp_path), annotators=[], **{**QUIET, "save_image": True})
    data = payload()
    del data["renderProducts"]["rp0"]["rgb"]
    rep.deliver(writer, data)
    (outcome,) = writer.drain().outcomes
    assert outcome.row.status is FrameStatus.WRITTEN
    assert [text for text in outcome.row.warnings if text.startswith("the payload has no rgb: no picture")]
    assert not any(path.endswith(".png") for path in tree(tmp_path))


def test_write_copies_and_returns_while_the_worker_is_busy(
    rep: ModuleType, make: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from scenecap_replicator import frame_sink

    release, threads = threading.Event(), []
    frame_of = frame_sink.frame_from_outputs

    def held(*args: Any) -> Frame:
        threads.append(threading.current_thread())
        assert release.wait(20)
        return frame_of(*args)

    monkeypatch.setattr(frame_sink, "frame_from_outputs", held)
    writer = make("SceneGraphWriter", output_dir=str(tmp_path), **QUIET)
    data = payload()
    rep.deliver(writer, data)  # returns although no frame can be made yet
    outputs = data["renderProducts"]["rp0"]
    for name in ("distance_to_image_plane", "instance_segmentation", "bounding_box_3d"):
        outputs[name]["data"][:] = 0  # Replicator uses its arrays again
    outputs["bounding_box_3d"]["primPaths"].clear()
    release.set()
    (outcome,) = writer.drain().outcomes
    assert outcome.row.status is FrameStatus.WRITTEN
    assert outcome.row.counts["nodes"] == 4
    assert threads != [threading.main_thread()]


class FakeSyntheticData:
    """The global filter."""

    predicate = "*:*"
    history: list[str] = []  # noqa: RUF012

    @classmethod
    def Get(cls) -> FakeSyntheticData:  # noqa: N802
        return cls()

    def get_instance_mapping_semantic_filter(self) -> str:
        return type(self).predicate

    def set_instance_mapping_semantic_filter(self, predicate: str) -> None:
        type(self).predicate = predicate
        type(self).history.append(predicate)


@pytest.mark.parametrize(
    ("keys", "during"),
    [
        ({"semantic_filter_predicate": "class:*"}, "class:*"),
        ({"semantic_types": ["class", "shape"]}, "class:*; shape:*"),
        ({}, "material:*"),
    ],
)
def test_the_semantic_filter_is_put_back(
    make: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, keys: dict[str, Any], during: str
) -> None:
    module = ModuleType("omni.syntheticdata")
    module.SyntheticData = FakeSyntheticData  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "omni.syntheticdata", module)
    monkeypatch.setattr(FakeSyntheticData, "predicate", "material:*")
    writer = make("SceneGraphWriter", output_dir=str(tmp_path), **QUIET, **keys)
    assert FakeSyntheticData.predicate == during
    writer.detach()
    assert FakeSyntheticData.predicate == "material:*"


def test_the_stage_is_unchanged_after_a_capture(rep: ModuleType, make: Callable[..., Any], tmp_path: Path) -> None:
    stage = captured().stage
    before = (stage.GetRootLayer().ExportToString(), stage.GetSessionLayer().ExportToString())
    writer = make("SceneGraphWriter", output_dir=str(tmp_path), **QUIET)
    rep.deliver(writer, payload())
    writer.detach()
    assert (stage.GetRootLayer().ExportToString(), stage.GetSessionLayer().ExportToString()) == before
