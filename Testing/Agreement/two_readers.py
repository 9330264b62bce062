"""A results folder as readers leave it: three subjects at two time points, read by two who remove other islands."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from Study.study_cases import request_for, study_case, ticking_clock
from VHIWorkflowLib.core.targets import TheseIslands
from VHIWorkflowLib.study.case_inputs import load_case
from VHIWorkflowLib.study.case_record import CaseKey
from VHIWorkflowLib.study.found_regions import Networks, bundled_regions
from VHIWorkflowLib.study.reading import Reading, Sitting

SUBJECTS = ("S 01", "S 02", "S 03")
READERS = {"AB": 0, "CD": 1}
"""Readers, and how many islands more than the first each removes."""


def read_by_two(folder: Path, readers: Mapping[str, int] = READERS) -> Path:
    """Write the scans into a folder and read them; returns the results folder."""
    for place, subject in enumerate(SUBJECTS):
        (folder / subject).mkdir()
        for point, less in (("pre", 0), ("post", 3)):
            for reader, more in readers.items():
                removed = tuple(range(1, 3 + less + more + place))
                _read_case(folder / subject, folder / "results", CaseKey(subject, point, reader), removed, 1.0 + place)
    return folder / "results"


def _read_case(files: Path, out: Path, key: CaseKey, removed: tuple[int, ...], seconds: float) -> None:
    """A reader removes some islands, one at a time, and takes one step back and again."""
    loaded = load_case(request_for(study_case().write(files), out).files, bundled_regions(Networks()))
    reading = Reading(key, loaded, Sitting(out, clock=ticking_clock(seconds)))
    for number in removed:
        reading.session.remove(TheseIslands((number,)), reason="vessel")
    reading.session.undo()
    reading.session.redo()
    reading.finish()
