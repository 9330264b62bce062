"""Three cases read from first click to table row through the workflow, every interaction counted.

One of each kind: the fewest islands, about 300 islands, the largest VHI. The reader is simulated: he knows what he
wants to keep (what at least 2 of 4 manual trials marked), and reads each case twice, until his mask is as near to it as
`effort.py` asks:

- gestures: those that `effort.py` finds for him: what a reader can do who knows his goal, not a claim that every reader
  would. Each is done as the widget does it: a click at a point of the slice, a lasso as the voxels inside it, a plane,
  a slider.
- one key: "next suspicious island" again and again, and a click on each that is wrong.

Ranks come from a model that never saw the case. Regions are given; what a reader looks at without touching anything is
not counted.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "BoneSegModels"))

from Benchmarks.effort import Reader, ranks
from Benchmarks.effort_gestures import Gesture, Numbers
from Benchmarks.side_by_side import arguments, say_loudly, table, title
from RealCases import REAL_CASES, RealCase, real_cases
from Training.rank_data import read_cases
from VHIWorkflowLib.core.measurement import measure
from VHIWorkflowLib.core.ranking import RankScores, RankSource
from VHIWorkflowLib.files.results import RESULTS_NAME, read_rows
from VHIWorkflowLib.files.worklists import Scan, WorklistCase, write_worklist
from VHIWorkflowLib.scene.workflow import Workflow
from VHIWorkflowLib.study.measure_case import Request, measure_case

ABOUT_MANY = 300
HELD_OUT = RankSource("held out", "0", "0" * 64)


@dataclass
class Walk:
    """What a reader did at one case, and what the program took for it."""

    interactions: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0

    def do(self, what: str, work: Callable[[], object]) -> None:
        """Count an interaction and do it."""
        started = time.perf_counter()
        work()
        self.seconds += time.perf_counter() - started
        self.interactions[what] += 1


def chosen_cases() -> dict[str, RealCase]:
    """One case of each kind among those with manual masks."""
    cases = [real for real in real_cases() if real.has_manual_masks]
    islands = [measure(real.stir(), real.normal_bone(), real.disease_region()).islands.number for real in cases]
    fewest = int(np.argmin(islands))
    many = int(np.argmin(np.abs(np.array(islands) - ABOUT_MANY)))
    rest = [place for place in range(len(cases)) if place not in (fewest, many)]
    huge = max(rest, key=lambda place: int(cases[place].majority().sum()))
    return {"clean": cases[fewest], f"{ABOUT_MANY} islands": cases[many], "huge VHI": cases[huge]}


def clean(workflow: Workflow, walk: Walk, gestures: list[Gesture]) -> None:
    """Do gestures as the widget does them."""
    for gesture in gestures:
        if gesture.kind == "click":
            number = int(gesture.islands[0]) + 1
            place = next(row.centre_ras for row in workflow.islands("size") if row.number == number)
            walk.do("click", lambda place=place: workflow.click(place))
        else:
            act = workflow.keep if gesture.action == "keep" else workflow.remove
            walk.do(gesture.kind, lambda act=act, gesture=gesture: act(gesture.target))


def by_one_key(workflow: Workflow, walk: Walk, reader: Reader) -> None:
    """Go from one suspicious island to the next, and remove those that are wrong."""
    session, number = workflow.session, None
    assert session is not None
    while reader.goal.left(reader.kept(session)) > 0:
        row = workflow.next_suspicious(number)
        assert row is not None
        walk.do("next", lambda number=number: workflow.next_suspicious(number))
        number = row.number
        if not reader.goal.right[number - 1]:
            walk.do("click", lambda place=row.centre_ras: workflow.click(place))


def read(workflow: Workflow, real: RealCase, scores: Numbers, walk: Walk, way: str) -> None:
    """The case at hand, from looking at what hangs on the region to opening the next."""
    assert workflow.open.reading is not None
    workflow.rank_islands(RankScores(scores, HELD_OUT))
    reader = Reader(workflow.open.reading.case, real.majority(), scores)
    hangs = workflow.hangs()
    walk.do("look at what hangs most", lambda: workflow.slice_number(hangs[0].ras))
    if way == "one key":
        by_one_key(workflow, walk, reader)
    else:
        start, gestures = reader.mixed()
        if start != "remove":
            walk.do("start mode", lambda: workflow.set_start(start))
            workflow.rank_islands(RankScores(scores, HELD_OUT))
        clean(workflow, walk, gestures)
    assert workflow.session is not None
    reader.counted(workflow.session)
    walk.do("finish and next", workflow.finish_and_next)


def report(kind: str, real: RealCase, workflow: Workflow, walk: Walk, folder: Path) -> list[object]:
    """One row, after repeating the recorded steps as the command line does."""
    assert workflow.study is not None
    row = next(row for row in read_rows(workflow.study.out / RESULTS_NAME) if row.case_id == real.case_id)
    listed = next(listed for listed in workflow.study if listed.key.case_id == real.case_id)
    steps = workflow.study.out / real.case_id / listed.key.time_point / listed.key.reader
    again = measure_case(Request(listed.key, listed.files, folder / "again", steps=steps)).record
    same = again.vhi.sensitive_voxels == row.vhi_sensitive_voxels
    which = ", ".join(f"{count} {name}" for name, count in walk.interactions.items())
    done = sum(walk.interactions.values())
    vhi, replays = f"{row.vhi_sensitive_mm3:,.0f}", "yes" if same else "NO"
    return [kind, real.case_id, row.islands, done, f"{walk.seconds:.1f}", vhi, replays, which]


def walk_through(way: str, kinds: dict[str, RealCase], scores: dict[str, Numbers], folder: Path) -> None:
    """All three in a row, one way."""
    import slicer

    worklist = folder / "worklist.tsv"
    write_worklist([_listed(real) for real in kinds.values()], worklist)
    workflow = Workflow(slicer.vtkMRMLScene())
    workflow.open_study(worklist, folder / "results", "reader")
    rows, walk = [], Walk()
    walk.do("open", lambda: workflow.open_case(0))
    for kind, real in kinds.items():
        read(workflow, real, scores[real.case_id], walk, way)
        rows.append(report(kind, real, workflow, walk, folder))
        walk = Walk()
    title(f"walk-through by {way}: interactions of a simulated reader, from opening a case to its row in the table")
    header = ["kind", "case", "islands", "interactions", "s of the program", "VHI mm3", "replays"]
    table([*header, "which"], rows)


def main() -> None:
    """Both ways."""
    arguments(__doc__)
    if find_spec("slicer") is None:
        say_loudly("SLICER-CORE IS NOT INSTALLED: THERE IS NO SCENE TO WALK THROUGH")
        return
    if not any(real.has_manual_masks for real in real_cases()):
        say_loudly("THE REAL CASES ARE ABSENT: THERE IS NOTHING TO WALK THROUGH")
        return
    kinds, scores = chosen_cases(), ranks(read_cases(REAL_CASES))
    for way in ("gestures", "one key"):
        with tempfile.TemporaryDirectory() as folder:
            walk_through(way, kinds, scores, Path(folder))


def _listed(real: RealCase) -> WorklistCase:
    scans = Scan(real.stir_path), Scan(real.t1_path)
    return WorklistCase(real.case_id, "baseline", *scans, (real.normal_bone_path,), real.disease_region_path)


if __name__ == "__main__":
    main()
