"""What an entry of the catalogue of malformed inputs is, and writers that several of them share."""

from __future__ import annotations

import gzip
import struct
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from Files import synthetic

Argument = Literal["stir", "t1", "normal_bone", "disease_region"]


@dataclass(frozen=True)
class Malformed:
    """One malformed input.

    Parameters
    ----------
    name
        What is wrong, as a test id.
    argument
        Which input of a measurement it stands for.
    write
        Writes it into a folder and returns the path to name on the command line.
    expected
        Words of the error message.
    alone
        Whether the file is wrong by itself; else only together with the other inputs of the case.
    """

    name: str
    argument: Argument
    write: Callable[[Path], Path]
    expected: str
    alone: bool = True


class Entries(list[Malformed]):
    """Malformed inputs of one kind."""

    def enter(
        self, argument: Argument, expected: str, *, alone: bool = True
    ) -> Callable[[Callable[[Path], Path]], Callable[[Path], Path]]:
        """Enter a writer under its own name."""

        def entered(write: Callable[[Path], Path]) -> Callable[[Path], Path]:
            self.append(Malformed(write.__name__, argument, write, expected, alone))
            return write

        return entered


def nifti(path: Path, *changes: tuple[str, int, tuple[float, ...]]) -> Path:
    """A NIfTI-1 scan whose header is changed: (format, offset, values) each."""
    plain = synthetic.write(path.with_name("good.nii"), synthetic.stored_intensities())
    content = bytearray(plain.read_bytes())
    plain.unlink()
    for form, offset, values in changes:
        struct.pack_into("<" + form, content, offset, *values)
    path.write_bytes(gzip.compress(content) if path.suffix == ".gz" else content)
    return path


def edited(path: Path, old: bytes, new: bytes, *, compress: bool = True) -> Path:
    """An NRRD or MetaImage scan in whose header a text is replaced."""
    synthetic.write(path, synthetic.stored_intensities(), compress=compress)
    content = path.read_bytes()
    assert old in content
    path.write_bytes(content.replace(old, new, 1))
    return path


def float_scan(path: Path, places: int, value: float) -> Path:
    array = synthetic.stored_intensities().astype(np.float32)
    array.ravel()[100 : 100 + places] = value
    return synthetic.write(path, array)


def cut(path: Path, share: float) -> Path:
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])
    return path
