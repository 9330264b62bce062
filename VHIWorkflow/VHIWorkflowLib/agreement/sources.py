"""Where the readings that are compared lie: results folders, results tables, and folders of plain masks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from VHIWorkflowLib.core.grids import BoolArray, Volume
from VHIWorkflowLib.core.segment_kinds import SENSITIVE
from VHIWorkflowLib.core.sentences import sentences_of
from VHIWorkflowLib.files.dicom_segmentation import highdicom_for, read_dicom_segmentation
from VHIWorkflowLib.files.errors import InputError
from VHIWorkflowLib.files.folder_scan import IMAGE_ENDINGS
from VHIWorkflowLib.files.results import RESULTS_NAME
from VHIWorkflowLib.files.time_points import in_time
from VHIWorkflowLib.files.volumes import read_mask
from VHIWorkflowLib.study.case_files import RECORD_NAME, read_record
from VHIWorkflowLib.study.reading import LABELMAP_NAME

from .vhi_rows import Key, VhiRow, read_any_table, read_results

_ = sentences_of(__name__)

READER_MARK = "#"
RECORDS = f"*/*/*/{RECORD_NAME}"
DICOM_ENDING = ".dcm"
MASK_ENDINGS = (*IMAGE_ENDINGS, DICOM_ENDING)


@dataclass(frozen=True)
class MaskFile:
    """Where a mask lies; a DICOM file is read as a segmentation (SEG)."""

    path: Path

    @property
    def is_dicom(self) -> bool:
        """Whether it is named as a DICOM file."""
        return self.path.name.lower().endswith(DICOM_ENDING)

    def read(self) -> Volume:
        """The mask; it may be empty.

        Raises
        ------
        InputError
            If it cannot be read.
        """
        if self.is_dicom:
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
        Of the table that they come from; none for plain masks.
    """

    name: str
    cases: tuple[ReadCase, ...]
    rows: tuple[VhiRow, ...] = ()

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
                raise InputError(self.name, self._twice(name, found[name], case))
            found[name] = case
        return found

    @staticmethod
    def _twice(name: str, one: ReadCase, other: ReadCase) -> str:
        if one.time_point == other.time_point:
            return _("has case {name!r} twice; keep one of them").format(name=name)
        return _(
            "has case {name!r} at {one!r} and {other!r}, but the other reading has no time points; "
            "give it those of one only"
        ).format(name=name, one=one.time_point, other=other.time_point)

    @property
    def has_time_points(self) -> bool:
        """Whether time points tell its cases apart."""
        return any(case.time_point for case in self.cases)


def read_source(text: str) -> Source:
    """Find the readings that a user names.

    Parameters
    ----------
    text
        A results folder or a table of VHI, with ``#reader`` behind it when it holds several readers; or a folder of
        masks (NIfTI, NRRD, MHA, Slicer segmentations, DICOM SEG), whose file names are the cases.

    Raises
    ------
    InputError
        If there is nothing there, several readers and none chosen, or DICOM and no highdicom.
    RecordError
        If a table cannot be read.
    """
    place, reader = _place_of(text)
    if place.is_file() and _mask_ending(place) is not None:
        raise InputError(place, _("is a single mask; name the folder that it lies in, whose file names are the cases"))
    if not _holds_results(place):
        return _of_masks(place)
    rows, gaps = _rows_of(place, reader)
    folder = place if place.is_dir() else place.parent
    cases = [_of_row(folder, row) for row in rows] + [_of_key(folder, key) for key in gaps]
    cases.sort(key=lambda case: (case.case_id, in_time(case.time_point)))
    return Source(rows[0].reader, tuple(cases), tuple(rows))


def read_reader_rows(text: str) -> list[VhiRow]:
    """Rows of one reader, sorted, of a results folder or table of VHI, ``#reader`` behind it when it holds several.

    Rows without VHI are left out.

    Raises
    ------
    InputError
        If there is no such table, or several readers and none chosen.
    RecordError
        If the table cannot be read.
    """
    place, reader = _place_of(text)
    if not _holds_results(place):
        raise InputError(place, _("holds no results; name a results folder or a results table"))
    return _rows_of(place, reader)[0]


def read_sources(texts: Sequence[str]) -> list[Source]:
    """Two or more readings with different names.

    Raises
    ------
    InputError
        If there are fewer, or one is named twice; and as `read_source`.
    """
    if len(texts) < 2:
        raise InputError(texts[0] if texts else _("readings"), _("is the only reading; name two or more"))
    sources = [read_source(each) for each in texts]
    names = [source.name for source in sources]
    places = [_place_of(each)[0].resolve() for each in texts]
    for n, name in enumerate(names):
        if names.count(name) > 1:  # a reader's repeats, or masks of the same cases by several programs
            sources[n] = replace(sources[n], name=f"{name} ({_told_apart(places[n], places)})")
    if len({source.name for source in sources}) < len(sources):
        raise InputError(texts[-1], _("is named twice; name different readings"))
    return sources


def _told_apart(place: Path, places: Sequence[Path]) -> str:
    """The shortest end of a path that no other path ends with."""
    others = [each for each in places if each != place]
    for length in range(1, len(place.parts)):
        end = place.parts[-length:]
        if not any(other.parts[-length:] == end for other in others):
            return "/".join(end)
    return str(place)


def _place_of(text: str) -> tuple[Path, str | None]:
    """File or folder, and the reader behind ``#``, if any."""
    path, _mark, reader = text.partition(READER_MARK) if not Path(text).exists() else (text, "", "")
    if not Path(path).exists():
        raise InputError(path, _("does not exist; name a results folder, a results table or a folder of masks"))
    return Path(path), reader or None


def _holds_results(place: Path) -> bool:
    """Whether a path is a table, or a folder with a table or records."""
    return place.is_file() or (place / RESULTS_NAME).is_file() or any(place.glob(RECORDS))


def _rows_of(place: Path, reader: str | None) -> tuple[list[VhiRow], list[Key]]:
    """Rows of the reader wanted, and keys of those without VHI; a folder without its table is read from its records."""
    table = place / RESULTS_NAME if place.is_dir() else place
    gaps: list[Key] = []
    if table.is_file():
        rows, gaps = read_results(table) if place.is_dir() else read_any_table(table)
    else:
        records = [read_record(path) for path in sorted(place.glob(RECORDS))]
        rows = [record.row() for record in records if record.state == "done"]
    readers = sorted({row.reader for row in rows})
    if reader is None and len(readers) > 1:
        folder = place if place.is_dir() else place.parent
        raise InputError(
            place,
            _("holds the readers {readers}; choose one, as in {folder}#{reader}").format(
                readers=", ".join(readers), folder=folder, reader=readers[0]
            ),
        )
    chosen = sorted((row for row in rows if reader in (None, row.reader)), key=lambda row: row.key)
    if not chosen:
        problem = (
            _("holds no finished case; there are {readers}")
            if reader is None
            else _("holds no finished case of reader {reader}; there are {readers}")
        )
        raise InputError(place, problem.format(reader=reader, readers=", ".join(readers) or _("none")))
    return chosen, [key for key in gaps if key[2] == chosen[0].reader]


def _of_row(folder: Path, row: VhiRow) -> ReadCase:
    case = _of_key(folder, row.key)
    return replace(case, volume_mm3=row.vhi_sensitive_mm3, voxel_mm3=row.voxel_volume_mm3)


def _of_key(folder: Path, key: Key) -> ReadCase:
    """A case without VHI in the table; its mask and record where there are any."""
    record = folder.joinpath(*key)
    mask = MaskFile(record / LABELMAP_NAME) if (record / LABELMAP_NAME).is_file() else None
    return ReadCase(key[0], key[1], None, None, mask, record if (record / RECORD_NAME).is_file() else None)


def _mask_ending(path: Path) -> str | None:
    return next((ending for ending in MASK_ENDINGS if path.name.lower().endswith(ending)), None)


def _of_masks(folder: Path) -> Source:
    if not folder.is_dir():
        raise InputError(folder, _("is no folder; name a results folder, its results.tsv or a folder of masks"))
    found = []
    for path in sorted(folder.iterdir()):
        ending = _mask_ending(path)
        if ending and path.is_file() and not path.name.startswith("."):
            found.append(ReadCase(path.name[: -len(ending)], "", None, None, MaskFile(path)))
    if not found:
        raise InputError(
            folder,
            _("holds neither {results_name} nor masks ({endings})").format(
                results_name=RESULTS_NAME, endings=", ".join(MASK_ENDINGS)
            ),
        )
    first_dicom = next((case.mask.path for case in found if case.mask is not None and case.mask.is_dicom), None)
    if first_dicom is not None:
        highdicom_for(first_dicom)  # said once, before any case is read
    return Source(folder.resolve().name, tuple(found))


def array_of(volume: Volume) -> BoolArray:
    """The mask itself, shape (k, j, i)."""
    array: BoolArray = volume.array.astype(bool)
    return array
