"""Run a model on a scan: probabilities and a label map on the scan's own grid."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Protocol

import numpy as np
import numpy.typing as npt
from VHIWorkflowLib.core.grids import BoolArray, Grid, Volume
from VHIWorkflowLib.core.sentences import sentences_of

from .backends import Backend, open_backend
from .canonical import CanonicalFrame, canonical_frame
from .errors import ModelError, SegmentationCancelledError
from .model_description import ModelDescription
from .model_folders import Model
from .patches import Box, Tiling, tile
from .plausibility import check_result, check_scan
from .scaling import scale
from .small_parts import small_parts

_ = sentences_of(__name__)

FloatArray = npt.NDArray[np.float32]
LabelArray = npt.NDArray[np.uint8]

LARGEST_GREY_LEVEL = 1e30


class Progress(Protocol):
    """Is told how many slices (2D) or patches (3D) of how many are done."""

    def __call__(self, done: int, total: int, /) -> None:
        """Show it."""


Cancelled = Callable[[], bool]
"""Asked between slices or patches whether to stop."""


@dataclass(frozen=True)
class Segmentation:
    """What a model found.

    Attributes
    ----------
    grid
        That of the scan.
    probabilities
        float32 of shape (labels, k, j, i), labels in the order of the description; 0 where a part was too small.
    labels
        Label map of shape (k, j, i): values of the labels, 0 elsewhere.
    description, model_sha256
        The model, for the record.
    backend, device, precision
        What it was run with.
    notes
        How it ran, where that was not as asked for or usual; one sentence each.
    warnings
        What may be wrong with the scan or the result; one sentence each.
    """

    grid: Grid
    probabilities: FloatArray
    labels: LabelArray
    description: ModelDescription
    model_sha256: str
    backend: str
    device: str
    precision: str
    notes: tuple[str, ...]
    warnings: tuple[str, ...]

    @property
    def model_name(self) -> str:
        """Name of the model."""
        return self.description.name

    @property
    def model_version(self) -> str:
        """Version of the model."""
        return self.description.version

    def probability(self, index: int = 0) -> Volume:
        """Probability of one label, by its place in the description."""
        return Volume(self.probabilities[index], self.grid)

    def label_map(self) -> Volume:
        """The label map as a volume."""
        return Volume(self.labels, self.grid)


def segment(
    scan: Volume,
    model: Model,
    backend: Backend | None = None,
    *,
    progress: Progress | None = None,
    cancelled: Cancelled | None = None,
) -> Segmentation:
    """Find what a model finds in a scan.

    The scan may have any axes, flips, obliquity and spacing. Slices or patches of one grey level hold nothing and are
    not given to the networks.

    Parameters
    ----------
    scan
        Grey levels, shape (k, j, i).
    backend
        From `open_backend`; by default whatever is best here. Keep one for many scans.
    progress, cancelled
        Called after and asked before each slice or patch.

    Raises
    ------
    ModelError
        If the scan holds no grey levels, or memory runs out.
    SegmentationCancelledError
        If it was cancelled.
    """
    description = model.description
    levels, warnings = _grey_levels(scan)
    frame = canonical_frame(scan.grid, description.input)
    warnings += check_scan(levels, scan.grid, frame, description)
    backend = backend or open_backend(model)
    _stop_if(cancelled)
    reordered = np.ascontiguousarray(frame.reorder(levels), dtype=np.float64)
    image = frame.resample(scale(reordered, description.input.intensity))
    work = _Work(description, image.shape)
    _run(work, image, backend, progress, cancelled)
    probabilities = _on_scan(work.probabilities(), frame)
    labels = label_map(probabilities, description)
    _drop_small_parts(probabilities, labels, scan.grid, description)
    warnings += check_result(probabilities, labels, scan.grid, description)
    return Segmentation(
        scan.grid,
        probabilities,
        labels,
        description,
        model.sha256,
        backend.name,
        backend.device,
        backend.precision,
        backend.notes,
        warnings,
    )


def neighbours(number: int, reach: int, empty: BoolArray) -> list[int]:
    """Places of a slice and of its neighbours, ``reach`` on either side.

    Where a scan ends its last slice is taken again. Slices of one grey level, as padding leaves them, are no part of
    it: it ends before them too.

    Examples
    --------
    >>> neighbours(2, 2, np.array([False, False, False, False, True, False]))
    [0, 1, 2, 3, 3]
    """
    before, after = [number], [number]
    for places, step in ((before, -1), (after, 1)):
        for _ in range(reach):
            place = places[-1] + step
            inside = 0 <= place < empty.size and not empty[place]
            places.append(place if inside else places[-1])
    return [*before[:0:-1], *after]


def label_map(probabilities: FloatArray, description: ModelDescription) -> LabelArray:
    """Label map, shape (k, j, i), of probabilities, shape (labels, k, j, i).

    A voxel has the most probable label (of equals the first) if that reaches the threshold.
    """
    values = np.array([label.value for label in description.labels], dtype=np.uint8)
    best = probabilities.max(axis=0)
    chosen = values[probabilities.argmax(axis=0)] if len(values) > 1 else values[0]
    return np.where(best >= np.float32(description.threshold), chosen, 0).astype(np.uint8)


def _drop_small_parts(probabilities: FloatArray, labels: LabelArray, grid: Grid, description: ModelDescription) -> None:
    """Take parts too small for their label out of the label map, and make them improbable."""
    for probability, label in zip(probabilities, description.labels, strict=True):
        if label.smallest_part_ml:
            least = 1000 * label.smallest_part_ml / grid.voxel_volume_mm3
            small = small_parts(labels == label.value, least)
            labels[small] = 0
            probability[small] = 0


class _Work:
    """Patches of one scan as the network sees it, and the weighted sum of what it says about them."""

    def __init__(self, description: ModelDescription, shape: tuple[int, ...]) -> None:
        self._first = description.first_channel
        self._flat = description.architecture.dimensions == 2
        self._shape = shape
        inner = shape[1:] if self._flat else shape
        self.tiling: Tiling = tile(inner, description.patch, description.architecture.multiple)
        self._images = shape[0] if self._flat else 1
        self._context = description.input.context_slices
        self._weights = self.tiling.weights()
        padded = self.tiling.padded_shape
        self._sum = np.zeros((self._images, len(description.labels), *padded), dtype=np.float32)
        self._weight_sum = np.zeros(padded, dtype=np.float32)
        for box in self.tiling.boxes():
            self._weight_sum[box] += self._weights

    def __len__(self) -> int:
        return self._images * len(self.tiling)

    def patches(self, image: FloatArray) -> Iterator[tuple[int, Box, FloatArray]]:
        """Number of the slice (0 in 3D), place, and values, shape (input channels, *patch), of each patch."""
        empty = ~(image.max(axis=(1, 2)) > image.min(axis=(1, 2)))
        for number in range(self._images):
            padded = np.stack([self.tiling.padded(single) for single in self._channels(image, number, empty)])
            for box in self.tiling.boxes():
                yield number, box, padded[(slice(None), *box)]

    def _channels(self, image: FloatArray, number: int, empty: BoolArray) -> list[FloatArray]:
        """A slice between its neighbours, in 3D the volume; beyond an end, or an empty slice, the last one repeated."""
        if not self._flat:
            return [image]
        return [image[index] for index in neighbours(number, self._context, empty)]

    def add(self, number: int, box: Box, probabilities: FloatArray) -> None:
        """Take in what the network says about a patch, shape (output channels, *patch)."""
        self._sum[number][(slice(None), *box)] += self._weights * probabilities[self._first :]

    def probabilities(self) -> FloatArray:
        """Shape (labels, slices, rows, columns)."""
        inner: Box = (slice(None), slice(None), *self.tiling.inner)
        mean = (self._sum / self._weight_sum)[inner]
        return np.moveaxis(mean, 0, 1) if self._flat else mean[0]


def _run(
    work: _Work, image: FloatArray, backend: Backend, progress: Progress | None, cancelled: Cancelled | None
) -> None:
    done, total = 0, len(work)
    patches = work.patches(image)
    while True:
        _stop_if(cancelled)
        batch = list(islice(patches, backend.batch_size))
        if not batch:
            return
        shown = [patch for patch in batch if _holds_something(patch[2])]
        if shown:
            results = backend.probabilities(np.stack([values for _, _, values in shown]))
            for (number, box, _), result in zip(shown, results, strict=True):
                work.add(number, box, result)
        for _ in batch:
            done += 1
            if progress is not None:
                progress(done, total)


def _holds_something(patch: FloatArray) -> bool:
    """Whether the slice itself, between its neighbours, has more than one grey level."""
    middle = patch[len(patch) // 2]
    return bool(middle.max() > middle.min())


def _grey_levels(scan: Volume) -> tuple[npt.NDArray[np.float64], tuple[str, ...]]:
    """Grey levels without infinities and NaN, with a warning if there were any."""
    if scan.array.dtype.kind not in "biuf":
        raise ModelError(_("the scan holds no grey levels (colours or complex numbers); choose another"))
    levels = np.asarray(scan.array, dtype=np.float64)
    finite: BoolArray = np.isfinite(levels) & (np.abs(levels) < LARGEST_GREY_LEVEL)
    if finite.all():
        return levels, ()
    if not finite.any():
        raise ModelError(_("the scan holds no finite grey level; choose another"))
    lowest = levels[finite].min()
    warning = _("{count} voxels of the scan hold no finite number and were taken as the lowest grey level").format(
        count=int((~finite).sum())
    )
    return np.where(finite, levels, lowest), (warning,)


def _on_scan(probabilities: FloatArray, frame: CanonicalFrame) -> FloatArray:
    return np.clip(np.stack([frame.back(single) for single in probabilities]), 0, 1)


def _stop_if(cancelled: Cancelled | None) -> None:
    if cancelled is not None and cancelled():
        raise SegmentationCancelledError(_("running the network was cancelled; nothing was changed"))
