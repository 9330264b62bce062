"""Reading DICOM files that may be damaged."""

from __future__ import annotations

import mmap
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from VHIWorkflowLib.core.errors import VHIError

from .errors import InputError


@contextmanager
def dicom_errors(path: Path, problem: str) -> Iterator[None]:
    """Turn whatever reading a damaged DICOM file raises into an error that names the file.

    pydicom reads values when they are asked for and raises nearly any exception when they are damaged; its warnings
    about what it can mend are not shown.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except VHIError:
        raise
    except Exception as error:
        raise InputError(path, problem) from error


@contextmanager
def mapped(path: Path) -> Iterator[mmap.mmap]:
    """Open a file for pydicom by mapping it into memory.

    pydicom reads as many bytes as a length in the file says. From a plain file Python reserves them all, gigabytes if
    the length is damaged; from a mapped file no more than there are.
    """
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        yield content
