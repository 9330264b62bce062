"""Bytes of files that nobody vouches for: whether there are any, their beginning, and compressed streams."""

from __future__ import annotations

import gzip
import stat
import zlib
from collections.abc import Iterator
from pathlib import Path

from VHIWorkflowLib.core.sentences import sentences_of

from .errors import InputError

_ = sentences_of(__name__)

CHUNK_BYTES = 2**20


def check_regular_file(path: Path) -> None:
    """Check that a path is a file that can be opened and is not empty.

    Raises
    ------
    InputError
        If it does not exist, is a folder or a device, is empty, or must not be read.
    """
    try:
        status = path.stat()
        if stat.S_ISDIR(status.st_mode):
            raise InputError(path, _("is a folder; name a file"))
        if not stat.S_ISREG(status.st_mode):
            raise InputError(path, _("is not a file that can be read (a device or pipe)"))
        with path.open("rb"):
            pass
    except FileNotFoundError as error:
        raise InputError(path, _("does not exist; check the name")) from error
    except PermissionError as error:
        raise InputError(path, _("must not be read with your rights; ask for read permission")) from error
    except (OSError, ValueError) as error:
        raise InputError(
            path, _("cannot be opened ({reason})").format(reason=getattr(error, "strerror", None) or error)
        ) from error
    if status.st_size == 0:
        raise InputError(path, _("is empty (0 bytes); copy or export the file again"))


def read_start(path: Path, size: int) -> bytes:
    """First bytes of a file, at most ``size`` of them.

    Raises
    ------
    InputError
        If the path is not a readable file.
    """
    check_regular_file(path)
    try:
        with path.open("rb") as file:
            return file.read(size)
    except OSError as error:
        raise InputError(path, _("cannot be read ({reason})").format(reason=error.strerror)) from error


def read_gzip_start(path: Path, size: int) -> bytes:
    """First bytes of a gzip stream, decompressed; fewer than ``size`` if the stream is damaged or ends before."""
    unpack = zlib.decompressobj(wbits=31)
    try:
        return unpack.decompress(read_start(path, CHUNK_BYTES), size)
    except zlib.error:
        return b""


def plain_chunks(path: Path, offset: int) -> Iterator[bytes]:
    """Bytes of a file from an offset on, piece by piece."""
    with path.open("rb") as raw:
        raw.seek(offset)
        while chunk := raw.read(CHUNK_BYTES):
            yield chunk


def gzip_chunks(path: Path, before: int, skipped: int) -> Iterator[bytes]:
    """Unpacked data of the gzip stream that starts ``before`` bytes into a file, less its first ``skipped`` bytes.

    Raises
    ------
    OSError, EOFError, zlib.error
        If the stream is damaged or cut off.
    """
    with path.open("rb") as raw:
        raw.seek(before)
        with gzip.GzipFile(fileobj=raw) as stream:
            while skipped and (chunk := stream.read(min(skipped, CHUNK_BYTES))):
                skipped -= len(chunk)
            while chunk := stream.read(CHUNK_BYTES):
                yield chunk


def zlib_chunks(path: Path, offset: int) -> Iterator[bytes]:
    """Unpacked data of the zlib stream that starts at an offset, piece by piece; EOFError if it is cut off."""
    unpack = zlib.decompressobj()
    with path.open("rb") as raw:
        raw.seek(offset)
        while not unpack.eof:
            packed = unpack.unconsumed_tail or raw.read(CHUNK_BYTES)
            if not packed:
                raise EOFError
            if chunk := unpack.decompress(packed, CHUNK_BYTES):
                yield chunk
