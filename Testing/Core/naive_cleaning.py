"""Cleaning worked out voxel by voxel on whole arrays, with whole copies for undo: slow, and hard to get wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random

import numpy as np
import numpy.typing as npt
from Core.small_cases import AXES, NEIGHBOURS_26, oblique_affine
from scipy import ndimage
from VHIWorkflowLib.core.cleaning import CleaningSession
from VHIWorkflowLib.core.decisions import StartMode
from VHIWorkflowLib.core.errors import CleaningError
from VHIWorkflowLib.core.grids import BoolArray, Grid
from VHIWorkflowLib.core.islands import Islands, find_islands
from VHIWorkflowLib.core.lattice import Lattice, Runs
from VHIWorkflowLib.core.partition import Unit
from VHIWorkflowLib.core.steps import Action
from VHIWorkflowLib.core.targets import (
    AtVoxel,
    BesidePlane,
    RankBelow,
    SmallerThan,
    Target,
    TheseIslands,
    Touching,
    WholeSlice,
)

OPENED = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)

UNDECIDED, KEPT, REMOVED = 0, 1, 2
CODES = {"undecided": UNDECIDED, "kept": KEPT, "removed": REMOVED}
DECIDED_BY: dict[Action, int] = {"remove": REMOVED, "keep": KEPT, "restore": UNDECIDED}
EIGHT = np.ones((3, 3), dtype=int)


@dataclass
class TickingClock:
    """Moves on by two seconds whenever it is read."""

    now: datetime = OPENED

    def __call__(self) -> datetime:
        self.now += timedelta(seconds=2)
        return self.now


@dataclass(frozen=True)
class State:
    """Island number of each voxel (0: none), decision on each voxel, and what a cut needs to go on from."""

    labels: npt.NDArray[np.int64]
    decided: npt.NDArray[np.int8]
    highest: int
    scores: dict[int, float]


class NaiveSession:
    """The same steps as ``CleaningSession``; the state before each undo step is kept whole."""

    def __init__(
        self, mask: BoolArray, conservative: BoolArray, grid: Grid, start: StartMode, scores: list[float]
    ) -> None:
        self.grid, self.start, self.conservative = grid, start, conservative
        labels = np.zeros(mask.shape, dtype=np.int64)
        highest = self._number(mask, labels, 0)
        numbered = dict(enumerate(scores, start=1))
        self.state = State(labels, np.zeros(mask.shape, dtype=np.int8), highest, numbered)
        self.earlier: list[State] = []
        self.later: list[State] = []

    @property
    def cleaned(self) -> BoolArray:
        """The mask that follows from the decisions."""
        undecided_counts = self.start == "remove"
        kept = (self.state.decided == KEPT) | ((self.state.decided == UNDECIDED) & undecided_counts)
        return np.asarray((self.state.labels > 0) & kept)

    @property
    def numbers(self) -> list[int]:
        """Islands as they stand."""
        return [int(n) for n in np.unique(self.state.labels) if n]

    def decide(self, action: Action, target: Target, in_slice: int | None) -> None:
        """Set the decision on all voxels of what a target chooses."""
        chosen = self.chosen(target, in_slice)
        code = DECIDED_BY[action]
        if not (self.state.decided[chosen] != code).any():
            return
        decided = self.state.decided.copy()
        decided[chosen] = code
        self._go_to(State(self.state.labels, decided, self.state.highest, self.state.scores))

    def cut(self, island: int, drawn: BoolArray, in_slice: int | None) -> None:
        """Number both sides of a drawing anew; CleaningError when it covers all or none."""
        whole = self.state.labels == island
        side = whole & drawn & self._scope(in_slice)
        if not side.any() or (side == whole).all():
            raise CleaningError("nothing to cut")
        labels, highest = self.state.labels.copy(), self.state.highest
        for each in (side, whole & ~side):
            highest = self._number(each, labels, highest)
        scores = {**self.state.scores, **dict.fromkeys(np.unique(labels[whole]).tolist(), self.state.scores[island])}
        self._go_to(State(labels, self.state.decided, highest, scores))

    @contextmanager
    def as_one_step(self) -> Iterator[None]:
        """Keep only the state before the first of several steps."""
        before, steps = self.state, len(self.earlier)
        yield
        if len(self.earlier) > steps:
            del self.earlier[steps:]
            self.earlier.append(before)

    def undo(self) -> None:
        """Go back to the copy."""
        if self.earlier:
            self.later.append(self.state)
            self.state = self.earlier.pop()

    def redo(self) -> None:
        """Go forward to the copy."""
        if self.later:
            self.earlier.append(self.state)
            self.state = self.later.pop()

    def chosen(self, target: Target, in_slice: int | None) -> BoolArray:
        """Voxels of all islands, or parts in a slice, that a target chooses."""
        labels, scope = self.state.labels, self._scope(in_slice)
        match target:
            case TheseIslands(numbers):
                chosen = np.isin(labels, numbers) & scope
            case AtVoxel(index):
                chosen = self._touching(np.ravel_multi_index([[n] for n in index], labels.shape), in_slice)
            case Touching(voxels):
                chosen = self._touching(voxels, in_slice)
            case RankBelow(score):
                chosen = np.isin(labels, [n for n in self.numbers if self.state.scores[n] < score]) & scope
            case WholeSlice(number):
                reaching = labels[self._place(number)]
                chosen = np.isin(labels, reaching[reaching > 0]) & scope
            case SmallerThan(volume):
                limit = round(volume / self.grid.voxel_volume_mm3)
                chosen = self._all_units(in_slice, lambda unit: bool(unit.sum() < limit))
            case BesidePlane(point, normal):
                kji = np.argwhere(np.ones(labels.shape, dtype=bool))
                ras = kji[:, ::-1] @ self.grid.affine[:3, :3].T + self.grid.affine[:3, 3]
                beside = ((ras - np.array(point)) @ np.array(normal) > 0).reshape(labels.shape)
                chosen = self._all_units(in_slice, lambda unit: bool(beside[unit].all()))
            case _:
                raise AssertionError(target)
        return chosen

    def _touching(self, voxels: npt.NDArray[np.int64], in_slice: int | None) -> BoolArray:
        if in_slice is None:
            touched = self.state.labels.ravel()[voxels]
            return np.isin(self.state.labels, touched[touched > 0])
        drawn = np.zeros(self.state.labels.shape, dtype=bool)
        drawn.flat[voxels] = True
        return self._all_units(in_slice, lambda unit: bool((unit & drawn).any()))

    def _all_units(self, in_slice: int | None, test: Callable[[BoolArray], bool]) -> BoolArray:
        chosen = np.zeros(self.state.labels.shape, dtype=bool)
        for unit in self.units(in_slice):
            if test(unit):
                chosen |= unit
        return chosen

    def units(self, in_slice: int | None) -> list[BoolArray]:
        """Each island, or each part in a slice, as a mask."""
        found = []
        for number in self.numbers:
            island = self.state.labels == number
            if in_slice is None:
                found.append(island)
                continue
            parts, count = ndimage.label(island.take(in_slice, axis=self.grid.slice_axis), EIGHT)
            for part in range(1, count + 1):
                unit = np.zeros_like(island)
                unit[self._place(in_slice)] = parts == part
                found.append(unit)
        return found

    def _go_to(self, state: State) -> None:
        self.earlier.append(self.state)
        self.state = state
        self.later.clear()

    def _number(self, mask: BoolArray, labels: npt.NDArray[np.int64], highest: int) -> int:
        """Number the components of a mask, the largest first; returns the highest number given."""
        found, count = ndimage.label(mask, NEIGHBOURS_26)
        axis = self.grid.slice_axis
        slices_first = np.moveaxis(found, axis, 0).ravel()
        order = sorted(range(1, count + 1), key=lambda n: (-(slices_first == n).sum(), np.argmax(slices_first == n)))
        for position, component in enumerate(order, start=1):
            labels[found == component] = highest + position
        return highest + int(count)

    def _place(self, number: int) -> tuple[int | slice, ...]:
        return tuple(number if axis == self.grid.slice_axis else slice(None) for axis in AXES)

    def _scope(self, in_slice: int | None) -> BoolArray:
        scope = np.zeros(self.state.labels.shape, dtype=bool)
        scope[... if in_slice is None else self._place(in_slice)] = True
        return scope


@dataclass(frozen=True)
class Both:
    """A session and its naive model on the same mask, taking the same steps."""

    session: CleaningSession
    naive: NaiveSession
    islands: Islands
    scores: list[float]

    @classmethod
    def on(cls, seed: int, start: StartMode, slice_axis: int = 0, longest: int = 9) -> Both:
        """A mask of some ten islands, with conservative voxels in them and rank scores."""
        rng = np.random.default_rng(seed)
        shape = [longest, longest, longest]
        shape[slice_axis] = 4
        spacing_kji = [0.6, 0.6, 0.6]
        spacing_kji[slice_axis] = 3.3
        grid = Grid((shape[0], shape[1], shape[2]), oblique_affine((spacing_kji[2], spacing_kji[1], spacing_kji[0])))
        lattice = Lattice(grid.shape, grid.slice_axis)
        noise = ndimage.gaussian_filter(rng.normal(size=shape), [0.3 if a == slice_axis else 0.7 for a in AXES])
        mask = noise > np.quantile(noise, rng.uniform(0.75, 0.9))
        conservative = noise > np.quantile(noise, 0.93)
        islands = find_islands(Runs.of(lattice.codes_of(mask)), lattice, 2)
        left = np.zeros(shape, dtype=bool)
        left.flat[islands.voxels] = True
        scores = np.round(rng.random(islands.number), 2).tolist()
        session = CleaningSession(
            islands, grid, np.flatnonzero(conservative & left), start=start, clock=TickingClock(), scores=scores
        )
        naive = NaiveSession(left, conservative & left, grid, start, scores)
        return cls(session, naive, islands, scores)

    def fresh(self, start: StartMode | None = None) -> CleaningSession:
        """Another session on the same mask, without steps."""
        return CleaningSession(
            self.islands,
            self.session.grid,
            np.flatnonzero(self.naive.conservative),
            start=start or self.session.start,
            clock=TickingClock(),
            scores=self.scores,
        )

    def decide(self, action: Action, target: Target, in_slice: int | None = None) -> None:
        """Take the same decision on both; what the session reports as changed is what changed."""
        before = self.session.mask()
        change = getattr(self.session, action)(target, in_slice=in_slice)
        self.naive.decide(action, target, in_slice)
        assert_is_the_difference(change.shown, change.hidden, before, self.session.mask())

    def cut(self, island: int, drawn: BoolArray, in_slice: int | None = None) -> bool:
        """Cut both; False when both refuse."""
        try:
            self.session.cut(island, np.flatnonzero(drawn), in_slice=in_slice)
        except CleaningError:
            try:
                self.naive.cut(island, drawn, in_slice)
            except CleaningError:
                return False
            raise
        self.naive.cut(island, drawn, in_slice)
        return True

    def undo(self) -> None:
        """Undo both."""
        before = self.session.mask()
        change = self.session.undo()
        assert bool(change) == bool(self.naive.earlier)
        self.naive.undo()
        assert_is_the_difference(change.shown, change.hidden, before, self.session.mask())

    def redo(self) -> None:
        """Redo both."""
        before = self.session.mask()
        change = self.session.redo()
        assert bool(change) == bool(self.naive.later)
        self.naive.redo()
        assert_is_the_difference(change.shown, change.hidden, before, self.session.mask())

    def take_any_step(self, random: Random) -> None:
        """Take one step of any kind, undo and redo included."""
        kind = random.choices(("decide", "cut", "undo", "redo", "merged"), (60, 10, 15, 9, 6))[0]
        if kind == "decide":
            self.decide_anything(random)
        elif kind == "cut":
            self.cut_anything(random)
        elif kind == "undo":
            self.undo()
        elif kind == "redo":
            self.redo()
        else:
            with self.session.as_one_step(), self.naive.as_one_step():
                for _ in range(random.randint(1, 4)):
                    random.choice((self.cut_anything, self.decide_anything, self.decide_anything))(random)

    def decide_anything(self, random: Random) -> None:
        """Take a decision of any kind on anything."""
        shape = self.session.grid.shape
        slices = shape[self.session.grid.slice_axis]
        in_slice = random.randrange(slices) if random.random() < 0.3 else None
        action: Action = random.choice(("remove", "keep", "restore"))
        self.decide(action, self.any_target(random, in_slice), in_slice)

    def cut_anything(self, random: Random) -> None:
        """Cut any island somewhere, or be refused."""
        slices = self.session.grid.shape[self.session.grid.slice_axis]
        island = random.choice(self.naive.numbers)
        in_slice = random.randrange(slices) if random.random() < 0.2 else None
        self.cut(island, self._half_space(random, island), in_slice)

    def any_target(self, random: Random, in_slice: int | None) -> Target:
        """A target of any kind."""
        grid = self.session.grid
        k, j, i = (random.randrange(n) for n in grid.shape)
        x, y, z = grid.to_ras([[k, j, i]])[0].tolist()
        normal = random.uniform(-1, 1), random.uniform(-1, 1), random.uniform(0.1, 1)
        slice_number = (k, j, i)[grid.slice_axis] if in_slice is None else in_slice
        targets: tuple[Callable[[], Target], ...] = (
            lambda: TheseIslands(tuple(random.choices(self.naive.numbers, k=random.randint(1, 3)))),
            lambda: AtVoxel((k, j, i)),
            lambda: Touching.sphere((x, y, z), random.uniform(0.5, 3.5), grid),
            lambda: BesidePlane((x + random.random(), y, z), normal),
            lambda: SmallerThan.pixels(random.randint(1, 14), grid),
            lambda: RankBelow(random.random()),
            lambda: WholeSlice(slice_number),
        )
        return random.choice(targets)()

    def _half_space(self, random: Random, island: int) -> BoolArray:
        """A drawing whose rim passes through an island."""
        places = np.argwhere(self.naive.state.labels == island)
        middle = places[random.randrange(len(places))]
        direction = [random.uniform(-1, 1) for _ in AXES]
        kji = np.argwhere(np.ones(self.session.grid.shape, dtype=bool))
        beyond = (kji - middle) @ np.array(direction) > random.uniform(-0.5, 0.5)
        return np.asarray(beyond.reshape(self.session.grid.shape))


def assert_same(session: CleaningSession, naive: NaiveSession) -> None:
    """Compare masks, counts, decisions and partition, each recomputed from the naive state."""
    cleaned = naive.cleaned
    assert (session.mask() == cleaned).all()
    assert (session.conservative_mask() == (cleaned & naive.conservative)).all()
    vhi = session.vhi
    assert vhi.sensitive_voxels == cleaned.sum()
    assert vhi.conservative_voxels == (cleaned & naive.conservative).sum()
    assert sorted(session.kept_voxels().tolist()) == np.flatnonzero(cleaned).tolist()
    labels, decided = labels_and_decisions(session)
    assert (labels == naive.state.labels.ravel()).all()
    assert (decided == naive.state.decided.ravel()).all()
    islands = naive.numbers
    assert list(session.partition) == islands
    assert session.islands_removed() == len(set(islands) - set(naive.state.labels[cleaned].tolist()))


def labels_and_decisions(session: CleaningSession) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int8]]:
    """Island number and decision of each voxel, flat."""
    size = int(np.prod(session.grid.shape))
    labels, decided = np.zeros(size, dtype=np.int32), np.zeros(size, dtype=np.int8)
    for island in session.partition:
        for part in session.partition.parts_of(Unit(island)):
            voxels = session.partition.parts[part].voxels
            assert not labels[voxels].any()
            labels[voxels] = island
            decided[voxels] = CODES[session.decision(Unit(island, part))]
    return labels, decided


def assert_is_the_difference(
    shown: tuple[npt.NDArray[np.int64], ...],
    hidden: tuple[npt.NDArray[np.int64], ...],
    before: BoolArray,
    after: BoolArray,
) -> None:
    """A display that applies the change shows what the session holds."""
    assert sorted(v for part in shown for v in part.tolist()) == np.flatnonzero(after & ~before).tolist()
    assert sorted(v for part in hidden for v in part.tolist()) == np.flatnonzero(before & ~after).tolist()
