"""Regions that nobody gave: the disease region from the bundled networks, and the proposal for the normal bone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from VHIWorkflowLib.core.errors import MeasurementError, VHIError
from VHIWorkflowLib.core.grids import BoolArray, Grid, Volume
from VHIWorkflowLib.core.resampling import region_on_stir
from VHIWorkflowLib.core.sentences import sentences_of

if TYPE_CHECKING:
    from BoneSegModelsLib.backends import Backend, BackendName, DeviceName
    from BoneSegModelsLib.inference import Segmentation
    from BoneSegModelsLib.model_folders import Model as BundledModel
    from BoneSegModelsLib.normal_bone_parameters import NormalBoneParameters

_ = sentences_of(__name__)

DISEASE_REGION_MODEL = "disease_region"
NORMAL_BONE_MODEL = "normal_bone"
LOW_CONFIDENCE = 0.5
"""Below this confidence a proposal of normal bone earns a warning."""

EDITED = ", edited"
"""Follows the name of the model in the origin of a region that the reader then changed."""

Progress = Callable[[int, int], None]
"""Is told how many slices of how many are done."""


@dataclass(frozen=True)
class Networks:
    """Which networks find what was not given, and what they run on: plain values that a process can be handed.

    Attributes
    ----------
    folder
        Of model folders; None for the bundled ones.
    backend, device
        As for `BoneSegModelsLib.backends.open_backend`.
    """

    folder: Path | None = None
    backend: BackendName = "auto"
    device: DeviceName = "auto"


@dataclass(frozen=True)
class Model:
    """A bundled model that took part: what it is, what it ran with, and what there is to say about how it ran."""

    name: str
    version: str
    sha256: str
    backend: str | None = None
    device: str | None = None
    precision: str | None = None
    notes: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.name} {self.version}"


@dataclass(frozen=True)
class FoundRegion:
    """A region on the STIR grid, shape (k, j, i), the model that found it, and warnings for the record.

    ``confidence`` is the proposal's own, from 0 to 1; None for a network.
    """

    mask: BoolArray
    model: Model
    warnings: tuple[str, ...] = ()
    confidence: float | None = None


class RegionFinder(Protocol):
    """Finds regions that were not given; what it raises is a VHIError of one sentence that names no file."""

    def check(self, *, disease_region: bool, normal_bone: bool) -> None:
        """Raise VHIError when what is asked for cannot be found by anything here."""

    def sha256s(self, *, disease_region: bool, normal_bone: bool) -> tuple[tuple[str, str], ...]:
        """Name and SHA-256 of the models that would be used."""

    def disease_region(self, t1w: Volume, stir: Grid, progress: Progress | None = None) -> FoundRegion:
        """Find the disease region on T1w, brought to the STIR grid."""

    def normal_bone(self, stir: Volume, t1w: Volume, disease_region: BoolArray) -> FoundRegion:
        """Propose normal bone on STIR."""


class BundledRegions:
    """Finds regions with the bundled models, which are loaded once."""

    def __init__(self, networks: Networks) -> None:
        self._networks = networks

    def check(self, *, disease_region: bool, normal_bone: bool) -> None:
        """See `RegionFinder`."""
        if disease_region:
            try:
                self.sha256s(disease_region=True, normal_bone=False)
            except VHIError as error:
                raise VHIError(
                    _("{error}; or give the disease region (--disease-region)").format(error=error)
                ) from error
        if normal_bone:
            self.sha256s(disease_region=False, normal_bone=True)

    def sha256s(self, *, disease_region: bool, normal_bone: bool) -> tuple[tuple[str, str], ...]:
        """See `RegionFinder`."""
        found = [(self._model.description.name, self._model.sha256)] if disease_region else []
        return (*found, (NORMAL_BONE_MODEL, self._marrow.sha256)) if normal_bone else tuple(found)

    def disease_region(self, t1w: Volume, stir: Grid, progress: Progress | None = None) -> FoundRegion:
        """See `RegionFinder`."""
        from BoneSegModelsLib.inference import segment

        result = segment(t1w, self._model, self._backend, progress=progress)
        mask = region_on_stir(result.probability(), stir, result.description.threshold)
        return FoundRegion(mask, model_of(result), result.warnings)

    def normal_bone(self, stir: Volume, t1w: Volume, disease_region: BoolArray) -> FoundRegion:
        """See `RegionFinder`."""
        from BoneSegModelsLib.normal_bone import propose_normal_bone
        from BoneSegModelsLib.sacrum import NoProposalError

        try:
            proposal = propose_normal_bone(stir, t1w, Volume(disease_region, stir.grid), self._marrow)
        except NoProposalError as error:
            problem = _("no normal bone can be proposed ({error}); mark it and give it with --normal-bone").format(
                error=error
            )
            raise MeasurementError(problem) from error
        model = Model(NORMAL_BONE_MODEL, self._marrow.version, self._marrow.sha256, notes=proposal.reasons)
        warnings = [_("the normal bone was proposed by the software and not marked by a reader: look at it")]
        if proposal.confidence < LOW_CONFIDENCE:
            warnings.append(
                _("the confidence of the proposed normal bone is only {confidence:.2f}").format(
                    confidence=proposal.confidence
                )
            )
        return FoundRegion(proposal.mask, model, tuple(warnings), proposal.confidence)

    @cached_property
    def _model(self) -> BundledModel:
        from BoneSegModelsLib.model_folders import find_model

        return find_model(DISEASE_REGION_MODEL, self._networks.folder)

    @cached_property
    def _marrow(self) -> NormalBoneParameters:
        from BoneSegModelsLib.normal_bone_parameters import read_parameters

        return read_parameters()

    @cached_property
    def _backend(self) -> Backend:
        from BoneSegModelsLib.backends import open_backend

        return open_backend(self._model, self._networks.backend, self._networks.device)


def model_of(found: Segmentation) -> Model:
    """The model that found something, and how it ran."""
    return Model(
        name=found.model_name,
        version=found.model_version,
        sha256=found.model_sha256,
        backend=found.backend,
        device=found.device,
        precision=found.precision,
        notes=found.notes,
    )


@cache
def bundled_regions(networks: Networks) -> BundledRegions:
    """What finds regions in this process; models stay loaded from case to case."""
    return BundledRegions(networks)
