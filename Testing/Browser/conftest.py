"""A browser for all tests of this room, loudly skipped where there is none."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from Browser.browser import NoBrowserError, browser, browser_program


@pytest.fixture(scope="session")
def chromium() -> Iterator[object]:
    """A headless browser."""
    try:
        browser_program()
    except NoBrowserError as error:
        pytest.skip(f"THE PAGES WERE NOT OPENED IN A BROWSER: {error}")
    with browser() as opened:
        yield opened


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say it once more where nobody can overlook it."""
    try:
        browser_program()
    except NoBrowserError as error:
        terminalreporter.write_sep("!", "NO PAGE OPENED IN A BROWSER", red=True, bold=True)
        terminalreporter.write_line(f"{error}: looks, sorting and accessibility of the reports were not tested.")
