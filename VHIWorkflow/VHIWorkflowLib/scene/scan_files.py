"""Files for volumes of the scene: those they were loaded from, or new ones in the case folder."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from VHIWorkflowLib.core.grids import Grid, Volume
from VHIWorkflowLib.files.errors import InputError
from VHIWorkflowLib.files.image_writing import write_volume
from VHIWorkflowLib.files.scans import Scan
from VHIWorkflowLib.files.volumes import is_dicom, read_image
from VHIWorkflowLib.study.case_inputs import CaseFiles

from .axes import in_order_of
from .volumes import volume_of


def files_of_volumes(stir_node: Any, t1w_node: Any, folder: Path, stir_grid: Grid | None = None) -> CaseFiles:
    """Files that hold what two volume nodes hold.

    A node whose file, or DICOM series, reads back the same has that file; others are written to the case folder, as
    ``stir.nrrd`` and ``t1w.nrrd``.

    Parameters
    ----------
    folder
        Of the case; made where a scan must be written.
    stir_grid
        The order of voxels that the STIR is to be written in, as a record has it.

    Raises
    ------
    VHIError
        If a node cannot be used, or a file cannot be written.
    """
    return CaseFiles(_file_of(stir_node, folder / "stir.nrrd", stir_grid), _file_of(t1w_node, folder / "t1w.nrrd"))


def _file_of(node: Any, path: Path, grid: Grid | None = None) -> Scan:
    volume = volume_of(node)
    if grid is not None:
        volume = in_order_of(volume, grid) or volume
    for scan in (*_loaded_from(node), Scan(path)):
        if _reads_back(scan, volume):
            return scan
    path.parent.mkdir(parents=True, exist_ok=True)
    write_volume(path, volume)
    return Scan(path)


def _loaded_from(node: Any) -> Iterator[Scan]:
    """What a node may have been loaded from."""
    storage = node.GetStorageNode()
    name = storage.GetFileName() if storage is not None else None
    if not name or not Path(name).exists():
        return
    path = Path(name)
    if is_dicom(path):
        yield Scan(path.parent, _series_uid(path))
    else:
        yield Scan(path)


def _series_uid(path: Path) -> str | None:
    import pydicom

    found = pydicom.dcmread(path, stop_before_pixels=True, specific_tags=["SeriesInstanceUID"])
    return str(found.get("SeriesInstanceUID", "")) or None


def _reads_back(scan: Scan, volume: Volume) -> bool:
    """Whether a scan on disk can be read, and has the same intensities at the same places."""
    try:
        read = read_image(scan.path, series=scan.series)
    except InputError:
        return False
    same = in_order_of(read, volume.grid)
    return same is not None and np.array_equal(same.array, volume.array)
