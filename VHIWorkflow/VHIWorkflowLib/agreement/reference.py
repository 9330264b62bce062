"""Composite masks of all cases that several readers read, and how each reader compares with them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from VHIWorkflowLib.core.errors import VHIError
from VHIWorkflowLib.core.grids import BoolArray, Grid, Volume
from VHIWorkflowLib.core.sentences import sentences_of
from VHIWorkflowLib.files.errors import InputError
from VHIWorkflowLib.files.image_writing import write_volume

from .common_grid import on_one_grid
from .comparison import ComparedCase, Comparison, Progress, each_case, time_point_in
from .consensus import Performance, consensus, others_consensus
from .masks import mask_agreement
from .rules import Rule
from .sources import ReadCase, Source

_ = sentences_of(__name__)

LEAST_FOR_OTHERS = 3


@dataclass(frozen=True)
class ReaderInCase:
    """How one reader compares with the composite masks of one case.

    Attributes
    ----------
    rule, reader
        By which rule masks are put together, and who is compared.
    performance
        Against the composite of all readers, this one included.
    with_all
        Reader as a, composite of all as b.
    with_others
        Reader as a, composite of the others as b; None for fewer than three readers.
    """

    rule: Rule
    reader: str
    performance: Performance
    with_all: ComparedCase
    with_others: ComparedCase | None


@dataclass(frozen=True)
class References:
    """All that is known of the composite masks.

    Attributes
    ----------
    readers, rules
        Whose masks, and by which rules.
    cases
        Names of those that have a composite mask, in order.
    readings
        For each case, rule and reader.
    left_out
        Cases that could not have one, and why.
    """

    readers: tuple[str, ...]
    rules: tuple[Rule, ...]
    cases: tuple[str, ...]
    readings: tuple[ReaderInCase, ...]
    left_out: tuple[tuple[str, str], ...]

    def of(self, rule: Rule, reader: str) -> list[ReaderInCase]:
        """One reader by one rule, in the order of the cases."""
        return [each for each in self.readings if (each.rule, each.reader) == (rule, reader)]

    def with_all(self, rule: Rule, reader: str) -> Comparison:
        """A reader as a, compared with the composite of all readers as b."""
        return _comparison(reader, f"{rule} of all", [each.with_all for each in self.of(rule, reader)])

    def with_others(self, rule: Rule, reader: str) -> Comparison | None:
        """A reader as a, compared with the composite of the others as b; None for fewer than three readers."""
        if len(self.readers) < LEAST_FOR_OTHERS:
            return None
        cases = [each.with_others for each in self.of(rule, reader)]
        return _comparison(reader, f"{rule} of the others", [case for case in cases if case is not None])


def make_references(
    sources: Sequence[Source],
    rules: Sequence[Rule],
    out: Path | None = None,
    progress: Progress = lambda done, total: None,
    *,
    distances: bool = True,
    jobs: int = 1,
) -> References:
    """Put the masks of all readers together, case by case.

    Parameters
    ----------
    sources
        At least two readings, from `read_source`.
    rules
        See `consensus`; one only where masks are written.
    out
        Folder for the masks, ``<case>.nii.gz``; None to write none.
    progress
        Is told how many cases of how many are done.
    distances
        Whether distances between surfaces are worked out too.
    jobs
        How many cases at a time.

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
        raise InputError(sources[-1].name, _("has no case that all other readings have too"))
    left_out: list[tuple[str, str]] = [
        (name, _("not read by {readers}").format(readers=", ".join(r for r, t in tables.items() if name not in t)))
        for name in sorted(set().union(*tables.values()) - set(common))
    ]
    items = [
        _Case(name, {reader: table[name] for reader, table in tables.items()}, tuple(rules), out, distances)
        for name in common
    ]
    made: list[str] = []
    readings: list[ReaderInCase] = []
    for name, found in each_case(_one, items, common, progress, jobs):
        if isinstance(found, str):
            left_out.append((name, found))
        else:
            made.append(name)
            readings += found
    return References(tuple(tables), tuple(rules), tuple(made), tuple(readings), tuple(left_out))


@dataclass(frozen=True)
class _Case:
    name: str
    readings: Mapping[str, ReadCase]
    rules: tuple[Rule, ...]
    out: Path | None
    distances: bool


def _one(case: _Case) -> list[ReaderInCase] | str:
    """Each reader by each rule, or the sentence why not."""
    try:
        masks, grid = _masks(case.readings)
    except VHIError as error:
        return error.sentence
    return [each for rule in case.rules for each in _by_rule(case, rule, masks, grid)]


def _by_rule(case: _Case, rule: Rule, masks: dict[str, BoolArray], grid: Grid) -> list[ReaderInCase]:
    found = consensus(masks, rule)
    if case.out is not None:
        write_volume(case.out / f"{case.name}.nii.gz", Volume(found.mask.astype(np.uint8), grid))
    others = others_consensus(masks, rule) if len(masks) >= LEAST_FOR_OTHERS else {}

    def compared(reader: str, composite: BoolArray) -> ComparedCase:
        agreement = mask_agreement(masks[reader], composite, grid, distances=case.distances)
        voxel, overlap = grid.voxel_volume_mm3, agreement.overlap
        volumes = overlap.voxels_a * voxel, overlap.voxels_b * voxel
        return ComparedCase(case.name, *volumes, voxel, agreement, time_point_in(case.name, case.readings[reader]))

    return [
        ReaderInCase(
            rule,
            reader,
            found.performance[reader],
            compared(reader, found.mask),
            compared(reader, others[reader]) if others else None,
        )
        for reader in masks
    ]


def _masks(cases: Mapping[str, ReadCase]) -> tuple[dict[str, BoolArray], Grid]:
    """Masks of one case by reader, all on one grid."""
    volumes = []
    for reader, case in cases.items():
        if case.mask is None:
            raise InputError(reader, _("has no mask of this case, only a number"))
        volumes.append(case.mask.read())
    arrays, grid = on_one_grid(volumes)
    return dict(zip(cases, arrays, strict=True)), grid


def _comparison(reader: str, composite: str, cases: Sequence[ComparedCase]) -> Comparison:
    return Comparison(reader, composite, tuple(cases), (), (), ())
