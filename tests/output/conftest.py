"""Chromium, driven as a person would drive it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

#: Quiet, without a GPU, and without the browser's own errands on the network.
_OPTIONS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
_NAMES = ("chromium", "chromium-browser", "google-chrome")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Headless Chromium: the one named by SCENECAP_CHROMIUM, else the system's.

    For a module, not for longer: while it is there, its thread counts as inside of an event loop, and asyncio.run is refused.
    """
    api = pytest.importorskip("playwright.sync_api", reason="needs the package playwright (extra test)")
    program = os.environ.get("SCENECAP_CHROMIUM") or next(filter(None, map(shutil.which, _NAMES)), None)
    if program is None:
        pytest.skip("needs Chromium (Debian: apt install chromium), or its path in SCENECAP_CHROMIUM")
    with api.sync_playwright() as player:
        try:
            started = player.chromium.launch(executable_path=program, args=list(_OPTIONS), timeout=60_000)
        except api.Error as error:
            pytest.skip(f"{program} does not start ({str(error).splitlines()[0]})")
        yield started
        started.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page that notes what must not happen: errors, dialogs, and anything asked of a network."""
    opened = browser.new_page(viewport={"width": 1300, "height": 850})
    opened.set_default_timeout(20_000)
    amiss: list[str] = []
    opened.on("console", lambda message: amiss.append(f"{message.type}: {message.text}"))
    opened.on("pageerror", lambda error: amiss.append(f"error: {error}"))
    opened.on("dialog", lambda dialog: (amiss.append(f"dialog: {dialog.message}"), dialog.dismiss()))
    opened.on(
        "request",
        lambda sent: None if sent.url.startswith(("file:", "data:", "blob:")) else amiss.append(f"asked: {sent.url}"),
    )
    opened.on("requestfailed", lambda sent: amiss.append(f"failed: {sent.url[:200]}"))
    yield opened
    opened.close()
    assert amiss == []
