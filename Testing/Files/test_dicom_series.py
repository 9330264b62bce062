"""DICOM series are found, told apart, and read with their true intensities and place."""

from __future__ import annotations

import gzip
import os
import struct
from pathlib import Path

import highdicom
import numpy as np
import pydicom
import pytest
import SimpleITK
from Files import synthetic
from Files.dicom_files import SECONDARY_CAPTURE, expected_intensities, write_enhanced, write_series
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian
from VHIWorkflowLib.core.grids import Grid, Volume
from VHIWorkflowLib.files.dicom_series import list_series, series_files
from VHIWorkflowLib.files.errors import InputError
from VHIWorkflowLib.files.itk import itk_grid
from VHIWorkflowLib.files.markups import read_normal_bone
from VHIWorkflowLib.files.volumes import read_image, sha256_of

REAL_CASES = Path(__file__).parents[2] / "../shared/data/sij_mri"


def assert_is_the_scan(volume: Volume) -> None:
    """Same voxels at the same place as written, whichever end is the first slice."""
    grid = synthetic.stir_grid()
    assert volume.array.dtype == np.float32
    assert volume.grid.slice_axis == 0
    k, j, i = np.indices(grid.shape).reshape(3, -1)
    where = volume.grid.from_ras(grid.to_ras(np.stack([k, j, i], axis=1)))
    np.testing.assert_allclose(where, np.rint(where), atol=1e-4)
    np.testing.assert_array_equal(volume.array[tuple(np.rint(where).astype(int).T)], expected_intensities()[k, j, i])


def test_classic_series_with_a_slope_for_each_slice(tmp_path):
    assert_is_the_scan(read_image(write_series(tmp_path / "stir")))


@pytest.mark.parametrize("shared", [True, False])
def test_enhanced_multi_frame_file_or_its_folder(tmp_path, shared):
    path = write_enhanced(tmp_path / "enhanced" / "IM0001", shared=shared)
    assert_is_the_scan(read_image(path))
    assert_is_the_scan(read_image(path.parent))


def test_reader_agrees_with_highdicom(tmp_path):
    path = write_enhanced(tmp_path / "enhanced.dcm")
    assert_alike(read_image(path), highdicom.imread(path).get_volume(apply_real_world_transform=False))
    folder = write_series(tmp_path / "classic")
    images = [pydicom.dcmread(file) for file in folder.iterdir()]
    assert_alike(read_image(folder), highdicom.get_volume_from_series(images))


def assert_alike(ours: Volume, theirs: highdicom.Volume) -> None:
    """The same volume, its slices the other way round."""
    np.testing.assert_array_equal(ours.array[::-1], theirs.array.astype(np.float32))
    last_slice_first = ours.grid.affine.copy()
    last_slice_first[:3, 2] *= -1
    last_slice_first[:3, 3] = ours.grid.to_ras((len(ours.array) - 1, 0, 0))[0]
    np.testing.assert_allclose(np.diag([-1, -1, 1, 1]) @ theirs.affine[:, [2, 1, 0, 3]], last_slice_first)


def test_slices_are_counted_as_in_itk_and_slicer(tmp_path):
    folder = write_series(tmp_path / "classic")
    theirs = SimpleITK.ReadImage(SimpleITK.ImageSeriesReader.GetGDCMSeriesFileNames(str(folder)), SimpleITK.sitkFloat64)
    ours = read_image(folder)
    assert ours.grid.matches(itk_grid(theirs))
    np.testing.assert_allclose(ours.array, SimpleITK.GetArrayFromImage(theirs), rtol=1e-6)


def test_values_are_the_stored_ones_without_a_slope(tmp_path):
    def without_slope(_: int, image: Dataset) -> None:
        del image.RescaleSlope, image.RescaleIntercept

    volume = read_image(write_series(tmp_path / "stir", change=without_slope))
    assert set(np.unique(volume.array)) == set(np.unique(synthetic.stored_intensities()))


def test_real_world_values_and_windows_are_not_applied(tmp_path):
    def with_display(_: int, image: Dataset) -> None:
        image.WindowCenter, image.WindowWidth = 200, 100
        mapping = Dataset()
        mapping.RealWorldValueSlope, mapping.RealWorldValueIntercept = 10.0, 5.0
        mapping.RealWorldValueFirstValueMapped, mapping.RealWorldValueLastValueMapped = 0, 4095
        image.RealWorldValueMappingSequence = [mapping]

    assert_is_the_scan(read_image(write_series(tmp_path / "stir", change=with_display)))


def compressed(file: Path, compressor: str) -> None:
    """Compress the pixels of a file without loss; all else in it stays."""
    image = pydicom.dcmread(file)
    packed = file.with_suffix(".packed.dcm")
    writer = SimpleITK.ImageFileWriter()
    writer.SetUseCompression(True)
    writer.SetCompressor(compressor)
    writer.SetFileName(str(packed))
    writer.Execute(SimpleITK.GetImageFromArray(image.pixel_array[np.newaxis]))
    donor = pydicom.dcmread(packed)
    packed.unlink()
    image.file_meta.TransferSyntaxUID = donor.file_meta.TransferSyntaxUID
    image["PixelData"] = donor["PixelData"]
    image.save_as(file)


@pytest.mark.parametrize(("compressor", "name"), [("JPEG", "JPEG Lossless"), ("JPEG2000", "JPEG 2000")])
def test_lossless_compression_is_read(tmp_path, compressor, name):
    folder = write_series(tmp_path / "stir")
    for file in folder.iterdir():
        compressed(file, compressor)
        assert name in pydicom.dcmread(file).file_meta.TransferSyntaxUID.name
    assert_is_the_scan(read_image(folder))


def test_cut_off_lossless_jpeg_is_an_error(tmp_path, capfd):
    folder = write_series(tmp_path / "stir")
    for file in folder.iterdir():
        compressed(file, "JPEG")
    victim = min(folder.iterdir())
    victim.write_bytes(victim.read_bytes()[:-400])
    with pytest.raises(InputError, match="pixel data are damaged"):
        read_image(folder)
    assert capfd.readouterr() == ("", "")


@pytest.fixture
def archive(tmp_path) -> Path:
    """A folder as exported from an archive: three series, a localiser, a capture, and other files."""
    root = tmp_path / "archive"
    write_series(root / "a" / "stir")
    write_series(root / "a" / "t1", uid="1.2.3.101", description="T1 cor", array=synthetic.stored_intensities(8))
    write_enhanced(root / "b" / "IM1")

    def localiser(_: int, image: Dataset) -> None:
        image.ImageType = ["ORIGINAL", "PRIMARY", "LOCALIZER"]

    write_series(root / "loc", uid="1.2.3.102", description="STIR localiser", change=localiser)
    write_series(root / "capture", uid="1.2.3.103", description="STIR capture", sop_class=SECONDARY_CAPTURE)
    directory = Dataset()
    directory.file_meta = FileMetaDataset()
    directory.file_meta.MediaStorageSOPClassUID = "1.2.840.10008.1.3.10"
    directory.file_meta.MediaStorageSOPInstanceUID = "1.2.3.9"
    directory.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    directory.FileSetID = "EXPORT"
    directory.save_as(root / "DICOMDIR", enforce_file_format=True)
    (root / "report.pdf").write_bytes(b"%PDF-1.4")
    (root / "empty").touch()
    return root


@pytest.mark.parametrize(
    ("wanted", "uid"),
    [
        ("T1 cor", "1.2.3.101"),
        ("t2 stir COR", "1.2.3.100"),
        ("t1", "1.2.3.101"),
        ("enhanced", "1.2.3.200"),
        ("1.2.3.100", "1.2.3.100"),
    ],
)
def test_series_is_chosen_by_description_part_of_it_or_uid(archive, wanted, uid):
    assert {pydicom.dcmread(file).SeriesInstanceUID for file in series_files(archive, wanted)} == {uid}
    read_image(archive, series=wanted)


def test_without_a_choice_the_series_are_listed(archive):
    with pytest.raises(InputError, match=r"3 series: 'T2 STIR cor' \(6 images\), 'T1 cor' \(6 images\)"):
        read_image(archive)


def test_a_part_of_two_descriptions_is_no_choice(archive):
    with pytest.raises(InputError, match="'STIR' may mean any of 2 series"):
        read_image(archive, series="STIR")
    with pytest.raises(InputError, match="no series 'T2 SPACE' but 3 series"):
        read_image(archive, series="T2 SPACE")


def test_series_of_the_same_name_are_told_apart_by_uid(archive):
    write_series(archive / "again", uid="1.2.3.104")
    with pytest.raises(InputError, match=r"UID 1\.2\.3\.100.*UID 1\.2\.3\.104"):
        read_image(archive, series="T2 STIR cor")
    assert_is_the_scan(read_image(archive, series="1.2.3.104"))


def test_two_patients_are_named_until_one_series_is_meant(archive):
    write_series(archive / "other", uid="1.2.3.105", description="STIR of another", patient="P2")
    with pytest.raises(InputError, match=r"4 series of 2 different patients: .*patient P1.*patient P2"):
        read_image(archive)
    assert_is_the_scan(read_image(archive, series="STIR of another"))


def test_series_are_listed_with_what_the_headers_say(archive):
    listed = list_series(archive)
    assert [(info.description, info.uid, info.images) for info in listed] == [
        ("T1 cor", "1.2.3.101", 6),
        ("T2 STIR cor", "1.2.3.100", 6),
        ("T2 STIR enhanced", "1.2.3.200", 6),
    ]
    for info in listed:
        assert (info.patient_id, info.study_date, info.problem) == ("P1", "20240229", "")
        assert info.shape == synthetic.SHAPE
        assert info.spacing_mm == pytest.approx(synthetic.SPACING_MM[::-1], abs=1e-6)
    assert listed[1].folder == archive / "a" / "stir"
    assert len(listed[1].files) == 6


def test_listing_tells_why_a_series_is_no_volume_and_goes_on(archive):
    write_series(archive / "gap", uid="1.2.3.106", description="with a gap", slices=(0, 1, 3, 4, 5))
    (archive / "damaged.dcm").write_bytes(b"\0" * 128 + b"DICM" + b"\x02\0\0\0UL\x04\0" + b"\xff" * 40)
    damaged: list[InputError] = []
    problems = {info.description: info.problem for info in list_series(archive, damaged.append)}
    assert "a slice is missing" in problems["with a gap"]
    assert len(problems) == 4
    assert [str(error).split(":")[0] for error in damaged] == [str(archive / "damaged.dcm")]
    with pytest.raises(InputError, match=r"damaged\.dcm: is DICOM but its header is damaged"):
        list_series(archive)


def test_links_to_folders_are_not_followed(tmp_path):
    outside = write_series(tmp_path / "outside", uid="1.2.3.107")
    folder = write_series(tmp_path / "inside")
    (folder / "loop").symlink_to(folder, target_is_directory=True)
    (folder / "away").symlink_to(outside, target_is_directory=True)
    (folder / "nowhere").symlink_to(folder / "absent")
    assert_is_the_scan(read_image(folder))


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes here")
def test_a_pipe_among_the_files_does_not_hang(tmp_path):
    folder = write_series(tmp_path / "stir")
    os.mkfifo(folder / "pipe")
    assert_is_the_scan(read_image(folder))


def test_hash_depends_on_content_not_on_names_and_neighbours(archive):
    before = sha256_of(archive, series="T1 cor")
    for n, file in enumerate(series_files(archive, "T1 cor")):
        file.rename(file.with_name(f"renamed{-n}"))
    (archive / "a" / "t1" / "notes.txt").write_text("?")
    assert sha256_of(archive, series="T1 cor") == before
    assert sha256_of(archive, series="T2 STIR cor") != before


def test_a_mask_drawn_on_the_series_in_other_software_fits(tmp_path):
    """Converters to NIfTI turn the rows over, other software counts slices from the other end."""
    folder = write_series(tmp_path / "stir")
    reader = SimpleITK.ImageSeriesReader()
    reader.SetFileNames(reader.GetGDCMSeriesFileNames(str(folder)))
    scan = reader.Execute()
    values = SimpleITK.GetArrayFromImage(scan)
    drawn = SimpleITK.GetImageFromArray((values > np.quantile(values, 0.8)).astype(np.uint8))
    drawn.CopyInformation(scan)
    read = read_image(folder)
    for name, mask in (("itk.nii.gz", drawn), ("turned.nrrd", SimpleITK.Flip(drawn, [False, True, True]))):
        SimpleITK.WriteImage(mask, tmp_path / name)
        bone = read_normal_bone([tmp_path / name], read.grid).array
        assert bone.sum() == SimpleITK.GetArrayViewFromImage(drawn).sum()
        assert read.array[bone].min() > read.array[~bone].max()


def test_damaged_dicom_is_either_a_volume_or_an_error(tmp_path):
    rng = np.random.default_rng(3)
    classic, enhanced = write_series(tmp_path / "classic"), write_enhanced(tmp_path / "enhanced" / "IM1").parent
    for _ in range(150):
        folder = classic if rng.random() < 0.5 else enhanced
        file = sorted(folder.iterdir())[rng.integers(len(list(folder.iterdir())))]
        content = file.read_bytes()
        spoiled = bytearray(content)
        for at in rng.integers(128, min(len(content), 2500), rng.integers(1, 4)):
            spoiled[at] = rng.integers(256)
        if rng.random() < 0.2:
            del spoiled[rng.integers(200, len(content)) :]
        file.write_bytes(spoiled)
        try:
            message = f"{tmp_path}: {read_image(folder).array.size}"
        except InputError as error:
            message = str(error)
        assert message.startswith(str(tmp_path))
        assert message.isprintable()
        file.write_bytes(content)


@pytest.mark.real_cases
@pytest.mark.skipif(not REAL_CASES.is_dir(), reason="NOT RUN: the real cases in ../shared/data/sij_mri are absent")
def test_real_scan_as_dicom_with_a_rescale_slope(tmp_path):
    path = REAL_CASES / "1007/stir.nii.gz"
    original, image = read_image(path), SimpleITK.ReadImage(str(path), SimpleITK.sitkFloat32)
    slope = float(f"{struct.unpack_from('<f', gzip.decompress(path.read_bytes()), 112)[0]:.10g}")
    stored = np.rint(original.array / slope).astype("<i2")
    direction = np.reshape(image.GetDirection(), (3, 3))

    def as_the_scan(k: int, dataset: Dataset) -> None:
        dataset.Rows, dataset.Columns = stored.shape[1:]
        dataset.PixelData = stored[k].tobytes()
        dataset.ImagePositionPatient = [f"{x:.10g}" for x in image.TransformIndexToPhysicalPoint((0, 0, k))]
        dataset.ImageOrientationPatient = [f"{x:.10g}" for x in direction[:, :2].T.ravel()]
        dataset.PixelSpacing = [f"{image.GetSpacing()[n]:.10g}" for n in (1, 0)]
        dataset.RescaleSlope, dataset.RescaleIntercept = slope, 0

    count = len(stored)
    dicom = read_image(write_series(tmp_path, array=np.zeros((count, 1, 1)), slices=range(count), change=as_the_scan))
    turned = Grid(
        dicom.grid.shape, dicom.grid.affine @ [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, -1, count - 1], [0, 0, 0, 1]]
    )
    grid, array = (dicom.grid, dicom.array) if original.grid.matches(dicom.grid) else (turned, dicom.array[::-1])
    assert original.grid.matches(grid)
    np.testing.assert_allclose(array, original.array, rtol=2.5e-7)
