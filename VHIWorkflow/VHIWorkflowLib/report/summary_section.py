"""Figures over all cases of two readings as tables of a page: masks, volumes on both scales, and the rest."""

from __future__ import annotations

from collections.abc import Sequence

from VHIWorkflowLib.agreement.summary import LOG_SCALE, RAW_SCALE, Statistic

from .figures import counted, figures_of
from .html import number, table

MEAN, MEDIAN, QUARTILES = "mean", "median", ("first quartile", "third quartile")


def summary_tables(statistics: Sequence[Statistic], cases: int) -> str:
    """All figures, each in one of the tables."""
    by_name = {each.name: each for each in statistics}
    masks = [name.removesuffix(f", {MEDIAN}") for name in by_name if name.endswith(f", {MEDIAN}")]
    scaled = list(dict.fromkeys(_without_scale(name) for name in by_name if _without_scale(name) is not None))
    used = {f"{name}, {what}" for name in masks for what in (MEAN, MEDIAN, *QUARTILES)}
    used |= {f"{scale}, {name}" for name in scaled for scale in (RAW_SCALE, LOG_SCALE)}
    parts = [
        _masks(masks, by_name, cases) if masks else "",
        _volumes([name for name in scaled if name is not None], by_name, cases),
        _counts([each for name, each in by_name.items() if name not in used], cases),
    ]
    return "".join(parts)


def _masks(names: Sequence[str], by_name: dict[str, Statistic], cases: int) -> str:
    rows = [
        [
            name,
            _value(by_name[f"{name}, {MEDIAN}"]),
            _quartiles(name, by_name),
            _value(by_name[f"{name}, {MEAN}"]) if f"{name}, {MEAN}" in by_name else "",
            _n(by_name[f"{name}, {MEDIAN}"]),
        ]
        for name in names
    ]
    columns = ("agreement of masks", "median (95 % interval)", "quartiles", "mean (95 % interval)", "cases")
    return table(f"Agreement of masks, {counted(cases)}", columns, rows)


def _quartiles(name: str, by_name: dict[str, Statistic]) -> str:
    found = [by_name.get(f"{name}, {which}") for which in QUARTILES]
    values = [number(each.estimate.value) for each in found if each is not None and each.estimate is not None]
    return " to ".join(values)


def _volumes(names: Sequence[str], by_name: dict[str, Statistic], cases: int) -> str:
    scales = [[by_name.get(f"{scale}, {name}") for scale in (RAW_SCALE, LOG_SCALE)] for name in names]
    rows = [
        [
            name,
            *("" if each is None else _value(each) for each in pair),
            next(_n(each) for each in pair if each is not None),
        ]
        for name, pair in zip(names, scales, strict=True)
    ]
    columns = ("agreement of VHI", RAW_SCALE, f"{LOG_SCALE} (ln mm3)", "cases")
    return table(f"Agreement of VHI with 95 % intervals, {counted(cases)}", columns, rows)


def _counts(rest: Sequence[Statistic], cases: int) -> str:
    rows = [[each.name, _value(each), _n(each)] for each in rest]
    return table(f"Cases counted apart, of {cases}", ("what", "number", "of cases"), rows) if rows else ""


def _without_scale(name: str) -> str | None:
    """The name of a figure on one of the scales, without the scale."""
    for scale in (RAW_SCALE, LOG_SCALE):
        if name.startswith(f"{scale}, "):
            return name.removeprefix(f"{scale}, ")
    return None


def _value(statistic: Statistic) -> str:
    return f"none: {statistic.problem}" if statistic.estimate is None else figures_of(statistic.estimate)


def _n(statistic: Statistic) -> str:
    return "" if statistic.estimate is None else str(statistic.estimate.n)
