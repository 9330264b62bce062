"""Worklists as people save them, and folders as people keep them."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest
from Files.dicom_files import Change, write_series
from pydicom.dataset import Dataset
from RealCases import REAL_CASES, real_cases
from VHIWorkflowLib.files.errors import InputError, RecordError
from VHIWorkflowLib.files.volumes import read_image
from VHIWorkflowLib.files.worklists import Scan, WorklistCase, read_worklist, scan_folder, write_worklist

HEADER = "case_id\ttime_point\tstir\tt1w\tnormal_bone\tdisease_region\tkeep\tsteps\treader"
LINE = "1007\tbaseline\ta/stir.nii.gz\ta/t1w.nii.gz\tn1.nii.gz|n2.mrk.json\td.nii.gz\tk.nii.gz\tcase.json\tR1"


def saved(folder: Path, text: str, encoding: str = "utf-8", name: str = "worklist.tsv") -> Path:
    path = folder / name
    path.write_bytes(text.encode(encoding))
    return path


def touched(root: Path, *names: str) -> None:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(b"x")


def found_in(root: Path) -> tuple[list[tuple[str, str, str, str]], list[str]]:
    cases, problems = scan_folder(root)
    return [
        (
            case.case_id,
            case.time_point,
            case.stir.path.relative_to(root).as_posix(),
            case.t1w.path.relative_to(root).as_posix(),
        )
        for case in cases
    ], problems


def test_all_columns_are_read_relative_to_the_worklist(tmp_path: Path) -> None:
    (case,) = read_worklist(saved(tmp_path, f"{HEADER}\n{LINE}\n"))
    assert case == WorklistCase(
        case_id="1007",
        time_point="baseline",
        stir=Scan(tmp_path / "a/stir.nii.gz"),
        t1w=Scan(tmp_path / "a/t1w.nii.gz"),
        normal_bone=(tmp_path / "n1.nii.gz", tmp_path / "n2.mrk.json"),
        disease_region=tmp_path / "d.nii.gz",
        keep=tmp_path / "k.nii.gz",
        steps=tmp_path / "case.json",
        reader="R1",
    )


@pytest.mark.parametrize("delimiter", ["\t", ",", ";"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_worklists_of_any_spreadsheet_are_read(tmp_path: Path, delimiter: str, line_end: str, encoding: str) -> None:
    lines = ["Case_ID\t time_point\tstir\tt1w\tremark\t", "Müller\tweek 16\ts.nii\tt.nii\tnone\t", "\t\t\t\t\t", "", ""]
    text = line_end.join(lines).replace("\t", delimiter)
    (case,) = read_worklist(saved(tmp_path, text, encoding, "list.csv"))
    assert (case.case_id, case.time_point, case.stir.path) == ("Müller", "week 16", tmp_path / "s.nii")
    assert (case.normal_bone, case.disease_region, case.keep, case.steps, case.reader) == ((), None, None, None, None)


def test_quoted_cells_may_hold_the_separator(tmp_path: Path) -> None:
    (case,) = read_worklist(saved(tmp_path, 'case_id,time_point,stir,t1w\n1,b,"a, b.nii","t ""1"".nii"\n'))
    assert (case.stir.path.name, case.t1w.path.name) == ("a, b.nii", 't "1".nii')


def test_paths_of_windows_and_absolute_paths_are_understood(tmp_path: Path) -> None:
    text = f"case_id\ttime_point\tstir\tt1w\n1\tb\ta\\b\\stir.nii\t{tmp_path.as_posix()}/x/t1.nii\n"
    (case,) = read_worklist(saved(tmp_path, text, name="list.tsv"))
    assert case.stir.path == tmp_path / "a" / "b" / "stir.nii"
    assert case.t1w.path == tmp_path / "x" / "t1.nii"


def test_dicom_series_are_named_after_a_hash(tmp_path: Path) -> None:
    (tmp_path / "disk #2").mkdir()
    assert Scan.parse("dicom#t2 stir #1", tmp_path) == Scan(tmp_path / "dicom", "t2 stir #1")
    assert Scan.parse("disk #2", tmp_path) == Scan(tmp_path / "disk #2")
    assert Scan.parse("disk #2#STIR", tmp_path) == Scan(tmp_path / "disk #2", "STIR")
    assert str(Scan.parse("dicom#STIR", "study")) == f"{Path('study/dicom')}#STIR"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "line 1 lacks the column 'case_id'"),
        ("case_id\ttime_point\tstir\n", "line 1 lacks the column 't1w'"),
        (HEADER + "\n", "lists no case"),
        (
            HEADER.replace("normal_bone", "normalbone") + "\n" + LINE,
            "unknown column 'normalbone'; did you mean 'normal_b",
        ),
        (HEADER.replace("keep", "steps") + "\n" + LINE, "the column 'steps' twice"),
        (HEADER + "\n" + LINE.replace("a/stir.nii.gz", " ") + "\n", "line 2 has nothing in column 'stir'"),
        (HEADER + "\n1007\tbaseline\n", "line 2 has nothing in column 'stir'"),
        (f"{HEADER}\n{LINE}\n\n{LINE}\n", "line 4 has case '1007', 'baseline' already in line 2"),
        (HEADER + "\n" + LINE.replace("1007", "../1007"), "line 2 has an unusable name: case_id '../1007'"),
        (HEADER + "\n" + LINE.replace("1007", "=1+1"), "line 2 has an unusable name: case_id '=1[+]1'"),
        (HEADER + "\n" + LINE.replace("R1", "R/1"), "line 2 has an unusable name: reader 'R/1'"),
        (HEADER + "\n" + LINE.replace("d.nii", '"d\n.nii"'), "line "),
        (HEADER + "\n" + LINE.replace("d.nii", "d\x07.nii"), "line 2 has a character in column 'disease_region'"),
        (HEADER + "\n" + '"' + LINE, "line 2 is damaged"),
        (HEADER + "\n" + LINE + "\0", "is not a text table"),
    ],
)
def test_what_is_wrong_is_named_with_its_line(tmp_path: Path, text: str, words: str) -> None:
    path = saved(tmp_path, text)
    with pytest.raises(InputError, match=words) as caught:
        read_worklist(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("encoding", ["latin-1", "utf-16"])
def test_other_encodings_are_named(tmp_path: Path, encoding: str) -> None:
    with pytest.raises(InputError, match="is not UTF-8 text; save the worklist as 'CSV UTF-8'"):
        read_worklist(saved(tmp_path, f"{HEADER}\n{LINE.replace('1007', 'Müller')}", encoding))


def test_worklist_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    for path in (tmp_path / "none.tsv", tmp_path):
        with pytest.raises(InputError, match="cannot be read"):
            read_worklist(path)


def test_one_case_for_two_readers_is_no_duplicate(tmp_path: Path) -> None:
    text = "\n".join([HEADER, LINE, LINE.replace("R1", "R2"), LINE.replace("R1", "")])
    assert [case.reader for case in read_worklist(saved(tmp_path, text))] == ["R1", "R2", None]
    with pytest.raises(InputError, match="already in line 2"):
        read_worklist(saved(tmp_path, "\n".join([HEADER, LINE, LINE.replace("R1", "r1")])))


def test_missing_scans_are_left_to_the_batch(tmp_path: Path) -> None:
    (case,) = read_worklist(saved(tmp_path, f"{HEADER}\n{LINE}\n"))
    assert not case.stir.path.exists()


@pytest.mark.parametrize("name", ["worklist.tsv", "worklist.csv"])
def test_written_worklist_reads_back_the_same(tmp_path: Path, name: str) -> None:
    (full,) = read_worklist(saved(tmp_path, f"{HEADER}\n{LINE}\n"))
    plain = WorklistCase("Müller", "b", Scan(tmp_path / "d", "t2, stir"), Scan(tmp_path / "=d", "1.2.3"))
    write_worklist([full, plain], tmp_path / name)
    assert read_worklist(tmp_path / name) == [full, plain]
    data = (tmp_path / name).read_bytes()
    assert data.startswith(b"\xef\xbb\xbf") == name.endswith(".csv")
    assert b"./=d#1.2.3" in data


def test_worklist_names_only_the_columns_in_use(tmp_path: Path) -> None:
    write_worklist([WorklistCase("1", "b", Scan(tmp_path / "s"), Scan(tmp_path / "t"))], tmp_path / "w.tsv")
    assert (tmp_path / "w.tsv").read_bytes() == b"case_id\ttime_point\tstir\tt1w\n1\tb\ts\tt\n"


def test_worklist_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    touched(tmp_path, "file")
    with pytest.raises(RecordError, match="choose another folder"):
        write_worklist([], tmp_path / "file" / "w.tsv")


def test_scan_finds_cases_time_points_and_masks(tmp_path: Path) -> None:
    touched(
        tmp_path,
        *("1007/stir.nii.gz", "1007/t1w.nii.gz", "1007/normal_bone_1.nii.gz", "1007/normal_bone_2.mrk.json"),
        *("1007/disease_region.seg.nrrd", "1007/keep.nii.gz", "1007/stir_mask.nii.gz", "1007/notes.txt"),
        *("1008/pre/T2_STIR.nrrd", "1008/pre/T1_tse.nrrd", "1008/post/NIfTI/tirm.mha", "1008/post/NIfTI/t1.mha"),
        *(".hidden/stir.nii", ".hidden/t1.nii", "out/1/b/R1/case.json", "out/1/b/R1/stir.nii", "out/1/b/R1/t1.nii"),
    )
    cases, problems = scan_folder(tmp_path)
    assert problems == []
    assert [(case.case_id, case.time_point, case.stir.path.name) for case in cases] == [
        ("1007", "baseline", "stir.nii.gz"),
        ("1008", "pre", "T2_STIR.nrrd"),
        ("1008", "post", "tirm.mha"),
    ]
    folder = tmp_path / "1007"
    assert cases[0].normal_bone == (folder / "normal_bone_1.nii.gz", folder / "normal_bone_2.mrk.json")
    assert cases[0].disease_region == folder / "disease_region.seg.nrrd"
    assert cases[0].keep == folder / "keep.nii.gz"


def test_scan_reads_the_brain_imaging_layout(tmp_path: Path) -> None:
    stem = "sub-01/ses-pre/anat/sub-01_ses-pre"
    touched(tmp_path, f"{stem}_T1w.nii.gz", f"{stem}_acq-STIR_T2w.nii.gz", f"{stem}_T1w.json", "participants.tsv")
    assert found_in(tmp_path) == (
        [("sub-01", "ses-pre", f"{stem}_acq-STIR_T2w.nii.gz", f"{stem}_T1w.nii.gz")],
        [],
    )


def test_scan_tells_cases_in_one_folder_apart(tmp_path: Path) -> None:
    touched(tmp_path, "1_stir.nii", "1_t1w.nii", "2-STIR_fs.nii", "2-T1_tse.nii", "2-normal_bone.nii", "3_stir.nii")
    cases, problems = found_in(tmp_path)
    assert cases == [
        ("1", "baseline", "1_stir.nii", "1_t1w.nii"),
        ("2", "baseline", "2-STIR_fs.nii", "2-T1_tse.nii"),
    ]
    assert problems == ["3: one STIR and one T1w scan are needed, found 1 STIR (3_stir.nii), no T1w"]
    assert scan_folder(tmp_path)[0][1].normal_bone == (tmp_path / "2-normal_bone.nii",)


@pytest.mark.parametrize("t1w", ["t1", "T1w", "T1W"])
def test_scan_tells_cases_apart_by_what_follows_the_kind_of_scan(tmp_path: Path, t1w: str) -> None:
    touched(tmp_path, "stir_1.nii", f"{t1w}_1.nii", "stir_2.nii", f"{t1w}_2.nii")
    assert found_in(tmp_path) == (
        [(number, "baseline", f"stir_{number}.nii", f"{t1w}_{number}.nii") for number in "12"],
        [],
    )


def test_scan_leaves_out_what_a_worklist_cannot_hold(tmp_path: Path) -> None:
    touched(tmp_path, *("a/my\tstir.nii", "a/t1.nii", "b/stir.nii", "b/t1.nii", "b/1|normal_bone.nii"))
    touched(tmp_path, *("c/stir.nii", "c/t1.nii", "d\ne/stir.nii", "d\ne/t1.nii"))
    cases, problems = scan_folder(tmp_path)
    assert [case.case_id for case in cases] == ["c"]
    write_worklist(cases, tmp_path / "w.tsv")
    assert [case.case_id for case in read_worklist(tmp_path / "w.tsv")] == ["c"]
    assert [problem.partition(":")[2] for problem in problems[:2]] == [
        " a worklist cannot hold the name 'my\\tstir.nii'; rename it",
        " a worklist cannot hold the name '1|normal_bone.nii'; rename it",
    ]
    assert problems[2].startswith("d\ne: case_id")


def test_scan_says_where_it_cannot_choose_a_disease_region(tmp_path: Path) -> None:
    touched(tmp_path, "a/stir.nii", "a/t1.nii", "a/disease_region_AB.nii", "a/disease_region_CD.nii")
    (case,), (problem,) = scan_folder(tmp_path)
    assert case.disease_region is None
    assert problem.startswith("a: which of its disease regions counts (disease_region_AB.nii, disease_region_CD.nii)")


def test_scan_takes_a_single_case_by_the_name_of_its_folder(tmp_path: Path) -> None:
    touched(tmp_path / "4711", "stir.nii", "t1.nii")
    assert found_in(tmp_path / "4711") == ([("4711", "baseline", "stir.nii", "t1.nii")], [])


def test_scan_names_what_it_leaves_out(tmp_path: Path) -> None:
    touched(
        tmp_path,
        *("a/stir.nii", "b/t1.nii", "c/stir.nii", "c/t1_a.nii", "c/t1_b.nii", "d/localizer.nii"),
        *("e #1/stir.nii", "e #1/t1.nii", "x/1/stir.nii", "x/1/t1.nii", "y/x/1/stir.nii", "y/x/1/t1.nii"),
        *("f/t1map.nii", "f/stir_seg.nii", "g/readme.txt"),
    )
    cases, problems = found_in(tmp_path)
    assert [case[:2] for case in cases] == [("x", "1")]
    text = "\n".join(problems)
    for words in (
        "a: one STIR and one T1w scan are needed, found 1 STIR (stir.nii), no T1w",
        "b: one STIR and one T1w scan are needed, found no STIR, 1 T1w (t1.nii)",
        "c/a: ",
        "c/b: ",
        "d: one STIR and one T1w scan are needed, found no STIR, no T1w",
        "e #1: case_id 'e #1': the character '#' is not allowed",
        "y/x/1: case 'x', '1' is also in x/1",
        "f: one STIR and one T1w scan are needed, found no STIR, no T1w",
    ):
        assert words in text
    assert "g" not in [problem.partition(":")[0] for problem in problems]


def test_scan_of_what_is_no_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is not a folder"):
        scan_folder(tmp_path / "none")
    assert scan_folder(tmp_path) == ([], [])


def test_scan_does_not_follow_links_in_circles(tmp_path: Path) -> None:
    touched(tmp_path, "1/stir.nii", "1/t1.nii")
    os.symlink(tmp_path, tmp_path / "1" / "loop")
    assert len(scan_folder(tmp_path)[0]) == 1


def test_scanned_cases_make_a_worklist(tmp_path: Path) -> None:
    touched(tmp_path, "data/1/stir.nii", "data/1/t1.nii", "data/1/normal_bone.nii")
    cases, _ = scan_folder(tmp_path / "data")
    write_worklist(cases, tmp_path / "lists" / "w.tsv")
    (case,) = read_worklist(tmp_path / "lists" / "w.tsv")
    assert case.stir.path.resolve() == tmp_path / "data/1/stir.nii"
    assert replace(case, stir=cases[0].stir, t1w=cases[0].t1w, normal_bone=cases[0].normal_bone) == cases[0]


@pytest.mark.real_cases
def test_the_real_cases_with_a_stir_become_a_worklist_and_the_others_are_named() -> None:
    cases, problems = scan_folder(REAL_CASES)
    assert [case.case_id for case in cases] == [case.case_id for case in real_cases()]
    assert {case.time_point for case in cases} == {"baseline"}
    for case, real in zip(cases, real_cases(), strict=True):
        assert (case.stir.path, case.t1w.path) == (real.stir_path, real.t1_path)
        assert (case.normal_bone, case.disease_region) == ((real.normal_bone_path,), real.disease_region_path)
        assert case.keep is None  # four manual trials: which one is not for us to say
    unlabelled = [f"unlabelled/{name}" for name in sorted(os.listdir(REAL_CASES / "unlabelled"))]
    assert [problem.partition(":")[0] for problem in problems] == ["1001", "2016", *unlabelled]


def in_study(patient: str, uid: str, date: str = "20240229") -> Change:
    """Put the images of a series into a study."""

    def change(_: int, image: Dataset) -> None:
        image.PatientID, image.StudyInstanceUID, image.StudyDate = patient, uid, date

    return change


def write_pair(stir: Path, t1w: Path, *, study: str = "1.1", patient: str = "P1", date: str = "20240229") -> None:
    """Write a STIR and a T1w series of one study."""
    change = in_study(patient, study, date)
    write_series(stir, uid=f"1.2.{study}.1", description="T2 STIR cor", change=change)
    write_series(t1w, uid=f"1.2.{study}.2", description="t1_tse_cor", change=change)


def test_scan_pairs_dicom_series_of_a_study_wherever_they_lie(tmp_path: Path) -> None:
    write_pair(tmp_path / "disk 1" / "S1", tmp_path / "disk 2" / "S9")
    write_pair(tmp_path / "mixed", tmp_path / "mixed", study="1.2", date="20240630")
    cases, problems = scan_folder(tmp_path)
    assert problems == []
    assert [(case.case_id, case.time_point) for case in cases] == [("P1", "20240229"), ("P1", "20240630")]
    assert cases[0].stir == Scan(tmp_path / "disk 1" / "S1")
    assert cases[1].t1w == Scan(tmp_path / "mixed", "t1_tse_cor")
    write_worklist(cases, tmp_path / "w.tsv")
    again = read_worklist(tmp_path / "w.tsv")
    assert again == cases
    for case in again:
        assert read_image(case.stir.path, series=case.stir.series).grid.shape


def test_scan_names_anonymised_dicom_studies_by_their_folders(tmp_path: Path) -> None:
    for number, (folder, patient) in enumerate([("a", "ANON"), ("b", "ANON"), ("c/pre", ""), ("c/post", "")]):
        write_pair(tmp_path / folder, tmp_path / folder, study=f"1.{number}", patient=patient)
    cases, problems = scan_folder(tmp_path)
    assert problems == []
    assert sorted({case.case_id for case in cases}) == ["a", "b", "c"]
    assert [case.time_point for case in cases if case.case_id in "ab"] == ["baseline", "baseline"]
    assert [case.time_point for case in cases if case.case_id == "c"] == ["pre", "post"]


def test_scan_lists_anonymised_studies_by_their_dates_where_there_are_any(tmp_path: Path) -> None:
    for number, (folder, date) in enumerate([("c/x", "20240301"), ("c/y", "20231115")]):
        write_pair(tmp_path / folder, tmp_path / folder, study=f"1.{number}", patient="", date=date)
    cases, problems = scan_folder(tmp_path)
    assert problems == []
    assert [(case.case_id, case.time_point) for case in cases] == [("c", "y"), ("c", "x")]


def test_scan_takes_the_uid_where_descriptions_are_the_same(tmp_path: Path) -> None:
    write_pair(tmp_path / "all", tmp_path / "all")
    write_series(tmp_path / "all", uid="1.2.9", description="T2 stir COR", change=in_study("P2", "1.9"))
    cases, problems = scan_folder(tmp_path)
    assert [case.stir.series for case in cases] == ["1.2.1.1.1"]
    assert problems == ["all (patient P2): one STIR and one T1w scan are needed, found 1 STIR (1.2.9), no T1w"]


def test_scan_names_dicom_that_cannot_be_used(tmp_path: Path) -> None:
    write_pair(tmp_path / "gap", tmp_path / "t1")
    next((tmp_path / "gap").glob("*_*3.dcm")).unlink()
    (tmp_path / "cut.dcm").write_bytes(bytes(128) + b"DICM" + b"\x02\x00\x00\x00UL\x04")
    cases, problems = scan_folder(tmp_path)
    assert cases == []
    text = "\n".join(problems)
    assert "gap: " in text
    assert "found no STIR, 1 T1w" in text
