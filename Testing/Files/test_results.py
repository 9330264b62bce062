"""The results table: exact text, no row lost whoever writes and whatever is killed, damage named and left alone."""

from __future__ import annotations

import csv
import errno
import locale
import os
import pickle
import random
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from VHIWorkflowLib.files.errors import InputError, RecordError
from VHIWorkflowLib.files.results import (
    COLUMNS,
    HISTORY_NAME,
    RESULTS_NAME,
    ResultsRow,
    format_row,
    parse_row,
    read_rows,
    read_tables,
    write_row,
    write_table,
)

ROW = ResultsRow(
    case_id="1007",
    time_point="baseline",
    reader="R1",
    measured_at="2025-03-01T10:20:30Z",
    vhi_sensitive_voxels=1704,
    vhi_sensitive_mm3=1704 * 1.169218,
    vhi_conservative_voxels=1500,
    vhi_conservative_mm3=1500 * 1.169218,
    preliminary_sensitive_voxels=5973,
    preliminary_conservative_voxels=5309,
    threshold_sensitive=590.476190476,
    threshold_conservative=599.923809524,
    iqr_multiple=1.5,
    normal_bone_voxels=3851,
    normal_bone_q1=354.285714,
    normal_bone_median=400.0,
    normal_bone_q3=448.761905,
    normal_bone_max=599.923809524,
    islands=337,
    islands_removed=310,
    cleaning_seconds=61.25,
    voxel_volume_mm3=1.1692176,
    vhi_sensitive_low_mm3=1813.1,
    vhi_sensitive_high_mm3=None,
    top_voxel_effect=1.0312345,
    model=None,
    model_sha256=None,
    software_version="0.1.0",
)

TEXT = (
    "1007\tbaseline\tR1\t2025-03-01T10:20:30Z\t1704\t1992.347\t1500\t1753.827\t5973\t5309\t590.4761905\t599.9238095"
    "\t1.50\t3851\t354.285714\t400\t448.761905\t599.9238095\t337\t310\t61.2\t1.169218\t1813.100\t\t1.0312\t\t\t0.1.0"
)

DESIGN_COLUMNS = """case_id time_point reader measured_at
vhi_sensitive_voxels vhi_sensitive_mm3 vhi_conservative_voxels vhi_conservative_mm3 preliminary_sensitive_voxels
preliminary_conservative_voxels threshold_sensitive threshold_conservative iqr_multiple normal_bone_voxels
normal_bone_q1 normal_bone_median normal_bone_q3 normal_bone_max islands islands_removed cleaning_seconds
voxel_volume_mm3 vhi_sensitive_low_mm3 vhi_sensitive_high_mm3 top_voxel_effect model model_sha256 software_version"""

WRITE_MANY = """
import sys
from dataclasses import replace
import pickle
ROW = pickle.loads(bytes.fromhex(sys.argv[1]))
from VHIWorkflowLib.files.results import write_row
out, reader, count = sys.argv[2], sys.argv[3], int(sys.argv[4])
for n in range(count):
    write_row(out, replace(ROW, case_id=f"case {n}", reader=reader, islands=n))
    print(n, flush=True)
"""

MEASURE_AGAIN = """
import sys
from dataclasses import replace
import pickle
ROW = pickle.loads(bytes.fromhex(sys.argv[1]))
from VHIWorkflowLib.files.results import write_row
n = int(sys.argv[3])
while True:
    n += 1
    write_row(sys.argv[2], replace(ROW, case_id=f"case {n % 3}", islands=n))
    print(n, flush=True)
"""


def start(script: str, *arguments: object) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", script, pickle.dumps(ROW).hex(), *map(str, arguments)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def table(out: Path) -> str:
    return (out / RESULTS_NAME).read_bytes().decode()


def spoil(out: Path, old: str, new: str) -> bytes:
    """Change the table as a careless hand would; return the new content."""
    text = table(out)
    assert old in text
    data = text.replace(old, new).encode()
    (out / RESULTS_NAME).write_bytes(data)
    return data


def test_columns_are_those_of_the_design() -> None:
    assert list(COLUMNS) == DESIGN_COLUMNS.split()


def test_row_is_written_to_the_byte(tmp_path: Path) -> None:
    write_row(tmp_path, ROW)
    assert (tmp_path / RESULTS_NAME).read_bytes() == ("\t".join(COLUMNS) + "\n" + TEXT + "\n").encode()
    assert not (tmp_path / HISTORY_NAME).exists()


def test_locale_does_not_change_the_decimal_point(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(locale, "localeconv", lambda: {"decimal_point": ","})
    assert "\t".join(format_row(ROW)) == TEXT


NAMES = st.from_regex(r"[A-Za-z0-9äéŁ]([A-Za-z0-9 _é-]{0,20}[a-z0-9])?", fullmatch=True)
COUNTS = st.integers(0, 10**9)
NUMBERS = st.floats(-1e9, 1e9).map(lambda number: number + 0.0)
MAYBE = st.none() | NUMBERS


@given(
    st.builds(
        ResultsRow,
        *[NAMES] * 4,
        *[COUNTS, NUMBERS] * 2,
        *[COUNTS] * 2,
        *[NUMBERS] * 3,
        COUNTS,
        *[NUMBERS] * 4,
        *[COUNTS] * 2,
        MAYBE,
        NUMBERS,
        *[MAYBE] * 3,
        *[st.none() | NAMES] * 2,
        NAMES,
    )
)
def test_written_row_reads_back_the_same(row: ResultsRow) -> None:
    cells = format_row(row)
    again = parse_row(cells)
    assert format_row(again) == cells
    assert again.key == row.key
    for name in COLUMNS:
        value, read = getattr(row, name), getattr(again, name)
        if isinstance(value, float):
            assert read == pytest.approx(value, rel=1e-9, abs=0.051)
        else:
            assert read == value


@pytest.mark.parametrize("scale", [1e-6, 1e-3, 1.0, 1e6])
def test_thresholds_keep_their_digits_on_any_scale(scale: float) -> None:
    row = replace(ROW, threshold_sensitive=590.4761904761 * scale)
    assert parse_row(format_row(row)).threshold_sensitive == pytest.approx(590.4761904761 * scale, rel=1e-9)


def test_measuring_again_replaces_the_row_in_place_and_keeps_the_earlier_one(tmp_path: Path) -> None:
    for case in ("b", "a", "c"):
        write_row(tmp_path, replace(ROW, case_id=case))
    write_row(tmp_path, replace(ROW, case_id="a", islands=5))
    rows = read_rows(tmp_path / RESULTS_NAME)
    assert [(row.case_id, row.islands) for row in rows] == [("b", 337), ("a", 5), ("c", 337)]
    history = read_rows(tmp_path / HISTORY_NAME)
    assert [(row.case_id, row.islands) for row in history] == [("a", 337)]


def test_the_same_measurement_twice_changes_nothing(tmp_path: Path) -> None:
    write_row(tmp_path, ROW)
    before = (tmp_path / RESULTS_NAME).stat()
    write_row(tmp_path, ROW)
    assert (tmp_path / RESULTS_NAME).stat().st_mtime_ns == before.st_mtime_ns
    assert not (tmp_path / HISTORY_NAME).exists()


def test_other_readers_and_time_points_have_their_own_rows(tmp_path: Path) -> None:
    for changes in ({}, {"reader": "R2"}, {"time_point": "week 16"}):
        write_row(tmp_path, replace(ROW, **changes))
    assert len(read_rows(tmp_path / RESULTS_NAME)) == 3


def test_crash_between_history_and_table_neither_loses_nor_doubles_a_row(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_row(tmp_path, ROW)
    write_row(tmp_path, replace(ROW, reader="R2"))
    second = replace(ROW, islands=2)
    real = os.replace

    def crash_at_table(source: str, target: Path) -> None:
        if Path(target).name == RESULTS_NAME:
            raise OSError(errno.EIO, "crash")
        real(source, target)

    monkeypatch.setattr(os, "replace", crash_at_table)
    for row in (second, replace(second, reader="R2")):
        with pytest.raises(RecordError):
            write_row(tmp_path, row)
    assert len(read_rows(tmp_path / HISTORY_NAME)) == 2
    monkeypatch.undo()
    for row in (second, replace(second, reader="R2")):
        write_row(tmp_path, row)
    assert [row.islands for row in read_rows(tmp_path / HISTORY_NAME)] == [337, 337]
    assert [row.islands for row in read_rows(tmp_path / RESULTS_NAME)] == [2, 2]


def test_going_back_and_forth_keeps_every_step(tmp_path: Path) -> None:
    for islands in (1, 2, 1, 2, 1):
        write_row(tmp_path, replace(ROW, islands=islands))
    assert [row.islands for row in read_rows(tmp_path / HISTORY_NAME)] == [1, 2, 1, 2]


def test_table_that_went_through_a_spreadsheet_is_read(tmp_path: Path) -> None:
    write_row(tmp_path, ROW)
    lines = table(tmp_path).splitlines()
    data = "\ufeff" + "\r\n".join([lines[0] + "\t\t", lines[1] + "\t\t", "\t" * 29, "", ""])
    (tmp_path / RESULTS_NAME).write_bytes(data.encode())
    assert read_rows(tmp_path / RESULTS_NAME) == [parse_row(format_row(ROW))]
    write_row(tmp_path, replace(ROW, reader="R2"))
    assert table(tmp_path).splitlines() == [lines[0], lines[1], TEXT.replace("R1", "R2")]


def test_columns_of_the_user_stay(tmp_path: Path) -> None:
    write_row(tmp_path, ROW)
    spoil(tmp_path, "case_id", "remark\tcase_id")
    spoil(tmp_path, "1007\t", '"seen by ""JD"",\ntwice"\t1007\t')
    write_row(tmp_path, replace(ROW, islands=1))
    write_row(tmp_path, replace(ROW, reader="R2"))
    with open(tmp_path / RESULTS_NAME, encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    assert [(row["reader"], row["islands"], row["remark"]) for row in rows] == [
        ("R1", "1", 'seen by "JD",\ntwice'),
        ("R2", "337", ""),
    ]
    assert list(rows[0]) == [*COLUMNS, "remark"]


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("\t1704\t", "\t1704\t\t", "line 2 is damaged: 29 cells instead of 28"),
        ("\t1704\t", "\t", "line 2 is damaged: 27 cells"),
        ("\t1704\t", "\t1704.5\t", "line 2 is damaged: vhi_sensitive_voxels '1704.5' is not a whole number"),
        ("\t1704\t", "\t\t", "line 2 is damaged: vhi_sensitive_voxels is empty"),
        ("1992.347", "1992,347", "line 2 is damaged: vhi_sensitive_mm3 '1992,347' is not a number"),
        ("1992.347", "nan", "line 2 is damaged"),
        ("1992.347", "1_992", "line 2 is damaged"),
        ("\tislands\t", "\tisles\t", "line 1 is not the header of a results table .missing: islands"),
        ("\tmodel\t", "\tmodel\tislands\t", "line 1 has the column 'islands' twice"),
        ("1007\t", '"1007\t', "line 2 is damaged"),
        ("\t0.1.0\n", "\t0.1.0\n1008\tbase", "line 3 is damaged: 2 cells"),
    ],
)
def test_damage_is_named_and_nothing_is_overwritten(tmp_path: Path, old: str, new: str, words: str) -> None:
    write_row(tmp_path, ROW)
    data = spoil(tmp_path, old, new)
    with pytest.raises(RecordError, match=words) as caught:
        write_row(tmp_path, replace(ROW, islands=1))
    assert str(caught.value).startswith(str(tmp_path / RESULTS_NAME))
    assert (tmp_path / RESULTS_NAME).read_bytes() == data
    assert not (tmp_path / HISTORY_NAME).exists()


@pytest.mark.parametrize(
    "data", [b"", b"\n\n", b"PK\x03\x04", b"\xff\xfec\x00a\x00", b"case_id\tM\xfcller\n", b"\x00" * 9]
)
def test_files_that_are_no_table_are_refused(tmp_path: Path, data: bytes) -> None:
    (tmp_path / RESULTS_NAME).write_bytes(data)
    with pytest.raises(RecordError, match="line 1"):
        write_row(tmp_path, ROW)
    assert (tmp_path / RESULTS_NAME).read_bytes() == data


def test_damaged_history_stops_the_replacement(tmp_path: Path) -> None:
    write_row(tmp_path, ROW)
    (tmp_path / HISTORY_NAME).write_bytes(b"something else\n")
    with pytest.raises(RecordError, match=HISTORY_NAME):
        write_row(tmp_path, replace(ROW, islands=1))
    assert read_rows(tmp_path / RESULTS_NAME)[0].islands == 337


def test_two_rows_for_one_measurement_are_not_guessed_between(tmp_path: Path) -> None:
    write_row(tmp_path, ROW)
    spoil(tmp_path, TEXT + "\n", TEXT + "\n" + TEXT + "\n")
    with pytest.raises(RecordError, match="has 2 rows for 1007 / baseline / R1"):
        write_row(tmp_path, replace(ROW, islands=1))


def test_missing_table_is_named(tmp_path: Path) -> None:
    with pytest.raises(RecordError, match="there is no such file"):
        read_rows(tmp_path / RESULTS_NAME)


@pytest.mark.parametrize(
    "changes",
    [
        {"model": "=HYPERLINK()"},
        {"model": "a\tb"},
        {"software_version": "1\n2"},
        {"software_version": ""},
        {"islands": None},
        {"vhi_sensitive_mm3": float("nan")},
        {"top_voxel_effect": float("inf")},
    ],
)
def test_rows_that_would_spoil_the_table_are_refused(tmp_path: Path, changes: dict[str, object]) -> None:
    with pytest.raises(RecordError, match=next(iter(changes))):
        write_row(tmp_path, replace(ROW, **changes))  # type: ignore[arg-type]
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("name", ["=1+1", "../1007", "", "a\tb"])
def test_names_that_are_formulas_or_paths_are_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError, match="case_id"):
        write_row(tmp_path, replace(ROW, case_id=name))
    assert os.listdir(tmp_path) == []


def test_table_open_in_a_spreadsheet_is_left_with_a_clear_word(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_row(tmp_path, ROW)
    before = table(tmp_path)

    def refuse(*_: object) -> None:
        raise PermissionError(errno.EACCES, "Access is denied")

    monkeypatch.setattr(os, "replace", refuse)
    with pytest.raises(RecordError, match="open in another program such as a spreadsheet; close it"):
        write_row(tmp_path, replace(ROW, reader="R2"))
    assert table(tmp_path) == before


@pytest.mark.slow
def test_two_processes_writing_500_rows_each_lose_none(tmp_path: Path) -> None:
    writers = [start(WRITE_MANY, tmp_path, reader, 500) for reader in ("R1", "R2")]
    for writer in writers:
        writer.communicate(timeout=100)
        assert writer.returncode == 0
    rows = read_rows(tmp_path / RESULTS_NAME)
    assert len(rows) == 1000
    for reader in ("R1", "R2"):
        assert [row.islands for row in rows if row.reader == reader] == list(range(500))
    assert sorted(os.listdir(tmp_path)) == [".results.tsv.lock", RESULTS_NAME]


def test_a_writer_killed_at_any_moment_loses_no_accepted_row(tmp_path: Path) -> None:
    chance = random.Random(1)
    accepted = 0
    for _ in range(40):
        writer = start(MEASURE_AGAIN, tmp_path, accepted)
        assert writer.stdout is not None
        said = [writer.stdout.readline()]
        time.sleep(chance.uniform(0, 0.05))
        writer.kill()
        said += writer.communicate()[0].splitlines()
        accepted = int([line for line in said if line.strip().isdigit()][-1])
        written = [row.islands for row in read_rows(tmp_path / RESULTS_NAME)]
        replaced = (
            [row.islands for row in read_rows(tmp_path / HISTORY_NAME)] if (tmp_path / HISTORY_NAME).exists() else []
        )
        assert len(replaced) == len(set(replaced))
        assert set(range(1, accepted + 1)) <= {*written, *replaced}
        accepted = max(written)
    write_row(tmp_path, replace(ROW, case_id="after"))
    assert sorted(os.listdir(tmp_path)) == [".results.tsv.lock", HISTORY_NAME, RESULTS_NAME]


def test_tables_of_several_folders_become_one(tmp_path: Path) -> None:
    for folder, reader in (("a", "R1"), ("b", "R2")):
        write_row(tmp_path / folder, replace(ROW, reader=reader))
    found = read_tables([tmp_path / "a", tmp_path / "b" / RESULTS_NAME])
    assert [row.reader for _, row in found] == ["R1", "R2"]
    path = tmp_path / "all.tsv"
    write_table([row for _, row in found], path, sources=[source for source, _ in found])
    lines = path.read_text(encoding="utf-8").splitlines()
    assert lines[0] == "\t".join(["source", *COLUMNS])
    assert lines[1] == f"{(tmp_path / 'a').as_posix()}\t{TEXT}"
    write_table([row for _, row in found], path)
    assert [row.reader for row in read_rows(path)] == ["R1", "R2"]


def test_csv_opens_in_a_spreadsheet_by_double_click(tmp_path: Path) -> None:
    path = tmp_path / "all.csv"
    write_table([replace(ROW, case_id="Müller", model="a, b")], path, sources=["=cmd"])
    data = path.read_bytes()
    assert data.startswith(b"\xef\xbb\xbfsource,case_id,")
    assert data.endswith(b",0.1.0\r\n")
    with open(path, encoding="utf-8-sig", newline="") as file:
        row = next(csv.DictReader(file))
    assert (row["source"], row["case_id"], row["model"], row["threshold_sensitive"]) == (
        "./=cmd",
        "Müller",
        "a, b",
        "590.4761905",
    )


def test_other_endings_are_refused(tmp_path: Path) -> None:
    with pytest.raises(RecordError, match=r"ends in \.tsv or \.csv"):
        write_table([ROW], tmp_path / "all.xlsx")
