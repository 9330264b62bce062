"""Masks and markups that describe no region."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import SimpleITK
from Files import synthetic
from Files.malformed_entries import Entries, cut
from Files.markup_files import box, curve, on_slice, write_markups

ENTRIES = Entries()


# Masks


@ENTRIES.enter("normal_bone", "empty mask")
def mask_empty(folder: Path) -> Path:
    return synthetic.write(folder / "mask.nii.gz", np.zeros(synthetic.SHAPE, np.uint8))


@ENTRIES.enter("disease_region", "negative values")
def mask_negative(folder: Path) -> Path:
    return synthetic.write(folder / "mask.nii.gz", -synthetic.disease_region().astype(np.int16))


@ENTRIES.enter("disease_region", "not whole numbers")
def mask_of_probabilities(folder: Path) -> Path:
    return synthetic.write(folder / "mask.nrrd", (synthetic.disease_region() * 0.7).astype(np.float32))


@ENTRIES.enter("normal_bone", "not numbers")
def mask_not_a_number(folder: Path) -> Path:
    return synthetic.write(folder / "mask.nrrd", np.full(synthetic.SHAPE, np.nan, np.float32))


@ENTRIES.enter("normal_bone", "different values, like a scan")
def mask_that_is_a_scan(folder: Path) -> Path:
    return synthetic.write(folder / "mask.nii.gz", synthetic.stored_intensities())


@ENTRIES.enter("normal_bone", "another grid", alone=False)
def mask_on_another_grid(folder: Path) -> Path:
    shifted = synthetic.image(synthetic.normal_bone(), origin=(-18.0, 35.0, 110.0))
    SimpleITK.WriteImage(shifted, folder / "mask.nii.gz")
    return folder / "mask.nii.gz"


@ENTRIES.enter("normal_bone", "another grid", alone=False)
def mask_of_another_size(folder: Path) -> Path:
    return synthetic.write(folder / "mask.nii.gz", synthetic.normal_bone()[:, :-1])


@ENTRIES.enter("normal_bone", "50", alone=False)
def mask_of_49_voxels(folder: Path) -> Path:
    mask = np.zeros(synthetic.SHAPE, np.uint8)
    mask[3, 10:17, 10:17] = 1
    return synthetic.write(folder / "mask.nii.gz", mask)


@ENTRIES.enter("normal_bone", "holds the segments")
def segmentation_without_normal_bone(folder: Path) -> Path:
    path = synthetic.write(folder / "mask.seg.nrrd", synthetic.normal_bone())
    keys = b"Segment0_Name:=Sacrum\nSegment0_LabelValue:=1\nSegment1_Name:=Ilium\nSegment1_LabelValue:=2\n"
    path.write_bytes(path.read_bytes().replace(b"\n\n", b"\n" + keys + b"\n", 1))
    return path


# Markups

SQUARE = [(8.0, 8.0), (8.0, 22.0), (22.0, 22.0), (22.0, 8.0)]


@ENTRIES.enter("normal_bone", "no proper JSON")
def markup_that_is_no_json(folder: Path) -> Path:
    path = write_markups(folder / "bone.mrk.json", curve(on_slice(synthetic.stir_grid(), 2, SQUARE)))
    return cut(path, 0.5)


@ENTRIES.enter("normal_bone", "no proper JSON")
def markup_nested_without_end(folder: Path) -> Path:
    (folder / "bone.mrk.json").write_text("[" * 200_000, encoding="utf-8")
    return folder / "bone.mrk.json"


@ENTRIES.enter("normal_bone", "not a Slicer markup file of a known version")
def markup_of_another_program(folder: Path) -> Path:
    (folder / "bone.mrk.json").write_text(json.dumps({"markups": []}), encoding="utf-8")
    return folder / "bone.mrk.json"


@ENTRIES.enter("normal_bone", "only closed curves and ROIs")
def markup_line(folder: Path) -> Path:
    return write_markups(folder / "bone.mrk.json", curve(on_slice(synthetic.stir_grid(), 2, SQUARE[:2]), kind="Line"))


@ENTRIES.enter("normal_bone", "needs at least 3")
def markup_of_two_points(folder: Path) -> Path:
    return write_markups(folder / "bone.mrk.json", curve(on_slice(synthetic.stir_grid(), 2, SQUARE[:2])))


@ENTRIES.enter("normal_bone", "position that is not 3 numbers")
def markup_point_not_a_number(folder: Path) -> Path:
    points = on_slice(synthetic.stir_grid(), 2, SQUARE)
    points[1, 1] = np.nan
    return write_markups(folder / "bone.mrk.json", curve(points))


@ENTRIES.enter("normal_bone", "does not lie on one STIR slice")
def markup_across_slices(folder: Path) -> Path:
    points = synthetic.stir_grid().to_ras([(row / 8, row, column) for row, column in SQUARE])
    return write_markups(folder / "bone.mrk.json", curve(points))


@ENTRIES.enter("normal_bone", "leaves the field of view")
def markup_outside_the_scan(folder: Path) -> Path:
    return write_markups(folder / "bone.mrk.json", curve(on_slice(synthetic.stir_grid(), 7, SQUARE)))


@ENTRIES.enter("normal_bone", "encloses no voxel")
def markup_too_small(folder: Path) -> Path:
    corners = [(8.2, 8.2), (8.2, 8.6), (8.6, 8.6)]
    return write_markups(folder / "bone.mrk.json", curve(on_slice(synthetic.stir_grid(), 2, corners)))


@ENTRIES.enter("normal_bone", "encloses no voxel")
def markup_box_outside_the_scan(folder: Path) -> Path:
    return write_markups(folder / "bone.mrk.json", box([900.0, 0.0, 0.0], [5.0, 5.0, 5.0]))


@ENTRIES.enter("normal_bone", "not that of a box")
def markup_box_without_size(folder: Path) -> Path:
    return write_markups(folder / "bone.mrk.json", box(synthetic.stir_grid().to_ras([(2, 15, 15)])[0], [0.0, 5.0, 5.0]))
