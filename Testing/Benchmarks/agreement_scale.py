"""``vhi agree`` over 1,000 cases read by two, from records: time, memory, and how its report opens in a browser.

A dozen phantoms of 25 x 336 x 336 voxels are measured by two readers, the second of whom keeps fewer. Their
records are then linked under further names, so that every case is read from disk and compared as if it were another.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from Benchmarks.child_process import Runs, run
from Benchmarks.side_by_side import arguments, say_loudly, target, title
from Browser.browser import NoBrowserError, browser, open_page
from VHIWorkflowLib.core.grids import BoolArray, Volume
from VHIWorkflowLib.files.image_writing import write_volume
from VHIWorkflowLib.files.results import RESULTS_NAME, read_rows, write_table
from VHIWorkflowLib.phantom import make_phantom
from VHIWorkflowLib.study.case_record import CaseKey
from VHIWorkflowLib.study.demo import write_phantom
from VHIWorkflowLib.study.measure_case import Request, measure_case

PHANTOMS = 12
READERS = ("A", "B")
CASES, FEWER_CASES = 1000, 100
WANTED_SECONDS = 60.0
WANTED_MEMORY_RATIO = 1.25
WANTED_OPEN_SECONDS = 3.0
VHI = (sys.executable, "-m", "VHIWorkflowLib")


def measure_phantoms(folder: Path, count: int, shape: tuple[int, int, int] | None = None) -> Path:
    """Measure phantoms with more and less inflammation by both readers; returns the results folder."""
    out = folder / "results"
    for seed in range(1, count + 1):
        load = 1.5 * seed / count
        phantom = make_phantom(seed, lesion_load=load) if shape is None else make_phantom(seed, shape=shape)
        files = write_phantom(phantom, folder / "scans" / f"phantom {seed}")
        other = folder / "scans" / f"phantom {seed}" / "kept_by_b.nii.gz"
        fewer = _on_one_side(phantom.lesions.array, 0.45 + 0.4 * seed / count)
        write_volume(other, Volume(fewer, phantom.lesions.grid))
        for reader, keep in zip(READERS, (files.keep, other), strict=True):
            key = CaseKey(f"phantom {seed}", "baseline", reader)
            measure_case(Request(key, replace(files, keep=keep), out))
    return out


def link_under_more_names(results: Path, count: int) -> Path:
    """A table of so many cases beside the measured one; the records of each are links."""
    rows = read_rows(results / RESULTS_NAME)
    measured = sorted({row.case_id for row in rows})
    made = []
    for number in range(count):
        name = f"C{number:05d}"
        for row in (row for row in rows if row.case_id == measured[number % len(measured)]):
            record = results.joinpath(name, row.time_point, row.reader)
            if not record.exists():
                record.mkdir(parents=True)
                for file in results.joinpath(*row.key).iterdir():
                    os.link(file, record / file.name)
            made.append(replace(row, case_id=name))
    table = results / f"{count} cases.tsv"
    write_table(made, table)
    return table


def _on_one_side(lesions: BoolArray, share: float) -> BoolArray:
    """Lesions in a share of the columns, from the first on: what a reader keeps who sees fewer of them."""
    kept = lesions.copy()
    kept[:, :, round(share * lesions.shape[2]) :] = False
    return kept


def report_agree(table: Path, out: Path, rounds: int) -> Runs:
    """``vhi agree`` of the two readers of a table."""
    runs = Runs()
    for _ in range(rounds):
        readings = [f"{table}#{reader}" for reader in READERS]
        run((*VHI, "agree", *readings, "--out", str(out)), runs)
    print(f"{table.stem:<12} {runs.times.in_s()} of all processes, largest peak {runs.peak_mb:.0f} MB")
    return runs


def report_opening(page: Path) -> None:
    """How long the report takes to open, and what axe says."""
    try:
        with browser() as chromium:
            open_page(chromium, page)  # the first page waits for the browser itself
            for scheme in ("light", "dark"):
                opened = open_page(chromium, page, scheme)
                target(f"report of {CASES} cases opens, {scheme}", opened.seconds, WANTED_OPEN_SECONDS, "s")
                findings = opened.serious_findings()
                target(f"axe, {scheme}", len(findings), 0, "serious findings")
                print("\n".join(findings))
    except NoBrowserError as error:
        say_loudly(f"THE REPORT WAS NOT OPENED: {error}")


def main(sizes: Sequence[int] = (FEWER_CASES, CASES)) -> None:
    """All of it, in a folder for temporary files."""
    options = arguments(__doc__, rounds=1)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        results = measure_phantoms(folder, PHANTOMS)
        title(f"agreement of two readers from records, {PHANTOMS} phantoms under other names")
        runs = {
            size: report_agree(link_under_more_names(results, size), folder / f"agree {size}", options.rounds)
            for size in sizes
        }
        few, many = (runs[size] for size in sizes)
        target(f"vhi agree over {sizes[1]} cases", many.times.median, WANTED_SECONDS, "s wall, median")
        ratio = many.peak_mb / few.peak_mb
        target(f"memory, {sizes[1]} to {sizes[0]} cases", ratio, WANTED_MEMORY_RATIO, "times")
        report_opening(folder / f"agree {sizes[1]}" / "report.html")


if __name__ == "__main__":
    main()
