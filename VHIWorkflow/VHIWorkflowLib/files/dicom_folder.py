"""DICOM files in a folder: which of them are scans, and which belong to one series."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, cast

from VHIWorkflowLib.core.sentences import sentences_of

from .dicom_access import dicom_errors, mapped
from .dicom_planes import Plane, planes_of
from .errors import InputError

if TYPE_CHECKING:
    from pydicom import Dataset

_ = sentences_of(__name__)

SCAN_CLASSES = {
    "1.2.840.10008.5.1.4.1.1.4": "MR",
    "1.2.840.10008.5.1.4.1.1.4.1": "enhanced MR",
    "1.2.840.10008.5.1.4.1.1.4.4": "legacy converted enhanced MR",
    "1.2.840.10008.5.1.4.1.1.2": "CT",
    "1.2.840.10008.5.1.4.1.1.2.1": "enhanced CT",
}
"""Kinds of DICOM objects that are scans. CT is among them: Slicer exports any volume as CT unless told otherwise."""

DIRECTORY = "1.2.840.10008.1.3.10"
"""A DICOMDIR, the table of contents of an export."""

DEFLATED = b"1.2.840.10008.1.2.1.99"
START_BYTES = 2048

TEXT_TAGS = [
    "PatientID",
    "PatientName",
    "StudyInstanceUID",
    "StudyDate",
    "SeriesInstanceUID",
    "SeriesDescription",
]
IMAGE_TAGS = [
    "SOPClassUID",
    "ImageType",
    "Rows",
    "Columns",
    "SamplesPerPixel",
    "NumberOfFrames",
    "ImagePositionPatient",
    "ImageOrientationPatient",
    "PixelSpacing",
    "RescaleSlope",
    "RescaleIntercept",
    "SharedFunctionalGroupsSequence",
    "PerFrameFunctionalGroupsSequence",
]


@dataclass(frozen=True)
class ScanFile:
    """A file of a scan: its header, and the texts in it that tell scans apart."""

    path: Path
    header: Dataset
    texts: dict[str, str]
    images: int


@dataclass(frozen=True)
class Series:
    """Files of one series."""

    uid: str
    files: tuple[ScanFile, ...]

    @property
    def paths(self) -> tuple[Path, ...]:
        """Its files, sorted by name."""
        return tuple(file.path for file in self.files)

    @property
    def description(self) -> str:
        """SeriesDescription."""
        return self.text("SeriesDescription")

    @property
    def patient(self) -> tuple[str, str]:
        """PatientID and PatientName."""
        return self.text("PatientID"), self.text("PatientName")

    @property
    def images(self) -> int:
        """Number of images, frames of multi-frame files counted."""
        return sum(file.images for file in self.files)

    def text(self, keyword: str) -> str:
        """One of the texts, as the first file has it."""
        return self.files[0].texts[keyword]

    def planes(self) -> list[Plane]:
        """All its images; raises InputError if one has no proper geometry."""
        return [plane for file in self.files for plane in planes_of(file.path, file.header)]


def find_series(path: Path, on_damaged: Callable[[InputError], None] | None = None) -> list[Series]:
    """Series in a folder and its subfolders, or in a single file; only headers are read.

    Passed over: what is not DICOM or no scan, localisers, and what lies behind symbolic links to folders.

    Parameters
    ----------
    path
        Folder or file.
    on_damaged
        Called with what is wrong with a damaged file, which is then passed over; without it the error is raised.

    Raises
    ------
    InputError
        If the folder cannot be searched, or a file is damaged and nobody is told.
    """
    groups: dict[str, list[ScanFile]] = {}
    for name in sorted(_files(path)):
        try:
            file = _scan_file(name, path)
        except InputError as error:
            if on_damaged is None:
                raise
            on_damaged(error)
            continue
        if file is not None:
            groups.setdefault(file.texts["SeriesInstanceUID"], []).append(file)
    return [Series(uid, tuple(files)) for uid, files in groups.items()]


def _files(path: Path) -> Iterator[Path]:
    """All files in a folder and its subfolders; links to folders are not followed, so there are no loops."""
    if not path.is_dir():
        yield path
        return

    def refuse(error: OSError) -> None:
        raise InputError(
            error.filename or path, _("cannot be searched ({reason})").format(reason=error.strerror)
        ) from error

    for folder, _folders, names in os.walk(path, onerror=refuse, followlinks=False):
        yield from (Path(folder, name) for name in names)


def _scan_file(path: Path, root: Path) -> ScanFile | None:
    """Header of a file if it is a DICOM scan, else None.

    Raises
    ------
    InputError
        If it is DICOM but damaged or deflated, must not be read, or is a link to a scan outside the folder.
    """
    import pydicom

    start = _start_of(path)
    if start[128:132] != b"DICM":
        return None
    if DEFLATED in start:
        raise InputError(path, _("is DICOM in deflated form, which is not read; export it without compression"))
    with dicom_errors(path, _("is DICOM but its header is damaged; copy or export it again")), mapped(path) as content:
        tags = [*TEXT_TAGS, *IMAGE_TAGS]
        header = pydicom.dcmread(cast(BinaryIO, content), stop_before_pixels=True, specific_tags=tags)
        if not _is_scan(path, header):
            return None
        texts = {keyword: _text(header, keyword) for keyword in TEXT_TAGS}
        images = int(header.get("NumberOfFrames") or 1)
    if not texts["SeriesInstanceUID"]:
        raise InputError(path, _("has no SeriesInstanceUID; export the series again"))
    if path.is_symlink() and root.is_dir() and not path.resolve().is_relative_to(root.resolve()):
        raise InputError(path, _("is a symbolic link out of the folder; copy the file itself"))
    return ScanFile(path, header, texts, images)


def _start_of(file: Path) -> bytes:
    """First bytes of a file; none of what is not a file (a pipe, a link to nowhere)."""
    try:
        if not stat.S_ISREG(file.stat().st_mode):
            return b""
        with file.open("rb") as stream:
            return stream.read(START_BYTES)
    except PermissionError as error:
        raise InputError(file, _("must not be read with your rights; ask for read permission")) from error
    except OSError:
        return b""


def _is_scan(path: Path, header: Dataset) -> bool:
    """Whether a file is one image or more of a scan; a file cut off in its header must not pass for something else."""
    sop_class = _text(header, "SOPClassUID")
    if not sop_class and header.file_meta.get("MediaStorageSOPClassUID") != DIRECTORY:
        raise InputError(path, _("is DICOM but its header is damaged (no SOPClassUID); copy or export it again"))
    kinds = header.get("ImageType") or []
    is_localiser = "LOCALIZER" in [str(kind).upper() for kind in ([kinds] if isinstance(kinds, str) else kinds)]
    if sop_class not in SCAN_CLASSES or is_localiser:
        return False
    if "Rows" not in header or "Columns" not in header:
        raise InputError(path, _("is DICOM but its header is damaged (no image size); copy or export it again"))
    return True


def _text(header: Dataset, keyword: str) -> str:
    value = header.get(keyword)
    return "" if value is None else str(value).strip()
