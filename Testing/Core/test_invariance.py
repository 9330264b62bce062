"""The same scan stored with flipped or permuted axes gives the same measurement, in the same places."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from Core.small_cases import ALL_STORAGES, SmallCase, Storage, small_case
from hypothesis import given, settings
from hypothesis import strategies as st
from VHIWorkflowLib.core.cleaning import CleaningSession
from VHIWorkflowLib.core.facts import IslandFacts, island_facts
from VHIWorkflowLib.core.grids import Volume
from VHIWorkflowLib.core.measurement import Preliminary
from VHIWorkflowLib.core.stability import Stability, how_much_hangs_on_normal_bone
from VHIWorkflowLib.core.targets import BesidePlane, SmallerThan, Touching, WholeSlice
from VHIWorkflowLib.files.image_writing import write_volume
from VHIWorkflowLib.files.volumes import read_image, read_mask

SEED = 7


def tied_case() -> SmallCase:
    """Several voxels share the largest intensities of the normal bone, so that choosing among them could differ."""
    case = small_case(SEED)
    stir = case.stir.array.copy()
    for rank, value in ((9, 160.0), (6, 170.0)):
        places = np.flatnonzero(case.normal_bone)[rank::19][:4]
        stir.flat[places] = value
    return SmallCase(type(case.stir)(stir, case.stir.grid), case.normal_bone, case.disease_region)


def facts_by_place(case: Preliminary) -> list[tuple[object, ...]]:
    """Facts that do not speak of array indices, in an order that storage cannot change."""

    def plain(fact: IslandFacts) -> tuple[object, ...]:
        x, y, z = fact.centroid_mm
        return (
            fact.voxels,
            (round(x, 6), round(y, 6), round(z, 6)),
            round(fact.volume_mm3, 6),
            fact.peak_stir,
            round(fact.mean_stir, 6),
            fact.conservative_share,
            round(fact.distance_to_normal_bone_mm, 6),
            fact.touches_edge,
            fact.slices[1] - fact.slices[0],
        )

    return sorted((plain(fact) for fact in island_facts(case, case.islands.island_voxels())), key=str)


def stability_by_place(stability: Stability, slice_flipped: bool, slices: int) -> tuple[object, ...]:
    def plain(part: str, which: int) -> int:
        return slices - 1 - which if part == "slice" and slice_flipped else which

    left_out = {
        (
            each.part,
            plain(each.part, each.which),
            each.voxels,
            each.thresholds,
            each.above_threshold_voxels,
            each.preliminary_voxels,
            each.vhi_voxels,
            each.problem,
        )
        for each in stability.left_out
    }
    return (
        left_out,
        [(each.ras_mm, each.intensity) for each in stability.brightest],
        stability.vhi_range_voxels,
        stability.top_voxel_effect,
    )


def cleaned(case: Preliminary) -> CleaningSession:
    """Steps said in places, not in indices: a sphere, a plane, a size, all of the middle slice."""
    session = CleaningSession.of(case)
    x, y, z = case.grid.to_ras([np.argwhere(case.normal_bone).mean(axis=0)])[0].tolist()
    middle = case.grid.shape[case.grid.slice_axis] // 2
    session.remove(Touching.sphere((x + 4.111, y, z), 3.05, case.grid))
    session.remove(BesidePlane((x, y + 2.017, z), (0.3, 1.0, 0.2)))
    session.remove(SmallerThan.pixels(5, case.grid))
    session.keep(WholeSlice(middle), in_slice=middle)
    return session


def test_the_case_is_one_that_could_differ() -> None:
    case = tied_case().measured()
    session = cleaned(case)
    assert len(session.steps) == 4
    assert 0 < session.vhi.sensitive_voxels < case.vhi.sensitive_voxels
    stability = how_much_hangs_on_normal_bone(case, session.kept_voxels())
    assert len({each.above_threshold_voxels for each in stability.left_out}) > 3
    assert stability.brightest[0].intensity == stability.brightest[3].intensity > stability.brightest[4].intensity


@pytest.mark.parametrize("storage", ALL_STORAGES[1:])
def test_flipped_and_permuted_storage_gives_the_same_measurement(storage: Storage) -> None:
    here, there = tied_case().measured(), storage.case(tied_case()).measured()
    assert there.grid.shape == tuple(here.grid.shape[axis] for axis in storage.order)
    assert there.thresholds == here.thresholds
    assert there.statistics == here.statistics
    assert there.vhi.voxel_volume_mm3 == pytest.approx(here.vhi.voxel_volume_mm3, rel=1e-12)
    assert (there.vhi.sensitive_voxels, there.vhi.conservative_voxels) == (
        here.vhi.sensitive_voxels,
        here.vhi.conservative_voxels,
    )
    assert there.islands.number == here.islands.number
    assert len(there.islands.part_slice) == len(here.islands.part_slice)
    assert (there.near_sensitive, there.near_conservative) == (here.near_sensitive, here.near_conservative)
    assert (there.mask() == storage.array(here.mask())).all()
    assert (there.conservative_mask() == storage.array(here.conservative_mask())).all()
    assert facts_by_place(there) == facts_by_place(here)


def through_files(case: SmallCase, ending: str) -> SmallCase:
    """Written in a format and read again."""
    with TemporaryDirectory() as name:
        paths = {part: Path(name) / f"{part}{ending}" for part in ("stir", "normal_bone", "disease_region")}
        write_volume(paths["stir"], case.stir)
        write_volume(paths["normal_bone"], Volume(case.normal_bone, case.stir.grid))
        write_volume(paths["disease_region"], Volume(case.disease_region, case.stir.grid))
        masks = (read_mask(paths[part]).array for part in ("normal_bone", "disease_region"))
        return SmallCase(read_image(paths["stir"]), *masks)


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    storage=st.sampled_from(ALL_STORAGES),
    ending=st.sampled_from([".nii", ".nii.gz", ".nrrd", ".mha"]),
)
def test_any_case_is_measured_the_same_however_and_in_whatever_format_it_is_stored(
    seed: int, storage: Storage, ending: str
) -> None:
    case = small_case(seed)
    here, there = case.measured(), through_files(storage.case(case), ending).measured()
    assert there.thresholds == here.thresholds
    assert (there.mask() == storage.array(here.mask())).all()
    assert (there.conservative_mask() == storage.array(here.conservative_mask())).all()
    assert there.islands.number == here.islands.number
    assert there.vhi.sensitive_mm3 == pytest.approx(here.vhi.sensitive_mm3, rel=1e-5)  # spacings are float32 in NIfTI


@pytest.mark.parametrize("storage", ALL_STORAGES[1:])
def test_flipped_and_permuted_storage_gives_the_same_vhi_and_stability(storage: Storage) -> None:
    here, there = tied_case().measured(), storage.case(tied_case()).measured()
    session_here, session_there = cleaned(here), cleaned(there)
    assert (session_there.mask() == storage.array(session_here.mask())).all()
    assert session_there.vhi.conservative_voxels == session_here.vhi.conservative_voxels
    assert session_there.islands_removed() == session_here.islands_removed()
    slices = here.grid.shape[0]
    flipped = storage.flipped[storage.order.index(0)]
    stability_here = how_much_hangs_on_normal_bone(here, session_here.kept_voxels())
    stability_there = how_much_hangs_on_normal_bone(there, session_there.kept_voxels())
    assert stability_by_place(stability_there, flipped, slices) == stability_by_place(stability_here, False, slices)
