"""Where the readings that are compared lie: results folders, results tables, and folders of plain masks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from VHIWorkflowLib.core.grids import BoolArray, Volume
from VHIWorkflowLib.core.segment_kinds import SENSITIVE
from VHIWorkflowLib.files.dicom_segmentation import read_dicom_segmentation
from VHIWorkflowLib.files.errors import InputError
from VHIWorkflowLib.files.folder_scan import IMAGE_ENDINGS
from VHIWorkflowLib.files.results import RESULTS_NAME, read_rows
from VHIWorkflowLib.files.results_rows import ResultsRow
from VHIWorkflowLib.files.volumes import read_mask
from VHIWorkflowLib.study.case_files import RECORD_NAME
from VHIWorkflowLib.study.reading import LABELMAP_NAME

READER_MARK = "#"
DICOM_ENDING = ".dcm"
MASK_ENDINGS = (*IMAGE_ENDINGS, DICOM_ENDING)


@dataclass(frozen=True)
class MaskFile:
    """Where a mask lies; a DICOM file is read as a segmentation (SEG)."""

    path: Path

    def read(self) -> Volume:
        """The mask; it may be empty.

        Raises
        ------
        InputError
            If it cannot be read.
        """
        if self.path.name.lower().endswith(DICOM_ENDING):
            return read_dicom_segmentation(self.path, SENSITIVE.name)
        return read_mask(self.path, segment=SENSITIVE.name, allow_empty=True)


@dataclass(frozen=True)
class ReadCase:
    """One case as somebody read it.

    Attributes
    ----------
    case_id, time_point
        Which examination; the time point is empty for plain masks.
    volume_mm3, voxel_mm3
        VHI and volume of a voxel, where a table has them.
    mask
        Where the mask lies, or None where only the number is known.
    record
        Folder of the record, where there is one.
    """

    case_id: str
    time_point: str
    volume_mm3: float | None
    voxel_mm3: float | None
    mask: MaskFile | None
    record: Path | None = None


@dataclass(frozen=True)
class Source:
    """All cases of one reader, repeat or method.

    Attributes
    ----------
    name
        Of the reader, or of the folder of masks.
    cases
        In the order of their names.
    rows
        Of the results table that they come from; none for plain masks.
    """

    name: str
    cases: tuple[ReadCase, ...]
    rows: tuple[ResultsRow, ...] = ()

    def by_name(self, with_time_points: bool) -> dict[str, ReadCase]:
        """Cases by the name they are matched by.

        Raises
        ------
        InputError
            If two have the same name.
        """
        found: dict[str, ReadCase] = {}
        for case in self.cases:
            name = f"{case.case_id} {case.time_point}".strip() if with_time_points else case.case_id
            if name in found:
                raise InputError(self.name, f"has case {name!r} twice; keep one of them")
            found[name] = case
        return found

    @property
    def has_time_points(self) -> bool:
        """Whether time points tell its cases apart."""
        return any(case.time_point for case in self.cases)


def read_source(text: str) -> Source:
    """Find the readings that a user names.

    Parameters
    ----------
    text
        A results folder or results table, with ``#reader`` behind it when it holds several readers; or a folder of
        masks (NIfTI, NRRD, MHA, Slicer segmentations, DICOM SEG), whose file names are the cases.

    Raises
    ------
    InputError
        If there is nothing there, or several readers and none chosen.
    RecordError
        If a table cannot be read.
    """
    place, reader = _place_of(text)
    table = place / RESULTS_NAME if place.is_dir() else place
    if not table.is_file():
        return _of_masks(place)
    rows = _rows_of(table, reader)
    return Source(rows[0].reader, tuple(_of_row(table.parent, row) for row in rows), tuple(rows))


def read_reader_rows(text: str) -> list[ResultsRow]:
    """Rows of one reader, sorted, of a results folder or table, with ``#reader`` behind it when it holds several.

    Raises
    ------
    InputError
        If there is no such table, or several readers and none chosen.
    RecordError
        If the table cannot be read.
    """
    place, reader = _place_of(text)
    return _rows_of(place / RESULTS_NAME if place.is_dir() else place, reader)


def read_sources(texts: Sequence[str]) -> list[Source]:
    """Two or more readings with different names.

    Raises
    ------
    InputError
        If there are fewer, or two have one name; and as `read_source`.
    """
    if len(texts) < 2:
        raise InputError(texts[0] if texts else "readings", "is the only reading; name two or more")
    sources = [read_source(each) for each in texts]
    if len({source.name for source in sources}) < len(sources):
        raise InputError(texts[-1], "has the same name as another reading; rename its folder")
    return sources


def _place_of(text: str) -> tuple[Path, str | None]:
    """File or folder, and the reader behind ``#``, if any."""
    path, _, reader = text.partition(READER_MARK) if not Path(text).exists() else (text, "", "")
    if not Path(path).exists():
        raise InputError(path, "does not exist; name a results folder, a results table or a folder of masks")
    return Path(path), reader or None


def _rows_of(table: Path, reader: str | None) -> list[ResultsRow]:
    if not table.is_file():
        raise InputError(table, "does not exist; name a results folder or a results table")
    rows = read_rows(table)
    readers = sorted({row.reader for row in rows})
    if reader is None and len(readers) > 1:
        raise InputError(
            table, f"holds the readers {', '.join(readers)}; choose one, as in {table.parent}#{readers[0]}"
        )
    chosen = sorted((row for row in rows if reader in (None, row.reader)), key=lambda row: row.key)
    if not chosen:
        raise InputError(table, f"holds no case of reader {reader}; there are {', '.join(readers) or 'none'}")
    return chosen


def _of_row(folder: Path, row: ResultsRow) -> ReadCase:
    record = folder.joinpath(*row.key)
    mask = MaskFile(record / LABELMAP_NAME) if (record / LABELMAP_NAME).is_file() else None
    return ReadCase(
        row.case_id,
        row.time_point,
        row.vhi_sensitive_mm3,
        row.voxel_volume_mm3,
        mask,
        record if (record / RECORD_NAME).is_file() else None,
    )


def _of_masks(folder: Path) -> Source:
    if not folder.is_dir():
        raise InputError(folder, "is not a results table; name a results folder, its results.tsv or a folder of masks")
    found = []
    for path in sorted(folder.iterdir()):
        ending = next((ending for ending in MASK_ENDINGS if path.name.lower().endswith(ending)), None)
        if ending and path.is_file() and not path.name.startswith("."):
            found.append(ReadCase(path.name[: -len(ending)], "", None, None, MaskFile(path)))
    if not found:
        raise InputError(folder, f"holds neither {RESULTS_NAME} nor masks ({', '.join(MASK_ENDINGS)})")
    return Source(folder.resolve().name, tuple(found))


def array_of(volume: Volume) -> BoolArray:
    """The mask itself, shape (k, j, i)."""
    array: BoolArray = volume.array.astype(bool)
    return array
