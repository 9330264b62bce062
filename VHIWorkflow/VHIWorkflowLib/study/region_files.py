"""``regions.seg.nrrd``: the regions of a case that were drawn, edited or found at the screen, and how they came about.

It lies beside the record, which names it as the input. A region from a file of its own stays there and is not copied.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from VHIWorkflowLib.core.grids import BoolArray, Grid
from VHIWorkflowLib.core.segment_kinds import DISEASE_REGION, NORMAL_BONE, SegmentKind
from VHIWorkflowLib.core.sentences import sentences_of
from VHIWorkflowLib.files.errors import RecordError
from VHIWorkflowLib.files.markups import read_normal_bone
from VHIWorkflowLib.files.safe_files import clear_errors, replacing
from VHIWorkflowLib.files.segmentation_files import Segment, origins_in, read_segmentation, write_segmentation
from VHIWorkflowLib.files.volumes import sha256_of

from .case_files import RECORD_NAME, earlier_records, numbered, read_record
from .case_inputs import CaseFiles, InputFile, LoadedScans, origin_of, read_disease_region
from .case_record import CaseRecord, Region
from .reading import SEGMENTATION_NAME, region_of
from .region_origins import DRAWN, GIVEN, RegionOrigin

_ = sentences_of(__name__)

REGIONS_NAME = "regions.seg.nrrd"
ROLES: Mapping[SegmentKind, str] = {NORMAL_BONE: "normal_bone", DISEASE_REGION: "disease_region"}
"""The two regions, and their roles among the inputs of a record."""


@dataclass(frozen=True)
class RegionInWork:
    """A region on the STIR grid, shape (k, j, i), how it came about, and the files of its own that hold it, if any."""

    mask: BoolArray
    origin: RegionOrigin
    files: tuple[Path, ...] = ()


Regions = dict[SegmentKind, RegionInWork]


def write_regions(folder: Path, regions: Regions, grid: Grid) -> None:
    """Write the regions that have no files of their own; without any, the file goes.

    Raises
    ------
    RecordError
        If it cannot be written.
    """
    path = folder / REGIONS_NAME
    segments = [Segment(kind, region.mask, region.origin.tag()) for kind, region in regions.items() if not region.files]
    if segments:
        with replacing(path) as temporary:
            write_segmentation(temporary, segments, grid)
    else:
        with clear_errors(path):
            path.unlink(missing_ok=True)


def read_regions(path: Path, grid: Grid) -> Regions:
    """Read the regions of `write_regions`, also after Slicer has saved the file again.

    Raises
    ------
    RecordError
        If the file is damaged, or of another scan.
    """
    volumes, tags = read_segmentation(path, grid), origins_in(path)
    try:
        origins = {name: RegionOrigin.from_tag(tag) for name, tag in tags.items()}
    except ValueError as error:
        raise RecordError(
            path, _("does not say how its regions came about ({error}); move it away").format(error=error)
        ) from error
    return {
        kind: RegionInWork(volumes[kind.name].array, origins.get(kind.name, DRAWN))
        for kind in ROLES
        if kind.name in volumes and volumes[kind.name].array.any()
    }


def regions_as_left(folder: Path, files: CaseFiles, scans: LoadedScans) -> Regions:
    """The regions of a case as its reader last left them; else those of its files; else those of a finished record.

    Raises
    ------
    InputError, RecordError
        If a file cannot be used.
    """
    grid = scans.stir.grid
    found: Regions = {}
    if (folder / RECORD_NAME).exists() and (folder / SEGMENTATION_NAME).exists():
        found |= _regions_of_record(folder, grid)
    found |= regions_given(files, scans)
    if (folder / REGIONS_NAME).exists():
        found |= read_regions(folder / REGIONS_NAME, grid)
    return found


def regions_given(files: CaseFiles, scans: LoadedScans) -> Regions:
    """The regions that have files of their own.

    Raises
    ------
    InputError
        If a file cannot be used.
    """
    grid = scans.stir.grid
    found: Regions = {}
    if files.normal_bone:
        mask = read_normal_bone(files.normal_bone, grid).array
        found[NORMAL_BONE] = RegionInWork(mask, origin_of(files.normal_bone, NORMAL_BONE), files.normal_bone)
    if files.disease_region:
        given = (files.disease_region,)
        mask = read_disease_region(files.disease_region, grid, scans.t1w.grid)
        found[DISEASE_REGION] = RegionInWork(mask, origin_of(given, DISEASE_REGION), given)
    return found


def region_inputs(folder: Path, regions: Regions) -> tuple[InputFile, ...]:
    """The files that hold the regions, for the record; `REGIONS_NAME` only where it could be written.

    Raises
    ------
    InputError
        If one cannot be read.
    """
    return tuple(
        InputFile(role, path, sha256_of(path))
        for kind, role in ROLES.items()
        if kind in regions
        for path in regions[kind].files or (folder / REGIONS_NAME,)
        if regions[kind].files or path.exists()
    )


def made_with(record: CaseRecord, regions: Regions) -> bool:
    """Whether a record was made with these regions."""
    recorded = {NORMAL_BONE: record.normal_bone, DISEASE_REGION: record.disease_region}
    return all(kind in regions and described(regions[kind]) == recorded[kind] for kind in ROLES)


def described(region: RegionInWork) -> Region:
    """A region as the record describes it."""
    return region_of(region.mask, str(region.origin), region.origin.confidence)


def latest_kept(folder: Path, given: Regions, grid: Grid) -> tuple[CaseRecord, Regions] | None:
    """The latest earlier record (`keep_earlier`) of which the regions are there, and these; None when there is none.

    Parameters
    ----------
    given
        Regions with files of their own, which are not kept with the record.

    Raises
    ------
    RecordError
        If one is damaged.
    """
    for number, path in reversed(earlier_records(folder)):
        record, regions = read_record(path), dict(given)
        if (folder / numbered(REGIONS_NAME, number)).exists():
            regions |= read_regions(folder / numbered(REGIONS_NAME, number), grid)
        if made_with(record, regions):
            return record, regions
    return None


def _regions_of_record(folder: Path, grid: Grid) -> Regions:
    """The regions in the segmentation of a finished record, with their origins; whatever the reader did there."""
    record = read_record(folder)
    volumes = read_segmentation(folder / SEGMENTATION_NAME, grid)
    models = {str(model): model for model in record.models}
    found: Regions = {}
    for kind, recorded in ((NORMAL_BONE, record.normal_bone), (DISEASE_REGION, record.disease_region)):
        model = models.get(recorded.origin)
        origin = RegionOrigin("found", model, recorded.confidence) if model else GIVEN
        if (
            kind.name in volumes
            and region_of(volumes[kind.name].array, recorded.origin, recorded.confidence) == recorded
        ):
            found[kind] = RegionInWork(volumes[kind.name].array, origin)
    return found
