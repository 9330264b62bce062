"""Whatever is wrong with an input file: one sentence that names the file, no other exception, no gigabytes."""

from __future__ import annotations

import importlib
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from Files import synthetic
from Files.malformed import CATALOGUE
from Files.malformed_entries import Malformed
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from VHIWorkflowLib.core.grids import Volume
from VHIWorkflowLib.files.errors import InputError
from VHIWorkflowLib.files.markups import read_normal_bone
from VHIWorkflowLib.files.volumes import read_image, read_mask


@pytest.fixture(scope="module", autouse=True)
def libraries_loaded() -> None:
    """Load what the readers import late, so that only the memory for the inputs is counted."""
    for name in ("highdicom", "scipy.interpolate", "SimpleITK"):
        importlib.import_module(name)


def read(entry: Malformed, path: Path) -> Volume:
    if entry.argument in ("stir", "t1"):
        return read_image(path)
    return read_normal_bone([path], synthetic.stir_grid()) if entry.argument == "normal_bone" else read_mask(path)


@pytest.mark.parametrize("entry", [entry for entry in CATALOGUE if entry.alone], ids=lambda entry: entry.name)
def test_malformed_input_is_named_in_one_sentence(entry, tmp_path, capfd):
    path = entry.write(tmp_path)
    tracemalloc.start()
    try:
        with pytest.raises(InputError) as raised:
            read(entry, path)
        assert tracemalloc.get_traced_memory()[1] < 20e6
    finally:
        tracemalloc.stop()
    message = str(raised.value)
    assert entry.expected in message
    assert "\n" not in message
    assert message.startswith(str(path))
    assert capfd.readouterr() == ("", "")


def test_every_argument_has_malformed_inputs_and_names_are_unique():
    assert {entry.argument for entry in CATALOGUE} == {"stir", "t1", "normal_bone", "disease_region"}
    assert len({entry.name for entry in CATALOGUE}) == len(CATALOGUE)
    assert len(CATALOGUE) >= 60


@pytest.fixture(scope="module")
def good_files(tmp_path_factory) -> list[Path]:
    folder = tmp_path_factory.mktemp("good")
    endings = (".nii", ".nii.gz", ".nrrd", ".mha")
    return [
        synthetic.write(folder / f"{compress}{ending}", synthetic.stored_intensities(), compress=compress)
        for ending in endings
        for compress in (False, True)
    ]


damage = st.lists(
    st.tuples(st.sampled_from(["flip", "cut", "insert", "byte"]), st.floats(0, 1), st.integers(0, 255), st.booleans()),
    min_size=1,
    max_size=3,
)


def damaged(content: bytearray, kind: str, place: float, value: int, in_header: bool) -> bytearray:
    at = int(place * (min(len(content), 600 if in_header else len(content)) - 1))
    if kind == "flip":
        content[at] ^= 1 << (value % 8)
    elif kind == "byte":
        content[at] = value
    elif kind == "insert":
        content[at:at] = bytes([value])
    else:
        del content[max(at, 1) :]
    return content


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(which=st.integers(0, 7), damages=damage)
def test_damaged_file_is_either_a_volume_or_an_error(which, damages, good_files, tmp_path):
    good = good_files[which]
    content = bytearray(good.read_bytes())
    for kind, place, value, in_header in damages:
        content = damaged(content, kind, place, value, in_header and len(content) > 1)
        if len(content) < 2:
            break
    path = tmp_path / good.name
    path.write_bytes(content)
    for reader in (read_image, read_mask):
        try:
            volume = reader(path)
        except InputError as error:
            message = str(error)
        else:
            message = f"{path}: {volume.array.size}"
            assert volume.array.size <= 2 * np.prod(synthetic.SHAPE)
            assert min(volume.grid.spacing_mm) > 0
        assert message.startswith(str(path))
        assert message.isprintable()
