"""What 3D Slicer's Python lacks is not needed, nor a network: no filelock, tqdm, shtab, torch, and no connection."""

from __future__ import annotations

import csv
import os
import subprocess
import sys
from pathlib import Path

import pytest
from Agreement.two_readers import read_by_two
from CommandLine.command_lines import ENVIRONMENT, NAMES, Ran, run_process
from VHIWorkflowLib.files.worklists import WorklistCase, write_worklist
from VHIWorkflowLib.phantom import make_phantom
from VHIWorkflowLib.study.case_inputs import CaseFiles
from VHIWorkflowLib.study.demo import write_phantom

MISSING_IN_SLICER = ("filelock", "tqdm", "shtab", "torch", "skimage", "matplotlib", "pandas", "fastjsonschema")

BLOCK = f"""
import sys
class Missing:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {MISSING_IN_SLICER!r}:
            raise ModuleNotFoundError("No module named " + repr(name), name=name)
sys.meta_path.insert(0, Missing())
def refuse(event, arguments):
    if event in ("socket.connect", "socket.getaddrinfo", "socket.gethostbyname", "urllib.Request"):
        raise RuntimeError("the network was asked for: " + event)
sys.addaudithook(refuse)
"""


@pytest.fixture
def bare(tmp_path: Path) -> dict[str, str]:
    """Environment in which those packages cannot be imported and nothing connects, in all processes started in it."""
    (tmp_path / "bare").mkdir()
    (tmp_path / "bare" / "sitecustomize.py").write_text(BLOCK)
    path = os.pathsep.join([str(tmp_path / "bare"), os.environ.get("PYTHONPATH", "")])
    return {**ENVIRONMENT, "PYTHONPATH": path}


def measure(files: CaseFiles, out: Path, environment: dict[str, str]) -> Ran:
    masks = ("--normal-bone", files.normal_bone[0], "--disease-region", files.disease_region, "--keep", files.keep)
    scans = ("--stir", files.stir.path, "--t1", files.t1w.path)
    return run_process("measure", *scans, *masks, *NAMES, "--out", out, "--figure", environment=environment)


def test_a_case_is_measured_with_the_same_result(shared_files, tmp_path, bare):
    for name, environment in (("bare", bare), ("full", ENVIRONMENT)):
        ran = measure(shared_files, tmp_path / name / "out", environment)
        assert ran.status == 0, ran.err
    folders = [tmp_path / name / "out" / "S 01" / "baseline" / "AB" for name in ("bare", "full")]
    for name in ("labelmap.nii.gz", "segmentation.seg.nrrd"):
        assert (folders[0] / name).read_bytes() == (folders[1] / name).read_bytes()
    assert (folders[0] / "overview.png").is_file()
    rows = [read_rows(tmp_path / name / "out" / "results.tsv") for name in ("bare", "full")]
    assert rows[0] == rows[1]
    assert len(rows[0]) == 1


def read_rows(path: Path) -> list[dict[str, str]]:
    """Rows of a results table without their time stamps."""
    with path.open(encoding="utf-8", newline="") as file:
        return [{**row, "measured_at": ""} for row in csv.DictReader(file, delimiter="\t")]


def test_a_worklist_is_measured_and_what_fails_is_said(shared_files, tmp_path, bare):
    files = shared_files
    cases = [
        WorklistCase(name, "baseline", files.stir, files.t1w, (normal_bone,), files.disease_region)
        for name, normal_bone in zip("123", (*2 * files.normal_bone, tmp_path / "not there.nrrd"), strict=True)
    ]
    write_worklist(cases, tmp_path / "list.tsv")
    ran = run_process("batch", tmp_path / "list.tsv", "--jobs", 2, "--out", tmp_path / "out", environment=bare)
    assert ran.status == 2
    assert ran.out.startswith("2 measured, 1 failed")
    assert "not there.nrrd" in ran.err
    assert "Traceback" not in ran.err
    assert len(read_rows(tmp_path / "out" / "results.tsv")) == 2


def test_reports_are_written(tmp_path, bare):
    """Pages, tables and pictures of a study of two readers, without a network."""
    results = read_by_two(tmp_path)
    commands = {
        "agree": (f"{results}#AB", f"{results}#CD"),
        "consensus": (f"{results}#AB", f"{results}#CD", "--rule", "staple"),
        "report": (results, "--baseline", "pre", "--follow-up", "post"),
    }
    for command, arguments in commands.items():
        ran = run_process(command, *arguments, "--jobs", 2, "--out", tmp_path / command, environment=bare)
        assert ran.status == 0, ran.err
        assert ran.err == ""
        assert (tmp_path / command / "report.html").is_file()
    assert len(list((tmp_path / "report" / "patients").iterdir())) == 3


def test_completion_says_what_it_lacks(bare):
    assert "pip install shtab" in run_process("completion", "bash", environment=bare).problem


@pytest.mark.slow
def test_regions_are_found_for_scans_alone(tmp_path, bare):
    """The whole way of a case of the tutorial, with the bundled networks."""
    files = write_phantom(make_phantom(), tmp_path / "scans")
    scans = ("--stir", files.stir.path, "--t1", files.t1w.path)
    ran = run_process("measure", *scans, *NAMES, "--out", tmp_path / "out", environment=bare)
    assert ran.status == 0, ran.err
    (row,) = read_rows(tmp_path / "out" / "results.tsv")
    assert "disease_region" in row["model"]
    assert "normal_bone" in row["model"]


def test_the_block_blocks(bare):
    """The test environment does what the tests above rely on."""
    for code in ("import filelock", "import socket; socket.create_connection(('127.0.0.1', 9))"):
        done = subprocess.run([sys.executable, "-c", code], env=bare, capture_output=True, text=True, check=False)
        assert done.returncode == 1
        assert "ModuleNotFoundError" in done.stderr or "the network was asked for" in done.stderr
