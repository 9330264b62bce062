"""A case in a saved scene (.mrb, .mrml): what is kept of it there, and how it goes on when the scene is opened again.

The folder of results is where a case lives; where it is there, the case goes on as last left, also when that was after
the scene was saved. Where the folder has moved or does not know the case, what the scene holds is put there: regions,
record with all steps, and if need be the scans.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from VHIWorkflowLib.core.grids import Grid
from VHIWorkflowLib.core.segment_kinds import SegmentKind
from VHIWorkflowLib.core.sentences import sentences_of
from VHIWorkflowLib.files.errors import InputError, RecordError
from VHIWorkflowLib.files.safe_files import case_folder, write_atomically
from VHIWorkflowLib.files.scans import Scan
from VHIWorkflowLib.study.case_files import RECORD_NAME, read_record
from VHIWorkflowLib.study.case_inputs import CaseFiles, LoadedScans, load_scans
from VHIWorkflowLib.study.case_record import CaseKey
from VHIWorkflowLib.study.kept_list import read_kept_list
from VHIWorkflowLib.study.open_case import OpenCase
from VHIWorkflowLib.study.reading import Sitting
from VHIWorkflowLib.study.reading_list import ReadingList
from VHIWorkflowLib.study.region_files import REGIONS_NAME, ROLES, RegionInWork, read_regions, write_regions
from VHIWorkflowLib.study.region_origins import RegionOrigin

from .case_in_scene import SEGMENTATION_ROLE, STIR_ROLE, T1W_ROLE, CaseInScene
from .case_nodes import CaseNodes, Document
from .errors import SceneError
from .scan_files import files_of_volumes
from .segments import CaseSegments

_ = sentences_of(__name__)

RECORD_ROLE = "record"


@dataclass(frozen=True)
class StudySource:
    """Where a list was opened from, and the list."""

    source: Path
    study: ReadingList


def keep_in_scene(case: CaseInScene, listed: StudySource | None) -> None:
    """Keep in the scene what it takes to go on; of a blinded list nothing that tells whose case it is.

    This is done after each step, for Slicer says nothing before it saves a scene.
    """
    case.nodes.describe(_description(case, listed))
    if listed is None or not listed.study.blinded:
        record = case.open_case.folder / RECORD_NAME
        case.nodes.keep_text(RECORD_ROLE, record.read_text(encoding="utf-8") if record.exists() else "")


def _description(case: CaseInScene, listed: StudySource | None) -> Document:
    opened = case.open_case
    out = opened.folder.parents[2]
    document: Document = {"out": str(out.absolute()), "reader": opened.key.reader, "list": None}
    if listed is not None:
        document["list"] = {"source": str(listed.source.absolute()), "blinded": listed.study.blinded}
        if listed.study.blinded:
            return document | {"position": listed.study.position_of(opened.key), "seed": listed.study.seed}
    return document | {
        "key": [opened.key.case_id, opened.key.time_point],
        "files": _files_document(opened.files),
        "origins": {kind.segment_id: origin.tag() for kind in ROLES if (origin := opened.origin(kind)) is not None},
    }


def list_of(document: Document, out: Path) -> StudySource | None:
    """The list of a case in a scene; None when it had none, or an open list cannot be used any more.

    Parameters
    ----------
    out
        Folder to work in.

    Raises
    ------
    SceneError
        If the list was blinded and is not there as it was: then nothing says whose case this is.
    """
    kept, reader = document["list"], document["reader"]
    if kept is None:
        return None
    source = Path(kept["source"])
    problem: str = _("there is no such list in {out}").format(out=out)
    try:
        if not kept["blinded"] or read_kept_list(out, reader).seed == document["seed"]:
            return StudySource(source, ReadingList.open(source, out, reader, blinded=kept["blinded"]))
    except (InputError, RecordError) as error:
        problem = error.sentence
    if kept["blinded"]:
        raise SceneError(
            _("this scene holds a case of a blinded list and cannot go on without it: {problem}").format(
                problem=problem
            )
        )
    return None


def continued(
    document: Document, nodes: CaseNodes, listed: StudySource | None, sitting: Sitting
) -> tuple[OpenCase, tuple[str, ...]]:
    """Open the case of a scene, and say what of it came from the scene because files were not there.

    Parameters
    ----------
    document, nodes
        As `CaseNodes.found_in` gives them.
    listed
        Its list.
    sitting
        With the folder to work in, which need not be that of the scene.

    Raises
    ------
    VHIError
        If neither the files nor the scene hold enough.
    """
    if listed is not None and listed.study.blinded:
        entry = listed.study[document["position"]]
        return OpenCase.open(entry.key, entry.files, sitting), ()
    case_id, time_point = document["key"]
    key = CaseKey(case_id, time_point, document["reader"])
    files = _files(document["files"])
    folder = case_folder(sitting.out, key.case_id, key.time_point, key.reader)
    is_new = not (folder / RECORD_NAME).exists() and not (folder / REGIONS_NAME).exists()
    restored = ("record",) if is_new and _restore_record(folder, nodes) else ()
    there, scans, lost = _scans(files, nodes, folder)
    if _restore_regions(folder, document, nodes, scans.stir.grid, lambda kind: is_new or _is_lost(kind, files)):
        restored = (*restored, "regions")
    return OpenCase.open(key, there, sitting, scans=scans), (*restored, "scans") if lost else restored


def _restore_record(folder: Path, nodes: CaseNodes) -> bool:
    """Put the record of the scene into a folder that has none."""
    record = nodes.get(RECORD_ROLE)
    if record is None or not record.GetText():
        return False
    write_atomically(folder / RECORD_NAME, record.GetText().encode())
    return True


def _restore_regions(
    folder: Path, document: Document, nodes: CaseNodes, grid: Grid, is_wanted: Callable[[SegmentKind], bool]
) -> bool:
    """Put regions of the scene into a folder that lacks them, where they are wanted; tells whether there were any."""
    segmentation = nodes.get(SEGMENTATION_ROLE)
    known = read_regions(folder / REGIONS_NAME, grid) if (folder / REGIONS_NAME).exists() else {}
    wanted = [kind for kind in ROLES if kind not in known and is_wanted(kind)]
    found = {} if segmentation is None else {kind: _region(kind, document, segmentation, grid) for kind in wanted}
    regions = {kind: region for kind, region in found.items() if region is not None}
    if regions:
        write_regions(folder, known | regions, grid)
    return bool(regions)


def _region(kind: SegmentKind, document: Document, segmentation: Any, grid: Grid) -> RegionInWork | None:
    tag = document["origins"].get(kind.segment_id)
    mask = CaseSegments(segmentation, grid).mask_of(kind)
    return RegionInWork(mask, RegionOrigin.from_tag(tag)) if tag is not None and mask.any() else None


def _is_lost(kind: SegmentKind, files: CaseFiles) -> bool:
    """Whether a region had a file that is not there any more."""
    paths = files.normal_bone if ROLES[kind] == "normal_bone" else (files.disease_region,)
    return any(path is not None and not path.exists() for path in paths)


def _scans(files: CaseFiles, nodes: CaseNodes, folder: Path) -> tuple[CaseFiles, LoadedScans, bool]:
    """The files of a case that are there, its scans, and whether these were lost and come from the scene."""
    bone = files.normal_bone if all(path.exists() for path in files.normal_bone) else ()
    region = files.disease_region if files.disease_region and files.disease_region.exists() else None
    there = CaseFiles(files.stir, files.t1w, bone, region)
    try:
        return there, load_scans(there), False
    except InputError:
        stir, t1w = nodes.get(STIR_ROLE), nodes.get(T1W_ROLE)
        if stir is None or t1w is None:
            raise
    grid = read_record(folder).grid if (folder / RECORD_NAME).exists() else None
    written = files_of_volumes(stir, t1w, folder, grid)
    there = replace(there, stir=written.stir, t1w=written.t1w)
    return there, load_scans(there), True


def _files_document(files: CaseFiles) -> Document:
    def scan(each: Scan) -> list[str | None]:
        return [str(each.path.absolute()), each.series]

    return {
        "stir": scan(files.stir),
        "t1w": scan(files.t1w),
        "normal_bone": [str(path.absolute()) for path in files.normal_bone],
        "disease_region": None if files.disease_region is None else str(files.disease_region.absolute()),
    }


def _files(document: Document) -> CaseFiles:
    region = document["disease_region"]
    stir, t1w = (Scan(Path(path), series) for path, series in (document["stir"], document["t1w"]))
    return CaseFiles(
        stir,
        t1w,
        normal_bone=tuple(Path(path) for path in document["normal_bone"]),
        disease_region=None if region is None else Path(region),
    )
