"""Composite masks of all cases that several readers read, as files, and how each reader compares with them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from VHIWorkflowLib.core.errors import VHIError
from VHIWorkflowLib.core.grids import BoolArray, Grid, Volume
from VHIWorkflowLib.files.errors import InputError
from VHIWorkflowLib.files.image_writing import write_volume

from .consensus import Consensus, consensus, others_consensus
from .masks import mask_agreement
from .rules import Rule
from .sources import ReadCase, Source, array_of
from .tables import number_cell, write_rows

PERFORMANCE_COLUMNS = ("case_id", "reader", "sensitivity", "specificity")
OTHERS_COLUMNS = ("case_id", "reader", "dice_with_others")
LEAST_FOR_OTHERS = 3


@dataclass(frozen=True)
class References:
    """Cases that have a composite mask now, and those that could not have one, and why."""

    cases: tuple[str, ...]
    left_out: tuple[tuple[str, str], ...]


def make_references(sources: Sequence[Source], rule: Rule, out: Path) -> References:
    """Put the masks of all readers together, case by case, and write them as ``<case>.nii.gz`` with two tables.

    Parameters
    ----------
    sources
        At least two readings, from `read_source`.
    rule
        See `consensus`.
    out
        Folder for masks, ``performance.tsv`` and, from three readers on, ``others.tsv``.

    Raises
    ------
    InputError
        If fewer than two readings are given, or they have no case in common.
    RecordError
        If a file cannot be written.
    """
    with_time_points = all(source.has_time_points for source in sources)
    tables = {source.name: source.by_name(with_time_points) for source in sources}
    common = sorted(set.intersection(*(set(table) for table in tables.values())))
    if not common:
        raise InputError(sources[-1].name, "has no case that all other readings have too")
    made, performance, others = [], [], []
    left_out = [(name, "not all readings have it") for name in sorted(set().union(*tables.values()) - set(common))]
    for name in common:
        try:
            masks, grid = _masks({reader: table[name] for reader, table in tables.items()})
            found = consensus(masks, rule)
        except VHIError as error:
            left_out.append((name, str(error)))
            continue
        write_volume(out / f"{name}.nii.gz", Volume(found.mask.astype(np.uint8), grid))
        made.append(name)
        performance += _performance_rows(name, found)
        others += _others_rows(name, masks, rule, grid) if len(sources) >= LEAST_FOR_OTHERS else []
    write_rows(out / "performance.tsv", PERFORMANCE_COLUMNS, performance)
    if others:
        write_rows(out / "others.tsv", OTHERS_COLUMNS, others)
    return References(tuple(made), tuple(left_out))


def _masks(cases: dict[str, ReadCase]) -> tuple[dict[str, BoolArray], Grid]:
    """Masks of one case by reader, all on one grid."""
    volumes = {}
    for reader, case in cases.items():
        if case.mask is None:
            raise InputError(reader, "has no mask of this case, only a number")
        volumes[reader] = case.mask.read()
    grid = next(iter(volumes.values())).grid
    if not all(volume.grid.matches(grid) for volume in volumes.values()):
        raise InputError(", ".join(volumes), "have masks on different grids; they are not of one scan")
    return {reader: array_of(volume) for reader, volume in volumes.items()}, grid


def _performance_rows(name: str, found: Consensus) -> list[list[str]]:
    return [
        [name, reader, number_cell(each.sensitivity), number_cell(each.specificity)]
        for reader, each in found.performance.items()
    ]


def _others_rows(name: str, masks: dict[str, BoolArray], rule: Rule, grid: Grid) -> list[list[str]]:
    return [
        [name, reader, number_cell(mask_agreement(masks[reader], other, grid).overlap.dice)]
        for reader, other in others_consensus(masks, rule).items()
    ]
