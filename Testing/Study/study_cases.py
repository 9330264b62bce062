"""A small case with two dozen islands in oblique geometry, as arrays and as files, and what tests of a study share."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from VHIWorkflowLib.core.grids import BoolArray, Grid, Volume
from VHIWorkflowLib.files.image_writing import write_volume
from VHIWorkflowLib.study.case_inputs import CaseFiles, Scan
from VHIWorkflowLib.study.case_record import CaseKey
from VHIWorkflowLib.study.measure_case import Request, measure_case
from VHIWorkflowLib.study.region_files import REGIONS_NAME

SHAPE = (6, 36, 40)
SPACING_MM = (0.6, 0.7, 3.3)
KEY = CaseKey("S 01", "baseline", "AB")
ROLES = ("stir", "t1w", "normal_bone", "disease_region", "keep")


@dataclass(frozen=True)
class StudyCase:
    """A synthetic case; masks on the STIR grid."""

    stir: Volume
    t1w: Volume
    normal_bone: BoolArray
    disease_region: BoolArray
    keep: BoolArray

    def write(self, folder: Path, ending: str = ".nii.gz") -> CaseFiles:
        """Write scans and masks into a folder."""
        grid = self.stir.grid
        masks = (self.normal_bone, self.disease_region, self.keep)
        volumes = (self.stir, self.t1w, *(Volume(mask, grid) for mask in masks))
        paths = {role: folder / f"{role}{ending}" for role in ROLES}
        for role, volume in zip(ROLES, volumes, strict=True):
            write_volume(paths[role], volume)
        return CaseFiles(
            Scan(paths["stir"]), Scan(paths["t1w"]), (paths["normal_bone"],), paths["disease_region"], paths["keep"]
        )


@cache
def study_case(seed: int = 1) -> StudyCase:
    """Calm bone with a normal part, and 24 bright islands in it of different sizes, every third one to keep."""
    rng = np.random.default_rng(seed)
    grid = Grid(SHAPE, _affine())
    k, j, i = np.indices(SHAPE)
    stored = np.rint(300 + 12 * rng.normal(size=SHAPE))
    keep = np.zeros(SHAPE, dtype=bool)
    for number in range(24):
        slice_number, row, column = (number % 2) * 3, 5 + 8 * (number // 2 % 4), 5 + 14 * (number // 8)
        island = (k >= slice_number) & (k <= slice_number + number % 3 // 2)
        island &= np.hypot(j - row, i - column) < 1.5 + 1.5 * rng.random()
        stored[island] = np.rint(420 + 80 * rng.random(int(island.sum())))
        stored[tuple(np.argwhere(island)[0])] = 339  # between the thresholds
        keep |= island & (number % 3 == 0)
    normal = (abs(k - 2) <= 1) & (abs(j - 18) <= 3) & (abs(i - 12) <= 2)
    stored[normal] = np.rint(np.clip(300 + 12 * rng.normal(size=int(normal.sum())), 260, 335))
    stored[2, 18, 12] = 342
    region = (j > 0) & (j < SHAPE[1] - 1) & (i > 0) & (i < SHAPE[2] - 1)
    return StudyCase(
        stir=Volume(stored.astype(np.float32), grid),
        t1w=Volume((900 - stored).astype(np.float32), grid),
        normal_bone=normal,
        disease_region=region,
        keep=keep & ~normal,
    )


def _affine() -> np.ndarray:
    turn, tilt = np.deg2rad(7), np.deg2rad(31)
    about_z = np.array([[np.cos(turn), -np.sin(turn), 0], [np.sin(turn), np.cos(turn), 0], [0, 0, 1]])
    about_x = np.array([[1, 0, 0], [0, np.cos(tilt), -np.sin(tilt)], [0, np.sin(tilt), np.cos(tilt)]])
    affine = np.eye(4)
    affine[:3, :3] = about_x @ about_z @ np.diag(SPACING_MM)
    affine[:3, 3] = (-31.5, 12.25, -80.0)
    return affine


def request_for(files: CaseFiles, out: Path, key: CaseKey = KEY, **changes: Any) -> Request:
    """Ask for a measurement."""
    return Request(key, files, out, **changes)


def ticking_clock(seconds: float = 1.0) -> Callable[[], datetime]:
    """A clock that moves on by so much each time it is read."""
    now = datetime(2025, 3, 1, 10, tzinfo=UTC)

    def tick() -> datetime:
        nonlocal now
        now += timedelta(seconds=seconds)
        return now

    return tick


def edit_json(path: Path, change: Callable[[dict[str, Any]], object]) -> None:
    """Change a JSON document on disk."""
    document = json.loads(path.read_text(encoding="utf-8"))
    change(document)
    path.write_text(json.dumps(document), encoding="utf-8")


def files_below(folder: Path) -> dict[str, bytes]:
    """Every file below a folder and its content, lock files left out."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.name.endswith(".lock")
    }


def repeated_from_its_steps(folder: Path, files: CaseFiles, out: Path) -> Path:
    """Measure a finished case again as ``vhi measure --steps`` does; the folder of the new record."""
    regions = folder / REGIONS_NAME
    given = replace(files, normal_bone=(regions,), disease_region=regions)
    return measure_case(Request(KEY, given, out, steps=folder)).folder
