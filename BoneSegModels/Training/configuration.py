"""What makes one training run: every choice in one file kept beside the result."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from BoneSegModelsLib.architecture import Architecture
from BoneSegModelsLib.model_description import IntensityScaling, ModelInput


@dataclass(frozen=True)
class AugmentationStrength:
    """How strongly training slices are changed; each value 0 switches its change off.

    Attributes
    ----------
    rotation_degrees, scaling, shift_mm
        Largest rotation, relative change of size and displacement.
    elastic_mm, elastic_grid_mm
        Standard deviation of the displacements, and the distance between the points at which they are drawn.
    flip
        Probability of swapping left and right.
    crop
        Probability of a smaller field of view, of which at least half of each axis remains.
    gamma, contrast, brightness
        Largest change of the logarithm of the exponent, of the factor, and of the offset of intensities.
    bias
        Largest logarithm of a smooth brightness field.
    marrow, marrow_probability
        Largest logarithm of a smooth change of the fat signal inside bone, and how often it happens.
    noise
        Largest standard deviation of noise; intensities lie in 0 to 1.
    coarsest_mm
        Largest pixel of the scan that is imitated.
    blur_mm
        Largest standard deviation of a blur.
    thick_slice
        Largest share of the neighbouring slices in a slice.
    lone_slice
        Probability that a slice has no neighbours, as in a scan of one slice: it stands in for them.
    """

    rotation_degrees: float = 15.0
    scaling: float = 0.2
    shift_mm: float = 12.0
    elastic_mm: float = 2.0
    elastic_grid_mm: float = 30.0
    flip: float = 0.5
    crop: float = 0.2
    gamma: float = 0.5
    contrast: float = 0.25
    brightness: float = 0.1
    bias: float = 0.4
    marrow: float = 0.6
    marrow_probability: float = 0.35
    noise: float = 0.06
    coarsest_mm: float = 1.8
    blur_mm: float = 0.8
    thick_slice: float = 0.4
    lone_slice: float = 0.1


@dataclass(frozen=True)
class TrainingConfiguration:
    """Everything that decides the result of a run, apart from the scans.

    Attributes
    ----------
    features
        Channels of the network from the finest level to the coarsest.
    spacing_mm
        Pixel spacing that the network sees.
    crop_mm
        Side of the square the network is trained on.
    context_slices
        Neighbouring slices on each side that the network sees beside the slice in question.
    intensity_percentiles, intensity_limits
        Percentiles of a volume that become 0 and 1, and where the scaled grey levels are cut off.
    steps, batch_size, learning_rate, weight_decay
        The optimiser's; the learning rate rises over the first steps and falls as a half cosine to nothing.
    average_decay
        Of the exponential moving average of the weights, which is what is evaluated and kept.
    dice_share
        Share of the Dice loss, the rest being cross-entropy.
    unlabelled_share, label_from, label_every
        Share of a batch that comes from unlabelled subjects, where there are any; they are labelled by the averaged
        weights at step `label_from` for the first time, and again after every so many steps.
    """

    features: tuple[int, ...] = (16, 24, 48, 96, 96)
    spacing_mm: float = 1.2
    crop_mm: float = 192.0
    context_slices: int = 1
    intensity_percentiles: tuple[float, float] = (1.0, 99.0)
    intensity_limits: tuple[float, float] = (-0.1, 1.5)
    seed: int = 1
    steps: int = 600
    batch_size: int = 8
    learning_rate: float = 3e-3
    warm_up_steps: int = 30
    weight_decay: float = 1e-4
    average_decay: float = 0.99
    dice_share: float = 0.5
    unlabelled_share: float = 0.0
    label_from: int = 500
    label_every: int = 250
    bfloat16: bool = False
    augmentation: AugmentationStrength = field(default_factory=AugmentationStrength)

    def __post_init__(self) -> None:
        """Raise ValueError for what cannot be trained."""
        if min(self.steps, self.batch_size, *self.features) < 1:
            raise ValueError("steps, batch size and features must be positive")
        if self.crop_pixels < self.multiple:
            raise ValueError(f"a crop of {self.crop_mm} mm is too small for {len(self.features)} levels")

    @property
    def multiple(self) -> int:
        """Rows and columns must be a multiple of this for the network."""
        return self.architecture().multiple

    @property
    def crop_pixels(self) -> int:
        """Side of the training square, in pixels."""
        return int(self.crop_mm / self.spacing_mm / self.multiple) * self.multiple

    def architecture(self) -> Architecture:
        """The network."""
        return Architecture(dimensions=2, features=self.features, input_channels=self.model_input().channels)

    def model_input(self) -> ModelInput:
        """What the network is given, as its model file will say."""
        scaling = IntensityScaling(percentiles=self.intensity_percentiles, limits=self.intensity_limits)
        return ModelInput("T1w", self.spacing_mm, context_slices=self.context_slices, intensity=scaling)

    @property
    def unlabelled_size(self) -> int:
        """How many slices of a batch come from unlabelled subjects."""
        return round(self.unlabelled_share * self.batch_size)

    def to_json(self) -> str:
        """The configuration as a JSON text."""
        return json.dumps(asdict(self), indent=2) + "\n"


def configuration_from(values: dict[str, Any]) -> TrainingConfiguration:
    """Build a configuration from a JSON object; what is not given keeps its default.

    Raises
    ------
    ValueError
        If a name is unknown or a value impossible.
    """
    values = dict(values)
    try:
        strength = AugmentationStrength(**values.pop("augmentation", {}))
        for name in ("features", "intensity_percentiles", "intensity_limits"):
            if name in values:
                values[name] = tuple(values[name])
        return TrainingConfiguration(**values, augmentation=strength)
    except TypeError as error:
        raise ValueError(f"the configuration cannot be used: {error}") from error


def read_configuration(path: Path) -> TrainingConfiguration:
    """Read a configuration file.

    Raises
    ------
    ValueError
        If it is not one.
    """
    try:
        return configuration_from(json.loads(path.read_text(encoding="utf-8")))
    except json.JSONDecodeError as error:
        raise ValueError(f"{path} is not a JSON file: {error}") from error
