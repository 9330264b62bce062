"""What a model is: everything that ``model.json`` says, as plain values.

``model.schema.json`` explains every key.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from VHIWorkflowLib.core.segment_kinds import Code, Terminology
from VHIWorkflowLib.core.sentences import sentences_of

from .architecture import Architecture

_ = sentences_of(__name__)

Direction = Literal["R", "L", "A", "P", "S", "I"]
Contrast = Literal["T1w", "STIR"]
Range = tuple[float, float]

_BODY_AXES = {"R": 0, "L": 0, "A": 1, "P": 1, "S": 2, "I": 2}


@dataclass(frozen=True)
class Orientation:
    """Side of the patient towards which slices, rows and columns go with growing index."""

    slices: Direction = "P"
    rows: Direction = "I"
    columns: Direction = "L"

    def __post_init__(self) -> None:
        if len({_BODY_AXES[side] for side in (self.slices, self.rows, self.columns)}) != 3:
            raise ValueError(_("slices, rows and columns must go along three different axes of the body"))


@dataclass(frozen=True)
class IntensityScaling:
    """How grey levels are scaled before the network sees them; see `scaling.scale`."""

    percentiles: Range = (1.0, 99.0)
    method: Literal["unit_range", "z_score"] = "unit_range"
    over: Literal["volume", "slice"] = "volume"
    limits: Range | None = (0.0, 1.0)

    def __post_init__(self) -> None:
        _check_range("percentiles", self.percentiles)
        _check_range("limits", self.limits)


@dataclass(frozen=True)
class ModelInput:
    """What the network is given: contrast, spacing in mm, neighbours, orientation, grey levels, and when to warn.

    With `context_slices` n a 2D network sees each slice between its n neighbours on either side, as 2 n + 1 channels in
    the order of slices; beyond an end of the scan its last slice is repeated.
    """

    contrast: Contrast
    spacing_mm: float
    slice_spacing_mm: float | None = None
    context_slices: int = 0
    orientation: Orientation = field(default_factory=Orientation)
    intensity: IntensityScaling = field(default_factory=IntensityScaling)
    tested_spacing_mm: Range | None = None
    largest_skewness: float | None = None

    def __post_init__(self) -> None:
        _check_range("tested_spacing_mm", self.tested_spacing_mm)
        if self.context_slices < 0:
            raise ValueError(_("there cannot be fewer than 0 neighbouring slices"))

    @property
    def channels(self) -> int:
        """Input channels of a network that is given this."""
        return 2 * self.context_slices + 1


@dataclass(frozen=True)
class Patch:
    """What the network sees at once: size in pixels of the network, least overlap (share), weights of blending."""

    size: tuple[int, ...]
    overlap: float = 0.5
    blending: Literal["gaussian", "linear"] = "gaussian"


@dataclass(frozen=True)
class Label:
    """One thing that is found: value in the label map, name, colour from 0 to 1, SNOMED CT codes, volumes.

    Connected parts below `smallest_part_ml` are dropped; a volume outside of `expected_volume_ml` earns a warning, and
    so does a scan or slice with more unsure voxels than `largest_unsure_share` times what was found there.
    """

    value: int
    name: str
    colour: tuple[float, float, float]
    terminology: Terminology
    smallest_part_ml: float = 0.0
    expected_volume_ml: Range | None = None
    largest_unsure_share: float | None = None

    def __post_init__(self) -> None:
        _check_range("expected_volume_ml", self.expected_volume_ml)
        if self.largest_unsure_share is not None and self.largest_unsure_share <= 0:
            raise ValueError(_("the largest share of unsure voxels must be more than nothing"))
        if self.smallest_part_ml < 0:
            raise ValueError(_("the smallest part cannot be less than nothing"))


@dataclass(frozen=True)
class ModelDescription:
    """A model but for its files.

    Raises
    ------
    ValueError
        If the parts do not fit each other.
    """

    name: str
    version: str
    input: ModelInput
    labels: tuple[Label, ...]
    architecture: Architecture
    training_data: str
    citation: str
    licence: str
    patch: Patch | None = None
    threshold: float = 0.5

    def __post_init__(self) -> None:
        network, background = self.architecture, self.first_channel
        if network.input_channels != self.input.channels:
            given = _("one slice between {context_slices} neighbours on either side is what it will be given").format(
                context_slices=self.input.context_slices
            )
            raise ValueError(
                _("the network has {input_channels} input channels, and {given}").format(
                    input_channels=network.input_channels, given=given
                )
            )
        if len(self.labels) != network.output_channels - background:
            raise ValueError(
                _("{labels} labels do not fit {output_channels} output channels").format(
                    labels=len(self.labels), output_channels=network.output_channels
                )
            )
        if len({label.value for label in self.labels}) != len(self.labels):
            raise ValueError(_("two labels have the same value"))
        if network.dimensions == 2 and self.input.slice_spacing_mm is not None:
            raise ValueError(_("a 2D network takes slices as they are, without a spacing between them"))
        if network.dimensions == 3 and self.input.context_slices:
            raise ValueError(_("a 3D network sees whole blocks of slices; neighbours are for 2D networks"))
        if self.patch is not None:
            wrong_multiple = any(side % network.multiple for side in self.patch.size)
            if len(self.patch.size) != network.dimensions or wrong_multiple:
                raise ValueError(
                    _("the patch must have {dimensions} sides, multiples of {multiple}").format(
                        dimensions=network.dimensions, multiple=network.multiple
                    )
                )

    @property
    def first_channel(self) -> int:
        """Output channel of the first label."""
        return 1 if self.architecture.output == "softmax" else 0

    def document(self) -> dict[str, Any]:
        """As in ``model.json``, but for format and files."""
        return {
            "name": self.name,
            "version": self.version,
            "input": asdict(self.input),
            "patch": asdict(self.patch) if self.patch else None,
            "labels": [asdict(label) for label in self.labels],
            "threshold": self.threshold,
            "architecture": self.architecture.document(),
            "training_data": self.training_data,
            "citation": self.citation,
            "licence": self.licence,
        }

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> ModelDescription:
        """From ``model.json``, which the schema has found valid.

        Raises
        ------
        ValueError
            If the parts do not fit each other.
        """
        given = document["input"]
        patch = document["patch"]
        return cls(
            name=document["name"],
            version=document["version"],
            input=ModelInput(
                contrast=given["contrast"],
                spacing_mm=given["spacing_mm"],
                slice_spacing_mm=given["slice_spacing_mm"],
                context_slices=given["context_slices"],
                orientation=Orientation(**given["orientation"]),
                intensity=IntensityScaling(**_with_tuples(given["intensity"])),
                tested_spacing_mm=_range(given["tested_spacing_mm"]),
                largest_skewness=given["largest_skewness"],
            ),
            labels=tuple(_label(label) for label in document["labels"]),
            architecture=Architecture.from_document(document["architecture"]),
            training_data=document["training_data"],
            citation=document["citation"],
            licence=document["licence"],
            patch=Patch(**_with_tuples(patch)) if patch else None,
            threshold=document["threshold"],
        )


def _label(document: Mapping[str, Any]) -> Label:
    codes: dict[str, Any] = {key: Code(**code) if code else None for key, code in document["terminology"].items()}
    return Label(**_with_tuples(document) | {"terminology": Terminology(**codes)})


def _with_tuples(document: Mapping[str, Any]) -> dict[str, Any]:
    return {key: tuple(value) if isinstance(value, list) else value for key, value in document.items()}


def _range(values: list[float] | None) -> Range | None:
    return (values[0], values[1]) if values is not None else None


def _check_range(name: str, values: Range | None) -> None:
    if values is not None and not values[0] < values[1]:
        raise ValueError(
            _("{name} must grow, not go from {first} to {last}").format(name=name, first=values[0], last=values[1])
        )
