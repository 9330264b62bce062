"""Programs that are killed by ``test_killed``: they fork children that work, so that a kill costs no start-up.

Each child says on standard output what was accepted, after the call that accepted it has returned.
"""

from __future__ import annotations

import os
import random
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from Study.study_cases import KEY, request_for
from VHIWorkflowLib.core.cleaning import CleaningSession
from VHIWorkflowLib.core.targets import TheseIslands
from VHIWorkflowLib.study.case_inputs import CaseFiles, Scan, load_case
from VHIWorkflowLib.study.measure_case import measure_case
from VHIWorkflowLib.study.reading import Reading, Sitting


def files_in(folder: Path) -> CaseFiles:
    """The small case."""
    return CaseFiles(
        Scan(folder / "stir.nii.gz"),
        Scan(folder / "t1w.nii.gz"),
        (folder / "normal_bone.nii.gz",),
        folder / "disease_region.nii.gz",
        folder / "keep.nii.gz",
    )


def say(*words: object) -> None:
    """One line to whoever listens, at once."""
    os.write(1, (" ".join(map(str, words)) + "\n").encode())


def killed_children(work: Callable[[], None], runs: int, longest: float, seed: int) -> None:
    """Fork a child for each run and kill it at a random moment, or let it end; say how it went."""
    chance = random.Random(seed)
    for _ in range(runs):
        child = os.fork()
        if child == 0:
            try:
                work()
                os._exit(0)
            except BaseException as error:
                say("failed", type(error).__name__, error)
                os._exit(1)
        time.sleep(chance.uniform(0, longest))
        os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
        say("killed" if os.WIFSIGNALED(status) else "ended")


def standing(session: CleaningSession) -> tuple[int, int, int, int]:
    """Where a session stands: steps in effect, undone steps, undos and redos, voxels left."""
    effort = session.undo_count + session.redo_count
    return len(session.steps), len(session.undone_steps), effort, session.vhi.sensitive_voxels


def read_on(scans: Path, out: Path, runs: int, seed: int) -> None:
    """A reader whose program dies again and again: take up the case, decide, undo, redo, finish now and then."""
    loaded = load_case(files_in(scans))
    Reading(KEY, loaded, Sitting(out)).save()
    Reading.resume(KEY, loaded, Sitting(out)).finish()  # what takes time to load is loaded before the children are made
    begun = time.monotonic()
    usual = Reading.resume(KEY, loaded, Sitting(out))
    for number in list(usual.session.partition)[:6]:
        usual.session.remove(TheseIslands((number,)))
    usual.finish()
    longest = 3 * (time.monotonic() - begun)
    chance = random.Random(seed + 1)
    seeds = iter([chance.random() for _ in range(runs)])

    def work() -> None:
        mine = random.Random(next_seed)
        reading = Reading.resume(KEY, loaded, Sitting(out))
        session = reading.session
        say("found", *standing(session))
        while True:
            number = mine.choice(list(session.partition))
            action = mine.choice([session.remove, session.keep, session.restore, session.undo, session.redo])
            changed = action() if action in (session.undo, session.redo) else action(TheseIslands((number,)))
            if changed:
                say("step", *standing(session))
            if mine.random() < 0.2:
                say("row", reading.finish().vhi.sensitive_voxels)

    def next_work() -> None:
        work()

    for _ in range(runs):
        next_seed = next(seeds)
        killed_children(next_work, 1, longest, chance.randrange(2**31))


def measure_on(scans: Path, out: Path, runs: int, seed: int) -> None:
    """Measure case after case, each again and again, and die in between."""
    request = request_for(files_in(scans), out)
    measure_case(request)
    begun = time.monotonic()
    for _ in range(2):  # one alone may be a lucky moment of a busy machine
        measure_case(request)
    longest = 3 * (time.monotonic() - begun)
    chance = random.Random(seed)

    def work() -> None:
        while True:
            name = f"case {random.randrange(4)}"
            record = measure_case(replace(request, key=replace(KEY, case_id=name))).record
            say("row", name, record.measured_at.isoformat(timespec="seconds"))

    killed_children(work, runs, longest, chance.randrange(2**31))


if __name__ == "__main__":
    which, scans, out, runs, seed = sys.argv[1:]
    {"read": read_on, "measure": measure_on}[which](Path(scans), Path(out), int(runs), int(seed))
