"""What the commands do when all is well, and how they behave as programs: JSON, pipes, signals."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytest.importorskip("pxr", reason="needs usd-core (extra capture)")

from scenecap import __version__
from scenecap.cli.main import main
from tests.cli.stages import FLOOR, PROPS, camera, room, write_stage

FAST = ["--quality", "off", "--resolution", "96x72", "--set", "fsync=false"]


def contents(folder: Path) -> dict[str, bytes]:
    """All files but the log of the run, which holds times."""
    files = {str(path.relative_to(folder)): path for path in sorted(folder.rglob("*")) if path.is_file()}
    return {name: path.read_bytes() for name, path in files.items() if name != "run_log.jsonl"}


def test_caption_says_where_the_results_are_and_shows_the_first_caption(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["caption", str(room(tmp_path / "s.usda")), "--out", "out", *FAST]) == 0
    captured = capsys.readouterr()
    assert captured.err == ""
    lines = captured.out.splitlines()
    assert lines[0].startswith("1 of 1 frame written to out (")
    caption = json.loads((tmp_path / "out/World_Camera/Captions/scene_graph_caption.json").read_text(encoding="utf-8"))
    assert lines[-1] == caption["brief_caption"]


def test_caption_as_json_is_nothing_but_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    scene = write_stage(tmp_path / "s.usda", FLOOR, PROPS, camera("Ortho", projection="orthographic"), camera("Good"))
    assert main(["caption", str(scene), "--out", str(tmp_path / "out"), "--json", *FAST]) == 1
    document = json.loads(capsys.readouterr().out)
    assert (document["written"], document["failed"], document["empty"], document["exit_code"]) == (1, 1, 0, 1)
    assert [frame["status"] for frame in document["frames"]] == ["failed", "written"]
    assert all((tmp_path / "out" / name).is_file() for name in document["frames"][1]["files"])


def test_an_error_as_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["caption", str(tmp_path / "none.usda"), "--out", str(tmp_path / "out"), "--json"]) == 2
    assert json.loads(capsys.readouterr().out)["exit_code"] == 2


def test_quiet_says_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["caption", str(room(tmp_path / "s.usda")), "--out", str(tmp_path / "out"), "--quiet", *FAST]) == 0
    assert capsys.readouterr() == ("", "")


def test_the_users_scene_is_never_changed(tmp_path: Path) -> None:
    scene = room(tmp_path / "s.usda")
    before = (scene.read_bytes(), scene.stat().st_mtime_ns)
    main(["caption", str(scene), "--out", str(tmp_path / "out"), *FAST])
    main(["inspect", str(scene)])
    assert (scene.read_bytes(), scene.stat().st_mtime_ns) == before
    assert {path.name for path in tmp_path.iterdir()} == {"s.usda", "out"}


def test_a_config_file_and_the_options_make_the_same_dataset(tmp_path: Path) -> None:
    scene = room(tmp_path / "s.usda")
    assert (
        main(["caption", str(scene), "--out", str(tmp_path / "one"), *FAST, "--kinds", "brief,qa", "--set", "random_seed=3"])
        == 0
    )
    (tmp_path / "c.yaml").write_text(
        "scenecap:\n  scene_path: s.usda\n  output_path: two\n  quality: off\n  resolution: 96x72\n  fsync: false\n"
        "  caption_configs:\n    global_caption: false\n    random_seed: 3\n",
        encoding="utf-8",
    )
    assert main(["run", str(tmp_path / "c.yaml")]) == 0
    assert contents(tmp_path / "one") == contents(tmp_path / "two")


def test_an_isaac_sim_file_runs_unchanged(tmp_path: Path) -> None:
    room(tmp_path / "scene.usda")
    (tmp_path / "c.yaml").write_text(
        "isaacsim.replicator.caption.core:\n  version: 0.6.6\n  camera_prim_path: /World/Camera\n  scene_path: scene.usda\n"
        "  output_path: out\n  caption_configs:\n    attach_label_to_usd: true\n    qa_caption: false\n    verbose: false\n",
        encoding="utf-8",
    )
    assert main(["run", str(tmp_path / "c.yaml"), *FAST]) == 0
    captions = json.loads((tmp_path / "out/World_Camera/Captions/scene_graph_caption.json").read_text(encoding="utf-8"))
    assert captions["brief_caption"]
    assert captions["qa_caption"] is None
    assert (tmp_path / "out/World_Camera/Captions/pruned_scene_graph.json").is_file()


def test_what_was_written_can_be_captioned_again(tmp_path: Path) -> None:
    """capture: recorded on our own annotator outputs gives the same graphs and captions, bit for bit but for the source."""
    assert main(["caption", str(room(tmp_path / "s.usda")), "--out", str(tmp_path / "one"), *FAST]) == 0
    config = tmp_path / "c.yaml"
    config.write_text(
        "scenecap:\n  capture: recorded\n  recorded_path: one\n  output_path: two\n  annotators: []\n", encoding="utf-8"
    )
    assert main(["run", str(config), *FAST]) == 0
    for name in ("full_scene_graph.json", "pruned_scene_graph.json", "scene_graph_caption.json"):
        one, two = (json.loads((tmp_path / run / "World_Camera/Captions" / name).read_text("utf-8")) for run in ("one", "two"))
        one.pop("meta")
        two.pop("meta")
        assert one == two


def test_frames_nest_and_keep_their_numbers(tmp_path: Path) -> None:
    assert main(["caption", str(room(tmp_path / "s.usda")), "--out", str(tmp_path / "out"), *FAST, "--frames", "2..6:2"]) == 0
    rows = [json.loads(line) for line in (tmp_path / "out/manifest.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [(row["frame"], row["time_code"]) for row in rows] == [(2, 2.0), (4, 4.0), (6, 6.0)]
    assert (tmp_path / "out/World_Camera/frame_0004/Captions/scene_graph_caption.json").is_file()


def test_inspect_lists_objects_room_cameras(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    scene = room(tmp_path / "s.usda")
    assert main(["inspect", str(scene), "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert {item["path"]: item["label"] for item in document["objects"]} == {
        "/World/Crate_01": "crate",
        "/World/Mug": "mug",
        "/World/SM_OfficeChair_02": "office chair",
    }
    assert [item["path"] for item in document["cameras"]] == ["/World/Camera"]
    assert [item["kind"] for item in document["room"]] == ["floor"]
    assert document["objects"][1]["size_m"] == [0.2, 0.2, 0.2]
    assert main(["inspect", str(scene)]) == 0
    text = capsys.readouterr().out
    assert all(word in text for word in ("office chair", "/World/SM_OfficeChair_02", "prim's name", "/World/Camera", "floor"))


@pytest.mark.parametrize(
    ("prim", "words"),
    [("/World/Mug", "object 'mug'"), ("/World/Mug/Shape", "part of /World/Mug"), ("/World/Camera", "nothing that is drawn")],
)
def test_inspect_explains_one_prim(tmp_path: Path, capsys: pytest.CaptureFixture[str], prim: str, words: str) -> None:
    assert main(["inspect", str(room(tmp_path / "s.usda")), "--explain", prim]) == 0
    assert words in capsys.readouterr().out


def test_inspect_explain_names_the_nearest_prim(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["inspect", str(room(tmp_path / "s.usda")), "--explain", "/World/Mgu"]) == 2
    assert "Did you mean /World/Mug?" in capsys.readouterr().err


def test_doctor(capsys: pytest.CaptureFixture[str]) -> None:
    code = main(["doctor", "--json"])
    document = json.loads(capsys.readouterr().out)
    assert document["scenecap"] == __version__
    assert (code == 0) is document["ready"]
    by_name = {item["package"]: item for item in document["libraries"]}
    assert by_name["numpy"]["works"]
    assert all(item["enables"] for item in by_name.values())
    assert main(["doctor"]) == code
    assert "usd-core" in capsys.readouterr().out


def test_doctor_tells_what_is_missing(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "mitsuba", None)
    monkeypatch.setitem(sys.modules, "numba", None)
    assert main(["doctor"]) == 1
    text = capsys.readouterr().out
    assert "numba is installed but does not load" in text
    assert "pip install 'scenecap[capture]'" in text


def test_config_prints_defaults_and_schema(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["config"]) == 0
    (tmp_path / "c.yaml").write_text(capsys.readouterr().out, encoding="utf-8")
    assert main(["config", str(tmp_path / "c.yaml"), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["scenecap"]["quality"] == "preview"
    assert main(["config", "--schema"]) == 0
    assert json.loads(capsys.readouterr().out)["$schema"].startswith("https://json-schema.org")


@pytest.mark.parametrize(
    "command", [[], ["caption"], ["run"], ["inspect"], ["labels"], ["labels", "set"], ["config"], ["doctor"]]
)
def test_every_command_has_help(command: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*command, "--help"]) == 0
    assert "usage: scenecap" in capsys.readouterr().out


def test_version_and_python_m() -> None:
    done = subprocess.run([sys.executable, "-m", "scenecap", "--version"], capture_output=True, text=True, check=True)
    assert done.stdout == f"scenecap {__version__}\n"


def test_help_is_quick() -> None:
    """It must not import what only a run needs."""
    code = "import sys; from scenecap.cli.main import build_parser; build_parser(); print(sorted(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.replace("'", "").strip("[]\n").split(", "))
    assert not loaded & {"pxr", "numba", "mitsuba", "scipy", "networkx"}


def test_a_reader_that_goes_away_is_no_error(tmp_path: Path) -> None:
    scene = write_stage(tmp_path / "s.usda", FLOOR, PROPS, camera())
    with subprocess.Popen(
        [sys.executable, "-m", "scenecap", "inspect", str(scene), "--json"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        errors = process.stderr.read()
        assert process.wait(timeout=60) in (0, 141)
    assert errors == b""


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
def test_ctrl_c_is_one_line_and_what_is_written_is_whole(tmp_path: Path) -> None:
    scene = room(tmp_path / "s.usda")
    # A shell's background job ignores SIGINT, and so does all that it starts: the child takes it up again.
    main = (
        "import signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler); "
        "from scenecap.cli.main import main; sys.exit(main())"
    )
    command = [
        sys.executable,
        "-c",
        main,
        "caption",
        str(scene),
        "--out",
        str(tmp_path / "out"),
        "--frames",
        "0..5000",
        "--quiet",
        *FAST,
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        deadline = time.monotonic() + 60
        manifest = tmp_path / "out" / "manifest.jsonl"
        while process.poll() is None and time.monotonic() < deadline and not (manifest.is_file() and manifest.stat().st_size):
            time.sleep(0.02)
        process.send_signal(signal.SIGINT)
        try:
            _, errors = process.communicate(timeout=60)
        finally:
            process.kill()  # a child that did not heed it must not keep the suite waiting for its 5,000 frames
        assert process.returncode == 130
    assert len(errors.splitlines()) == 1, errors
    assert "Traceback" not in errors
    for line in manifest.read_text(encoding="utf-8").splitlines():
        assert all((tmp_path / "out" / item["path"]).stat().st_size == item["bytes"] for item in json.loads(line)["files"])


def test_a_plan_names_the_output_as_one_would(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The path of a config file's ``../out`` has no way there and back in it."""
    room(tmp_path / "s.usda")
    (tmp_path / "config").mkdir()
    text = "scenecap:\n  scene_path: ../s.usda\n  output_path: ../out\n  quality: off\n  resolution: 96x72\n"
    (tmp_path / "config" / "c.yaml").write_text(text, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    assert main(["run", "config/c.yaml", "--plan"]) == 0
    assert capsys.readouterr().out.startswith("1 frame of 1 scene would be written to out:\n")
    assert main(["run", "config/c.yaml", "--plan", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["output"] == str(tmp_path / "out")
    assert not (tmp_path / "out").exists()
