"""One writer at a time, with the filelock library and without it (as in 3D Slicer), and with one of each."""

from __future__ import annotations

import errno
import os
import sys
import threading
import time
from pathlib import Path

import pytest
from Files.programs import kill, start
from VHIWorkflowLib.files.errors import RecordError
from VHIWorkflowLib.files.file_locks import locked
from VHIWorkflowLib.files.safe_files import write_atomically

KINDS = ("filelock", "native")

PREPARE = """
import sys
if sys.argv[1] == "native":
    sys.modules["filelock"] = None
from VHIWorkflowLib.files.file_locks import locked
"""

HOLD = f"""{PREPARE}
import time
with locked(sys.argv[2]):
    print("held", flush=True)
    time.sleep(60)
"""

COUNT = f"""{PREPARE}
from pathlib import Path
print("ready", flush=True)
number = Path(sys.argv[2])
for _ in range(300):
    with locked(number):
        number.write_text(str(int(number.read_text()) + 1))
"""


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """What locks in this process."""
    if request.param == "native":
        monkeypatch.setitem(sys.modules, "filelock", None)
    return str(request.param)


@pytest.mark.parametrize("holder", KINDS)
def test_lock_keeps_others_away_and_names_the_holder(tmp_path: Path, kind: str, holder: str) -> None:
    path = tmp_path / "results.tsv"
    process = start(HOLD, holder, path)
    try:
        with (
            pytest.raises(RecordError, match=rf"process {process.pid}\) has kept it in use"),
            locked(path, timeout=0.2),
        ):
            pass
    finally:
        kill(process)


@pytest.mark.parametrize("holder", KINDS)
def test_killed_holder_leaves_no_lock_in_the_way(tmp_path: Path, kind: str, holder: str) -> None:
    path = tmp_path / "results.tsv"
    kill(start(HOLD, holder, path))
    with locked(path, timeout=0.5):
        write_atomically(path, b"written")
    assert path.read_bytes() == b"written"


def test_two_programs_count_together_one_with_the_library_and_one_without(tmp_path: Path) -> None:
    number = tmp_path / "number"
    number.write_text("0")
    counters = [start(COUNT, kind, number) for kind in (*KINDS, *KINDS)]
    assert [counter.wait(60) for counter in counters] == [0, 0, 0, 0]
    for counter in counters:
        counter.communicate()
    assert number.read_text() == "1200"


def test_one_who_waits_gets_in_when_the_lock_comes_free(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "results.tsv"
    order = []

    def second() -> None:
        with locked(path, timeout=10):
            order.append("second")

    with locked(path):
        waiting = threading.Thread(target=second)
        waiting.start()
        time.sleep(0.1)
        order.append("first")
    waiting.join()
    assert order == ["first", "second"]


def test_lock_may_be_used_by_another_account(tmp_path: Path, kind: str) -> None:
    with locked(tmp_path / "results.tsv"):
        pass
    assert (tmp_path / ".results.tsv.lock").stat().st_mode & 0o666 == 0o666


def test_lock_is_free_after_an_error_inside(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "results.tsv"
    with pytest.raises(ZeroDivisionError), locked(path):
        raise ZeroDivisionError
    with locked(path, timeout=0.1):
        pass


def test_lock_leaves_no_file_open(tmp_path: Path, kind: str) -> None:
    with locked(tmp_path / "results.tsv"):
        pass
    before = len(os.listdir("/proc/self/fd")) if sys.platform == "linux" else 0
    for _ in range(20):
        with locked(tmp_path / "results.tsv"):
            pass
    assert (len(os.listdir("/proc/self/fd")) if sys.platform == "linux" else 0) == before


def test_link_in_place_of_the_lock_file_is_refused(tmp_path: Path, kind: str) -> None:
    (tmp_path / "elsewhere").write_bytes(b"precious")
    (tmp_path / ".results.tsv.lock").symlink_to("elsewhere")
    with pytest.raises(RecordError), locked(tmp_path / "results.tsv", timeout=0.1):
        pass
    assert (tmp_path / "elsewhere").read_bytes() == b"precious"


@pytest.mark.skipif(sys.platform == "win32", reason="Windows disks all have locks")
@pytest.mark.filterwarnings("ignore:flock not supported")
def test_disk_without_locks(tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The library leaves a marker file, and it is left as it was written; without it the refusal it is one sentence."""
    import fcntl

    def missing(*_: object) -> None:
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))

    monkeypatch.setattr(fcntl, "flock", missing)
    path = tmp_path / "results.tsv"
    if kind == "native":
        with pytest.raises(RecordError, match="keeps no file locks"), locked(path):
            pass
        return
    with locked(path):
        marker = (tmp_path / ".results.tsv.lock").read_text()
        assert "(process" not in marker
        assert str(os.getpid()) in marker
