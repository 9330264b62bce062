"""The files a case is measured from: read, checked against each other, and brought to the STIR grid."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from VHIWorkflowLib.core.errors import VHIError
from VHIWorkflowLib.core.grids import BoolArray, Grid, Volume
from VHIWorkflowLib.core.reordering import on_grid
from VHIWorkflowLib.core.resampling import region_on_stir
from VHIWorkflowLib.core.segment_kinds import DISEASE_REGION, NORMAL_BONE, SENSITIVE, SegmentKind
from VHIWorkflowLib.core.sentences import listed, sentences_of
from VHIWorkflowLib.files.errors import InputError
from VHIWorkflowLib.files.markups import read_normal_bone
from VHIWorkflowLib.files.scans import Scan
from VHIWorkflowLib.files.segmentation_files import origins_in
from VHIWorkflowLib.files.volumes import read_image, read_mask, sha256_of

from .found_regions import FoundRegion, Model, Networks, Progress, RegionFinder, bundled_regions
from .region_origins import GIVEN, RegionOrigin
from .scan_pair import check_pair, check_patients

_ = sentences_of(__name__)

T = TypeVar("T")


@dataclass(frozen=True)
class CaseFiles:
    """Where the parts of one case lie.

    Attributes
    ----------
    stir, t1w
        Scans.
    normal_bone
        One or more pieces: label files on the STIR grid, or Slicer markup files. None: it is proposed.
    disease_region
        Label file on the STIR or the T1w grid. None: the bundled network finds it.
    keep
        Label file on the STIR grid that marks what a reader keeps, or None.
    """

    stir: Scan
    t1w: Scan
    normal_bone: tuple[Path, ...] = ()
    disease_region: Path | None = None
    keep: Path | None = None

    def inputs(self) -> tuple[InputFile, ...]:
        """All files with their SHA-256, for the record.

        Raises
        ------
        InputError
            If one cannot be read.
        """
        scans = (("stir", self.stir), ("t1w", self.t1w))
        return (
            *(
                InputFile(role, scan.path, sha256_of(scan.path, series=scan.series), scan.series)
                for role, scan in scans
            ),
            *self.mask_inputs(),
        )

    def mask_inputs(self) -> tuple[InputFile, ...]:
        """The files of regions and masks; see ``inputs``."""
        masks = [*(("normal_bone", path) for path in self.normal_bone), *self._single_masks()]
        return tuple(InputFile(role, path, sha256_of(path)) for role, path in masks)

    def paths(self) -> tuple[Path, ...]:
        """Every file and folder."""
        masks = (*self.normal_bone, self.disease_region, self.keep)
        return (self.stir.path, self.t1w.path, *(path for path in masks if path is not None))

    def _single_masks(self) -> Iterator[tuple[str, Path]]:
        if self.disease_region is not None:
            yield "disease_region", self.disease_region
        if self.keep is not None:
            yield "keep", self.keep


@dataclass(frozen=True)
class InputFile:
    """An input as the record names it: its role, where it lies, and the SHA-256 of its content."""

    role: str
    path: Path
    sha256: str
    series: str | None = None


@dataclass(frozen=True)
class LoadedScans:
    """The two scans of a case in memory, their files as the record names them, and warnings about them."""

    stir: Volume
    t1w: Volume
    inputs: tuple[InputFile, ...]
    warnings: tuple[str, ...]


@dataclass(frozen=True)
class LoadedCase:
    """A case in memory; all masks on the STIR grid, shape (k, j, i).

    The origins say how the regions came about.
    """

    stir: Volume
    normal_bone: BoolArray
    disease_region: BoolArray
    keep: BoolArray | None
    inputs: tuple[InputFile, ...]
    warnings: tuple[str, ...]
    t1w: Volume | None = None
    normal_bone_origin: RegionOrigin = GIVEN
    disease_region_origin: RegionOrigin = GIVEN

    @property
    def models(self) -> tuple[Model, ...]:
        """Bundled models that took part, also where the reader then changed what they found."""
        return tuple(origin.model for origin in (self.disease_region_origin, self.normal_bone_origin) if origin.model)


def load_scans(files: CaseFiles) -> LoadedScans:
    """Read the two scans of a case.

    Raises
    ------
    InputError
        If one cannot be used, or they do not overlap or are of two patients; the message starts with the file.
    """
    for path in files.paths():
        check_name(path)
    check_patients(files.stir, files.t1w)
    stir = read_image(files.stir.path, series=files.stir.series)
    t1w = read_image(files.t1w.path, series=files.t1w.series)
    warnings = check_pair(files.t1w, stir, t1w)
    return LoadedScans(stir, t1w, CaseFiles(files.stir, files.t1w).inputs(), warnings)


def load_case(files: CaseFiles, finder: RegionFinder | None = None, progress: Progress | None = None) -> LoadedCase:
    """Read all files of a case, and find the regions that were not given.

    Parameters
    ----------
    finder
        Finds regions; by default the bundled models.
    progress
        Is told how many slices the network has done.

    Raises
    ------
    InputError
        If a file cannot be used, or lies on a grid where it must not, or a region can neither be read nor found; the
        message starts with the file.
    """
    finder = finder or bundled_regions(Networks())
    _check_findable(files, finder)
    scans = load_scans(files)
    stir, t1w = scans.stir, scans.t1w
    keep = None if files.keep is None else _read_keep(files.keep, stir.grid)
    marked = read_normal_bone(files.normal_bone, stir.grid).array if files.normal_bone else None
    bone_origin, region_origin = origin_of(files.normal_bone, NORMAL_BONE), GIVEN
    if files.disease_region is not None:
        region = read_disease_region(files.disease_region, stir.grid, t1w.grid)
        region_origin = origin_of((files.disease_region,), DISEASE_REGION)
    else:
        found_region = _found_region(files.t1w.path, finder, t1w, stir.grid, progress)
        region, region_origin = found_region.mask, RegionOrigin.of(found_region)
    if marked is None:
        found_bone = _about(files.stir.path, lambda: finder.normal_bone(stir, t1w, region))
        marked, bone_origin = found_bone.mask, RegionOrigin.of(found_bone)
    return LoadedCase(
        stir=stir,
        normal_bone=marked,
        disease_region=region,
        keep=keep,
        inputs=(*scans.inputs, *files.mask_inputs()),
        warnings=(*scans.warnings, *region_origin.said(), *bone_origin.said()),
        t1w=t1w,
        normal_bone_origin=bone_origin,
        disease_region_origin=region_origin,
    )


def regions_to_find(files: CaseFiles) -> dict[str, bool]:
    """Which regions no file was given of, by the names of `RegionFinder`."""
    return {"disease_region": files.disease_region is None, "normal_bone": not files.normal_bone}


def _check_findable(files: CaseFiles, finder: RegionFinder) -> None:
    wanted = regions_to_find(files)
    if wanted["disease_region"]:
        _about(files.t1w.path, lambda: finder.check(disease_region=True, normal_bone=False))
    if wanted["normal_bone"]:
        _about(files.stir.path, lambda: finder.check(disease_region=False, normal_bone=True))


def _found_region(path: Path, finder: RegionFinder, t1w: Volume, stir: Grid, progress: Progress | None) -> FoundRegion:
    found = _about(path, lambda: finder.disease_region(t1w, stir, progress))
    if not found.mask.any():
        problem = (
            _("{model} finds no bone in it inside the STIR volume ({why}); give it with --disease-region")
            if found.warnings
            else _("{model} finds no bone in it inside the STIR volume; give it with --disease-region")
        )
        raise InputError(path, problem.format(model=found.model, why=listed(found.warnings, "; ")))
    return found


def check_name(path: Path) -> None:
    """Check that a path can be handed to ITK, which ends the whole process when it is no Unicode.

    Raises
    ------
    InputError
        If not (a folder named in Latin-1 on Linux).
    """
    try:
        os.fspath(path).encode()
    except UnicodeEncodeError as error:
        raise InputError(path, _("has a letter that is not UTF-8 in its name or a folder's; rename it")) from error


def origin_of(paths: tuple[Path, ...], kind: SegmentKind) -> RegionOrigin:
    """Origin of a region read from files: what a single `.seg.nrrd` says of it, else "given"."""
    if len(paths) != 1 or not paths[0].name.lower().endswith(".seg.nrrd"):
        return GIVEN
    tag = origins_in(paths[0]).get(kind.name)
    try:
        return RegionOrigin.from_tag(tag) if tag else GIVEN
    except ValueError as error:
        raise InputError(
            paths[0],
            _("its segment '{segment}' has an origin that cannot be read; export it anew").format(segment=kind.name),
        ) from error


def read_disease_region(path: Path, stir: Grid, t1w: Grid) -> BoolArray:
    """Read a disease region, on the voxels of the STIR or the T1w, as a mask on the STIR grid, shape (k, j, i).

    Raises
    ------
    InputError
        If it cannot be read, lies on another grid, or has no voxel inside the STIR volume.
    """
    region = read_mask(path, segment=DISEASE_REGION.name)
    placed = on_grid(region, stir) or on_grid(region, t1w)
    if placed is None:
        raise InputError(path, _("lies neither on the STIR nor on the T1w grid: is it of the same examination?"))
    mask = _about(path, lambda: region_on_stir(placed, stir))
    if not mask.any():
        raise InputError(path, _("has no voxel inside the STIR volume"))
    return mask


def _read_keep(path: Path, stir: Grid) -> BoolArray:
    keep = on_grid(read_mask(path, segment=SENSITIVE.name, allow_empty=True), stir)
    if keep is None:
        raise InputError(path, _("does not lie on the STIR grid; mark what is kept on the STIR volume"))
    mask: BoolArray = keep.array
    return mask


def _about(path: Path, work: Callable[[], T]) -> T:
    """Say which file an error of the core or of a network is about."""
    try:
        return work()
    except InputError:
        raise
    except VHIError as error:
        raise InputError(path, error.sentence) from error
