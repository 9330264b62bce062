"""The README keeps its word: its example runs, its commands are commands, its table has every column."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from VHIWorkflowLib.command_line.main import build_parser
from VHIWorkflowLib.files.results import COLUMNS
from VHIWorkflowLib.phantom import make_phantom
from VHIWorkflowLib.study.demo import write_phantom

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def commands() -> list[str]:
    """Lines of the README that call vhi, continued lines joined."""
    joined = README.replace("\\\n", " ")
    return [line.strip() for line in joined.splitlines() if line.startswith("    vhi ")]


def test_the_python_example_runs(tmp_path: Path) -> None:
    write_phantom(make_phantom(shape=(9, 96, 96)), tmp_path)
    example = re.search(r"```python\n(.*?)```", README, re.DOTALL)
    assert example is not None
    done = subprocess.run(
        [sys.executable, "-c", example.group(1)], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "Thresholds(" in done.stdout


@pytest.mark.parametrize("command", commands())
def test_every_command_is_understood(command: str) -> None:
    words = shlex.split(command, comments=True)
    assert build_parser().parse_args(words[1:]).run is not None


def test_every_column_is_explained() -> None:
    named = set(re.findall(r"`(_?[a-z0-9_]+)`", README))
    unexplained = [
        name for name in COLUMNS if name not in named and not any(n[0] == "_" and name.endswith(n) for n in named)
    ]
    assert unexplained == []


@pytest.mark.parametrize("target", re.findall(r"\]\(([^)#][^)]*)\)", README))
def test_every_link_into_the_repository_leads_somewhere(target: str) -> None:
    assert target.startswith("http") or (ROOT / target).exists()
