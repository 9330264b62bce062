"""Intensities of DICOM images."""

from __future__ import annotations

import mmap
from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, BinaryIO, cast

import numpy as np
import numpy.typing as npt

from VHIWorkflowLib.core.grids import Grid, Volume
from VHIWorkflowLib.core.sentences import sentences_of

from .dicom_access import dicom_errors, mapped
from .dicom_planes import Plane
from .errors import InputError
from .itk import itk_silent, simple_itk

_ = sentences_of(__name__)

PIXEL_TAGS = (
    "SOPClassUID",
    "SOPInstanceUID",
    "SamplesPerPixel",
    "PhotometricInterpretation",
    "Rows",
    "Columns",
    "BitsAllocated",
    "BitsStored",
    "HighBit",
    "PixelRepresentation",
)


def read_planes(planes: Sequence[Plane], grid: Grid) -> Volume:
    """Intensities of sorted images: stored value x slope + intercept in double precision, then float32.

    Each image is scaled by its own slope and intercept. Window, look-up tables for display and real-world value maps
    are not applied.

    Raises
    ------
    InputError
        If the pixels of an image are cut off, damaged, or encoded in a way that cannot be read.
    """
    array = np.empty(grid.shape, dtype=np.float32)
    k = 0
    for path, group in groupby(planes, key=lambda plane: plane.path):
        run = list(group)
        with dicom_errors(
            path, _("its pixel data are damaged, cut off or of an unknown kind; export the series again")
        ):
            for values in _intensities(path, run):
                array[k] = values
                k += 1
    if k != len(planes):
        raise InputError(planes[0].path, _("holds fewer images than it announces; export the series again"))
    return Volume(array, grid)


def _intensities(path: Path, run: Sequence[Plane]) -> Iterator[npt.NDArray[np.float64]]:
    """Intensities, shape (rows, columns), of images in one file."""
    from pydicom.pixels.decoders.base import get_decoder
    from pydicom.pixels.utils import iter_pixels

    with mapped(path) as content:
        if get_decoder(run[0].transfer_syntax).is_available:
            frames = iter_pixels(cast(BinaryIO, content), indices=[plane.frame for plane in run])
        else:
            frames = _decode_with_itk(path, content, run)
        for plane, stored in zip(run, frames, strict=True):
            if stored.shape != (plane.rows, plane.columns):
                raise InputError(path, _("its pixel data do not fit its image size; export the series again"))
            yield stored.astype(np.float64) * plane.slope + plane.intercept


def _decode_with_itk(path: Path, content: mmap.mmap, run: Sequence[Plane]) -> Iterator[npt.NDArray[Any]]:
    """Stored values of an image whose compression only ITK knows, such as lossless JPEG from an archive.

    ITK gets a file of its own, with nothing but the pixels and what describes them: damaged lengths elsewhere would
    make it reserve gigabytes, and it would scale the values in its own way.
    """
    from pydicom import Dataset, dcmread
    from pydicom.dataset import FileMetaDataset
    from pydicom.encaps import encapsulate, get_frame

    original = dcmread(cast(BinaryIO, content))
    if len(run) > 1:
        raise InputError(path, _("is compressed in a way that is not read; export the series without compression"))
    plain = Dataset()
    plain.file_meta = FileMetaDataset()
    plain.file_meta.TransferSyntaxUID = original.file_meta.TransferSyntaxUID
    for keyword in PIXEL_TAGS:
        setattr(plain, keyword, original[keyword].value)
    plain.PixelData = encapsulate([get_frame(original.PixelData, 0, number_of_frames=1)])
    plain["PixelData"].is_undefined_length = True
    sitk = simple_itk()
    with TemporaryDirectory() as folder, itk_silent():
        plain.save_as(Path(folder, "image.dcm"), enforce_file_format=True)
        reader = sitk.ImageFileReader()
        reader.SetImageIO("GDCMImageIO")
        reader.SetFileName(str(Path(folder, "image.dcm")))
        stored = sitk.GetArrayFromImage(reader.Execute())
    yield stored[0]
