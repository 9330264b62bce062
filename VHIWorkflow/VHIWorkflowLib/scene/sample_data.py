"""The phantom in Slicer's Sample Data module: made on the spot, nothing is downloaded.

The button there calls `PhantomSample`. From Python call it directly: Slicer's own `SampleData.downloadSample` asks the
network first and never calls what a module registers.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .volumes import add_volume

CATEGORY = "VHI Workflow"
SAMPLE_NAME = "VHIPhantom"
NODE_NAMES = ("VHI phantom STIR", "VHI phantom T1w")


@dataclass(frozen=True)
class PhantomSample:
    """What Sample Data calls in place of a download; equal ones have equal names, so that none is listed twice."""

    scene: Any
    subject_seed: int = 1

    def __call__(self, source: object = None) -> list[Any]:
        """Make the examination and add its two scans to the scene; returns their nodes, STIR first."""
        from VHIWorkflowLib.phantom import make_phantom

        phantom = make_phantom(self.subject_seed)
        volumes = (phantom.stir, phantom.t1w)
        return [add_volume(self.scene, volume, name) for volume, name in zip(volumes, NODE_NAMES, strict=True)]


def register_sample_data(register: Callable[..., None], scene: Any, thumbnail: str | None = None) -> None:
    """List the phantom in the Sample Data module.

    Parameters
    ----------
    register
        ``SampleData.SampleDataLogic.registerCustomSampleDataSource``.
    scene
        To add the scans to.
    thumbnail
        Path of the picture on the button.
    """
    register(
        category=CATEGORY,
        sampleName=SAMPLE_NAME,
        uris=["made on this computer"] * len(NODE_NAMES),
        fileNames=[f"{name}.nrrd" for name in NODE_NAMES],
        nodeNames=list(NODE_NAMES),
        thumbnailFileName=thumbnail,
        customDownloader=PhantomSample(scene),
    )
