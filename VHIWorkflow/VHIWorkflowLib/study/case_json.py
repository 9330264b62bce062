"""``case.json``: the form of a record on disk, in both directions.

``files/case.schema.json`` is the published schema. Voxel indices stand as (i, j, k) there, points as RAS in mm.
"""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from dataclasses import asdict, fields
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np

from VHIWorkflowLib.core.cleaning import CleaningRecord
from VHIWorkflowLib.core.grids import Grid
from VHIWorkflowLib.core.measurement import Settings, Vhi
from VHIWorkflowLib.core.sentences import sentences_of
from VHIWorkflowLib.core.stability import BrightVoxel, LeftOut, Stability
from VHIWorkflowLib.core.steps import Step
from VHIWorkflowLib.core.thresholds import NormalBoneStatistics, Thresholds

from .case_inputs import InputFile
from .case_record import CaseKey, CaseRecord, Region
from .found_regions import Model

_ = sentences_of(__name__)

FORMAT = "VHIWorkflow case"
FORMAT_VERSION = 2

Document = dict[str, Any]


def document_of(record: CaseRecord, folder: Path) -> Document:
    """The document for a record that lies in a folder; inputs are named absolutely and relative to that folder."""
    return {
        "format": FORMAT,
        "format_version": FORMAT_VERSION,
        **asdict(record.key),
        "state": record.state,
        "measured_at": record.measured_at.isoformat(timespec="milliseconds"),
        "software_version": record.software_version,
        "inputs": [_input_document(each, folder) for each in record.inputs],
        "grid": {"shape_ijk": list(record.grid.shape[::-1]), "affine_ijk_to_ras": record.grid.affine.tolist()},
        "settings": asdict(record.settings),
        "models": [asdict(model) | {"notes": list(model.notes)} for model in record.models],
        "normal_bone": asdict(record.normal_bone) | {"statistics": asdict(record.statistics)},
        "disease_region": asdict(record.disease_region),
        "thresholds": asdict(record.thresholds)
        | {
            "set_by_hand": record.thresholds.iqr_multiple is None,
            "voxels_at_sensitive": record.near_sensitive,
            "voxels_at_conservative": record.near_conservative,
        },
        "preliminary": {"above_threshold_voxels": record.above_threshold_voxels, **_vhi_document(record.preliminary)},
        "cleaning": _cleaning_document(record.cleaning),
        "result": {
            **_vhi_document(record.vhi),
            "islands": record.islands,
            "islands_removed": record.islands_removed,
        },
        "stability": None if record.stability is None else _stability_document(record.stability),
        "warnings": list(record.warnings),
        "files": dict(record.files),
    }


def record_of(document: Mapping[str, Any], folder: Path) -> CaseRecord:
    """The record of a valid document of the present version.

    Raises
    ------
    ValueError, OverflowError, MeasurementError
        If it contradicts itself.
    """
    thresholds, preliminary, result = document["thresholds"], document["preliminary"], document["result"]
    shape = document["grid"]["shape_ijk"]
    if [each["role"] for each in document["inputs"]].count("stir") != 1:
        raise ValueError(_("it does not name one STIR scan"))
    return CaseRecord(
        key=CaseKey(document["case_id"], document["time_point"], document["reader"]),
        state=document["state"],
        measured_at=datetime.fromisoformat(document["measured_at"]),
        software_version=document["software_version"],
        inputs=tuple(_input_of(each, folder) for each in document["inputs"]),
        grid=Grid((shape[2], shape[1], shape[0]), np.array(document["grid"]["affine_ijk_to_ras"], dtype=np.float64)),
        settings=Settings(**document["settings"]),
        normal_bone=_region_of(document["normal_bone"]),
        disease_region=_region_of(document["disease_region"]),
        models=tuple(Model(**{**model, "notes": tuple(model["notes"])}) for model in document["models"]),
        statistics=NormalBoneStatistics(**document["normal_bone"]["statistics"]),
        thresholds=Thresholds(**{field.name: thresholds[field.name] for field in fields(Thresholds)}),
        near_sensitive=thresholds["voxels_at_sensitive"],
        near_conservative=thresholds["voxels_at_conservative"],
        above_threshold_voxels=preliminary["above_threshold_voxels"],
        preliminary=_vhi_of(preliminary),
        islands=result["islands"],
        islands_removed=result["islands_removed"],
        vhi=_vhi_of(result),
        cleaning=_cleaning_of(document["cleaning"], math.prod(shape)),
        stability=None if document["stability"] is None else _stability_of(document["stability"]),
        warnings=tuple(document["warnings"]),
        files=dict(document["files"]),
    )


def _input_document(each: InputFile, folder: Path) -> Document:
    path = Path(os.path.abspath(each.path))
    try:
        relative: str | None = Path(os.path.relpath(path, os.path.abspath(folder))).as_posix()
    except ValueError:  # on another drive
        relative = None
    return {
        "role": each.role,
        "path": path.as_posix(),
        "relative_path": relative,
        "series": each.series,
        "sha256": each.sha256,
    }


def _input_of(document: Document, folder: Path) -> InputFile:
    """Where the input lies: beside the record as before when the study was moved as a whole, else where it was."""
    path = Path(document["path"])
    if document["relative_path"] is not None:
        moved = Path(os.path.normpath(folder / PurePosixPath(document["relative_path"])))
        path = moved if os.path.exists(moved) else path  # unlike moved.exists(), also for a name that is too long
    return InputFile(document["role"], path, document["sha256"], document["series"])


def _region_of(document: Document) -> Region:
    return Region(document["origin"], document["voxels"], document["sha256"], document["confidence"])


def _vhi_document(vhi: Vhi) -> Document:
    return asdict(vhi) | {"sensitive_mm3": vhi.sensitive_mm3, "conservative_mm3": vhi.conservative_mm3}


def _vhi_of(document: Document) -> Vhi:
    return Vhi(document["sensitive_voxels"], document["conservative_voxels"], document["voxel_volume_mm3"])


def _cleaning_document(cleaning: CleaningRecord) -> Document:
    return {
        "start": cleaning.start,
        "steps": [step.to_json() for step in cleaning.steps],
        "undone": [step.to_json() for step in cleaning.undone],
        "undo_count": cleaning.undo_count,
        "redo_count": cleaning.redo_count,
        "seconds_spent": cleaning.seconds_spent,
    }


def _cleaning_of(document: Document, voxels: int) -> CleaningRecord:
    for step in (*document["steps"], *document["undone"]):
        if any(start + length > voxels for start, length in step.get("drawn_runs", ())):
            raise ValueError(_("a cut reaches out of the volume"))
    steps, undone = (tuple(Step.from_json(step) for step in document[name]) for name in ("steps", "undone"))
    counts = {name: document[name] for name in ("undo_count", "redo_count", "seconds_spent")}
    return CleaningRecord(start=document["start"], steps=steps, undone=undone, **counts)


def _stability_document(stability: Stability) -> Document:
    return {
        "above_threshold_voxels": stability.above_threshold_voxels,
        "preliminary_voxels": stability.preliminary_voxels,
        "vhi_voxels": stability.vhi_voxels,
        "top_voxel_effect": stability.top_voxel_effect,
        "vhi_range_voxels": None if stability.vhi_range_voxels is None else list(stability.vhi_range_voxels),
        "left_out": [asdict(each) for each in stability.left_out],
        "brightest": [
            {"voxel_ijk": list(each.index[::-1]), "ras_mm": list(each.ras_mm), "intensity": each.intensity}
            for each in stability.brightest
        ],
    }


def _stability_of(document: Document) -> Stability:
    def left_out(each: Document) -> LeftOut:
        limits = each["thresholds"]
        return LeftOut(**{**each, "thresholds": None if limits is None else Thresholds(**limits)})

    def bright(each: Document) -> BrightVoxel:
        i, j, k = each["voxel_ijk"]
        x, y, z = each["ras_mm"]
        return BrightVoxel((k, j, i), (x, y, z), each["intensity"])

    return Stability(
        above_threshold_voxels=document["above_threshold_voxels"],
        preliminary_voxels=document["preliminary_voxels"],
        vhi_voxels=document["vhi_voxels"],
        left_out=tuple(left_out(each) for each in document["left_out"]),
        brightest=tuple(bright(each) for each in document["brightest"]),
    )
