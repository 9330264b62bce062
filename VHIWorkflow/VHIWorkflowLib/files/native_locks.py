"""A lock on a file by the operating system's own means, for where the filelock library is not installed (3D Slicer).

It takes the same lock on the same byte as filelock does (flock; the first byte on Windows), so that a program that has
the library and one that has not keep each other out. Unlike filelock it knows no marker files: on a file system without
locks it says so.
"""

from __future__ import annotations

import errno
import os
import sys
import time
from contextlib import suppress
from pathlib import Path

from VHIWorkflowLib.core.sentences import sentences_of

from .errors import RecordError

_ = sentences_of(__name__)

_HELD_BY_ANOTHER = (errno.EACCES, errno.EAGAIN, errno.EDEADLK, getattr(errno, "EDEADLOCK", errno.EDEADLK))
_NO_LOCKS_HERE = (errno.ENOSYS, errno.ENOLCK, errno.EOPNOTSUPP)
_OPEN_FLAGS = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)


class NativeLock:
    """An exclusive lock held through a lock file, from `acquire` to `release` or to the end of the process.

    The lock file stays: it means nothing, and deleting one that is waited for would let two writers in.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor: int | None = None

    def acquire(self, timeout: float, poll_interval: float) -> None:
        """Wait until the lock is free, and take it.

        Raises
        ------
        TimeoutError
            If it is not free within so many seconds.
        RecordError
            If the file system has no locks.
        OSError
            If the lock file cannot be made.
        """
        patience = time.monotonic() + timeout
        while not self._try_to_acquire():
            if time.monotonic() >= patience:
                raise TimeoutError(str(self._path))
            time.sleep(poll_interval)

    def release(self) -> None:
        """Let the next one in; nothing happens when the lock is not held."""
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            try:
                _unlock(descriptor)
            finally:
                os.close(descriptor)

    def _try_to_acquire(self) -> bool:
        descriptor = os.open(self._path, _OPEN_FLAGS, 0o666)
        try:
            is_ours = _lock(descriptor, self._path)
            if is_ours and os.fstat(descriptor).st_nlink > 0:  # 0: deleted while it was waited for
                if sys.platform != "win32":
                    with suppress(PermissionError):
                        os.fchmod(descriptor, 0o666)  # for the accounts of other readers
                self._descriptor = descriptor
                return True
        finally:
            if self._descriptor is None:
                os.close(descriptor)
        return False


def _lock(descriptor: int, path: Path) -> bool:
    """Try to take the lock; False when somebody else has it."""
    try:
        if sys.platform == "win32":
            import msvcrt

            os.lseek(descriptor, 0, os.SEEK_SET)
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in _NO_LOCKS_HERE:
            problem = _(
                "this disk keeps no file locks, so two readers could overwrite each other; choose another folder"
            )
            raise RecordError(path.parent, problem) from error
        if error.errno in _HELD_BY_ANOTHER:
            return False
        raise
    return True


def _unlock(descriptor: int) -> None:
    if sys.platform == "win32":
        import msvcrt

        os.lseek(descriptor, 0, os.SEEK_SET)
        msvcrt.locking(descriptor, msvcrt.LK_UNLCK, 1)
    else:
        import fcntl

        fcntl.flock(descriptor, fcntl.LOCK_UN)
