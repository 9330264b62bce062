"""Resampling to the network's spacing is the one that networks are trained with."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from BoneSegModelsLib.canonical import canonical_frame, interpolation_matrix
from BoneSegModelsLib.model_description import IntensityScaling, ModelInput
from BoneSegModelsLib.scaling import scale
from Networks.synthetic_models import oblique_grid, smooth_scan
from RealCases import REAL_CASES
from torch.nn import functional
from VHIWorkflowLib.core.grids import Volume
from VHIWorkflowLib.files.volumes import read_image

WANTED = ModelInput("T1w", 1.2, intensity=IntensityScaling((1.0, 99.0), "unit_range", "volume", (-0.1, 1.5)))
LABELLED = ["1001", "1007", "1012", "1013", "1016", "1234", "2015", "2016", "3002", "4386"]


def by_torch(slices: np.ndarray, rows: int, columns: int) -> np.ndarray:
    """Bilinear with antialiasing over the same field of view, as in training."""
    image = torch.from_numpy(np.ascontiguousarray(slices))[None]
    size = (rows, columns)
    return functional.interpolate(image, size, mode="bilinear", align_corners=False, antialias=True)[0].numpy()


@pytest.mark.parametrize("size", [1, 2, 7, 64, 167, 336, 512])
@pytest.mark.parametrize("new_size", [1, 2, 13, 64, 167, 336, 500])
def test_a_row_of_pixels_is_resampled_as_torch_does(size: int, new_size: int) -> None:
    row = np.random.default_rng(size).uniform(-0.1, 1.5, (1, 1, size))
    found = row[0] @ interpolation_matrix(size, new_size).T
    np.testing.assert_allclose(found, by_torch(row, 1, new_size)[0], atol=1e-6)


@pytest.mark.parametrize("pixel_mm", [0.4, 0.595, 0.83, 1.2, 1.7])
def test_a_scan_is_resampled_as_torch_does(pixel_mm: float) -> None:
    scan = smooth_scan(oblique_grid((3, 130, 111), (3.3, pixel_mm, pixel_mm)))
    frame = canonical_frame(scan.grid, WANTED)
    image = scale(frame.reorder(scan.array), WANTED.intensity)
    np.testing.assert_allclose(frame.resample(image), by_torch(image, *frame.shape[1:]), atol=1e-5)


@pytest.mark.real_cases
@pytest.mark.parametrize("case", LABELLED)
def test_real_scans_are_resampled_as_torch_does(case: str) -> None:
    scan: Volume = read_image(REAL_CASES / case / "t1w.nii.gz")
    frame = canonical_frame(scan.grid, WANTED)
    image = scale(frame.reorder(scan.array), WANTED.intensity)
    np.testing.assert_allclose(frame.resample(image), by_torch(image, *frame.shape[1:]), atol=1e-5)
