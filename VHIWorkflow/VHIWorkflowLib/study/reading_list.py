"""The cases of a worklist as one reader goes through them: in what order, how far, flagged or not, blinded or not.

What is kept of it between sittings: `kept_list`.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Sequence
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Literal

from VHIWorkflowLib.core.sentences import sentences_of
from VHIWorkflowLib.files.case_folders import valid_name
from VHIWorkflowLib.files.errors import InputError, RecordError
from VHIWorkflowLib.files.safe_files import case_folder
from VHIWorkflowLib.files.worklist_cases import WorklistCase
from VHIWorkflowLib.files.worklists import read_worklist, scan_folder

from .case_files import RECORD_NAME, read_record
from .case_inputs import CaseFiles
from .case_record import CaseKey
from .kept_list import KeptList, read_kept_list, write_kept_list
from .region_files import REGIONS_NAME

_ = sentences_of(__name__)

LARGEST_SEED = 2**31

State = Literal["new", "begun", "done", "damaged"]


@dataclass(frozen=True)
class ListedCase:
    """A case in its place of the list.

    Attributes
    ----------
    position
        From 0, in the order of reading.
    case, key
        What the worklist says, and what its records are found by.
    state
        How far the reader is; "damaged" where the record cannot be read, ``problem`` then says why.
    vhi_mm3
        Of a finished case.
    flag
        The reader's comment on a case that needs another look; None when it is not flagged.
    title
        What the reader sees: case and time point, or "Case 3" in a blinded list.
    """

    position: int
    case: WorklistCase
    key: CaseKey
    state: State
    vhi_mm3: float | None
    flag: str | None
    title: str
    problem: str | None = None

    @property
    def files(self) -> CaseFiles:
        """Scans and regions of the case."""
        case = self.case
        return CaseFiles(case.stir, case.t1w, tuple(case.normal_bone), case.disease_region)


class ReadingList:
    """The cases of one reader, in order; see `open`.

    Attributes
    ----------
    out, reader
        Where records go, and whose they are.
    blinded
        Whether names and time points are hidden and the order was drawn by lot.
    notices
        For the reader: what scanning a folder passed over.
    """

    def __init__(
        self,
        cases: Sequence[WorklistCase],
        out: Path,
        reader: str,
        *,
        blinded: bool = False,
        kept: KeptList | None = None,
        notices: Sequence[str] = (),
    ) -> None:
        self.out = out
        self.reader = reader
        self.blinded = blinded
        self.notices = tuple(notices)
        self._kept = kept or KeptList()
        self._cases = self._kept.in_order(cases) if blinded else list(cases)
        self._listed = [self._look_at(position) for position in range(len(self._cases))]

    @classmethod
    def open(
        cls, source: Path, out: Path, reader: str, *, blinded: bool = False, seed: int | None = None
    ) -> ReadingList:
        """Open a worklist, or a folder of scans, as a reader left it, or for the first time.

        Parameters
        ----------
        source
            Worklist (TSV, CSV), or a folder that is searched for cases.
        out
            Folder of all records.
        reader
            Name of the reader; rows of the worklist that name another reader are left out.
        blinded
            Hide names and time points, in an order drawn by lot. A list that was blinded before keeps its order; cases
            that are new in the worklist come last.
        seed
            Of the order, when it is drawn for the first time; by lot when None.

        Raises
        ------
        InputError
            If the worklist or a name cannot be used, or no case is left for this reader.
        RecordError
            If the list as it was left cannot be read or written.
        """
        reader = valid_name("reader", reader)
        cases, notices = scan_folder(source) if source.is_dir() else (read_worklist(source), [])
        cases = [case for case in cases if case.reader in (None, reader)]
        if not cases:
            raise InputError(source, _("holds no case for reader {reader}").format(reader=reader))
        kept = read_kept_list(out, reader)
        if blinded:
            drawn = kept.with_order(cases, secrets.randbelow(LARGEST_SEED) if seed is None else seed)
            if drawn != kept:
                write_kept_list(drawn, out, reader)
            kept = drawn
        return cls(cases, out, reader, blinded=blinded, kept=kept, notices=notices)

    @property
    def seed(self) -> int | None:
        """Of the order of a blinded list; None when the order is that of the worklist."""
        return self._kept.seed if self.blinded else None

    def __len__(self) -> int:
        return len(self._listed)

    def __iter__(self) -> Iterator[ListedCase]:
        return iter(self._listed)

    def __getitem__(self, position: int) -> ListedCase:
        return self._listed[position]

    def refresh(self, position: int) -> ListedCase:
        """Look at the files of a case again."""
        self._listed[position] = self._look_at(position)
        return self._listed[position]

    def flag(self, position: int, comment: str | None) -> ListedCase:
        """Flag a case with a comment (it may be empty), or take the flag away with None; saved at once.

        Raises
        ------
        RecordError
            If it cannot be saved.
        """
        key = self._listed[position].key
        kept = self._kept.with_flag((key.case_id, key.time_point), comment)
        write_kept_list(kept, self.out, self.reader)
        self._kept = kept
        return self.refresh(position)

    def position_of(self, key: CaseKey) -> int | None:
        """Place of a case in the list; None when it is not in it."""
        return next((listed.position for listed in self if listed.key == key), None)

    def next_unfinished(self, after: int = -1) -> int | None:
        """Place of the next case that is not done, from the one after a place on and round; None when all are done."""
        places = [(after + step) % len(self) for step in range(1, len(self) + 1)]
        return next((place for place in places if self[place].state != "done"), None)

    def _look_at(self, position: int) -> ListedCase:
        case = self._cases[position]
        key = CaseKey(case.case_id, case.time_point, self.reader)
        state, vhi_mm3, problem = _state_of(case_folder(self.out, *astuple(key)))
        return ListedCase(
            position=position,
            case=case,
            key=key,
            state=state,
            vhi_mm3=vhi_mm3,
            flag=self._kept.flags.get((case.case_id, case.time_point)),
            title=f"Case {position + 1}" if self.blinded else f"{case.case_id}  {case.time_point}",
            problem=problem,
        )


def was_blinded(out: Path, reader: str) -> bool:
    """Whether a reader has opened a list blinded before, with this folder of records.

    Raises
    ------
    RecordError
        If the list as it was left cannot be read.
    """
    return read_kept_list(out, reader).seed is not None


def _state_of(folder: Path) -> tuple[State, float | None, str | None]:
    """How far a case is, its VHI when it is done, and what is wrong with its record."""
    if not (folder / RECORD_NAME).exists():
        return ("begun" if (folder / REGIONS_NAME).exists() else "new"), None, None
    try:
        record = read_record(folder)
    except RecordError as error:
        return "damaged", None, error.sentence
    return record.state, record.vhi.sensitive_mm3 if record.state == "done" else None, None
