"""Where a key is read from, and that no key is ever kept."""

from __future__ import annotations

from pathlib import Path

import pytest

from scenecap_ui.model_form import DEFAULT_VARIABLE, KeySource, ModelForm
from scenecap_ui.settings_store import CarbStore, MemoryStore

SECRETS = ("nvapi-Zx81kqT0", "sk-proj-abcDEF", "hunter2", "0a1b2c3d4e5f")


@pytest.mark.parametrize("secret", SECRETS)
@pytest.mark.parametrize("place", ["variable", "file"])
def test_a_key_that_is_pasted_by_mistake_is_not_kept(secret: str, place: str) -> None:
    form, store = ModelForm({}), MemoryStore()
    field = getattr(form, place)
    field.set(secret)
    field.persist(store)
    assert secret not in str(store.values)


@pytest.mark.parametrize(
    "url", ["https://user:hunter2@host/v1", "https://host/v1?api_key=hunter2", "https://host/v1#hunter2", "http://[hunter2"]
)
def test_a_key_in_an_address_is_not_kept_and_is_said(url: str) -> None:
    form, store = ModelForm({}), MemoryStore()
    form.url.set(url)
    form.url.persist(store)
    assert "hunter2" not in str(store.values)
    form.model.set("m")
    assert not form.check()
    assert "Remove it" in form.url.error.value
    assert "hunter2" not in form.url.error.value


@pytest.mark.parametrize(
    ("url", "right"),
    [
        ("", True),
        ("http://localhost:8000/v1", True),
        ("https://integrate.example.com/v1", True),
        ("localhost:8000", False),
        ("ftp://host/v1", False),
        ("http://", False),
        ("http://host:port/v1", False),
    ],
)
def test_addresses(url: str, right: bool) -> None:
    form = ModelForm({})
    form.url.set(url)
    form.model.set("a-model")
    assert form.check() is right
    assert bool(form.url.error.value) is not right


def test_a_server_needs_a_model() -> None:
    form = ModelForm({})
    form.url.set("http://localhost:8000/v1")
    assert not form.check()
    assert form.model.error.value


def test_only_whether_a_key_is_there_is_said(tmp_path: Path) -> None:
    key = tmp_path / "key.txt"
    key.write_text("hunter2")
    form = ModelForm({"MY_KEY": "hunter2"})
    assert "no key" in form.key_state()
    form.source.set(KeySource.ENVIRONMENT.value)
    assert form.key_state() == f"{DEFAULT_VARIABLE} is not set in Isaac Sim's environment."
    form.variable.set("MY_KEY")
    assert form.key_state() == "MY_KEY is set."
    form.variable.set("nvapi-Zx81")
    assert form.key_state() == ""
    assert not form.check()
    assert "nvapi" not in form.variable.error.value
    form.source.set(KeySource.FILE.value)
    assert not form.check()
    form.file.set(str(key))
    assert form.key_state() == "The file is there."
    assert form.check()
    form.file.set(str(tmp_path / "none"))
    assert form.key_state() == "There is no such file."


def test_carb_keeps_under_one_prefix_and_types_are_checked() -> None:
    class Settings(dict):
        def set(self, path: str, value: object) -> None:
            self[path] = value

    settings = Settings({"/persistent/exts/scenecap.ui/model_name": ["not", "text"]})
    store = CarbStore(settings)
    form = ModelForm({})
    form.restore(store)
    assert form.model.value == ""
    form.model.set("llama")
    form.model.persist(store)
    assert settings["/persistent/exts/scenecap.ui/model_name"] == "llama"
