"""Synthetic DICOM: classic series of single images, and enhanced multi-frame MR."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from Files import synthetic
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.sequence import Sequence as DicomSequence
from pydicom.uid import ExplicitVRLittleEndian, generate_uid

MR = "1.2.840.10008.5.1.4.1.1.4"
ENHANCED_MR = "1.2.840.10008.5.1.4.1.1.4.1"
SECONDARY_CAPTURE = "1.2.840.10008.5.1.4.1.1.7"

Change = Callable[[int, Dataset], None]


def no_change(k: int, image: Dataset) -> None:
    """Leave an image as it is."""


def slope(k: int) -> float:
    """Slope of slice k, with no more digits than a header can hold."""
    return float(f"{2.3619 + 0.01 * k:.10g}")


def position(k: float) -> list[float]:
    """ImagePositionPatient of slice k."""
    normal = synthetic.oblique_direction()[:, 2]
    return [float(f"{x:.10g}") for x in synthetic.ORIGIN_LPS + k * synthetic.SPACING_MM[2] * normal]


def orientation() -> list[float]:
    """ImageOrientationPatient."""
    return [float(f"{x:.10g}") for x in synthetic.oblique_direction()[:, :2].T.ravel()]


def common(uid: str, description: str, patient: str, sop_class: str) -> Dataset:
    """What all images of a series share."""
    image = Dataset()
    image.file_meta = FileMetaDataset()
    image.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    image.file_meta.MediaStorageSOPClassUID = image.SOPClassUID = sop_class
    image.file_meta.MediaStorageSOPInstanceUID = image.SOPInstanceUID = generate_uid()
    image.ImageType = ["ORIGINAL", "PRIMARY", "M"]
    image.Modality = "MR"
    image.PatientID, image.PatientName = patient, f"Subject^{patient}"
    image.StudyInstanceUID = f"1.2.3.{sum(map(ord, patient))}"
    image.StudyDate = "20240229"
    image.SeriesInstanceUID, image.SeriesDescription = uid, description
    image.FrameOfReferenceUID = "1.2.3.4"
    image.SamplesPerPixel = 1
    image.PhotometricInterpretation = "MONOCHROME2"
    image.Rows, image.Columns = synthetic.SHAPE[1:]
    image.BitsAllocated, image.BitsStored, image.HighBit, image.PixelRepresentation = 16, 16, 15, 1
    return image


def write_series(
    folder: Path,
    *,
    array: np.ndarray | None = None,
    uid: str = "1.2.3.100",
    description: str = "T2 STIR cor",
    patient: str = "P1",
    sop_class: str = MR,
    slices: Sequence[int] = range(synthetic.SHAPE[0]),
    change: Change = no_change,
) -> Path:
    """Write a classic series, one file a slice, each with its own slope; ``change`` may spoil each image."""
    array = synthetic.stored_intensities() if array is None else array
    folder.mkdir(parents=True, exist_ok=True)
    for k in slices:
        image = common(uid, description, patient, sop_class)
        image.InstanceNumber = k + 1
        image.ImagePositionPatient, image.ImageOrientationPatient = position(k), orientation()
        image.PixelSpacing = [synthetic.SPACING_MM[1], synthetic.SPACING_MM[0]]
        image.SliceThickness = 3
        image.RescaleSlope, image.RescaleIntercept = slope(k), 1.5
        image.PixelData = np.ascontiguousarray(array[k], "<i2").tobytes()
        change(k, image)
        image.save_as(folder / f"{uid}_{(k * 5) % 7}{k}.dcm", enforce_file_format=True)
    return folder


def group(**values: object) -> DicomSequence:
    """A functional group: a sequence of one item."""
    item = Dataset()
    for keyword, value in values.items():
        setattr(item, keyword, value)
    return DicomSequence([item])


def write_enhanced(
    path: Path,
    *,
    shared: bool = True,
    order: Sequence[int] = (3, 0, 5, 1, 4, 2),
    uid: str = "1.2.3.200",
    description: str = "T2 STIR enhanced",
    change: Change = no_change,
) -> Path:
    """Write one enhanced MR file, frames in any order; orientation and spacing shared or in each frame."""
    array = synthetic.stored_intensities()
    image = common(uid, description, "P1", ENHANCED_MR)
    image.InstanceNumber = 1
    image.NumberOfFrames = len(order)
    geometry = {
        "PlaneOrientationSequence": group(ImageOrientationPatient=orientation()),
        "PixelMeasuresSequence": group(
            PixelSpacing=[synthetic.SPACING_MM[1], synthetic.SPACING_MM[0]], SliceThickness=3, SpacingBetweenSlices=3.3
        ),
    }
    frames = []
    for k in order:
        frame = Dataset()
        frame.PlanePositionSequence = group(ImagePositionPatient=position(k))
        frame.FrameContentSequence = group(DimensionIndexValues=[k + 1])
        frame.PixelValueTransformationSequence = group(RescaleSlope=slope(k), RescaleIntercept=1.5, RescaleType="US")
        frames.append(frame)
        for name, value in {} if shared else geometry.items():
            setattr(frame, name, value)
    image.PerFrameFunctionalGroupsSequence = DicomSequence(frames)
    image.SharedFunctionalGroupsSequence = group(**(geometry if shared else {}))
    organization = Dataset()
    organization.DimensionOrganizationUID = "1.2.3.5"
    image.DimensionOrganizationSequence = DicomSequence([organization])
    image.DimensionIndexSequence = group(
        DimensionOrganizationUID="1.2.3.5", DimensionIndexPointer=0x00200032, FunctionalGroupPointer=0x00209113
    )
    image.PixelData = np.ascontiguousarray(array[list(order)], "<i2").tobytes()
    change(0, image)
    path.parent.mkdir(parents=True, exist_ok=True)
    image.save_as(path, enforce_file_format=True)
    return path


def expected_intensities() -> np.ndarray:
    """Intensities of both, float32, first slice first."""
    stored = synthetic.stored_intensities().astype(np.float64)
    return np.stack([stored[k] * slope(k) + 1.5 for k in range(len(stored))]).astype(np.float32)
