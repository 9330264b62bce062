"""Files are whole or as before, locks die with their holder, names and folders stay in their place."""

from __future__ import annotations

import errno
import os
import subprocess
import time
import unicodedata
from collections.abc import Callable
from pathlib import Path

import pytest
from Files.programs import kill, start
from hypothesis import given
from hypothesis import strategies as st
from VHIWorkflowLib.files import safe_files
from VHIWorkflowLib.files.case_folders import case_folder, valid_name
from VHIWorkflowLib.files.errors import InputError, RecordError
from VHIWorkflowLib.files.safe_files import TEMPORARY_PREFIX, locked, replacing, write_atomically

WRITE_FOREVER = """
import sys
from VHIWorkflowLib.files.safe_files import write_atomically
print("ready", flush=True)
while True:
    for letter in (b"a", b"b"):
        write_atomically(sys.argv[1], letter * 2_000_000)
"""


def test_write_makes_folders_and_replaces(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b" / "case.json"
    write_atomically(path, b"old")
    write_atomically(path, b"new")
    assert path.read_bytes() == b"new"
    assert os.listdir(path.parent) == ["case.json"]


def test_written_file_has_the_permissions_of_any_new_file(tmp_path: Path) -> None:
    write_atomically(tmp_path / "ours", b"")
    (tmp_path / "plain").write_bytes(b"")
    assert (tmp_path / "ours").stat().st_mode == (tmp_path / "plain").stat().st_mode


def test_replacing_keeps_the_ending_of_the_name(tmp_path: Path) -> None:
    with replacing(tmp_path / "labelmap.nii.gz") as temporary:
        assert temporary.name.endswith(".nii.gz")
        assert temporary.parent == tmp_path
        temporary.write_bytes(b"x")
    assert os.listdir(tmp_path) == ["labelmap.nii.gz"]


def test_body_that_fails_leaves_the_old_file_alone(tmp_path: Path) -> None:
    path = tmp_path / "case.json"
    path.write_bytes(b"old")

    def half_write() -> None:
        with replacing(path) as temporary:
            temporary.write_bytes(b"half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        half_write()
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["case.json"]


def test_library_that_silently_writes_nothing_is_an_error(tmp_path: Path) -> None:
    with (
        pytest.raises(RecordError, match=r"labelmap\.nii\.gz: the file could not be written"),
        replacing(tmp_path / "labelmap.nii.gz"),
    ):
        pass


def failing(number: int) -> Callable[..., None]:
    def fail(*_: object, **__: object) -> None:
        raise OSError(number, os.strerror(number))

    return fail


@pytest.mark.parametrize("step", ["fsync", "replace"])
@pytest.mark.parametrize(
    ("number", "words"),
    [
        (errno.ENOSPC, "disk is full"),
        (errno.EDQUOT, "quota"),
        (errno.EROFS, "read-only"),
        (errno.EACCES, "spreadsheet"),
        (errno.EIO, "Input/output error"),
    ],
)
def test_system_errors_become_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str, number: int, words: str
) -> None:
    path = tmp_path / "results.tsv"
    path.write_bytes(b"old")
    monkeypatch.setattr(os, step, failing(number))
    with pytest.raises(RecordError, match=words) as caught:
        write_atomically(path, b"new")
    assert str(caught.value).startswith(str(path))
    assert "\n" not in str(caught.value)
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["results.tsv"]


def test_file_that_no_longer_fits_leaves_the_old_one(tmp_path: Path) -> None:
    path = tmp_path / "results.tsv"
    path.write_bytes(b"old")
    resource = pytest.importorskip("resource", reason="Windows has no limit on the size of files")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, limits[1]))
    try:
        with pytest.raises(RecordError, match="free some space"):
            write_atomically(path, b"n" * 100_000)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["results.tsv"]


@pytest.fixture
def small_disk(tmp_path: Path) -> object:
    """A file system of 64 KiB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", folder], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("a small disk can be mounted by root only; the file-size limit above stands in for it")
    yield folder
    subprocess.run(["umount", folder], check=True)


def test_full_disk_leaves_the_old_file(small_disk: Path) -> None:
    path = small_disk / "results.tsv"
    write_atomically(path, b"o" * 20_000)
    with pytest.raises(RecordError, match="disk is full"):
        write_atomically(path, b"n" * 80_000)
    assert path.read_bytes() == b"o" * 20_000
    assert os.listdir(small_disk) == ["results.tsv"]


def test_read_only_disk_is_named(small_disk: Path) -> None:
    path = small_disk / "results.tsv"
    write_atomically(path, b"old")
    subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)
    with pytest.raises(RecordError, match="read-only"):
        write_atomically(path, b"new")
    with pytest.raises(RecordError, match="read-only"), locked(path):
        pass
    assert path.read_bytes() == b"old"


def test_folder_that_is_a_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "out").write_bytes(b"")
    with pytest.raises(RecordError, match="choose another folder"):
        write_atomically(tmp_path / "out" / "results.tsv", b"")


def test_killed_writer_leaves_a_whole_file_and_the_next_writer_cleans_up(tmp_path: Path) -> None:
    path = tmp_path / "big.bin"
    write_atomically(path, b"a" * 2_000_000)
    for _ in range(10):
        process = start(WRITE_FOREVER, path)
        time.sleep(0.02)
        kill(process)
        assert path.read_bytes() in (b"a" * 2_000_000, b"b" * 2_000_000)
    (tmp_path / f"{TEMPORARY_PREFIX}{safe_files._machine()}-{process.pid}-00ff00ff-big.bin").write_bytes(b"half")
    write_atomically(path, b"whole")
    assert os.listdir(tmp_path) == ["big.bin"]


def test_temporary_files_of_living_writers_stay(tmp_path: Path) -> None:
    here = tmp_path / f"{TEMPORARY_PREFIX}{safe_files._machine()}-{os.getppid()}-00000000-x"
    elsewhere = tmp_path / f"{TEMPORARY_PREFIX}0000ffff-1-00000000-x"
    forgotten = tmp_path / f"{TEMPORARY_PREFIX}0000ffff-1-11111111-x"
    for file in (here, elsewhere, forgotten):
        file.write_bytes(b"")
    os.utime(forgotten, (0, 0))
    write_atomically(tmp_path / "x", b"")
    assert sorted(os.listdir(tmp_path)) == sorted([here.name, elsewhere.name, "x"])


@pytest.mark.parametrize("name", ["1007", "Müller", "sub-01", "A.b_c-d e", "Ż7", "患者3", "x" * 64])
def test_names_readers_use_are_allowed(name: str) -> None:
    assert valid_name("case_id", name) == name


@pytest.mark.parametrize(
    "name",
    [
        *("", " ", ".", "..", "../x", "a..b", "a/b", "a\\b", "C:", "~root", ".hidden", "_x", "-x"),
        *("=1+1", "+1", "@SUM(A1)", "a\tb", "a\nb", "a\x00b", "a\x7fb", "a\u202eb", "\ud800"),
        *("a ", "a.", "NUL", "com1.txt", "Lpt9", "aux .x", "a:b", "a*", 'a"', "a|b", "$HOME", "a;b", "a,b", "x" * 65),
    ],
)
def test_dangerous_names_are_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        case_folder(tmp_path, "case", "baseline", name)
    assert str(caught.value).startswith("reader '")
    assert str(caught.value).isprintable()
    assert os.listdir(tmp_path) == []


@given(st.text(max_size=70))
def test_allowed_names_are_one_plain_folder(name: str) -> None:
    try:
        allowed = valid_name("case_id", name)
    except InputError:
        return
    assert Path(allowed).parts == (allowed,)
    assert allowed.isprintable()
    assert allowed[0] not in "=+-@."
    assert valid_name("case_id", allowed) == allowed


def test_case_folder(tmp_path: Path) -> None:
    assert case_folder(tmp_path, "1007", "baseline", "R1") == tmp_path / "1007" / "baseline" / "R1"
    assert os.listdir(tmp_path) == []


def test_link_out_of_the_folder_is_refused(tmp_path: Path) -> None:
    out, elsewhere = tmp_path / "out", tmp_path / "elsewhere"
    out.mkdir()
    elsewhere.mkdir()
    (out / "1007").symlink_to(elsewhere)
    (out / "1012").symlink_to(tmp_path / "not there")
    (out / "1013").symlink_to("1013")
    for case in ("1007", "1012", "1013"):
        with pytest.raises(RecordError, match="symbolic link"):
            case_folder(out, case, "baseline", "R1")


def test_link_within_the_folder_and_a_linked_folder_are_fine(tmp_path: Path) -> None:
    (tmp_path / "out" / "1007").mkdir(parents=True)
    (tmp_path / "out" / "alias").symlink_to("1007")
    (tmp_path / "link").symlink_to("out")
    assert case_folder(tmp_path / "link", "alias", "b", "R1") == tmp_path / "link" / "alias" / "b" / "R1"


def test_names_that_differ_in_case_only_are_refused(tmp_path: Path) -> None:
    (tmp_path / "Smith").mkdir()
    with pytest.raises(RecordError, match="upper and lower case only"):
        case_folder(tmp_path, "smith", "baseline", "R1")


def test_other_unicode_form_is_the_same_folder(tmp_path: Path) -> None:
    decomposed = unicodedata.normalize("NFD", "Müller")
    assert case_folder(tmp_path, decomposed, "b", "R1").parts[-3] == "Müller"
    (tmp_path / decomposed).mkdir()
    assert case_folder(tmp_path, "Müller", "b", "R1").parts[-3] == decomposed


def test_file_in_the_way_is_named(tmp_path: Path) -> None:
    (tmp_path / "1007").write_bytes(b"")
    with pytest.raises(RecordError, match="1007: is a file"):
        case_folder(tmp_path, "1007", "baseline", "R1")
