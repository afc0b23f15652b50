"""Pictures of assets alone: whatever stands around them, upright, lit, with their colours counted."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("pxr", reason="needs usd-core (extra capture)")
pytest.importorskip("numba", reason="needs the extra capture")

from scenecap.capture.settings import Quality
from scenecap.capture.turntable.sheet import draw_sheet, sheet_bytes
from scenecap.capture.turntable.studio import AssetViews, Studio
from scenecap.errors import CaptureError
from scenecap.run.config import make_config
from scenecap.run.inspection import inspect_stage

HEAD = (
    '#usda 1.0\n(\n    defaultPrim = "World"\n    upAxis = "{up}"\n    metersPerUnit = {units}\n)\n\ndef Xform "World"\n{{\n'
)
CONE = """    def Xform "Beacon"
    {{
        double3 xformOp:translate = (1, 2, 3)
        uniform token[] xformOpOrder = ["xformOp:translate"]
        def Cone "Shape"
        {{
            uniform token axis = "{up}"
            double height = {height}
            double radius = {radius}
            {color}
        }}
    }}
"""
RED = "color3f[] primvars:displayColor = [(0.7, 0.02, 0.02)]"
#: A wall right before the cone, a box over it, and a light that would drown it in blue.
AROUND = """    def Cube "Crate"
    {
        double size = 1
        color3f[] primvars:displayColor = [(0.1, 0.8, 0.1)]
        double3 xformOp:translate = (1, 1.2, 3)
        float3 xformOp:scale = (4, 0.1, 6)
        uniform token[] xformOpOrder = ["xformOp:translate", "xformOp:scale"]
    }
    def DistantLight "Lamp"
    {
        float inputs:intensity = 5000
        color3f inputs:color = (0, 0, 1)
    }
"""


def stage(path: Path, *parts: str, up: str = "Z", units: float = 1.0) -> Path:
    path.write_text(HEAD.format(up=up, units=units) + "".join(parts) + "}\n", encoding="utf-8")
    return path


def beacon(*, up: str = "Z", scale: float = 1.0, color: str = RED) -> str:
    return CONE.format(up=up, height=0.6 * scale, radius=0.2 * scale, color=color)


def observe(scene: Path, path: str = "/World/Beacon", **keys) -> AssetViews:
    found = inspect_stage(make_config({"scene_path": str(scene)}))
    return Studio(found.world, found.moment, edge=96, **keys).observe(path)


def test_what_stands_around_and_lights_it_changes_nothing(tmp_path: Path) -> None:
    alone = observe(stage(tmp_path / "a.usda", beacon()))
    crowded = observe(stage(tmp_path / "b.usda", beacon(), AROUND))
    assert alone.size == crowded.size == (0.4, 0.4, 0.6)
    assert alone.color_shares == crowded.color_shares == (("red", 1.0),)
    assert len(alone.pictures) == 6
    for one, other in zip(alone.pictures, crowded.pictures, strict=True):
        assert np.array_equal(one.rgb, other.rgb)
    assert sheet_bytes(draw_sheet(alone)) == sheet_bytes(draw_sheet(crowded))


@pytest.mark.parametrize(("up", "units"), [("Z", 1.0), ("Y", 1.0), ("Y", 0.01)])
def test_it_stands_upright_and_is_lit(tmp_path: Path, up: str, units: float) -> None:
    asset = observe(stage(tmp_path / "s.usda", beacon(up=up, scale=1.0 / units), up=up, units=units))
    assert asset.size == pytest.approx((0.4, 0.4, 0.6), abs=1e-3)
    front = asset.pictures[4]
    assert 0.15 < front.share < 0.7
    red = (front.rgb[..., 0].astype(int) - front.rgb[..., 1] > 40).sum(axis=1)  # pixels of each row that show the cone
    rows = np.flatnonzero(red)
    assert red[rows[-len(rows) // 4]] > 2 * red[rows[len(rows) // 4]] > 0  # the tip is on top
    assert len(rows) > 0.7 * 96
    assert front.rgb.max() > 120


def test_a_colour_that_nobody_authored_is_not_known(tmp_path: Path) -> None:
    asset = observe(stage(tmp_path / "s.usda", beacon(color="")))
    assert (asset.color_shares, asset.color_known) == ((), 0.0)
    known = observe(stage(tmp_path / "t.usda", beacon()))
    assert known.color_known == 1.0


def test_black_and_white_things_stand_out_from_the_ground(tmp_path: Path) -> None:
    for value, name in ((0.01, "black"), (0.9, "white"), (0.42, "gray")):
        scene = stage(
            tmp_path / f"{name}.usda", beacon(color=f"color3f[] primvars:displayColor = [({value}, {value}, {value})]")
        )
        picture = observe(scene).pictures[4].rgb.astype(int)
        ground = np.median(picture[:6].reshape(-1, 3), axis=0)
        cone = np.median(picture[60:84, 40:56].reshape(-1, 3), axis=0)
        assert np.abs(cone - ground).max() > 25, name


def test_path_traced_views_show_the_same(tmp_path: Path) -> None:
    pytest.importorskip("mitsuba", reason="needs Mitsuba")
    pytest.importorskip("mitsuba_oidn", reason="needs the denoiser")
    scene = stage(tmp_path / "s.usda", beacon())
    draft, traced = observe(scene, views=4), observe(scene, views=4, quality=Quality.PREVIEW)
    assert draft.color_shares == traced.color_shares
    for one, other in zip(draft.pictures, traced.pictures, strict=True):
        assert np.abs(one.rgb.astype(int) - other.rgb.astype(int)).mean() < 20


@pytest.mark.parametrize("path", ["/World/Nothing", "/World"])
def test_what_is_no_object_is_a_named_error(tmp_path: Path, path: str) -> None:
    with pytest.raises(CaptureError, match=path):
        observe(stage(tmp_path / "s.usda", beacon()), path)
