"""Files that are no image, whose voxel data are damaged, or whose header promises what cannot be."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import SimpleITK
from Files import synthetic
from Files.malformed_entries import Entries, cut, edited, nifti

ENTRIES = Entries()


# Files that are no image at all


@ENTRIES.enter("stir", "does not exist")
def missing_file(folder: Path) -> Path:
    return folder / "absent.nii.gz"


@ENTRIES.enter("t1", "is empty")
def empty_file(folder: Path) -> Path:
    (folder / "empty.nii.gz").touch()
    return folder / "empty.nii.gz"


@ENTRIES.enter("stir", "is not a NIfTI")
def text_document(folder: Path) -> Path:
    (folder / "letter.txt").write_text("Dear colleague,\n", encoding="utf-8")
    return folder / "letter.txt"


@ENTRIES.enter("stir", "not compressed although its name ends in '.gz'")
def text_named_nifti(folder: Path) -> Path:
    (folder / "letter.nii.gz").write_text("Dear colleague,\n", encoding="utf-8")
    return folder / "letter.nii.gz"


@ENTRIES.enter("stir", "is not NRRD")
def nifti_named_nrrd(folder: Path) -> Path:
    return nifti(folder / "scan.nii").rename(folder / "scan.nrrd")


@ENTRIES.enter("stir", "is not MetaImage")
def nrrd_named_mha(folder: Path) -> Path:
    return synthetic.write(folder / "scan.nrrd", synthetic.stored_intensities()).rename(folder / "scan.mha")


@ENTRIES.enter("stir", "is compressed although")
def gzip_named_nii(folder: Path) -> Path:
    return nifti(folder / "scan.nii.gz").rename(folder / "scan.nii")


@ENTRIES.enter("stir", "cannot be opened")
def link_to_itself(folder: Path) -> Path:
    (folder / "scan.nii.gz").symlink_to(folder / "scan.nii.gz")
    return folder / "scan.nii.gz"


@ENTRIES.enter("stir", "in one piece")
def nifti_of_a_pair(folder: Path) -> Path:
    return nifti(folder / "scan.nii", ("4s", 344, (b"ni1\0",)))


@ENTRIES.enter("stir", "is NIfTI-2")
def nifti_2(folder: Path) -> Path:
    return nifti(folder / "scan.nii.gz", ("i", 0, (540,)))


# Damaged voxel data


@ENTRIES.enter("stir", "damaged or cut off")
def nifti_gzip_truncated(folder: Path) -> Path:
    return cut(nifti(folder / "scan.nii.gz"), 0.6)


@ENTRIES.enter("t1", "damaged or cut off")
def nifti_gzip_flipped_byte(folder: Path) -> Path:
    path = nifti(folder / "scan.nii.gz")
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0x55
    path.write_bytes(content)
    return path


@ENTRIES.enter("stir", "damaged or cut off")
def nifti_gzip_wrong_checksum(folder: Path) -> Path:
    path = nifti(folder / "scan.nii.gz")
    content = bytearray(path.read_bytes())
    content[-5] ^= 0xFF
    path.write_bytes(content)
    return path


@ENTRIES.enter("stir", "bytes of voxel data")
def nifti_truncated(folder: Path) -> Path:
    return cut(nifti(folder / "scan.nii"), 0.6)


@ENTRIES.enter("stir", "more voxel data")
def nifti_with_more_data_than_announced(folder: Path) -> Path:
    return nifti(folder / "scan.nii.gz", ("8h", 40, (3, 30, 32, 5, 1, 1, 1, 1)))


@ENTRIES.enter("stir", "damaged or cut off")
def nrrd_gzip_truncated(folder: Path) -> Path:
    return cut(synthetic.write(folder / "scan.nrrd", synthetic.stored_intensities()), 0.6)


@ENTRIES.enter("stir", "bytes of voxel data")
def nrrd_raw_truncated(folder: Path) -> Path:
    return cut(synthetic.write(folder / "scan.nrrd", synthetic.stored_intensities(), compress=False), 0.6)


@ENTRIES.enter("stir", "damaged or cut off")
def mha_zlib_truncated(folder: Path) -> Path:
    return cut(synthetic.write(folder / "scan.mha", synthetic.stored_intensities()), 0.6)


@ENTRIES.enter("stir", "its voxel data cannot be read")
def mhd_without_its_voxel_file(folder: Path) -> Path:
    path = synthetic.write(folder / "scan.mhd", synthetic.stored_intensities(), compress=False)
    (folder / "scan.raw").unlink()
    return path


# Headers that promise what cannot be


@ENTRIES.enter("stir", "impossible image dimensions (wrong byte order?)")
def nifti_wrong_byte_order(folder: Path) -> Path:
    path = nifti(folder / "scan.nii")
    content = bytearray(path.read_bytes())
    content[:4] = content[3::-1]
    path.write_bytes(content)
    return path


@ENTRIES.enter("stir", "wrong byte order?")
def nrrd_wrong_byte_order(folder: Path) -> Path:
    array = synthetic.stored_intensities().astype(np.float32)
    path = synthetic.write(folder / "scan.nrrd", array)
    path.write_bytes(path.read_bytes().replace(b"endian: little", b"endian: big", 1))
    return path


@ENTRIES.enter("stir", "bytes of voxel data")
def nifti_huge_dimensions_tiny_file(folder: Path) -> Path:
    return nifti(folder / "scan.nii", ("8h", 40, (3, 400, 400, 400, 1, 1, 1, 1)))


@ENTRIES.enter("stir", "million that a volume may have")
def nifti_gzip_dimensions_of_terabytes(folder: Path) -> Path:
    return nifti(folder / "scan.nii.gz", ("8h", 40, (3, 32767, 32767, 32767, 1, 1, 1, 1)))


@ENTRIES.enter("t1", "million that a volume may have")
def nrrd_dimensions_of_terabytes(folder: Path) -> Path:
    return edited(folder / "scan.nrrd", b"sizes: 30 32 6", b"sizes: 300000 32000 6000")


@ENTRIES.enter("t1", "bytes of voxel data")
def mha_huge_dimensions_tiny_file(folder: Path) -> Path:
    return edited(folder / "scan.mha", b"DimSize = 30 32 6", b"DimSize = 400 400 400")


@ENTRIES.enter("stir", "is a 2D image")
def nifti_2d(folder: Path) -> Path:
    flat = SimpleITK.GetImageFromArray(synthetic.stored_intensities()[0])
    SimpleITK.WriteImage(flat, folder / "scan.nii.gz")
    return folder / "scan.nii.gz"


@ENTRIES.enter("t1", "is a 2D image")
def nifti_one_slice(folder: Path) -> Path:
    return synthetic.write(folder / "scan.nii.gz", synthetic.stored_intensities()[:1])


@ENTRIES.enter("stir", "is a 4D image")
def nifti_4d(folder: Path) -> Path:
    stack = SimpleITK.JoinSeries([synthetic.image(synthetic.stored_intensities(seed)) for seed in (1, 2)])
    SimpleITK.WriteImage(stack, folder / "scan.nii.gz")
    return folder / "scan.nii.gz"


@ENTRIES.enter("stir", "is a 4D image")
def mha_4d(folder: Path) -> Path:
    stack = SimpleITK.JoinSeries([synthetic.image(synthetic.stored_intensities(seed)) for seed in (1, 2)])
    SimpleITK.WriteImage(stack, folder / "scan.mha")
    return folder / "scan.mha"


def _colour(path: Path) -> Path:
    array = np.stack([synthetic.stored_intensities().astype(np.uint8)] * 3, axis=-1)
    SimpleITK.WriteImage(synthetic.image(array, isVector=True), path)
    return path


@ENTRIES.enter("stir", "holds RGB colour values")
def nifti_rgb(folder: Path) -> Path:
    return nifti(folder / "scan.nii.gz", ("2h", 70, (128, 24)))


@ENTRIES.enter("stir", "3 values per voxel")
def nrrd_rgb(folder: Path) -> Path:
    return _colour(folder / "scan.nrrd")


@ENTRIES.enter("stir", "ElementNumberOfChannels = 3")
def mha_rgb(folder: Path) -> Path:
    return _colour(folder / "scan.mha")


@ENTRIES.enter("t1", "holds complex values")
def nifti_complex(folder: Path) -> Path:
    return nifti(folder / "scan.nii.gz", ("2h", 70, (32, 64)))


@ENTRIES.enter("stir", "NIfTI data type 1536")
def nifti_unknown_voxel_type(folder: Path) -> Path:
    return nifti(folder / "scan.nii.gz", ("2h", 70, (1536, 128)))


@ENTRIES.enter("stir", "has no end")
def nrrd_header_without_end(folder: Path) -> Path:
    path = synthetic.write(folder / "scan.nrrd", synthetic.stored_intensities())
    path.write_bytes(path.read_bytes()[:200])
    return path


@ENTRIES.enter("stir", "is encoded as 'bzip2'")
def nrrd_other_encoding(folder: Path) -> Path:
    return edited(folder / "scan.nrrd", b"encoding: gzip", b"encoding: bzip2")


@ENTRIES.enter("stir", "not one file in the same folder")
def nrrd_that_points_elsewhere(folder: Path) -> Path:
    return edited(folder / "scan.nhdr", b"data file: scan.raw.gz", b"data file: ../../../../etc/passwd")


@ENTRIES.enter("stir", "a symbolic link out of the folder")
def mhd_with_a_link_out_of_the_folder(folder: Path) -> Path:
    inner = folder / "inner"
    inner.mkdir()
    path = synthetic.write(inner / "scan.mhd", synthetic.stored_intensities(), compress=False)
    (inner / "scan.raw").rename(folder / "scan.raw")
    (inner / "scan.raw").symlink_to(folder / "scan.raw")
    return path


@ENTRIES.enter("stir", "cannot be opened")
def mhd_with_voxels_that_link_to_themselves(folder: Path) -> Path:
    path = synthetic.write(folder / "scan.mhd", synthetic.stored_intensities(), compress=False)
    (folder / "scan.raw").unlink()
    (folder / "scan.raw").symlink_to("scan.raw")
    return path
