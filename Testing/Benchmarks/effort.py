"""How many interactions a reader needs: a simulated reader works through the cases that have manual masks.

The reader's own final mask, known to him, is the islands that touch a voxel marked in at least 2 of the 4 manual
trials. He is done when the cleaned mask's VHI is within 5 % of it and its Dice is at least 0.95. Each interaction is
one step of a real cleaning session (see `effort_gestures.py` for what counts as one); the recorded steps are replayed
and must give the mask.

The ranks of a case come from a model fitted to the other cases, with the recipe of the shipped one. Columns:

- remove, click: all islands count at first; wrong islands removed one a click, the largest first. No ranks.
- keep, click: none counts at first; right islands kept one a click, the largest first. No ranks; he must find them
  himself.
- keep, rank order: islands are shown in rank order, none left out; each is kept or passed over, one interaction each
  (in brackets: those kept).
- rank limit, click: the limit that the model suggests is taken (1), then clicks on what is wrong, the largest first.
- mixed: gestures chosen one by one, each the one that brings him nearest to his goal, from either start mode, with the
  first gesture tried in several ways. Chosen with the goal in view and at most one gesture ahead: what gestures can do
  for a reader who knows what he wants, not a claim that every reader would find them.
"""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "BoneSegModels"))

from Benchmarks.effort_gestures import Gesture, Gestures, Numbers
from Benchmarks.side_by_side import arguments, say_loudly, table, target, title
from RealCases import REAL_CASES, RealCase, real_cases
from Training.island_rank import SUGGESTED_LIMIT
from Training.rank_data import RankCase, read_cases
from Training.rank_forest import RankConfiguration, hold_each_out
from VHIWorkflowLib.core.cleaning import CleaningSession
from VHIWorkflowLib.core.decisions import StartMode
from VHIWorkflowLib.core.grids import BoolArray
from VHIWorkflowLib.core.measurement import Preliminary, measure
from VHIWorkflowLib.core.targets import RankBelow, TheseIslands

VHI_WITHIN = 0.05
LEAST_DICE = 0.95
MOST_STEPS = 60
FIRST_TRIES = 12
WANTED_MEDIAN = 12


@dataclass(frozen=True)
class Goal:
    """What the reader wants: which islands (from 0) are right, and the voxels of each island."""

    right: BoolArray
    sizes: Numbers

    @property
    def voxels(self) -> float:
        """Of the final mask."""
        return float(self.sizes[self.right].sum())

    def missing(self, voxels: Numbers, wrong: Numbers) -> Numbers:
        """Voxels by which masks of some size, some of them wrong or absent, fail either criterion; 0 or less: done."""
        dice = wrong - (1 - LEAST_DICE) * (voxels + self.voxels)
        size = np.abs(voxels - self.voxels) - VHI_WITHIN * self.voxels
        return np.maximum(dice, 0) + np.maximum(size, 0)

    def left(self, kept: BoolArray) -> float:
        """The same for one mask, as the islands it keeps."""
        return float(self.missing(*(np.array([n]) for n in self.sums(kept)))[0])

    def sums(self, kept: BoolArray) -> tuple[float, float]:
        """Voxels of a mask, and of those by which it differs from the goal."""
        return float(self.sizes[kept].sum()), float(self.sizes[kept != self.right].sum())


class Reader:
    """A simulated reader at one case."""

    def __init__(self, case: Preliminary, goal_mask: BoolArray, scores: Numbers) -> None:
        self.case, self.scores = case, scores
        self.voxels = case.islands.island_voxels()
        sizes = np.array([each.size for each in self.voxels], dtype=np.float64)
        self.goal = Goal(np.array([goal_mask.ravel()[each].any() for each in self.voxels]), sizes)
        self.by_size = np.argsort(-sizes, kind="stable")

    def session(self, start: StartMode) -> CleaningSession:
        """A fresh session with this case's ranks."""
        return CleaningSession.of(self.case, start=start, scores=self.scores)

    def kept(self, session: CleaningSession) -> BoolArray:
        """Islands in the cleaned mask."""
        mask = session.mask().ravel()
        return np.array([mask[each[0]] for each in self.voxels])

    def clicks(self, session: CleaningSession, actions: Sequence[str]) -> int:
        """Correct wrong islands one a click, the largest first, until done; returns the number of steps in all."""
        kept = self.kept(session)
        for island in self.by_size:
            if self.goal.left(kept) <= 0:
                break
            wanted = bool(self.goal.right[island])
            if kept[island] != wanted and ("keep" if wanted else "remove") in actions:
                (session.keep if wanted else session.remove)(TheseIslands((int(island) + 1,)))
                kept[island] = wanted
        return self.counted(session)

    def in_rank_order(self) -> tuple[int, int]:
        """Keep or pass over islands in rank order; returns the islands seen, and those kept."""
        session = self.session("keep")
        kept = np.zeros(self.goal.right.size, dtype=bool)
        seen = 0
        for island in np.argsort(-self.scores, kind="stable"):
            if self.goal.left(kept) <= 0:
                break
            seen += 1
            if self.goal.right[island]:
                session.keep(TheseIslands((int(island) + 1,)))
                kept[island] = True
        return seen, self.counted(session)

    def mixed(self) -> tuple[StartMode, list[Gesture]]:
        """The shortest way found, over both start modes and several first gestures."""
        gestures = Gestures(self.case, self.scores)
        ways: list[tuple[StartMode, list[Gesture]]] = []
        for start in ("remove", "keep"):
            kept = np.full(self.goal.right.size, start == "remove")
            for first in self._best(gestures, kept, FIRST_TRIES):
                most = min((len(way) for _, way in ways), default=MOST_STEPS)
                way = self._greedy(gestures, _after(kept, first), most - 1)
                if way is not None:
                    ways.append((start, [first, *way]))
        start, way = min(ways, key=lambda found: len(found[1]))
        session = self.session(start)
        kept = self.kept(session)
        for gesture in way:
            gesture.perform(session)
            kept = _after(kept, gesture)
            if not np.array_equal(self.kept(session), kept):
                raise AssertionError(f"{gesture.kind} did something else than was worked out")
        if self.counted(session) != len(way):
            raise AssertionError("a gesture did nothing")
        return start, way

    def counted(self, session: CleaningSession) -> int:
        """Steps of a session, after checking that it is done and that its steps replay to the same mask."""
        mask, wanted = session.mask(), np.zeros(self.case.grid.shape, dtype=bool)
        wanted.ravel()[np.concatenate([self.voxels[island] for island in np.flatnonzero(self.goal.right)])] = True
        dice = 2 * (mask & wanted).sum() / (mask.sum() + wanted.sum())
        if dice < LEAST_DICE or abs(mask.sum() - wanted.sum()) > VHI_WITHIN * wanted.sum():
            raise AssertionError(f"not done: Dice {dice:.3f}, {mask.sum()} voxels instead of {wanted.sum()}")
        again = CleaningSession.of(self.case, start=session.start, scores=self.scores)
        again.replay(session.steps)
        if not np.array_equal(again.mask(), mask):
            raise AssertionError("the steps do not replay to the same mask")
        return len(session.steps)

    def _greedy(self, gestures: Gestures, kept: BoolArray, most: int) -> list[Gesture] | None:
        """Always the gesture that brings the goal nearest; None when more than the given number would be needed."""
        way: list[Gesture] = []
        while self.goal.left(kept) > 0:
            if len(way) >= most - 1:
                return None
            gesture = self._best(gestures, kept, 1)[0]
            kept = _after(kept, gesture)
            way.append(gesture)
        return way

    def _best(self, gestures: Gestures, kept: BoolArray, number: int) -> list[Gesture]:
        """Gestures after which least is missing, the best first, at most one of each family."""
        voxels, wrong = self.goal.sums(kept)
        found: list[tuple[float, float, int, int, str]] = []
        for action in ("remove", "keep"):
            sign = 1 if action == "keep" else -1
            acts = np.append(self.goal.sizes * (~kept if action == "keep" else kept), 0.0)
            right = np.append(self.goal.right, False) == (action == "keep")
            moved = np.cumsum(sign * acts[gestures.order], axis=1)
            mended = np.cumsum(np.where(right, acts, -acts)[gestures.order], axis=1)
            offered = np.array([action in family.actions for family in gestures.families])
            missing = self.goal.missing(voxels + moved, wrong - mended)
            missing = np.where(gestures.allowed & offered[:, None], missing + 1e-3 * (wrong - mended), np.inf)
            ends = missing.argmin(axis=1)
            best = missing[np.arange(len(ends)), ends]
            found += [(float(best[row]), 0.0, int(row), int(ends[row]), action) for row in np.argsort(best)[:number]]
        found.sort()
        return [
            gestures.gesture(row, end, "keep" if action == "keep" else "remove") for _, _, row, end, action in found
        ][:number]


def _after(kept: BoolArray, gesture: Gesture) -> BoolArray:
    after = kept.copy()
    after[gesture.islands] = gesture.action == "keep"
    return after


def ranks(cases: Sequence[RankCase]) -> dict[str, Numbers]:
    """Probabilities of each case from a ranking that never saw it."""
    found = hold_each_out(cases, RankConfiguration(), with_t1w=True).probabilities
    return {case.name: probabilities for case, probabilities in zip(cases, found, strict=True)}


def report_case(
    real: RealCase, case: Preliminary, scores: Numbers
) -> tuple[list[object], dict[str, int], list[Gesture]]:
    """One row of the table, its counts, and the gestures of the best way."""
    reader = Reader(case, real.majority(), scores)
    removing = reader.clicks(reader.session("remove"), ("remove",))
    keeping = reader.clicks(reader.session("keep"), ("keep",))
    seen, kept = reader.in_rank_order()
    limited = reader.session("remove")
    limited.remove(RankBelow(SUGGESTED_LIMIT))
    suggested = reader.clicks(limited, ("keep", "remove"))
    start, way = reader.mixed()
    kinds = Counter(f"{gesture.kind} {gesture.action}" for gesture in way)
    row: list[object] = [real.case_id, len(reader.voxels), int(reader.goal.right.sum()), removing, keeping]
    row += [f"{seen} ({kept})", suggested, len(way), start, ", ".join(f"{n} {kind}" for kind, n in kinds.items())]
    counts = {"remove": removing, "keep": keeping, "rank order": seen, "rank limit": suggested, "mixed": len(way)}
    return row, counts, way


def main() -> None:
    """The table, and medians against the target."""
    arguments(__doc__)
    started = time.perf_counter()
    chosen = [case for case in real_cases() if case.has_manual_masks]
    if not chosen:
        say_loudly("THE REAL CASES ARE ABSENT: EFFORT CANNOT BE MEASURED WITHOUT READERS")
        return
    scores = ranks(read_cases(REAL_CASES))
    rows, counts = [], []
    for real in chosen:
        case = measure(real.stir(), real.normal_bone(), real.disease_region())
        row, count, _ = report_case(real, case, scores[real.case_id])
        rows.append(row)
        counts.append(count)
    title("effort: interactions until VHI is within 5 % and Dice at least 0.95 of the reader's own final mask")
    header = [
        "case",
        "islands",
        "right",
        "remove, click",
        "keep, click",
        "keep, rank order",
        "rank limit, click",
        "mixed",
    ]
    table([*header, "start", "gestures"], rows)
    for name in counts[0]:
        print(f"median, {name}: {np.median([count[name] for count in counts]):g}")
    target(
        "effort, best mixed strategy",
        float(np.median([count["mixed"] for count in counts])),
        WANTED_MEDIAN,
        "interactions",
    )
    print(f"\n{time.perf_counter() - started:.0f} s in all, {time.process_time():.0f} s of one processor")


if __name__ == "__main__":
    main()
