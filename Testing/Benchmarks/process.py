"""Whole processes, start-up included: ``vhi measure``, ``vhi --help``, memory, and ``vhi batch`` with 1 and 2 jobs.

Every run writes into a fresh folder. Scans lie in the operating system's file cache after the first run. How much two
jobs can gain on this machine at this moment is measured in the same rounds with a plain loop, alone and twice at once.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from Benchmarks.benchmark_cases import USUAL_CASE, all_cases
from Benchmarks.child_process import Runs, run
from Benchmarks.side_by_side import Times, arguments, ratios, table, target, title
from RealCases import real_cases
from VHIWorkflowLib.files.scans import Scan
from VHIWorkflowLib.study.case_inputs import CaseFiles

WANTED_MEASURE_SECONDS = 1.5
WANTED_HELP_SECONDS = 0.3
WANTED_MB = 600.0
WANTED_BATCH_RATIO = 1.7
VHI = (sys.executable, "-m", "VHIWorkflowLib")
LOOP = (sys.executable, "-c", "sum(n * n for n in range(30_000_000))")


def case_files(folder: Path) -> dict[str, CaseFiles]:
    """Files of the real cases, or of phantoms written into a folder."""
    found = {
        case.case_id: CaseFiles(
            Scan(case.stir_path), Scan(case.t1_path), (case.normal_bone_path,), case.disease_region_path
        )
        for case in real_cases()
    }
    return found or {case.name: case.write(folder / case.name) for case in all_cases()}


def measure_command(name: str, files: CaseFiles, out: Path) -> list[str]:
    """``vhi measure`` of a case."""
    return [
        *(*VHI, "measure", "--stir", str(files.stir), "--t1", str(files.t1w)),
        *("--normal-bone", str(files.normal_bone[0]), "--disease-region", str(files.disease_region)),
        *("--case", name, "--time-point", "baseline", "--reader", "benchmark", "--out", str(out)),
    ]


def report_measure(name: str, files: CaseFiles, folder: Path, rounds: int) -> None:
    """``vhi measure`` and what it is made of."""
    title(f"process: vhi measure of {name}, and what start-up costs without it")
    paths = [str(files.stir), str(files.t1w), str(files.normal_bone[0]), str(files.disease_region)]
    stages_script = str(Path(__file__).with_name("measure_stages.py"))
    runs = {
        what: Runs() for what in ("vhi measure", "vhi measure --figure", "vhi --help", "python alone", "numpy alone")
    }
    stages: list[dict[str, float]] = []
    for number in range(rounds + 1):  # the first warms up
        measure = measure_command(name, files, folder / f"measure {number}")
        drawn = [*measure_command(name, files, folder / f"figure {number}"), "--figure"]
        commands: dict[str, Sequence[str]] = {
            "vhi measure": measure,
            "vhi measure --figure": drawn,
            "vhi --help": (*VHI, "--help"),
            "python alone": (sys.executable, "-c", "pass"),
            "numpy alone": (sys.executable, "-c", "import numpy"),
        }
        for what, command in commands.items():
            run(command, runs[what] if number else None)
        printed = run((sys.executable, stages_script, *paths, str(folder / f"stages {number}")))
        if number:
            stages.append(json.loads(printed))
    for what, each in runs.items():
        print(f"{what:<20} {each.times.in_s()}, peak {each.peak_mb:.0f} MB")
    target(f"vhi measure of {name}", runs["vhi measure"].times.median, WANTED_MEASURE_SECONDS, "s wall, median")
    target(f"vhi measure of {name}", runs["vhi measure"].times.median_cpu, WANTED_MEASURE_SECONDS, "s CPU, median")
    target("vhi --help", runs["vhi --help"].times.median, WANTED_HELP_SECONDS, "s wall, median")
    target(f"memory of vhi measure, {name}", runs["vhi measure"].peak_mb, WANTED_MB, "MB peak")
    target("memory, picture included", runs["vhi measure --figure"].peak_mb, WANTED_MB, "MB peak")
    title("process: the same in one process, stage by stage (wall seconds)")
    rows = []
    for stage in stages[0]:
        seconds = [each[stage] for each in stages]
        rows.append([stage, f"{statistics.median(seconds):.3f}", f"{min(seconds):.3f}", f"{max(seconds):.3f}"])
    table(["stage", "median", "lowest", "highest"], rows)


def report_batch(cases: dict[str, CaseFiles], folder: Path, rounds: int) -> None:
    """``vhi batch`` with one and two jobs, side by side with what two processes can gain at all."""
    title(f"process: vhi batch over {len(cases)} cases")
    everything = _write_worklist(folder / "all.tsv", cases)
    single = _write_worklist(folder / "one.tsv", dict([next(iter(cases.items()))]))
    variants = {"--jobs 1": (everything, 1), "--jobs 2": (everything, 2), "--jobs 1, one case": (single, 1)}
    runs = {name: Runs() for name in variants}
    loops = {jobs: Times() for jobs in (1, 2)}
    for number in range(rounds + 1):  # the first warms up
        for name, (worklist, jobs) in variants.items():
            out = folder / f"batch {number} {name}"
            command = (*VHI, "batch", str(worklist), "--out", str(out), "--jobs", str(jobs))
            run(command, runs[name] if number else None)
        if number:
            for jobs, each in loops.items():
                each.add(_two_loops(at_once=jobs), 0.0)
    for name, found in runs.items():
        print(f"{name:<20} {found.times.in_s()} of all processes, largest peak {found.peak_mb:.0f} MB")
    one, two, start = (runs[name].times for name in variants)
    print(
        f"wall time a case     {one.median / len(cases):.3f} s with one job, {two.median / len(cases):.3f} s with two"
    )
    gains, possible = ratios(one.wall, two.wall), ratios(loops[1].wall, loops[2].wall)
    print(f"--jobs 2 is {statistics.median(gains):.2f} times as fast ({min(gains):.2f} to {max(gains):.2f})")
    print(
        f"two plain loops at once are {statistics.median(possible):.2f} times as fast as one after the other "
        f"({min(possible):.2f} to {max(possible):.2f}): more is not to be had on this machine now"
    )
    target("vhi batch --jobs 2", statistics.median(gains), WANTED_BATCH_RATIO, "times --jobs 1", at_least=True)
    a_case = (one.median_cpu - start.median_cpu) / max(len(cases) - 1, 1)
    begin = max(start.median_cpu - a_case, 0.0)
    expected = (begin + len(cases) * a_case) / (begin + len(cases) * a_case / 2)
    print(
        f"by CPU time a batch starts in {begin:.2f} s and a case takes {a_case:.2f} s: on two idle cores "
        f"two jobs would be {expected:.2f} times as fast"
    )


def _write_worklist(path: Path, cases: dict[str, CaseFiles]) -> Path:
    lines = ["case_id\ttime_point\tstir\tt1w\tnormal_bone\tdisease_region"]
    for name, files in cases.items():
        paths = (files.stir, files.t1w, files.normal_bone[0], files.disease_region)
        lines.append("\t".join([name, "baseline", *(str(each) for each in paths)]))
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def _two_loops(at_once: int) -> float:
    """Seconds of two plain loops, one after the other or both at once."""
    start = time.perf_counter()
    if at_once == 1:
        for _ in range(2):
            subprocess.run(LOOP, check=True)
    else:
        for loop in [subprocess.Popen(LOOP) for _ in range(2)]:
            loop.wait()
    return time.perf_counter() - start


def main() -> None:
    """All of it, in a folder for temporary files."""
    options = arguments(__doc__, rounds=5)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        cases = case_files(folder)
        usual = USUAL_CASE if USUAL_CASE in cases else next(iter(cases))
        report_measure(usual, cases[usual], folder, options.rounds)
        report_batch(cases, folder, options.rounds)


if __name__ == "__main__":
    main()
