"""DICOM series in a folder: listed, chosen, and read as a volume."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from VHIWorkflowLib.core.errors import VHIError
from VHIWorkflowLib.core.grids import Volume
from VHIWorkflowLib.core.sentences import listed, sentences_of

from .dicom_folder import Series, find_series
from .dicom_pixels import read_planes
from .dicom_planes import stack_planes
from .errors import InputError
from .image_header import shown

_ = sentences_of(__name__)

MOST_LISTED = 12


@dataclass(frozen=True)
class SeriesInfo:
    """One series in a folder, as its headers tell.

    Attributes
    ----------
    folder
        Deepest folder that holds all its files.
    files
        Its files, sorted by name.
    patient_id, study_date, study_uid
        Examination it belongs to; empty where the header says nothing. The date is YYYYMMDD.
    description, uid
        SeriesDescription and SeriesInstanceUID.
    images
        Number of images (frames of multi-frame files).
    shape, spacing_mm
        Voxels and distance between their centres along (k, j, i); None if the images make no volume.
    problem
        Why they make no volume, else empty.
    """

    folder: Path
    files: tuple[Path, ...]
    patient_id: str
    study_date: str
    study_uid: str
    description: str
    uid: str
    images: int
    shape: tuple[int, int, int] | None
    spacing_mm: tuple[float, float, float] | None
    problem: str


def read_series(path: Path, series: str | None = None) -> Volume:
    """Read one series as a volume.

    Parameters
    ----------
    path
        Folder, searched with its subfolders, or a single multi-frame file. Files that are not DICOM, localisers,
        reports and secondary captures are passed over.
    series
        Which series, where there are several: its description (upper and lower case alike; a part of it is enough if
        no other description has it) or its SeriesInstanceUID.

    Returns
    -------
    Volume
        Intensities as float32 on their grid in RAS mm, slices along the first array axis.

    Raises
    ------
    InputError
        If there is no series, or several and none was chosen; if a slice is missing or there twice; if images differ
        in size, spacing or orientation, lack their geometry, or are of two patients.
    """
    chosen = _choose(path, series)
    planes, grid = stack_planes(path, chosen.planes())
    return read_planes(planes, grid)


def series_files(path: Path, series: str | None = None) -> tuple[Path, ...]:
    """Files of the series that ``read_series`` would read, sorted by name.

    Raises
    ------
    InputError
        As ``read_series``, as far as the choice goes.
    """
    return _choose(path, series).paths


def patient_id(path: Path, series: str | None = None) -> str:
    """PatientID of the series that ``read_series`` would read; empty where the header says nothing.

    Raises
    ------
    InputError
        As ``read_series``, as far as the choice goes.
    """
    return _choose(path, series).text("PatientID")


def list_series(folder: Path, on_damaged: Callable[[InputError], None] | None = None) -> list[SeriesInfo]:
    """Series in a folder and its subfolders, sorted by patient, date and description; only headers are read.

    Parameters
    ----------
    folder
        Where to look. Symbolic links to folders are not followed.
    on_damaged
        Called with what is wrong with a damaged file, which is then passed over; without it the error is raised.

    Raises
    ------
    InputError
        If the folder cannot be read, or a file is damaged and nobody is told.
    """
    found = [_info(series) for series in find_series(folder, on_damaged)]
    return sorted(found, key=lambda info: (info.patient_id, info.study_date, info.description, info.uid))


def _info(series: Series) -> SeriesInfo:
    folder = Path(os.path.commonpath([path.parent for path in series.paths]))
    shape = spacing_mm = None
    problem = ""
    try:
        _check_one_patient(folder, series)
        _, grid = stack_planes(folder, series.planes())
        shape, spacing_mm = grid.shape, grid.spacing_mm
    except VHIError as error:
        problem = error.sentence
    return SeriesInfo(
        folder=folder,
        files=series.paths,
        patient_id=series.text("PatientID"),
        study_date=series.text("StudyDate"),
        study_uid=series.text("StudyInstanceUID"),
        description=series.description,
        uid=series.uid,
        images=series.images,
        shape=shape,
        spacing_mm=spacing_mm,
        problem=problem,
    )


def _choose(path: Path, wanted: str | None) -> Series:
    found = find_series(path)
    if not found:
        raise InputError(path, _("holds no DICOM scan (reports, localisers and secondary captures are passed over)"))
    matching = found if wanted is None else _matching(found, wanted)
    if len(matching) == 1:
        _check_one_patient(path, matching[0])
        return matching[0]
    choice = _listing(matching or found)
    if wanted is None:
        raise InputError(path, _("holds {series}; choose one by its description or UID").format(series=choice))
    if not matching:
        raise InputError(
            path,
            _("holds no series '{wanted}' but {series}; choose one by its description or UID").format(
                wanted=shown(wanted), series=choice
            ),
        )
    raise InputError(
        path,
        _("'{wanted}' may mean any of {series}; choose one by its UID").format(wanted=shown(wanted), series=choice),
    )


def _matching(found: Sequence[Series], wanted: str) -> list[Series]:
    """Series meant by a UID, else by the whole description, else by a part of it."""
    text = wanted.strip().casefold()
    for fits in (
        lambda series: series.uid == wanted.strip(),
        lambda series: series.description.casefold() == text,
        lambda series: bool(text) and text in series.description.casefold(),
    ):
        if matching := [series for series in found if fits(series)]:
            return matching
    return []


def _listing(found: Sequence[Series]) -> str:
    """Series in words: description, number of images, and what else tells them apart."""
    patients = len({series.patient for series in found})
    same_names = len({series.description for series in found}) < len(found)
    entries: list[str] = []
    for series in found[:MOST_LISTED]:
        facts: list[str] = [_("{count} images").format(count=series.images)]
        if patients > 1:
            patient = shown(series.patient[0])
            facts.append(_("patient {name}").format(name=patient) if patient else _("patient without ID"))
        facts += [_("UID {uid}").format(uid=shown(series.uid))] if same_names else []
        entries.append(_("'{name}' ({facts})").format(name=shown(series.description), facts=listed(facts)))
    entries += [_("...")] if len(found) > MOST_LISTED else []
    if patients > 1:
        return _("{count} series of {patients} different patients: {series}").format(
            count=len(found), patients=patients, series=listed(entries)
        )
    return _("{count} series: {series}").format(count=len(found), series=listed(entries))


def _check_one_patient(path: Path, series: Series) -> None:
    for keyword in ("PatientID", "PatientName", "StudyInstanceUID"):
        values = list(dict.fromkeys(file.texts[keyword] for file in series.files))
        if len(values) > 1:
            problem = (
                _(
                    "mixes images of two studies in one series ({keyword} '{one}' and '{other}'); "
                    "export the series again"
                )
                if keyword == "StudyInstanceUID"
                else _(
                    "mixes images of two patients in one series ({keyword} '{one}' and '{other}'); "
                    "export the series again"
                )
            )
            one, other = shown(values[0]), shown(values[1])
            raise InputError(path, problem.format(keyword=keyword, one=one, other=other))
