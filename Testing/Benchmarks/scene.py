"""What a reader waits for in the scene: opening a case, a click, hovering; and whether undo brings everything back.

All through the workflow on real MRML (slicer-core), with autosave, on the case with the largest VHI. A click is picked,
decided, written into the segments, saved to disk, and kept for a saved scene. Drawing the views comes on top of it.
"""

from __future__ import annotations

import gc
import os
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "BoneSegModels"))

from Benchmarks.side_by_side import Times, arguments, say_loudly, table, target, timed, title
from RealCases import RealCase, real_cases
from VHIWorkflowLib.core.segment_kinds import CONSERVATIVE, DISEASE_REGION, NORMAL_BONE, SENSITIVE
from VHIWorkflowLib.files.worklists import Scan, WorklistCase, write_worklist
from VHIWorkflowLib.phantom import make_phantom
from VHIWorkflowLib.scene.picking import Ras
from VHIWorkflowLib.scene.segments import REMOVED
from VHIWorkflowLib.scene.views import acquisition_axes
from VHIWorkflowLib.scene.workflow import Workflow
from VHIWorkflowLib.study.demo import write_phantom
from VHIWorkflowLib.study.read_ahead import Prepared, PrepareRequest, leave, prepare, take

MEASURED = ("1013", "1016")
CLICKS, HOVERS, SWITCHES, WARM_UP = 100, 500, 50, 12
OPEN_COLD_S, OPEN_AHEAD_S = 1.5, 0.3
CLICK_MS, WORST_CLICK_MS, HOVER_MS = 50.0, 150.0, 2.0
KINDS = (SENSITIVE, CONSERVATIVE, NORMAL_BONE, DISEASE_REGION, REMOVED)


def new_workflow(folder: Path, worklist: Path, out: str) -> Workflow:
    """A workflow on a scene of its own."""
    import slicer

    workflow = Workflow(slicer.vtkMRMLScene())
    workflow.open_study(worklist, folder / out, "benchmark")
    return workflow


def report_opening(folder: Path, worklist: Path, rounds: int) -> None:
    """The first case, in turn with the second so that nothing of it is left in memory."""
    workflow = new_workflow(folder, worklist, "opening")
    cold, ahead, ranked = Times(), Times(), Times()
    request = PrepareRequest(workflow.study[0].files, folder / "ahead", rank_islands=True)
    leave(prepare(request), request)

    def open_ahead() -> None:
        prepared: Prepared | None = take(request.folder, request.files)
        assert prepared is not None
        workflow.open_case(0, prepared)

    for _ in range(rounds):
        workflow.open_case(1)
        timed(lambda: workflow.open_case(0), cold)
        timed(workflow.rank_islands, ranked)
        workflow.open_case(1)
        timed(open_ahead, ahead)
        assert workflow.has_ranks
    title("opening a case")
    rows = [("cold", cold), ("read ahead, with ranks", ahead), ("ranking after a cold opening", ranked)]
    table(
        ["", "median s", "worst s", "median CPU s", "rounds"],
        [[name, *_seconds(times), rounds] for name, times in rows],
    )
    target("opening a case cold, worst", max(cold.wall), OPEN_COLD_S, "s")
    target("opening a case that was read ahead, worst", max(ahead.wall), OPEN_AHEAD_S, "s")


def report_clicks(folder: Path, worklist: Path) -> None:
    """Islands in random order, each by a click; then all of it undone."""
    workflow = new_workflow(folder, worklist, "clicks")
    workflow.open_case(0)
    rows = workflow.islands("size")
    chosen = np.random.default_rng(1).permutation(len(rows))
    places = [rows[int(number)].centre_ras for number in np.resize(chosen, CLICKS)]
    title(f"{CLICKS} clicks and {CLICKS} undos, {len(rows)} islands")
    for surface in (False, True):
        assert workflow.case is not None
        workflow.case.show_surface(surface)
        before, clicks, undos = segment_bytes(workflow), Times(), Times()
        for place in places:
            timed(lambda place=place: workflow.click(place), clicks)
        between = segment_bytes(workflow)
        while workflow.undo_text() is not None:
            timed(workflow.undo, undos)
        shown = "with the surface in 3D" if surface else "in slices only"
        table(
            [shown, "median ms", "95 % below ms", "worst ms", "median CPU ms", "steps"],
            [["click", *_milliseconds(clicks), len(clicks.wall)], ["undo", *_milliseconds(undos), len(undos.wall)]],
        )
        restored = segment_bytes(workflow) == before != between
        print(f"segments restored bit by bit after {len(undos.wall)} undos: {'yes' if restored else 'NO'}", flush=True)
        target(f"click, median, {shown}", clicks.median * 1e3, CLICK_MS, "ms")
        target(f"click, worst, {shown}", max(clicks.wall) * 1e3, WORST_CLICK_MS, "ms")


def report_hovering(folder: Path, worklist: Path) -> None:
    """Points on and beside islands: which island it is, its row, and its outline."""
    workflow = new_workflow(folder, worklist, "hovering")
    workflow.open_case(0)
    workflow.rank_islands()
    assert workflow.session is not None
    grid = workflow.open.stir.grid
    rng = np.random.default_rng(2)
    voxels = np.argwhere(workflow.session.mask())[rng.integers(workflow.session.mask().sum(), size=HOVERS)]
    points = [_ras(each) for each in grid.to_ras(voxels + rng.uniform(-1.5, 1.5, (HOVERS, 3)))]
    normal = _ras(acquisition_axes(grid)[:, 2])
    work: dict[str, Callable[[Ras], object]] = {
        "which island, and what of it": workflow.island_at,
        "its outline": lambda point: workflow.outline_at(point, normal),
    }
    title(f"hovering over {HOVERS} points")
    found = {name: Times() for name in work}
    for point in points:
        for name, each in work.items():
            timed(lambda each=each, point=point: each(point), found[name])
    table(
        ["", "median ms", "95 % below ms", "worst ms", "median CPU ms"],
        [[name, *_milliseconds(times)] for name, times in found.items()],
    )
    target("hover pick, median", found["which island, and what of it"].median * 1e3, HOVER_MS, "ms")


def report_switching(folder: Path, worklist: Path) -> None:
    """Nodes and memory before and after many cases."""
    workflow = new_workflow(folder, worklist, "switching")
    for turn in range(WARM_UP):
        workflow.open_case(turn % 2)
    gc.collect()
    nodes, memory, start = workflow.scene.GetNumberOfNodes(), _memory_mb(), time.perf_counter()
    for turn in range(SWITCHES):
        workflow.open_case(turn % 2)
    seconds = time.perf_counter() - start
    gc.collect()
    title(f"{SWITCHES} cases in a row")
    print(
        f"nodes {nodes} before, {workflow.scene.GetNumberOfNodes()} after; memory {memory:.0f} MB before, "
        f"{_memory_mb():.0f} MB after; {seconds / SWITCHES:.2f} s a case",
        flush=True,
    )


def segment_bytes(workflow: Workflow) -> dict[str, bytes]:
    """The voxels of every segment."""
    assert workflow.case is not None
    return {kind.name: workflow.case.segments.mask_of(kind).tobytes() for kind in KINDS}


def write_list(folder: Path) -> Path:
    """A worklist of the two real cases, or of two phantoms where these are absent."""
    chosen = {real.case_id: real for real in real_cases() if real.case_id in MEASURED}
    if len(chosen) == len(MEASURED):
        cases = [_listed(chosen[name]) for name in MEASURED]
    else:
        say_loudly("THE REAL CASES ARE ABSENT: MEASURED ON PHANTOMS, WHICH SAYS NOTHING OF THE TARGETS")
        cases = []
        for seed in (1, 2):
            files = write_phantom(make_phantom(seed), folder / f"phantom {seed}")
            cases.append(
                WorklistCase(f"{seed}", "baseline", files.stir, files.t1w, files.normal_bone, files.disease_region)
            )
    write_worklist(cases, folder / "worklist.tsv")
    return folder / "worklist.tsv"


def _listed(real: RealCase) -> WorklistCase:
    scans = Scan(real.stir_path), Scan(real.t1_path)
    return WorklistCase(real.case_id, "baseline", *scans, (real.normal_bone_path,), real.disease_region_path)


def _ras(point: Sequence[float] | np.ndarray) -> Ras:
    x, y, z = (float(n) for n in point)
    return x, y, z


def _seconds(times: Times) -> list[str]:
    return [f"{times.median:.2f}", f"{max(times.wall):.2f}", f"{times.median_cpu:.2f}"]


def _milliseconds(times: Times) -> list[str]:
    wall = np.array(times.wall) * 1e3
    return [
        f"{np.median(wall):.2f}",
        f"{np.percentile(wall, 95):.2f}",
        f"{wall.max():.2f}",
        f"{times.median_cpu * 1e3:.2f}",
    ]


def _memory_mb() -> float:
    """Resident memory of this process; 0 where it cannot be had."""
    statm = Path("/proc/self/statm")
    return int(statm.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20 if statm.exists() else 0.0


def main() -> None:
    """All of it."""
    parsed = arguments(__doc__, rounds=7)
    if find_spec("slicer") is None:
        say_loudly("SLICER-CORE IS NOT INSTALLED: THE SCENE CANNOT BE MEASURED WITHOUT IT")
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        worklist = write_list(folder)
        report_opening(folder, worklist, parsed.rounds)
        report_clicks(folder, worklist)
        report_hovering(folder, worklist)
        report_switching(folder, worklist)


if __name__ == "__main__":
    main()
