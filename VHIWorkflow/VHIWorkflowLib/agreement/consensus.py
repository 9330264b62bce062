"""One mask from those of several readers: majority, intersection, union, STAPLE; and each reader against it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from VHIWorkflowLib.core.errors import MeasurementError
from VHIWorkflowLib.core.grids import BoolArray, bounding_box
from VHIWorkflowLib.core.sentences import sentences_of

from .rules import Rule

_ = sentences_of(__name__)

STAPLE_ITERATIONS = 100
STAPLE_MARGIN = 2
"""Voxels around all masks that STAPLE looks at; far background would make every specificity 1."""
PROBABILITY_CUT = 0.5


@dataclass(frozen=True)
class Performance:
    """Sensitivity and specificity of a reader against the consensus, within the box that STAPLE looks at."""

    sensitivity: float
    specificity: float


@dataclass(frozen=True)
class Consensus:
    """A mask of several readers, shape (k, j, i), and each reader's performance against it."""

    mask: BoolArray
    performance: Mapping[str, Performance]


def consensus(masks: Mapping[str, BoolArray], rule: Rule) -> Consensus:
    """Put the masks of several readers together.

    Parameters
    ----------
    masks
        By reader, all of one shape (k, j, i); at least two.
    rule
        "majority": marked by more than half of the readers; "intersection": by all; "union": by any; "staple":
        simultaneous truth and performance level estimation (Warfield SK et al. IEEE Trans Med Imaging 2004; 23:
        903-921), where the probability is at least 0.5.

    Raises
    ------
    MeasurementError
        If there are fewer than two masks, or their shapes differ.
    """
    if len(masks) < 2:
        raise MeasurementError(_("a consensus needs the masks of at least two readers"))
    shapes = {mask.shape for mask in masks.values()}
    if len(shapes) > 1:
        raise MeasurementError(
            _("the masks of {masks} have different shapes and cannot be put together").format(masks=", ".join(masks))
        )
    stack = list(masks.values())
    votes: npt.NDArray[np.uint16] = np.sum(stack, axis=0, dtype=np.uint16)
    box = bounding_box(votes > 0, STAPLE_MARGIN)
    if rule == "staple":
        mask, estimated = _staple([each[box] for each in stack], box, stack[0].shape)
        return Consensus(mask, dict(zip(masks, estimated, strict=True)))
    mask = votes >= {"majority": len(stack) // 2 + 1, "intersection": len(stack), "union": 1}[rule]
    return Consensus(mask, {reader: _performance(each[box], mask[box]) for reader, each in masks.items()})


def others_consensus(masks: Mapping[str, BoolArray], rule: Rule) -> dict[str, BoolArray]:
    """For each reader the consensus of all others; needs at least three readers.

    Raises
    ------
    MeasurementError
        As `consensus`.
    """
    return {
        reader: consensus({other: mask for other, mask in masks.items() if other != reader}, rule).mask
        for reader in masks
    }


def _staple(
    masks: Sequence[BoolArray], box: tuple[slice, slice, slice], shape: tuple[int, ...]
) -> tuple[BoolArray, list[Performance]]:
    whole = np.zeros(shape, dtype=bool)
    if all(np.array_equal(mask, masks[0]) for mask in masks):  # also where a mask fills the box, or all are empty
        whole[box] = masks[0]
        return whole, [Performance(1.0, 1.0) for _ in masks]
    from VHIWorkflowLib.files.itk import simple_itk

    sitk = simple_itk()
    truth = sitk.STAPLEImageFilter()
    truth.SetForegroundValue(1)
    truth.SetMaximumIterations(STAPLE_ITERATIONS)
    image = truth.Execute([sitk.GetImageFromArray(np.ascontiguousarray(mask, dtype=np.uint8)) for mask in masks])
    probability: npt.NDArray[np.float64] = sitk.GetArrayFromImage(image)
    whole[box] = probability >= PROBABILITY_CUT
    return whole, [
        Performance(float(p), float(q)) for p, q in zip(truth.GetSensitivity(), truth.GetSpecificity(), strict=True)
    ]


def _performance(mask: BoolArray, truth: BoolArray) -> Performance:
    inside, outside = int(truth.sum()), int((~truth).sum())
    return Performance(
        float((mask & truth).sum() / inside) if inside else 1.0,
        float((~mask & ~truth).sum() / outside) if outside else 1.0,
    )
