"""The real cases from their files to verified records: every figure, however the scan is stored."""

from __future__ import annotations

import csv
import gzip
import json
import struct
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from Files.dicom_files import MR, common
from RealCases import RealCase, real_cases
from Study.study_cases import request_for
from Study.test_measure_case import assert_rows_alike
from VHIWorkflowLib.command_line.main import main
from VHIWorkflowLib.core.grids import Grid, Volume
from VHIWorkflowLib.core.reordering import on_grid
from VHIWorkflowLib.files.image_writing import write_volume
from VHIWorkflowLib.files.itk import LPS_TO_RAS
from VHIWorkflowLib.files.results import ResultsRow, read_rows
from VHIWorkflowLib.files.volumes import read_image
from VHIWorkflowLib.study.case_inputs import CaseFiles, Scan
from VHIWorkflowLib.study.case_record import CaseKey
from VHIWorkflowLib.study.measure_case import measure_case

pytestmark = pytest.mark.real_cases

SIMULATED_READER = {"1007": 1704, "1012": 1277, "1013": 98085, "1016": 15848, "1234": 1189, "3002": 30015, "4386": 614}


def case_named(case_id: str) -> RealCase:
    """One case."""
    return next(case for case in real_cases() if case.case_id == case_id)


def files_of(case: RealCase, folder: Path) -> CaseFiles:
    """Its files, with what at least two of four manual trials marked as what is kept, where there are any."""
    keep = None
    if case.has_manual_masks:
        keep = folder / f"keep_{case.case_id}.nii.gz"
        write_volume(keep, Volume(case.majority(), case.stir().grid))
    return CaseFiles(Scan(case.stir_path), Scan(case.t1_path), (case.normal_bone_path,), case.disease_region_path, keep)


@pytest.mark.slow
def test_all_cases_hit_every_figure_in_a_batch_and_verify(tmp_path, capsys):
    cases = list(real_cases())
    assert {case.case_id for case in cases} == {*SIMULATED_READER, "2015"}
    with (tmp_path / "worklist.tsv").open("w", newline="") as file:
        table = csv.writer(file, delimiter="\t")
        table.writerow(["case_id", "time_point", "stir", "t1w", "normal_bone", "disease_region", "keep"])
        for case in cases:
            files = files_of(case, tmp_path)
            paths = [files.stir.path, files.t1w.path, files.normal_bone[0], files.disease_region, files.keep or ""]
            table.writerow([case.case_id, "baseline", *paths])
    out = tmp_path / "results"
    assert main(["batch", str(tmp_path / "worklist.tsv"), "--out", str(out), "--jobs", "2"]) == 0
    assert capsys.readouterr().out.startswith("8 measured\n")
    rows = {row.case_id: row for row in read_rows(out / "results.tsv")}
    for case in cases:
        assert_published(case, rows[case.case_id], "stable_", "stable_sensitive", "stable_conservative")
        if case.case_id in SIMULATED_READER:
            assert rows[case.case_id].vhi_sensitive_voxels == SIMULATED_READER[case.case_id]
            assert str(rows[case.case_id].vhi_sensitive_voxels) == case.expected["stable_simulated_reader"]
    assert rows["2015"].vhi_sensitive_voxels == rows["2015"].preliminary_sensitive_voxels
    assert main(["verify", str(out)]) == 0
    assert capsys.readouterr().out.splitlines() == [f"same         {case}/baseline/batch" for case in sorted(rows)]
    assert main(["batch", str(tmp_path / "worklist.tsv"), "--out", str(out)]) == 0
    assert capsys.readouterr().out.startswith("0 measured, 8 done before\n")


def assert_published(case: RealCase, row: ResultsRow, prefix: str, sensitive: str, conservative: str) -> None:
    """The row has the figures of these columns of expected.tsv."""
    expected = case.expected
    assert str(row.preliminary_sensitive_voxels) == expected[sensitive]
    assert str(row.preliminary_conservative_voxels) == expected[conservative]
    assert str(row.normal_bone_voxels) == expected["normal_bone_voxels"]
    assert row.threshold_sensitive == pytest.approx(float(expected[f"{prefix}threshold_sensitive"]), abs=1e-3)
    assert row.threshold_conservative == pytest.approx(float(expected["threshold_conservative"]), abs=1e-3)
    assert row.iqr_multiple == pytest.approx(float(expected[f"{prefix}iqr_multiple"]))
    assert row.normal_bone_q3 == pytest.approx(float(expected["normal_bone_q3"]), abs=1e-3)
    assert row.voxel_volume_mm3 == pytest.approx(float(expected["voxel_mm3"]), abs=1e-6)
    assert str(row.islands) == expected[f"{prefix}islands_3d26"]


@pytest.mark.parametrize("case_id", ["1007", "1013"])
def test_tolerance_0_gives_the_figures_of_the_study(tmp_path, capsys, case_id):
    case = case_named(case_id)
    scans = ["--stir", case.stir_path, "--t1", case.t1_path]
    masks = ["--normal-bone", case.normal_bone_path, "--disease-region", case.disease_region_path]
    names = ["--case", case_id, "--time-point", "baseline", "--reader", "study", "--out", tmp_path, "--json"]
    assert main(["measure", *map(str, [*scans, *masks, *names]), "--tolerance", "0"]) == 0
    document = json.loads(capsys.readouterr().out)
    (row,) = read_rows(tmp_path / "results.tsv")
    assert document["preliminary_sensitive_voxels"] == row.preliminary_sensitive_voxels
    assert_published(case, row, "", "sensitive_ge4px_excl_normal", "conservative_ge4px_excl_normal")


def stored(case: RealCase) -> tuple[np.ndarray, float]:
    """Whole numbers as the scanner stored them, shape (k, j, i), and the slope of the NIfTI header."""
    content = gzip.decompress(case.stir_path.read_bytes())
    i, j, k = struct.unpack_from("<3h", content, 42)
    assert struct.unpack_from("<2h", content, 70) == (4, 16)
    offset, slope, intercept = struct.unpack_from("<3f", content, 108)
    assert intercept == 0
    return np.frombuffer(content, "<i2", i * j * k, int(offset)).reshape(k, j, i), slope


@pytest.fixture(scope="module")
def plain_row(tmp_path_factory) -> ResultsRow:
    """The row of case 1007 from its NIfTI with slope."""
    folder = tmp_path_factory.mktemp("plain")
    return row_of(files_of(case_named("1007"), folder), folder)


def row_of(files: CaseFiles, out: Path) -> ResultsRow:
    return measure_case(request_for(files, out, CaseKey("1007", "baseline", "R"))).record.row()


def test_the_nifti_has_a_slope_that_rounds(plain_row):
    assert stored(case_named("1007"))[1] == pytest.approx(2.3619049)
    assert (plain_row.vhi_sensitive_voxels, plain_row.preliminary_sensitive_voxels) == (1704, 5973)


def test_float32_nrrd_gives_the_same_row(tmp_path, plain_row):
    case = case_named("1007")
    write_volume(tmp_path / "stir.nrrd", case.stir())
    found = row_of(replace(files_of(case, tmp_path), stir=Scan(tmp_path / "stir.nrrd")), tmp_path)
    assert_rows_alike(found, plain_row)
    assert found.threshold_sensitive == plain_row.threshold_sensitive


@pytest.mark.parametrize("ending", [".nrrd", ".mha"])
def test_stored_integers_give_the_same_row_with_thresholds_in_their_units(tmp_path, plain_row, ending):
    case = case_named("1007")
    array, slope = stored(case)
    write_volume(tmp_path / f"stir{ending}", Volume(array, case.stir().grid))
    found = row_of(replace(files_of(case, tmp_path), stir=Scan(tmp_path / f"stir{ending}")), tmp_path)
    assert found.threshold_conservative == round(found.threshold_conservative)
    assert_rows_alike(found, plain_row, slope)


def test_dicom_with_a_rescale_slope_gives_the_same_row(tmp_path, plain_row):
    case = case_named("1007")
    files = files_of(case, tmp_path)
    write_dicom(tmp_path / "dicom", case)
    turned = on_grid(read_image(tmp_path / "dicom"), case.stir().grid)
    np.testing.assert_allclose(turned.array, case.stir().array, rtol=2.5e-7)
    found = row_of(replace(files, stir=Scan(tmp_path / "dicom", "T2 STIR")), tmp_path)
    assert_rows_alike(found, plain_row)


def write_dicom(folder: Path, case: RealCase) -> None:
    """The scan as a scanner would have sent it, with decimal strings in the header."""
    folder.mkdir()
    array, slope = stored(case)
    grid: Grid = case.stir().grid
    lps = LPS_TO_RAS @ grid.affine
    spacing = np.linalg.norm(lps[:3, :3], axis=0)
    directions = lps[:3, :3] / spacing
    for k, pixels in enumerate(array):
        image = common("1.2.3.4.5", "T2 STIR", "1007", MR)
        image.Rows, image.Columns = pixels.shape
        image.InstanceNumber = k + 1
        image.ImagePositionPatient = [f"{x:.10g}" for x in lps[:3, 3] + k * lps[:3, 2]]
        image.ImageOrientationPatient = [f"{x:.10g}" for x in directions[:, :2].T.ravel()]
        image.PixelSpacing = [f"{spacing[1]:.10g}", f"{spacing[0]:.10g}"]
        image.SliceThickness = "3"
        image.RescaleSlope, image.RescaleIntercept = f"{slope:.10g}", "0"
        image.PixelData = np.ascontiguousarray(pixels).tobytes()
        image.save_as(folder / f"{k}.dcm", enforce_file_format=True)
