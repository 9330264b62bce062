"""Malformed scans, masks and markups: each a function that writes one, and words its error must hold.

The catalogue serves the tests of the readers and those of the command line. Take ``synthetic.write_good_case`` and
replace one argument by what an entry writes; nothing but a one-line error may come of it.
"""

from __future__ import annotations

from Files import malformed_dicom, malformed_images, malformed_regions, malformed_scans
from Files.malformed_entries import Malformed

CATALOGUE: list[Malformed] = [
    *malformed_images.ENTRIES,
    *malformed_scans.ENTRIES,
    *malformed_regions.ENTRIES,
    *malformed_dicom.ENTRIES,
]
