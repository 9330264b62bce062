"""Run a bundled network on one scan and write what it finds: what ``vhi segment`` does."""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from VHIWorkflowLib.core.errors import VHIError
from VHIWorkflowLib.core.grids import Volume
from VHIWorkflowLib.core.segment_kinds import SegmentKind
from VHIWorkflowLib.core.sentences import sentences_of
from VHIWorkflowLib.files.errors import InputError, RecordError
from VHIWorkflowLib.files.image_writing import write_volume
from VHIWorkflowLib.files.safe_files import replacing_together
from VHIWorkflowLib.files.scans import Scan
from VHIWorkflowLib.files.segmentation_files import Segment, write_segmentation
from VHIWorkflowLib.files.volumes import read_image

from .case_inputs import check_name
from .found_regions import Model, Networks, Progress, model_of

if TYPE_CHECKING:
    from BoneSegModelsLib.inference import Segmentation

_ = sentences_of(__name__)

SEGMENTATION_SUFFIX = ".seg.nrrd"
SUFFIXES = (".nii.gz", ".nii", ".nrrd", ".mha")


@dataclass(frozen=True)
class FoundLabel:
    """One thing that was found: its name, its value in the label map, and its size."""

    name: str
    value: int
    voxels: int
    volume_ml: float


@dataclass(frozen=True)
class SegmentedScan:
    """What a network found in a scan: labels, the files written, the model and how it ran, warnings."""

    labels: tuple[FoundLabel, ...]
    files: tuple[Path, ...]
    model: Model
    warnings: tuple[str, ...]


def segment_scan(
    scan: Scan,
    out: Path,
    model: str,
    networks: Networks,
    *,
    probabilities: Path | None = None,
    progress: Progress | None = None,
) -> SegmentedScan:
    """Find what a network finds in a scan, and write it on the scan's own grid.

    Parameters
    ----------
    scan
        Of the contrast that the network is for.
    out
        Label map, or with the ending `.seg.nrrd` a segmentation.
    model
        Name of the network.
    networks
        Where it lies, and what it runs on.
    probabilities
        File for the probabilities, float32; of several labels one file each, with the label's value in its name.

    Raises
    ------
    VHIError
        One sentence that names the file; nothing is written then.
    """
    from BoneSegModelsLib.backends import open_backend
    from BoneSegModelsLib.inference import segment
    from BoneSegModelsLib.model_folders import find_model

    for path in (scan.path, out, *([probabilities] if probabilities else [])):
        check_name(path)
    _check_names(scan, out, probabilities)
    bundled = find_model(model, networks.folder)
    volume = read_image(scan.path, series=scan.series)
    try:
        found = segment(volume, bundled, open_backend(bundled, networks.backend, networks.device), progress=progress)
    except VHIError as error:
        raise InputError(scan.path, error.sentence) from error
    files = _write(found, out, probabilities)
    voxel_ml = found.grid.voxel_volume_mm3 / 1000
    counts = [(label, int((found.labels == label.value).sum())) for label in found.description.labels]
    labels = tuple(FoundLabel(label.name, label.value, count, count * voxel_ml) for label, count in counts)
    return SegmentedScan(labels, files, model_of(found), found.warnings)


def _check_names(scan: Scan, out: Path, probabilities: Path | None) -> None:
    for path, endings in ((out, (*SUFFIXES, SEGMENTATION_SUFFIX)), (probabilities, SUFFIXES)):
        if path is None:
            continue
        if not path.name.lower().endswith(endings) or path.name.lower() in endings:
            raise RecordError(
                path, _("the name of this file must end in one of {endings}").format(endings=", ".join(endings))
            )
        if path is probabilities and path.name.lower().endswith(SEGMENTATION_SUFFIX):
            raise RecordError(
                path,
                _("probabilities cannot be written as {segmentation_suffix}; choose .nrrd").format(
                    segmentation_suffix=SEGMENTATION_SUFFIX
                ),
            )
        with suppress(OSError):
            if os.path.samefile(path, scan.path):
                raise RecordError(path, _("is the scan itself; choose another file to write"))
    if probabilities is not None and os.path.abspath(probabilities) == os.path.abspath(out):
        raise RecordError(out, _("labels and probabilities need two files"))


def _write(found: Segmentation, out: Path, probabilities: Path | None) -> tuple[Path, ...]:
    maps = _probability_files(found, probabilities) if probabilities else {}
    with replacing_together(out, *maps) as (labels, *others):
        if out.name.lower().endswith(SEGMENTATION_SUFFIX):
            write_segmentation(labels, _segments(found), found.grid)
        else:
            write_volume(labels, found.label_map())
        for temporary, volume in zip(others, maps.values(), strict=True):
            write_volume(temporary, volume)
    return (out, *maps)


def _probability_files(found: Segmentation, path: Path) -> dict[Path, Volume]:
    """Path and content of each file of probabilities."""
    labels = found.description.labels
    if len(labels) == 1:
        return {path: found.probability()}
    ending = next(ending for ending in SUFFIXES if path.name.lower().endswith(ending))
    stem = path.name[: -len(ending)]
    return {
        path.with_name(f"{stem}_{label.value}{path.name[-len(ending) :]}"): found.probability(index)
        for index, label in enumerate(labels)
    }


def _segments(found: Segmentation) -> list[Segment]:
    return [
        Segment(
            SegmentKind(f"{found.model_name}_{label.value}", label.name, label.colour, label.terminology),
            found.labels == label.value,
        )
        for label in found.description.labels
    ]
