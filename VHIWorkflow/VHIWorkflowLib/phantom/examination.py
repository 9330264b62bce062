"""A synthetic sacroiliac-joint examination with known truth: STIR, T1w, regions and lesions.

For trying the software, for tutorials and for tests; no patient's data is in it. The anatomy is drawn
(`anatomy`), the signals come from the sequences' equations (`signal`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

from ..core.grids import BoolArray, Grid, Volume
from .anatomy import paint_pelvis
from .lesions import dry_joint_beside, oedema_field
from .shapes import FloatArray, Frame, ellipsoid, smooth_field, step_up
from .signal import acquire, mixed_signal, stir_signals, t1w_signals

DEFAULT_SHAPE = (25, 256, 256)
FIELD_OF_VIEW_MM = 200.0
SLICE_SPACING_MM = 3.3
GREY_LEVELS_PER_SIGNAL = 2400.0
RESCALE_SLOPE = 0.7326007
NOISE_GREY_LEVELS = 40.0
LESION_TRUTH_SHARE = 0.18
"""From this share of oedema on a voxel belongs to the truth: there it stands out from the normal marrow's spread."""


@dataclass(frozen=True)
class Phantom:
    """One examination of a synthetic subject; all masks lie on the STIR grid.

    Attributes
    ----------
    stir, t1w
        Float32 grey levels, all positive multiples of the rescale slope.
    normal_bone
        What a reader would mark: normal marrow between the sacral foramina, several slices.
    disease_region
        All imaged bone including joint spaces.
    lesions
        The truth: marrow with inflammatory oedema.
    not_inflammation
        What must be cleaned away though it is bright and inside the disease region, by the name of its kind:
        vessel, joint fluid, facet joint, coil flare.
    """

    stir: Volume
    t1w: Volume
    normal_bone: Volume
    disease_region: Volume
    lesions: Volume
    not_inflammation: Mapping[str, Volume]


def make_phantom(
    subject_seed: int = 1,
    time_point: int = 1,
    *,
    lesion_load: float = 1.0,
    shape: tuple[int, int, int] = DEFAULT_SHAPE,
    t1w_shape: tuple[int, int, int] | None = None,
) -> Phantom:
    """Make one examination.

    Parameters
    ----------
    subject_seed
        Who is examined: the same seed is the same anatomy and the same places where lesions may arise.
    time_point
        Which examination of the subject: other noise, and from the second on a slightly different position.
    lesion_load
        How much inflammation, 1 being a usual active case; 0 is a healthy subject. A smaller load keeps the first
        of the subject's lesions, so that a follow-up shows fewer of the same ones.
    shape
        Slices, rows and columns of STIR. The field of view stays 200 x 200 mm and 3.3 mm between slices.
    t1w_shape
        Of T1w, over the same field of view; None takes the same grid as STIR.

    Returns
    -------
    The same arguments give the same arrays bit by bit, on the same version of numpy and scipy.

    Raises
    ------
    ValueError
        If a number is negative, or there are fewer than 5 slices or 64 rows or columns.

    Examples
    --------
    >>> phantom = make_phantom(3, lesion_load=0, shape=(9, 64, 64))
    >>> phantom.stir.array.shape, phantom.lesions.array.any()
    ((9, 64, 64), np.False_)
    """
    if subject_seed < 0 or time_point < 1 or lesion_load < 0:
        raise ValueError("subject seed and lesion load must not be negative, the time point must be 1 or more")
    for wanted in (shape, t1w_shape or shape):
        if wanted[0] < 5 or min(wanted[1:]) < 64:
            raise ValueError(f"a phantom needs at least 5 slices of 64 x 64, not {wanted}")
    seeds = (subject_seed, time_point)
    scene = _Scene(seeds, lesion_load, shape)
    t1w_scene = scene if t1w_shape in (None, shape) else _Scene(seeds, lesion_load, t1w_shape or shape)
    lesions = scene.oedema >= LESION_TRUTH_SHARE
    masks = {name: scene.volume(mask) for name, mask in sorted(scene.not_inflammation().items())}
    return Phantom(
        stir=scene.volume(scene.image(stir_signals(), 1)),
        t1w=t1w_scene.volume(t1w_scene.image(t1w_signals(), 2)),
        normal_bone=scene.volume(scene.normal_bone()),
        disease_region=scene.volume(scene.pelvis.bone),
        lesions=scene.volume(lesions),
        not_inflammation=MappingProxyType(masks),
    )


class _Scene:
    """One subject in one position, sampled on one grid."""

    def __init__(self, seeds: tuple[int, int], lesion_load: float, shape: tuple[int, int, int]) -> None:
        self.seeds = seeds
        self.grid = _oblique_grid(seeds, shape)
        self.frame = _frame(seeds, shape)
        self.pelvis = paint_pelvis(seeds[0], self.frame)
        self.oedema = oedema_field(seeds, lesion_load, self.frame, self.pelvis)
        dry_joint_beside(self.oedema, self.pelvis)
        self.flare = self._flare()

    def volume(self, array: npt.NDArray[np.generic]) -> Volume:
        return Volume(array, self.grid)

    def image(self, signals: FloatArray, sequence: int) -> FloatArray:
        """Image of one sequence as the scanner stores it."""
        signal = mixed_signal(signals, self.pelvis.tissue, self.pelvis.fat, self.oedema)
        signal *= np.float32(GREY_LEVELS_PER_SIGNAL)
        rng = np.random.default_rng([*self.seeds, 100 + sequence])
        return acquire(signal, self._sensitivity(), NOISE_GREY_LEVELS, RESCALE_SLOPE, rng)

    def normal_bone(self) -> BoolArray:
        """Ellipses in the sacrum between the foramina, kept off everything that is not plain marrow."""
        depth, height, left = self.frame.axes
        plain = self.pelvis.in_sacrum & (self.oedema == 0)
        for mask in self.pelvis.bright.values():
            plain &= ~mask
        clear = _shrunk(plain, 3)
        upper = ellipsoid(depth, height, left, (-5, 17, 0), (9, 7, 17)) < 1
        middle = ellipsoid(depth, height, left, (1, -8, 0), (7, 7, 13)) < 1
        region: BoolArray = clear & (upper | middle)
        return region

    def not_inflammation(self) -> dict[str, BoolArray]:
        """Bright structures within the bone, by kind."""
        masks = {name: mask & (self.oedema == 0) for name, mask in self.pelvis.bright.items()}
        masks["coil flare"] = (self.flare > 0.45) & self.pelvis.marrow & (self.oedema == 0)
        return masks

    def _sensitivity(self) -> FloatArray:
        """Receiver coil: a gentle slope over the field, and a flare where the wing of one ilium nears an element."""
        slope = smooth_field((self.seeds[0], 60), self.frame, (60, 90, 90))
        sensitivity: FloatArray = 1 + np.float32(0.05) * slope + self.flare
        return sensitivity

    def _flare(self) -> FloatArray:
        rng = np.random.default_rng([self.seeds[0], 61])
        centre = (rng.uniform(-8, 12), rng.uniform(45, 60), rng.choice([-1.0, 1.0]) * rng.uniform(92, 104))
        distance = ellipsoid(*self.frame.axes, centre, (14, 26, 24))
        return np.float32(0.9) * step_up(-distance, -1.0, 0.0)


def _frame(seeds: tuple[int, int], shape: tuple[int, int, int]) -> Frame:
    """Voxel centres in the body; the first examination is centred, later ones a few millimetres off."""
    spread = (0.8, 2.5, 2.0) if seeds[1] > 1 else (0.0, 0.0, 0.0)
    shift = np.random.default_rng([*seeds, 70]).uniform(-1, 1, size=3) * spread
    spacings = (SLICE_SPACING_MM, -FIELD_OF_VIEW_MM / shape[1], FIELD_OF_VIEW_MM / shape[2])
    axes = [
        ((np.arange(n) - (n - 1) / 2) * spacing + offset).astype(np.float32)
        for n, spacing, offset in zip(shape, spacings, shift, strict=True)
    ]
    return Frame(*axes)


def _oblique_grid(seeds: tuple[int, int], shape: tuple[int, int, int]) -> Grid:
    """Oblique coronal slices parallel to the sacrum: columns run left, rows down, slices from front to back."""
    tilt, roll, turn = np.radians(np.random.default_rng([*seeds, 71]).uniform((24, -2, -2), (36, 2, 2)))
    down = np.array([0.0, -np.sin(tilt), -np.cos(tilt)])
    left = np.array([-1.0, 0.0, 0.0])
    turned = _rotation(2, float(turn)) @ _rotation(1, float(roll))
    left, down = turned @ left, turned @ down
    back = np.cross(left, down)
    spacings = (FIELD_OF_VIEW_MM / shape[2], FIELD_OF_VIEW_MM / shape[1], SLICE_SPACING_MM)
    affine = np.eye(4)
    affine[:3, :3] = np.column_stack([left, down, back]) * spacings
    affine[:3, 3] = np.array([1.5, -40.0, -12.0]) - affine[:3, :3] @ ((np.array(shape[::-1]) - 1) / 2)
    return Grid(shape, affine)


def _rotation(axis: int, angle: float) -> npt.NDArray[np.float64]:
    matrix = np.eye(3)
    a, b = (other for other in range(3) if other != axis)
    matrix[a, a] = matrix[b, b] = np.cos(angle)
    matrix[a, b], matrix[b, a] = -np.sin(angle), np.sin(angle)
    return matrix


def _shrunk(mask: BoolArray, pixels: int) -> BoolArray:
    """Mask less everything within some pixels of its border, along rows and columns."""
    inner = mask.copy()
    for step in range(1, pixels + 1):
        for axis in (1, 2):
            inner &= np.roll(mask, step, axis) & np.roll(mask, -step, axis)
    return inner
