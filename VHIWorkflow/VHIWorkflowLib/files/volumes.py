"""Scans and masks on disk: read, checked before they are trusted, and placed in the patient."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import numpy.typing as npt

from VHIWorkflowLib.core.errors import MeasurementError
from VHIWorkflowLib.core.grids import Volume
from VHIWorkflowLib.core.sentences import sentences_of

from .errors import InputError
from .image_header import ImageHeader, Segment, not_finite_problem, shown
from .itk import itk_grid, itk_silent, simple_itk
from .meta_header import read_meta_header
from .nifti_header import read_nifti_header
from .nrrd_header import read_nrrd_header
from .stored_bytes import CHUNK_BYTES, check_regular_file, read_start

_ = sentences_of(__name__)

HEADER_READERS = {
    ".nii": read_nifti_header,
    ".nii.gz": read_nifti_header,
    ".nrrd": read_nrrd_header,
    ".nhdr": read_nrrd_header,
    ".mha": read_meta_header,
    ".mhd": read_meta_header,
}

MAX_LABEL = 65535
MAX_LABELS = 256
"""A mask with more different values than this is taken for a scan given by mistake."""

INTENSITY_RANGE = (1e-12, 1e12)
"""Where the largest intensity of a scan must lie; numbers read with the wrong byte order seldom do."""


def read_image(path: Path, *, series: str | None = None) -> Volume:
    """Read a scan: NIfTI, NRRD, MetaImage, or DICOM (a folder or a file).

    Parameters
    ----------
    path
        File, or folder of DICOM files.
    series
        Which series of a DICOM folder: its description or its SeriesInstanceUID.

    Returns
    -------
    Volume
        Intensities as float32, indexed (k, j, i), rescaled as the file says, on their grid in RAS mm. The stored order
        of axes is kept.

    Raises
    ------
    InputError
        If the file is not such a scan, is damaged, holds values that are not finite, or the same value everywhere.
    """
    path = Path(path)
    if is_dicom(path):
        volume = _read_dicom(path, series)
    elif series is not None:
        raise InputError(
            path, _("is not a DICOM folder, so no series '{series}' can be chosen in it").format(series=shown(series))
        )
    else:
        volume = _read(read_header(path), layer=0)
    _check_intensities(path, volume.array)
    return volume


def read_mask(path: Path, *, segment: str | None = None, allow_empty: bool = False) -> Volume:
    """Read a mask: every voxel with a label other than zero.

    Parameters
    ----------
    path
        NIfTI, NRRD, MetaImage, or Slicer segmentation (.seg.nrrd).
    segment
        Name of the segment wanted, upper and lower case alike. Used only if the file is a segmentation with several
        segments; a single segment is taken whatever its name.
    allow_empty
        Whether a mask without a single voxel is accepted.

    Returns
    -------
    Volume
        Boolean array indexed (k, j, i) on its grid in RAS mm.

    Raises
    ------
    InputError
        If the file cannot be read, holds no label, holds values that are not labels, or several segments of which
        none was chosen.
    """
    path = Path(path)
    if is_dicom(path):
        raise InputError(path, _("is DICOM; a mask must be a NIfTI, NRRD, .seg.nrrd or MHA file"))
    header = read_header(path)
    chosen = _choose_segment(header, segment)
    volume = _read(header, layer=chosen.layer if chosen else 0, bytes_as_stored=True)
    _check_labels(path, volume.array)
    mask = volume.array == chosen.label if chosen else volume.array != 0
    if not (allow_empty or mask.any()):
        raise InputError(path, _("is an empty mask (no voxel is marked); mark the region and save it again"))
    return Volume(mask, volume.grid)


def sha256_of(path: Path, *, series: str | None = None) -> str:
    """SHA-256 of an input, as 64 hexadecimal digits.

    A file has the hash of its bytes. What lies in several files (a DICOM series, a header with the voxel data in a
    second file) has the hash of the sorted hashes of these files, one per line, so names and places do not matter.

    Raises
    ------
    InputError
        If a file cannot be read, or the DICOM series cannot be found.
    """
    path = Path(path)
    if path.is_dir():
        from .dicom_series import series_files

        return _hash_together(series_files(path, series))
    if path.suffix.lower() in (".mhd", ".nhdr"):
        return _hash_together([path, read_header(path).data_path])
    return _hash_file(path)


def read_header(path: Path) -> ImageHeader:
    """Header of a NIfTI, NRRD or MetaImage file, checked; the voxel data are not looked at.

    Raises
    ------
    InputError
        If the path is not a readable file of these formats, or the header promises what cannot be used.
    """
    check_regular_file(path)
    name = path.name.lower()
    for ending, reader in HEADER_READERS.items():
        if name.endswith(ending):
            with np.errstate(all="ignore"):
                return reader(path)
    raise InputError(path, _("is not a NIfTI (.nii, .nii.gz), NRRD (.nrrd), MetaImage (.mha) or DICOM file"))


def is_dicom(path: Path) -> bool:
    """Whether a path is a folder, or a file that bears the DICOM mark after its preamble.

    Raises
    ------
    InputError
        If the path does not exist or cannot be read.
    """
    try:
        if path.is_dir():
            return True
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise InputError(path, _("cannot be opened ({error})").format(error=reason)) from error
    return read_start(path, 132)[128:] == b"DICM"


def _read_dicom(path: Path, series: str | None) -> Volume:
    from .dicom_series import read_series

    try:
        return read_series(path, series)
    except MeasurementError as error:
        raise InputError(path, error.sentence) from error


def _read(header: ImageHeader, layer: int, *, bytes_as_stored: bool = False) -> Volume:
    """Values as float32; with ``bytes_as_stored`` as uint8 where the file holds these, at a fraction of the time."""
    header.check_data()
    try:
        with itk_silent(), np.errstate(all="ignore"):
            return _read_with_itk(header, layer, bytes_as_stored)
    except MeasurementError as error:
        raise InputError(header.path, error.sentence) from error
    except RuntimeError as error:
        raise InputError(header.path, _("ITK cannot read it (damaged header?); export it again")) from error


def _read_with_itk(header: ImageHeader, layer: int, bytes_as_stored: bool) -> Volume:
    sitk = simple_itk()
    reader = sitk.ImageFileReader()
    reader.SetImageIO(header.image_io)
    reader.SetFileName(str(header.path))
    reader.ReadImageInformation()
    size, spacing = reader.GetSize(), reader.GetSpacing()
    if (
        tuple(size[:3]) != header.shape
        or any(n != 1 for n in size[3:])
        or reader.GetNumberOfComponents() != header.components
        or not np.allclose(spacing[:3], header.spacing_mm, rtol=1e-3)
    ):
        raise InputError(header.path, _("its header contradicts itself; export it again"))
    if not (bytes_as_stored and reader.GetPixelID() in (sitk.sitkUInt8, sitk.sitkVectorUInt8)):
        reader.SetOutputPixelType(sitk.sitkVectorFloat32 if header.components > 1 else sitk.sitkFloat32)
    image = reader.Execute()
    if header.components > 1:
        image = sitk.VectorIndexSelectionCast(image, layer)
    if image.GetDimension() > 3:
        image = sitk.Extract(image, [*header.shape, *([0] * (image.GetDimension() - 3))])
    return Volume(sitk.GetArrayFromImage(image), itk_grid(image))


def _check_intensities(path: Path, array: npt.NDArray[np.float32]) -> None:
    low, high = float(array.min()), float(array.max())
    if not np.isfinite([low, high]).all():
        raise InputError(path, not_finite_problem(int(array.size - np.isfinite(array).sum())))
    if low == high:
        raise InputError(path, _("has the same intensity ({low:.6g}) everywhere; it is not a scan").format(low=low))
    largest = max(abs(low), abs(high))
    if not INTENSITY_RANGE[0] < largest < INTENSITY_RANGE[1]:
        raise InputError(
            path,
            _("its largest intensity is {largest:.3g} (wrong byte order?); export the scan again").format(
                largest=largest
            ),
        )


def _check_labels(path: Path, array: npt.NDArray[np.float32] | npt.NDArray[np.uint8]) -> None:
    if array.dtype == np.uint8:
        return  # every value is a label, and there cannot be more than MAX_LABELS of them
    if not np.isfinite([array.min(), array.max()]).all():
        raise InputError(path, _("is not a mask: it holds values that are not numbers (NaN or infinity)"))
    if array.min() < 0:
        raise InputError(path, _("is not a mask: it holds negative values"))
    if array.max() > MAX_LABEL:
        raise InputError(path, _("is not a mask: it holds values above {max_label}").format(max_label=MAX_LABEL))
    labels = array.astype(np.uint16)
    if not np.array_equal(labels, array):
        raise InputError(path, _("is not a mask: it holds values that are not whole numbers"))
    if np.count_nonzero(np.bincount(labels.ravel())) > MAX_LABELS:
        raise InputError(
            path,
            _("is not a mask: it holds more than {max_labels} different values, like a scan").format(
                max_labels=MAX_LABELS
            ),
        )


def _choose_segment(header: ImageHeader, name: str | None) -> Segment | None:
    segments = header.segments
    if any(segment.layer >= header.components for segment in segments):
        raise InputError(header.path, _("names a segment in a layer that it does not have; save it again in Slicer"))
    if len(segments) <= 1:
        return segments[0] if segments else None
    wanted = [segment for segment in segments if name is not None and segment.name.casefold() == name.casefold()]
    if len(wanted) == 1:
        return wanted[0]
    known = ", ".join(f"'{shown(segment.name)}'" for segment in segments)
    asked = _("one named '{name}'").format(name=name) if name else _("a single one")
    raise InputError(
        header.path,
        _("holds the segments {known}, not {asked}; export the wanted segment alone").format(known=known, asked=asked),
    )


def _hash_file(path: Path) -> str:
    check_regular_file(path)
    digest = hashlib.sha256()
    try:
        with path.open("rb") as file:
            while chunk := file.read(CHUNK_BYTES):
                digest.update(chunk)
    except OSError as error:
        raise InputError(path, _("cannot be read ({reason})").format(reason=error.strerror)) from error
    return digest.hexdigest()


def _hash_together(paths: Iterable[Path]) -> str:
    digests = sorted(_hash_file(path) for path in paths)
    return hashlib.sha256("\n".join(digests).encode("ascii")).hexdigest()
