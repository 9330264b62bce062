"""The phantom in Sample Data: two scans in the scene, as the phantom makes them, and listed once."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
import pytest
from VHIWorkflowLib.phantom import make_phantom
from VHIWorkflowLib.scene.sample_data import NODE_NAMES, PhantomSample, register_sample_data

slicer_core = pytest.importorskip("slicer_core", reason="slicer-core has no wheel for this Python")


@pytest.fixture
def scene() -> Any:
    import slicer

    return slicer.vtkMRMLScene()


def test_scans_are_those_of_the_phantom(scene: Any) -> None:
    from VHIWorkflowLib.scene.volumes import volume_of

    phantom = make_phantom(1)
    nodes = PhantomSample(scene)(source=None)
    assert [node.GetName() for node in nodes] == list(NODE_NAMES)
    for node, made in zip(nodes, (phantom.stir, phantom.t1w), strict=True):
        shown = volume_of(node)
        np.testing.assert_array_equal(shown.array, made.array)
        np.testing.assert_allclose(shown.grid.affine, made.grid.affine, atol=1e-9)
        assert node.GetDisplayNode() is not None


def test_nothing_is_imported_for_the_network(scene: Any) -> None:
    before = set(sys.modules)
    PhantomSample(scene)()
    assert not {name for name in set(sys.modules) - before if name.startswith(("urllib.request", "requests", "http."))}


def test_it_is_registered_as_sample_data_wants_it(scene: Any) -> None:
    """Lists of one length, and the same text again when the module is loaded again, by which Slicer knows it."""
    registered: list[dict[str, Any]] = []
    for _ in range(2):
        register_sample_data(lambda **fields: registered.append(fields), scene, "thumbnail.png")
    first, again = registered
    assert len(first["uris"]) == len(first["fileNames"]) == len(first["nodeNames"]) == 2
    assert str(first["customDownloader"]) == str(again["customDownloader"])
    assert first["thumbnailFileName"] == "thumbnail.png"
