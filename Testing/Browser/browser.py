"""A page of ours in a headless Chromium, as its reader sees it: how long it takes to open, and what axe says of it."""

from __future__ import annotations

import os
import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "msedge")
SERIOUS = ("serious", "critical")
Scheme = Literal["light", "dark"]


class NoBrowserError(Exception):
    """Why no page can be opened here; one sentence."""


@dataclass(frozen=True)
class Opened:
    """A page that is open, how long that took, and what it asked for besides itself."""

    page: Page
    seconds: float
    requests: tuple[str, ...]

    def serious_findings(self) -> list[str]:
        """What axe finds serious or critical: rule and first place."""
        from axe_playwright_python.sync_playwright import Axe

        found = Axe().run(self.page).response["violations"]
        return [f"{each['id']}: {each['nodes'][0]['html'][:120]}" for each in found if each["impact"] in SERIOUS]


def browser_program() -> str:
    """Path of a Chromium: that in VHI_CHROMIUM, else the first on the search path.

    Raises
    ------
    NoBrowserError
        If there is none, or the packages of the extra ``browser`` are not installed.
    """
    try:
        import axe_playwright_python  # noqa: F401
        import playwright  # noqa: F401
    except ImportError as error:
        raise NoBrowserError(f"{error.name} is not installed: pip install '.[browser]'") from error
    found = os.environ.get("VHI_CHROMIUM") or next(filter(None, map(shutil.which, PROGRAMS)), None)
    if found is None:
        raise NoBrowserError("there is no Chromium; install one, or name it in VHI_CHROMIUM")
    return found


@contextmanager
def browser() -> Iterator[Browser]:
    """A headless browser.

    Raises
    ------
    NoBrowserError
        As `browser_program`.
    """
    program = browser_program()
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        rights = ["--no-sandbox"] if sys.platform == "linux" and os.geteuid() == 0 else []
        opened = driver.chromium.launch(executable_path=program, args=rights)
        try:
            yield opened
        finally:
            opened.close()


def open_page(browser: Browser, path: Path, scheme: Scheme = "light") -> Opened:
    """Open a file offline and wait until it is drawn."""
    page = browser.new_page(color_scheme=scheme, viewport={"width": 1200, "height": 900})
    page.context.set_offline(True)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    start = time.perf_counter()
    page.goto(path.resolve().as_uri(), wait_until="load")
    page.evaluate("() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
    seconds = time.perf_counter() - start
    beyond = tuple(url for url in asked if url != path.resolve().as_uri() and not url.startswith("data:"))
    return Opened(page, seconds, beyond)
