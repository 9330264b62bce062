"""What all tests share: the real cases, loudly skipped where they are absent."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest
from RealCases import REAL_CASES


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip tests of real cases where the scans are absent."""
    if REAL_CASES.is_dir():
        return
    skip = pytest.mark.skip(reason=f"THE REAL CASES WERE NOT TESTED: {REAL_CASES} is absent")
    for item in items:
        if "real_cases" in item.keywords:
            item.add_marker(skip)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say it once more where nobody can overlook it."""
    if not REAL_CASES.is_dir():
        terminalreporter.write_sep("!", "REAL CASES NOT TESTED", red=True, bold=True)
        terminalreporter.write_line(f"{REAL_CASES} is absent: nothing was compared with the published figures.")


@pytest.fixture(scope="session")
def repository() -> Path:
    """Root of the repository."""
    return Path(__file__).resolve().parent.parent


@pytest.fixture
def environment() -> dict[str, str]:
    """Environment for child processes."""
    return {**os.environ, "PYTHONWARNINGS": "error"}


def pytest_configure() -> None:
    """Let programs that tests start be interrupted, also where this one was started in the background of a shell."""
    if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
