"""The samples for clusters: YAML of the documented form, commands that our command line takes, configs that hold."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

import pytest
import yaml

from scenecap.cli.main import build_parser
from scenecap.cli.options import config_overrides
from scenecap.run.batch.settings import ExecutorKind
from scenecap.run.config import load_config

CLUSTER = Path(__file__).resolve().parents[1] / "config" / "cluster"


def read(name: str) -> Any:
    return yaml.safe_load((CLUSTER / name).read_text(encoding="utf-8"))


def check_command(words: list[str], files: dict[str, Path]) -> Any:
    """Parse a command as our command line does, and load the config that it names among the files that the sample brings."""
    assert words[0] == "scenecap"
    args = build_parser().parse_args(words[1:])
    assert args.command == "run"
    return load_config(files[args.config], overrides=config_overrides(args))


@pytest.mark.parametrize("name", ["rayjob.yaml", "osmo.yaml"])
def test_a_sample_says_that_it_was_not_run(name: str) -> None:
    header = (CLUSTER / name).read_text(encoding="utf-8").split("\n\n")[0]
    assert all(line.startswith("#") for line in header.splitlines()[:3])
    assert "NOT RUN" in header


def test_the_ray_job_runs_the_batch_on_its_own_cluster() -> None:
    job = read("rayjob.yaml")
    assert (job["apiVersion"], job["kind"]) == ("ray.io/v1", "RayJob")
    cluster = job["spec"]["rayClusterSpec"]
    head, workers = cluster["headGroupSpec"], cluster["workerGroupSpecs"]
    pods = [group["template"]["spec"] for group in (head, *workers)]
    mounts = [{mount["name"]: mount["mountPath"] for mount in pod["containers"][0]["volumeMounts"]} for pod in pods]
    for pod, mounted in zip(pods, mounts, strict=True):
        assert set(mounted) == {volume["name"] for volume in pod["volumes"]}
    # the driver runs on the head and reads the config map that the header makes of batch.yaml
    config = check_command(
        shlex.split(job["spec"]["entrypoint"]), {f"{mounts[0]['config']}/{name}": CLUSTER / name for name in ("batch.yaml",)}
    )
    assert config.batch.executor is ExecutorKind.RAY
    assert config.batch.ray.address == "auto"
    # every node sees scenes and output under one path
    assert {mounted["data"] for mounted in mounts} == {"/data"}
    assert all(path.startswith("/data/") for path in (*config.batch.scenes, str(config.job.output_path)))
    # the head's CPUs are the driver's: no worker there
    assert head["rayStartParams"]["num-cpus"] == "0"
    for group in workers:
        limits = group["template"]["spec"]["containers"][0]["resources"]["limits"]
        per_node = int(limits["cpu"]) / config.batch.ray.cpus_per_worker
        assert per_node * config.batch.limits.frame_memory_mb / 1024 < int(limits["memory"].removesuffix("Gi"))
        assert group["minReplicas"] <= group["replicas"] <= group["maxReplicas"]


def test_the_osmo_tasks_run_their_batches() -> None:
    workflow = read("osmo.yaml")["workflow"]
    names = [task["name"] for task in workflow["tasks"]]
    assert len(set(names)) == len(names) >= 2
    outputs = []
    for task in workflow["tasks"]:
        files = {item["path"]: CLUSTER / item["localpath"] for item in task["files"]}
        config = check_command([*task["command"], *task["args"]], files)
        assert config.batch.executor is ExecutorKind.PROCESSES
        assert all("{{input:0}}/" in scene for scene in config.batch.scenes)
        args = build_parser().parse_args(task["args"])
        assert args.out == "{{output}}"
        outputs += [item["url"] for item in task["outputs"]]
    assert len(set(outputs)) == len(outputs)
