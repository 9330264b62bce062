"""Files that are never half written, and (`file_locks`) one writer at a time.

A file is written under a temporary name in its own folder, flushed to the disk and renamed, so that whoever reads it,
and whatever is killed, sees the old file or the new one.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from functools import cache
from pathlib import Path

from VHIWorkflowLib.core.sentences import sentences_of

from .case_folders import case_folder, valid_name
from .disk_errors import clear_errors
from .errors import RecordError
from .file_locks import locked

_ = sentences_of(__name__)

__all__ = ["case_folder", "clear_errors", "locked", "replacing", "replacing_together", "valid_name", "write_atomically"]

TEMPORARY_PREFIX = ".vhi-tmp-"
"""Names of temporary files: this prefix, machine, process, a random part, then the name the file is to have."""

LEFTOVER_AGE_SECONDS = 24 * 3600
"""A temporary file of this age is a leftover, even when it is unknown whether its process still runs."""

_BUSY_FILE_SECONDS = 2.0


def write_atomically(path: str | os.PathLike[str], data: bytes) -> None:
    """Write a whole file, or leave the old one as it is.

    Missing folders are made. Leftovers of killed writers in the folder are removed.

    Raises
    ------
    RecordError
        If the file cannot be written: disk full, read-only, no permission, open elsewhere (Windows).
    """
    with replacing(path) as temporary, open(temporary, "xb") as file:
        file.write(data)


@contextmanager
def replacing(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Give a temporary path beside a file, for a library that writes by file name; then put it in the file's place.

    The temporary name ends like the real one (`.nii.gz`), so that a library picks the same format. When the body
    raises, the temporary file is removed and the old file stays.

    Raises
    ------
    RecordError
        If the file cannot be written, or the body wrote nothing.
    """
    target = Path(path)
    with clear_errors(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        _remove_leftovers(target.parent)
        temporary = target.with_name(_temporary_prefix() + os.urandom(4).hex() + "-" + target.name)
        try:
            yield temporary
            if not temporary.is_file():
                raise RecordError(target, _("the file could not be written; check the space on the disk and try again"))
            _flush(temporary)
            _replace(temporary, target)
            _flush_folder(target.parent)
        finally:
            with suppress(OSError):
                temporary.unlink(missing_ok=True)


@contextmanager
def replacing_together(*paths: Path) -> Iterator[tuple[Path, ...]]:
    """As `replacing`, for files that belong together: none is replaced before all are written.

    They are replaced in the order given. A disk that fills up while they are written leaves all old ones.

    Raises
    ------
    RecordError
        As `replacing`; what the body raises about a temporary file is said of the file it is for.
    """
    with ExitStack() as stack:
        temporaries = tuple(reversed([stack.enter_context(replacing(path)) for path in reversed(paths)]))
        try:
            yield temporaries
        except RecordError as error:
            for path, temporary in zip(paths, temporaries, strict=True):
                if error.path == os.fspath(temporary):
                    raise RecordError(path, error.problem) from error
            raise


def _flush(path: Path) -> None:
    descriptor = os.open(path, os.O_RDWR | getattr(os, "O_BINARY", 0))
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _flush_folder(folder: Path) -> None:
    with suppress(OSError):  # Windows cannot, some network shares will not
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _replace(temporary: Path, target: Path) -> None:
    """Rename; on Windows, wait a moment for a virus scanner or a reader that has the file open."""
    patience = time.monotonic() + (_BUSY_FILE_SECONDS if os.name == "nt" else 0.0)
    while True:
        try:
            os.replace(temporary, target)
            return
        except PermissionError:
            if time.monotonic() >= patience:
                raise
            time.sleep(0.05)


@cache
def _machine() -> str:
    """Eight characters that tell this running system (and container) from others that share a folder."""
    import hashlib
    import platform

    parts = [platform.node()]
    with suppress(OSError):
        parts.append(Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii"))
    with suppress(OSError):
        parts.append(os.readlink("/proc/self/ns/pid"))
    return hashlib.sha256("|".join(parts).encode()).hexdigest()[:8]


def _temporary_prefix() -> str:
    return f"{TEMPORARY_PREFIX}{_machine()}-{os.getpid()}-"


def _remove_leftovers(folder: Path) -> None:
    """Remove temporary files of killed writers; those of living ones stay."""
    with suppress(OSError):
        for entry in list(os.scandir(folder)):
            if entry.name.startswith(TEMPORARY_PREFIX) and _is_leftover(entry):
                with suppress(OSError):
                    os.unlink(entry.path)


def _is_leftover(entry: os.DirEntry[str]) -> bool:
    machine, _, rest = entry.name.removeprefix(TEMPORARY_PREFIX).partition("-")
    process = rest.partition("-")[0]
    if machine == _machine() and process.isascii() and process.isdigit() and not _is_running(int(process)):
        return True
    try:
        return time.time() - entry.stat(follow_symlinks=False).st_mtime > LEFTOVER_AGE_SECONDS
    except OSError:
        return False


def _is_running(process: int) -> bool:
    if os.name == "nt":  # os.kill would end the process there; age alone tells
        return True
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):
        return True
    with suppress(OSError):  # on Linux, one that has ended and whose end nobody has taken note of (in a container)
        return Path(f"/proc/{process}/stat").read_bytes().rpartition(b")")[2].split()[0] != b"Z"
    return True
