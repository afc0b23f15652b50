"""CaptionAPI and the settings: what was loaded applies, results come back, wrong cameras raise, no key is kept."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path
from typing import Any

import pytest

from scenecap.errors import CaptureError, ConfigError, UsageError
from tests.replicator.kit import Kit
from tests.replicator.scene import CAMERAS

FRONT, SIDE = CAMERAS
PREFIX = "/exts/scenecap.replicator"
CONFIG = """\
isaacsim.replicator.caption.core:
  version: 0.6.6
  camera_prim_path: {camera}
  output_path: {output}
  caption_configs:
    attach_label_to_usd: true
    visualize_caption: false
    qa_caption: true
"""


@pytest.fixture
def api(kit: Kit) -> Any:
    from scenecap_replicator.api import CaptionAPI

    CaptionAPI.reset()
    yield CaptionAPI
    CaptionAPI.reset()


def config_file(folder: Path, *, camera: str = SIDE) -> Path:
    file = folder / "config.yaml"
    file.write_text(CONFIG.format(camera=camera, output=folder / "out"), encoding="utf-8")
    return file


def get_captions(api: Any) -> dict[str, Any]:
    return asyncio.run(api.get_captions())


def test_a_loaded_config_applies_camera_and_output_and_the_result_comes_back(api: Any, kit: Kit, tmp_path: Path) -> None:
    api.load_config_file(config_file(tmp_path))
    result = get_captions(api)
    assert result["camera"] == SIDE
    assert {camera for camera, _ in kit.renderer.rendered} == {SIDE}
    assert {"/World/Table", "/World/Box"} <= set(result["nodes"])
    assert result["nodes"]["/World/Table"]["class"] == "table"
    assert result["edges"]["obj-obj"]
    assert "table" in result["global_caption"]
    assert result["brief_caption"]
    assert result["qa_caption"]
    assert result["exit_code"] == 0
    assert result["files"]
    assert all(Path(file).is_file() and Path(file).is_relative_to(tmp_path / "out") for file in result["files"])
    assert [frame["camera"] for frame in result["frames"]] == [SIDE]


def test_settings_go_before_the_config(api: Any, kit: Kit, tmp_path: Path) -> None:
    from scenecap_replicator.settings import ReplicatorCaptionSettings

    api.load_config_file(config_file(tmp_path))
    ReplicatorCaptionSettings.set_target_camera_prim_path(FRONT)
    ReplicatorCaptionSettings.set_output_folder_path(str(tmp_path / "elsewhere"))
    result = get_captions(api)
    assert result["camera"] == FRONT
    assert Path(result["output"]) == tmp_path / "elsewhere"


def test_the_settings_config_file_is_used_where_none_was_loaded(api: Any, kit: Kit, tmp_path: Path) -> None:
    kit.settings.values[f"{PREFIX}/config_file"] = str(config_file(tmp_path))
    assert api.config().job.cameras == (SIDE,)
    kit.settings.values[f"{PREFIX}/config_file"] = str(tmp_path / "none.yaml")
    with pytest.raises(ConfigError, match=r"none\.yaml"):
        api.config()


def test_a_wrong_camera_raises_with_the_nearest(api: Any, tmp_path: Path) -> None:
    api.load_config_file(config_file(tmp_path, camera="/World/Cameras/Sid"))
    with pytest.raises(UsageError, match=f"Did you mean {SIDE}"):
        get_captions(api)


def test_without_an_output_folder_nothing_starts(api: Any, kit: Kit) -> None:
    with pytest.raises(UsageError, match="output_path"):
        get_captions(api)
    assert kit.renderer.made == 0


def test_a_frame_that_cannot_be_made_raises_with_its_reason(api: Any, kit: Kit, tmp_path: Path) -> None:
    kit.renderer.broken = True
    api.load_config_file(config_file(tmp_path))
    with pytest.raises(CaptureError, match="renderer is gone"):
        get_captions(api)


def test_without_a_model_that_is_said(api: Any, kit: Kit) -> None:
    ok, reason = api.check_model()
    assert not ok
    assert "No model is set" in reason


def test_a_key_that_is_passed_is_neither_used_nor_kept(api: Any, kit: Kit, caplog: pytest.LogCaptureFixture) -> None:
    key = "sk-very-secret-1234"
    with caplog.at_level(logging.DEBUG):
        api.set_model_params("https://example.org/v1", "some-model", key, max_tokens=10, timeout=1.0)
    config = api.config()
    assert (config.job.engine.value, config.chat.name, config.chat.max_tokens) == ("chat", "some-model", 10)
    assert config.chat.url == "https://example.org/v1"
    assert key not in repr(config)
    assert "neither used nor kept" in caplog.text
    assert key not in caplog.text
    with pytest.raises(ConfigError, match="no such option"):
        api.set_model_params("https://example.org/v1", "m", max_token=1)
    api.reset()
    assert api.config().job.engine.value == "template"
    assert kit.settings.written == []
    assert key not in repr(vars(api))


@pytest.mark.parametrize("name", ["api_key", "model_key", "key", "nvidia_api_key", "token", "password", "client_secret"])
def test_a_secret_is_never_written_to_settings(kit: Kit, name: str) -> None:
    from scenecap_replicator.settings import write_setting

    with pytest.raises(UsageError, match="never stored"):
        write_setting(name, "sk-1", persistent=True)
    assert kit.settings.written == []


def test_no_setting_sounds_like_a_secret() -> None:
    from scenecap_replicator import settings

    assert not [name for name in settings.ReplicatorSettings.model_fields if settings._SECRET.search(name)]


def test_settings_are_read_persistent_before_session(kit: Kit) -> None:
    from scenecap_replicator.settings import read_settings, write_setting

    assert read_settings().rt_subframes == 8
    write_setting("rt_subframes", 4)
    assert read_settings().rt_subframes == 4
    write_setting("rt_subframes", 16, persistent=True)
    assert read_settings().rt_subframes == 16
    assert kit.settings.written == [f"{PREFIX}/rt_subframes", f"/persistent{PREFIX}/rt_subframes"]


def test_a_wrong_setting_is_named(kit: Kit) -> None:
    from scenecap_replicator.settings import read_settings, write_setting

    kit.settings.values[f"/persistent{PREFIX}/rt_subframes"] = 0
    with pytest.raises(ConfigError, match=f"/persistent{PREFIX}/rt_subframes"):
        read_settings()
    with pytest.raises(UsageError, match="no such setting"):
        write_setting("subframes", 3)
