"""The README keeps its word: its example runs, its commands are commands, its table has every column."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from VHIWorkflowLib.command_line.main import build_parser
from VHIWorkflowLib.files.results import COLUMNS, read_rows
from VHIWorkflowLib.files.worklists import read_worklist
from VHIWorkflowLib.phantom import make_phantom
from VHIWorkflowLib.study.case_inputs import CaseFiles
from VHIWorkflowLib.study.case_record import CaseKey
from VHIWorkflowLib.study.demo import write_phantom
from VHIWorkflowLib.study.measure_case import Request, measure_case
from VHIWorkflowLib.study.tutorial import write_tutorial
from VHIWorkflowLib.widget.shortcut_list import SHORTCUTS

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def commands() -> list[str]:
    """Lines of the README that call vhi, continued lines joined."""
    joined = README.replace("\\\n", " ")
    return [line.strip() for line in joined.splitlines() if line.startswith("    vhi ")]


def example_with(word: str) -> str:
    """The one Python example that has a word in it."""
    (found,) = (each for each in re.findall(r"```python\n(.*?)```", README, re.DOTALL) if word in each)
    return str(found)


def run_example(example: str, folder: Path) -> str:
    done = subprocess.run([sys.executable, "-c", example], cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_example_on_arrays_runs(tmp_path: Path) -> None:
    write_phantom(make_phantom(shape=(9, 96, 96)), tmp_path)
    assert "Thresholds(" in run_example(example_with("CleaningSession"), tmp_path)


@pytest.mark.slow
def test_the_example_for_the_console_of_slicer_runs(tmp_path: Path) -> None:
    """On the tutorial's cases, with the scene that Slicer's console has at hand."""
    pytest.importorskip("slicer_core", reason="slicer-core has no wheel for this Python")
    write_tutorial(tmp_path / "tutorial")
    prelude = "import slicer\nslicer.mrmlScene = slicer.vtkMRMLScene()\n"
    assert "Thresholds(" in run_example(prelude + example_with("Workflow(slicer.mrmlScene)"), tmp_path)
    (row,) = read_rows(tmp_path / "results" / "results.tsv")
    assert (row.case_id, row.time_point, row.reader) == ("tutorial 3", "baseline", "AB")


@pytest.mark.slow
def test_the_tutorial_says_what_its_cases_measure(tmp_path: Path) -> None:
    """With the truth as the reader, and the bundled models where a region is missing."""
    named = [float(number.replace(",", "")) for number in re.findall(r"\| ([\d,]+) mm3", README)]
    found = []
    for case in read_worklist(write_tutorial(tmp_path / "tutorial")):
        truth = case.stir.path.with_name("inflammation.nii.gz")
        files = CaseFiles(case.stir, case.t1w, case.normal_bone, case.disease_region, keep=truth)
        key = CaseKey(case.case_id, case.time_point, "truth")
        found.append(measure_case(Request(key, files, tmp_path / "out")).record.vhi.sensitive_mm3)
    assert named == pytest.approx(found, rel=0.02)  # networks round a little differently from machine to machine


@pytest.mark.parametrize("command", commands())
def test_every_command_is_understood(command: str) -> None:
    words = shlex.split(re.sub(r"\s#.*", "", command))  # a # inside a word is none for a shell
    assert build_parser().parse_args(words[1:]).run is not None


def test_shortcuts_are_those_of_the_module() -> None:
    """In the order of the module's own list; the keys of the reasons are one line."""
    section = README.split("## Shortcuts")[1].split("\n## ")[0]
    shown: list[tuple[str, str]] = []
    for keys, does in re.findall(r"^\| (`.+`) \| (.+) \|$", section, re.MULTILINE):
        first, *last = re.findall(r"`([^`]+)`", keys)
        numbers = [str(number) for number in range(int(first), int(last[0]) + 1)] if last else [first]
        shown += [(key, does) for key in numbers]
    assert shown == [(shortcut.keys, shortcut.does) for shortcut in SHORTCUTS]


def test_buttons_of_the_tutorial_are_in_the_panel() -> None:
    """What the tutorial prints bold is written on a button; but for headings, and what another module shows."""
    tutorial = README.split("## Tutorial")[1].split("\n## ")[0].replace("\n", " ")
    named = {each for each in re.findall(r"\*\*(.+?)\*\*", tutorial) if not re.match(r"\d\. ", each)}
    panel = ET.parse(ROOT / "VHIWorkflow" / "Resources" / "UI" / "VHIWorkflow.ui")
    texts = {node.findtext("string") or "" for node in panel.iter("property") if node.get("name") == "text"}
    assert {"Propose", "Find", "Cut"} <= named
    assert named - texts - {"VHIPhantom", "Undo"} == set()


def test_every_column_is_explained() -> None:
    named = set(re.findall(r"`(_?[a-z0-9_]+)`", README))
    unexplained = [
        name for name in COLUMNS if name not in named and not any(n[0] == "_" and name.endswith(n) for n in named)
    ]
    assert unexplained == []


@pytest.mark.parametrize("target", re.findall(r"\]\(([^)#][^)]*)\)", README))
def test_every_link_into_the_repository_leads_somewhere(target: str) -> None:
    assert target.startswith("http") or (ROOT / target).exists()
