"""The benchmark of the whole program runs, and its figures belong together."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

pytest.importorskip("numba")
pytest.importorskip("pxr")

SCRIPT = Path(__file__).resolve().parents[2] / "scripts" / "bench" / "bench_pipeline.py"


@pytest.fixture(scope="module")
def bench() -> ModuleType:
    spec = importlib.util.spec_from_file_location("bench_pipeline", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["bench_pipeline"] = module  # its dataclasses look themselves up
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    ("triangles", "least", "most"), [(0, 1, 1000), (100, 60, 140), (1000, 800, 1200), (10_000, 9000, 11_000)]
)
def test_a_ball_has_about_as_many_triangles_as_were_asked_for(
    bench: ModuleType, tmp_path: Path, triangles: int, least: int, most: int
) -> None:
    from pxr import Usd, UsdGeom

    stage = Usd.Stage.Open(str(bench.write_scene(tmp_path / "s.usda", 4, 2, triangles=triangles)))
    shapes = [prim for prim in stage.Traverse() if prim.GetName() == "Shape"]
    assert len(shapes) == 4
    for prim in shapes:
        counts = UsdGeom.Mesh(prim).GetFaceVertexCountsAttr().Get() if prim.IsA(UsdGeom.Mesh) else [3]
        assert least <= sum(count - 2 for count in counts) <= most


def test_a_run_is_measured_and_leaves_nothing(bench: ModuleType, tmp_path: Path) -> None:
    case = bench.Case(objects=5, resolution="64x48")
    done = bench.Bench(tmp_path, 0.2).measure(case)
    assert done.rate > 0
    assert 0 < sum(done.steps.values()) <= done.frame
    assert 0 < done.beside < 1
    assert [path.name for path in tmp_path.iterdir()] == ["scene_5_0.usda"]


@pytest.mark.slow
def test_the_table_has_a_row_for_each_case() -> None:
    options = "--objects 5 --resolution 64x48 --quality off --workers 1 2 --seconds 0.1"
    done = subprocess.run([sys.executable, str(SCRIPT), *options.split()], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    rows = [line.split("|") for line in done.stdout.splitlines()]
    assert len(rows) == 4
    assert len({len(row) for row in rows if row[1].strip() != "---"}) == 1
    assert [row[4].strip() for row in rows[2:]] == ["1", "2"]
