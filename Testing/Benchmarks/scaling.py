"""How cost grows: the usual case, the same with every voxel split in eight, and a made-up case of 10,000 islands.

Each is measured step by step from arrays in memory, in interleaved rounds, then as a whole by ``vhi measure`` for time
and peak memory. The records are written to the folder for temporary files.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from Benchmarks.benchmark_cases import BenchmarkCase, of_eight_times_the_voxels, of_many_islands, usual_case
from Benchmarks.child_process import Runs, run
from Benchmarks.side_by_side import Times, arguments, table, target, timed, title
from VHIWorkflowLib.core.cleaning import CleaningSession
from VHIWorkflowLib.core.facts import island_facts
from VHIWorkflowLib.core.targets import SmallerThan, Touching
from VHIWorkflowLib.figure import draw_overview, png_bytes
from VHIWorkflowLib.study.case_files import read_record
from VHIWorkflowLib.study.case_record import CaseKey
from VHIWorkflowLib.study.reading import Reading, Sitting

WANTED_MB = 600.0


def steps_of(case: BenchmarkCase, out: Path) -> dict[str, Callable[[], object]]:
    """The steps of a case, to be taken in this order."""
    measured = case.measured()
    session = CleaningSession.of(measured)
    islands = measured.islands.island_voxels()
    small = SmallerThan.pixels(40, measured.grid)
    key, sitting = CaseKey(case.name, "baseline", "scaling"), Sitting(out)
    reading = Reading(key, case.loaded(), sitting, autosave=False)
    reading.session.remove(small)
    kept = reading.session.mask()

    def clean_at_once() -> None:
        session.remove(small)
        session.undo()

    def draw() -> bytes:
        picture = draw_overview(
            case.stir,
            sensitive=kept,
            conservative=reading.session.conservative_mask(),
            normal_bone=case.normal_bone,
            disease_region=case.disease_region,
            removed=measured.mask() & ~kept,
            title=case.name,
        )
        return png_bytes(picture)

    return {
        "thresholds, masks, islands": case.measured,
        "facts of all islands": lambda: island_facts(measured, islands),
        "opening the session": lambda: CleaningSession.of(measured),
        "removing all smaller than 40 voxels, and undo": clean_at_once,
        "choosing all islands under a mask": lambda: Touching.mask(kept).units(session.partition, session.grid, None),
        "how much hangs on the normal bone": reading.stability,
        "label map, segmentation, record, row": reading.finish,
        "reading the record": lambda: read_record(reading.folder),
        "resuming from the record": lambda: Reading.resume(key, case.loaded(), sitting),
        "overview picture": draw,
    }


def report_steps(cases: list[BenchmarkCase], out: Path, rounds: int) -> None:
    """All steps of all cases, in turn."""
    title("scaling: step by step (ms, median wall; in brackets CPU)")
    steps = [steps_of(case, out) for case in cases]
    times = [{name: Times() for name in each} for each in steps]
    for number in range(rounds + 1):  # the first warms up
        for name in steps[0]:
            for each, found in zip(steps, times, strict=True):
                timed(each[name], found[name] if number else Times())
    rows = []
    for name in steps[0]:
        base = times[0][name]
        cells = [f"{each[name].median * 1e3:.1f} ({each[name].median_cpu * 1e3:.1f})" for each in times]
        grown = [f"{each[name].median_cpu / max(base.median_cpu, 1e-6):.1f}" for each in times[1:]]
        rows.append([name, *cells, *grown])
    names = [case.name for case in cases]
    table(["", *names, *(f"{name} / {names[0]}, CPU" for name in names[1:])], rows)
    for case in cases:
        islands = case.measured().islands
        print(
            f"{case.name}: {case.stir.array.size} voxels, {islands.voxels.size} of them sensitive, "
            f"{islands.number} islands in 3D, {islands.part_ends.size} within slices"
        )


def report_whole(cases: list[BenchmarkCase], folder: Path, rounds: int) -> None:
    """``vhi measure`` of each case from files, in turn."""
    title("scaling: vhi measure as a whole process")
    runs = [Runs() for _ in cases]
    files = [case.write(folder / str(number)) for number, case in enumerate(cases)]
    for number in range(rounds + 1):
        for case, file, found in zip(cases, files, runs, strict=True):
            out = folder / "results"
            command = [
                *(sys.executable, "-m", "VHIWorkflowLib", "measure", "--stir", str(file.stir), "--t1", str(file.t1w)),
                *("--normal-bone", str(file.normal_bone[0]), "--disease-region", str(file.disease_region)),
                *("--min-pixels", str(case.settings.minimum_group_pixels)),
                *("--case", "case", "--time-point", "baseline", "--reader", "scaling", "--out", str(out)),
            ]
            run(command, found if number else None)
            shutil.rmtree(out)
    for case, found in zip(cases, runs, strict=True):
        print(f"{case.name}: {found.times.in_s()}, peak {found.peak_mb:.0f} MB")
    target(f"memory of vhi measure, {cases[0].name}", runs[0].peak_mb, WANTED_MB, "MB peak")


def main() -> None:
    """Step by step, then as a whole."""
    options = arguments(__doc__, rounds=3)
    cases = [usual_case(), of_eight_times_the_voxels(usual_case()), of_many_islands()]
    with tempfile.TemporaryDirectory() as name:
        report_steps(cases, Path(name) / "steps", options.rounds)
        report_whole(cases, Path(name), options.rounds)


if __name__ == "__main__":
    main()
