"""What is kept of a list of cases in ``<out>/reading_list.<reader>.json``: blinded order, its seed, and flags."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from random import Random
from typing import Any

from VHIWorkflowLib.core.sentences import sentences_of
from VHIWorkflowLib.files.errors import RecordError
from VHIWorkflowLib.files.safe_files import clear_errors, write_atomically
from VHIWorkflowLib.files.worklist_cases import WorklistCase

_ = sentences_of(__name__)

FORMAT = "VHIWorkflow reading list"
FORMAT_VERSION = 1

Name = tuple[str, str]
"""Case and time point."""


@dataclass(frozen=True)
class KeptList:
    """Seed and order of a list that is or was blinded (None and nothing when it never was), and comments by case."""

    seed: int | None = None
    order: tuple[Name, ...] = ()
    flags: Mapping[Name, str] = field(default_factory=dict)

    def with_order(self, cases: Sequence[WorklistCase], seed: int) -> KeptList:
        """The same with a place for every case: those that have none are shuffled and come last.

        The order hangs on the seed and the names alone, not on the order of the worklist.
        """
        known = set(self.order)
        new = sorted({_name(case) for case in cases} - known)
        seed = seed if self.seed is None else self.seed
        Random(f"{seed}:{len(known)}").shuffle(new)
        return replace(self, seed=seed, order=(*self.order, *new)) if new else self

    def in_order(self, cases: Sequence[WorklistCase]) -> list[WorklistCase]:
        """Cases in the kept order; those without a place last."""
        place = {name: number for number, name in enumerate(self.order)}
        return sorted(cases, key=lambda case: place.get(_name(case), len(place)))

    def with_flag(self, name: Name, comment: str | None) -> KeptList:
        """The same with a case flagged, or with None not."""
        flags = {each: text for each, text in self.flags.items() if each != name}
        return replace(self, flags=flags if comment is None else {**flags, name: comment})


def list_path(out: Path, reader: str) -> Path:
    """File of a reader's list."""
    return out / f"reading_list.{reader}.json"


def read_kept_list(out: Path, reader: str) -> KeptList:
    """Read what was kept; nothing when there is no file.

    Raises
    ------
    RecordError
        If the file is damaged, or of a newer version.
    """
    path = list_path(out, reader)
    with clear_errors(path):
        try:
            data = path.read_bytes()
        except FileNotFoundError:
            return KeptList()
    try:
        document: Any = json.loads(data)
        if document["format"] != FORMAT or document["format_version"] != FORMAT_VERSION:
            raise RecordError(path, _("was written by another version of this software; update VHIWorkflow"))
        return KeptList(
            None if document["seed"] is None else int(document["seed"]),
            tuple((str(case_id), str(time_point)) for case_id, time_point in document["order"]),
            {(str(flag["case_id"]), str(flag["time_point"])): str(flag["comment"]) for flag in document["flags"]},
        )
    except (ValueError, LookupError, TypeError, RecursionError) as error:
        problem = _("is damaged; restore it from a backup, or move it away (flags and the blinded order are then lost)")
        raise RecordError(path, problem) from error


def write_kept_list(kept: KeptList, out: Path, reader: str) -> None:
    """Write it whole or not at all.

    Raises
    ------
    RecordError
        If it cannot be written.
    """
    document = {
        "format": FORMAT,
        "format_version": FORMAT_VERSION,
        "reader": reader,
        "seed": kept.seed,
        "order": kept.order,
        "flags": [
            {"case_id": case_id, "time_point": time_point, "comment": comment}
            for (case_id, time_point), comment in sorted(kept.flags.items())
        ],
    }
    write_atomically(list_path(out, reader), (json.dumps(document, ensure_ascii=False, indent=1) + "\n").encode())


def _name(case: WorklistCase) -> Name:
    return case.case_id, case.time_point
