"""How tissues look on MRI: relaxation times at 3 T, the two sequences, and what the scanner adds.

Relaxation times are rounded values of the order reported for 3 T; they are meant to give the contrasts that a reader
knows, not to measure anything.
"""

from __future__ import annotations

from enum import IntEnum

import numpy as np
import numpy.typing as npt
from scipy import ndimage

FloatArray = npt.NDArray[np.float32]

STIR_REPETITION_MS = 5316.0
STIR_ECHO_MS = 50.0
STIR_INVERSION_MS = 210.0
T1W_REPETITION_MS = 620.0
T1W_ECHO_MS = 12.0
POINT_SPREAD_PIXELS = 0.65
"""Standard deviation of the blur within a slice: partial volume and the scanner's own interpolation."""


class Tissue(IntEnum):
    """What a voxel of the phantom is made of; the value is the row of the tissue table."""

    AIR = 0
    MUSCLE = 1
    FAT = 2
    SKIN = 3
    MARROW = 4
    CORTEX = 5
    CARTILAGE = 6
    FLUID = 7
    DISC = 8
    NERVE = 9
    VESSEL = 10
    LIGAMENT = 11
    BOWEL_WALL = 12
    BOWEL_CONTENT = 13
    OEDEMA = 14


_PROTON_DENSITY_T1_T2: dict[Tissue, tuple[float, float, float]] = {
    Tissue.AIR: (0.0, 1000.0, 50.0),
    Tissue.MUSCLE: (0.85, 1400.0, 36.0),
    Tissue.FAT: (0.95, 365.0, 68.0),
    Tissue.SKIN: (0.60, 900.0, 30.0),
    Tissue.MARROW: (0.80, 1150.0, 52.0),
    Tissue.CORTEX: (0.10, 800.0, 12.0),
    Tissue.CARTILAGE: (0.70, 1150.0, 34.0),
    Tissue.FLUID: (1.00, 3600.0, 260.0),
    Tissue.DISC: (0.70, 1250.0, 48.0),
    Tissue.NERVE: (0.80, 1250.0, 75.0),
    Tissue.VESSEL: (0.85, 1700.0, 120.0),
    Tissue.LIGAMENT: (0.35, 1000.0, 20.0),
    Tissue.BOWEL_WALL: (0.85, 1300.0, 75.0),
    Tissue.BOWEL_CONTENT: (0.80, 900.0, 55.0),
    Tissue.OEDEMA: (0.95, 1450.0, 95.0),
}
"""Proton density (water = 1), T1 and T2 in ms. MARROW is its water alone; its fat is mixed in voxel by voxel."""


def stir_signals() -> FloatArray:
    """Longitudinal inversion-recovery signal of every tissue, indexed by `Tissue`; signed, so that fractions mix."""
    density, t1, t2 = _table()
    recovered = 1 - 2 * np.exp(-STIR_INVERSION_MS / t1) + np.exp(-STIR_REPETITION_MS / t1)
    return np.asarray(density * recovered * np.exp(-STIR_ECHO_MS / t2), dtype=np.float32)


def t1w_signals() -> FloatArray:
    """Spin-echo signal of every tissue on T1w, indexed by `Tissue`."""
    density, t1, t2 = _table()
    recovered = 1 - np.exp(-T1W_REPETITION_MS / t1)
    return np.asarray(density * recovered * np.exp(-T1W_ECHO_MS / t2), dtype=np.float32)


def mixed_signal(signals: FloatArray, tissue: npt.NDArray[np.uint8], fat: FloatArray, oedema: FloatArray) -> FloatArray:
    """Signal of voxels that hold a tissue, a share of fat in it and a share of oedema in its place.

    Parameters
    ----------
    signals
        Of every tissue, shape (number of tissues,).
    tissue
        Values of `Tissue`, shape (k, j, i).
    fat, oedema
        Shares from 0 to 1, shape (k, j, i).
    """
    signal = signals[tissue]
    signal += fat * (signals[Tissue.FAT] - signal)
    signal += oedema * (signals[Tissue.OEDEMA] - signal)
    return signal


def acquire(
    signal: FloatArray, sensitivity: FloatArray, noise: float, slope: float, rng: np.random.Generator
) -> FloatArray:
    """Magnitude image of a signal, in the grey levels of a scanner.

    Parameters
    ----------
    signal
        Signed signal in final grey levels, shape (k, j, i).
    sensitivity
        Of the receiver coil, shape (k, j, i).
    noise
        Standard deviation of each of the two noise channels before the point spread, in grey levels.
    slope
        Distance between two grey levels (the rescale slope of stored integers).
    rng
        Source of the noise.
    """
    channels = []
    for channel in (signal * sensitivity, None):
        values = rng.standard_normal(signal.shape, dtype=np.float32)
        values *= np.float32(noise)
        if channel is not None:
            values += channel
        for axis in (1, 2):
            values = ndimage.gaussian_filter1d(values, POINT_SPREAD_PIXELS, axis=axis, truncate=3.0)
        channels.append(values)
    levels = np.rint(np.hypot(*channels) / np.float32(slope))
    grey: FloatArray = np.maximum(levels, 1).astype(np.float32) * np.float32(slope)
    return grey


def _table() -> tuple[npt.NDArray[np.float64], ...]:
    return tuple(np.array([_PROTON_DENSITY_T1_T2[tissue] for tissue in Tissue]).T)
