"""One writer at a time, on this and on other machines that share a folder.

Locks are those of the operating system: they vanish with the process that held them. The filelock library takes them
where it is installed; 3D Slicer does not bring it and a hospital may not be able to install it, so there
`native_locks` does the same.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from VHIWorkflowLib.core.sentences import sentences_of

from .disk_errors import clear_errors
from .errors import RecordError
from .native_locks import NativeLock

if TYPE_CHECKING:
    from filelock import BaseFileLock

_ = sentences_of(__name__)

LOCK_TIMEOUT_SECONDS = 30.0

_LOCK_POLL_SECONDS = 0.003
_HOLDER_BYTES = 160


class FileLock(Protocol):
    """What filelock's lock and `NativeLock` have in common."""

    def acquire(self, timeout: float, poll_interval: float) -> object:
        """Wait for the lock; TimeoutError when it does not come free in time."""

    def release(self) -> None:
        """Let the next one in."""


@contextmanager
def locked(path: str | os.PathLike[str], timeout: float = LOCK_TIMEOUT_SECONDS) -> Iterator[None]:
    """Keep all other writers of a file away, on this and on other machines that share the folder.

    The lock is held on `.<name>.lock` beside the file with the operating system's own file locks (flock, LockFileEx),
    which are released when a process ends, however it ends, and which NFS 4 and SMB shares pass on to the server. The
    lock file itself may stay behind: it means nothing, and deleting one that is waited for would let two writers in.
    Only on a file system without such locks does filelock fall back to a marker file; a killed holder's marker is
    taken over by the same machine. The lock file holds who locked it last, for the message to those who wait in vain.

    Raises
    ------
    RecordError
        If the lock is not free within the timeout (in seconds; the message says who holds it, if known), or a lock
        file cannot be made in the folder.
    """
    target = Path(path)
    lock_path = target.with_name(f".{target.name}.lock")
    lock, is_systems_own = _lock_on(lock_path)
    try:
        with clear_errors(target):
            lock_path.parent.mkdir(parents=True, exist_ok=True)
            try:
                lock.acquire(timeout=timeout, poll_interval=_LOCK_POLL_SECONDS)
            except TimeoutError as error:
                problem = _(
                    "{holder} has kept it in use for more than {timeout:g} s; wait, or end that program, and try again"
                ).format(holder=_read_holder(lock_path), timeout=timeout)
                raise RecordError(target, problem) from error
        if is_systems_own():
            _note_holder(lock_path)
        yield
    finally:
        lock.release()


def _lock_on(path: Path) -> tuple[FileLock, Callable[[], bool]]:
    """Lock through a file, and whether it turned out to be the operating system's own and not a marker file."""
    try:
        import filelock
    except ImportError:
        return NativeLock(path), lambda: True
    lock = filelock.FileLock(path, mode=0o666)
    return lock, lambda: _is_systems_own(lock)


def _is_systems_own(lock: BaseFileLock) -> bool:
    """Whether filelock took a lock of the operating system; only its marker files have a process."""
    import filelock

    return isinstance(lock, filelock.UnixFileLock | filelock.WindowsFileLock) and not hasattr(lock, "pid")


def _note_holder(lock_path: Path) -> None:
    """Write who holds the lock into the lock file, behind its first byte, which Windows keeps from other readers."""
    import getpass
    import platform

    try:
        user = getpass.getuser()
    except (OSError, KeyError, ImportError):
        user = "somebody"
    holder = f"{user} on {platform.node() or 'an unnamed machine'} (process {os.getpid()})"
    with suppress(OSError):
        descriptor = os.open(lock_path, os.O_WRONLY | getattr(os, "O_BINARY", 0))
        try:
            os.lseek(descriptor, 1, os.SEEK_SET)
            os.write(descriptor, holder.encode()[:_HOLDER_BYTES].ljust(_HOLDER_BYTES))
        finally:
            os.close(descriptor)


def _read_holder(lock_path: Path) -> str:
    with suppress(OSError):
        descriptor = os.open(lock_path, os.O_RDONLY | getattr(os, "O_BINARY", 0))
        try:
            os.lseek(descriptor, 1, os.SEEK_SET)
            text = os.read(descriptor, _HOLDER_BYTES).decode(errors="replace").strip()
        finally:
            os.close(descriptor)
        if text.isprintable() and "(process " in text:
            return text
    return _("another program")
