"""What is measured on: the real cases where they are present, else the phantom; and cases made larger."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
from Benchmarks.side_by_side import say_loudly
from RealCases import real_cases
from VHIWorkflowLib.core.cleaning import CleaningSession, Clock, utc_now
from VHIWorkflowLib.core.grids import BoolArray, Grid, Volume
from VHIWorkflowLib.core.measurement import Preliminary, Settings, measure
from VHIWorkflowLib.core.targets import Touching
from VHIWorkflowLib.files.image_writing import write_volume
from VHIWorkflowLib.files.scans import Scan
from VHIWorkflowLib.phantom import make_phantom
from VHIWorkflowLib.study.case_inputs import CaseFiles, InputFile, LoadedCase

USUAL_CASE = "1013"
PHANTOM_SEEDS = (1, 2, 3)


@dataclass(frozen=True)
class BenchmarkCase:
    """A case in memory; arrays of shape (k, j, i). ``keep`` marks what the simulated reader keeps, if there is one."""

    name: str
    stir: Volume
    normal_bone: BoolArray
    disease_region: BoolArray
    keep: BoolArray | None = None
    settings: Settings = field(default_factory=Settings)

    def measured(self) -> Preliminary:
        """Up to cleaning."""
        return measure(self.stir, self.normal_bone, self.disease_region, self.settings)

    def cleaned(self, case: Preliminary, clock: Clock = utc_now) -> CleaningSession:
        """As the simulated reader leaves it; not cleaned when there is none."""
        session = CleaningSession.of(case, start="remove" if self.keep is None else "keep", clock=clock)
        if self.keep is not None:
            session.keep(Touching.mask(self.keep))
        return session

    def loaded(self) -> LoadedCase:
        """As if read from files."""
        inputs = (InputFile("stir", Path("stir.nii.gz"), "0" * 64), InputFile("t1w", Path("t1w.nii.gz"), "0" * 64))
        return LoadedCase(self.stir, self.normal_bone, self.disease_region, self.keep, inputs, ())

    def write(self, folder: Path) -> CaseFiles:
        """Write it as NIfTI, the STIR in place of the T1w too."""
        masks = {"normal_bone": self.normal_bone, "disease_region": self.disease_region}
        paths = {name: folder / f"{name}.nii.gz" for name in ("stir", *masks)}
        write_volume(paths["stir"], self.stir)
        for name, mask in masks.items():
            write_volume(paths[name], Volume(mask, self.stir.grid))
        return CaseFiles(
            Scan(paths["stir"]), Scan(paths["stir"]), (paths["normal_bone"],), disease_region=paths["disease_region"]
        )


@functools.cache
def all_cases() -> tuple[BenchmarkCase, ...]:
    """All real cases that have a STIR, else phantoms, said loudly."""
    found = tuple(
        BenchmarkCase(
            case.case_id,
            case.stir(),
            case.normal_bone(),
            case.disease_region(),
            case.majority() if case.has_manual_masks else None,
        )
        for case in real_cases()
    )
    if found:
        return found
    say_loudly("THE REAL CASES ARE ABSENT: MEASURED ON PHANTOMS INSTEAD, COMPARE WITH NO PUBLISHED FIGURE")
    return tuple(_phantom_case(seed) for seed in PHANTOM_SEEDS)


def _phantom_case(seed: int) -> BenchmarkCase:
    made = make_phantom(seed)
    return BenchmarkCase(
        f"phantom {seed}", made.stir, made.normal_bone.array, made.disease_region.array, made.lesions.array
    )


def usual_case() -> BenchmarkCase:
    """Case 1013, or the first phantom."""
    return next((case for case in all_cases() if case.name == USUAL_CASE), all_cases()[0])


def chosen_cases() -> dict[str, BenchmarkCase]:
    """Case 1013, the one with the most sensitive voxels, and the one with the most islands, each once; with why."""
    usual, measured = usual_case(), {case.name: case.measured() for case in all_cases()}
    most_voxels = max(all_cases(), key=lambda case: measured[case.name].islands.voxels.size)
    most_islands = max(all_cases(), key=lambda case: measured[case.name].islands.number)
    why: dict[str, list[str]] = {usual.name: ["the usual case"]}
    why.setdefault(most_voxels.name, []).append("most sensitive voxels")
    why.setdefault(most_islands.name, []).append("most islands")
    chosen = {case.name: case for case in (usual, most_voxels, most_islands)}
    return {
        f"{name} ({', '.join(why[name])}: {measured[name].islands.voxels.size} voxels, "
        f"{measured[name].islands.number} islands)": case
        for name, case in chosen.items()
    }


def in_eight_times_the_volume(case: BenchmarkCase) -> BenchmarkCase:
    """The same islands in a corner of a volume of twice as many slices, rows and columns."""
    shape = _doubled(case.stir.grid)

    def embedded(array: npt.NDArray[np.generic]) -> npt.NDArray[np.generic]:
        larger = np.zeros(shape, dtype=array.dtype)
        larger[tuple(slice(0, size) for size in array.shape)] = array
        return larger

    return _remade(case, "in 8 times the volume", embedded, Grid(shape, case.stir.grid.affine), case.settings)


def of_eight_times_the_voxels(case: BenchmarkCase) -> BenchmarkCase:
    """Every voxel split in eight: the same islands, each of eight times the voxels."""

    def split(array: npt.NDArray[np.generic]) -> npt.NDArray[np.generic]:
        for axis in range(3):
            array = np.repeat(array, 2, axis=axis)
        return array

    affine = case.stir.grid.affine.copy()
    affine[:3, 3] -= affine[:3, :3].sum(axis=1) / 4
    affine[:3, :3] /= 2
    settings = replace(case.settings, minimum_group_pixels=4 * case.settings.minimum_group_pixels)
    return _remade(case, "with 8 times the voxels", split, Grid(_doubled(case.stir.grid), affine), settings)


def of_many_islands(number: int = 10_000, seed: int = 1) -> BenchmarkCase:
    """A made-up volume of 25 x 336 x 336 voxels: boxes of 2 to 7 pixels a side on one or two slices, none touching."""
    rng = np.random.default_rng(seed)
    shape, pitch = (25, 336, 336), (3, 9, 9)
    cells = np.stack(np.meshgrid(*(np.arange(n // step) for n, step in zip(shape, pitch, strict=True))), axis=-1)
    chosen = rng.permutation(cells.reshape(-1, 3))[: number + 1]
    stir = rng.integers(80, 110, shape).astype(np.float32)
    for corner, extent in zip(chosen[1:] * pitch, rng.integers((1, 2, 2), (3, 8, 8), (number, 3)), strict=True):
        stir[tuple(slice(start, start + size) for start, size in zip(corner, extent, strict=True))] = 300
    normal = np.zeros(shape, dtype=bool)
    normal[tuple(slice(start, start + step) for start, step in zip(chosen[0] * pitch, pitch, strict=True))] = True
    stir[normal] = rng.integers(80, 121, int(normal.sum()))
    region = np.ones(shape, dtype=bool)
    grid = Grid(shape, np.diag([0.595, 0.595, 3.3, 1.0]))
    return BenchmarkCase(f"{number} islands", Volume(stir, grid), normal, region)


def _doubled(grid: Grid) -> tuple[int, int, int]:
    k, j, i = grid.shape
    return 2 * k, 2 * j, 2 * i


def _remade(
    case: BenchmarkCase,
    how: str,
    remake: Callable[[npt.NDArray[np.generic]], npt.NDArray[np.generic]],
    grid: Grid,
    settings: Settings,
) -> BenchmarkCase:
    def mask(array: BoolArray) -> BoolArray:
        return remake(array).astype(bool)

    return BenchmarkCase(
        f"{case.name} {how}",
        Volume(remake(case.stir.array), grid),
        mask(case.normal_bone),
        mask(case.disease_region),
        None if case.keep is None else mask(case.keep),
        settings,
    )
