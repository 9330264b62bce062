"""Points on two axes as SVG, with levels (Bland-Altman) or lines (equality, regression)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .html import number, text
from .svg_axes import LINE, Axis, Frame, horizontal, spread, vertical

LEVEL_LABELS = 132
"""Width of the labels right of a plot with levels."""
MANY = 200
"""So many points are drawn smaller and fainter."""


@dataclass(frozen=True)
class Level:
    """A horizontal line with its label and, where it has one, its interval as a band; dashed where it is a limit."""

    height: float
    label: str
    dashed: bool = False
    interval: tuple[float, float] | None = None


@dataclass(frozen=True)
class Line:
    """A straight line through the points, drawn over the range of x."""

    intercept: float
    slope: float


def scatter(
    x: npt.ArrayLike,
    y: npt.ArrayLike,
    labels: tuple[str, str],
    names: Sequence[str],
    *,
    levels: Sequence[Level] = (),
    equality: bool = False,
    line: Line | None = None,
) -> str:
    """Points with their names shown on hover.

    Parameters
    ----------
    x, y, names
        One of each for every case.
    labels
        Of the two axes.
    levels
        Horizontal lines, labelled on the right.
    equality
        Draw the line of equality, dotted, and give both axes one range.
    line
        A line through the points.
    """
    frame = Frame(right=LEVEL_LABELS) if levels else Frame()
    xs, ys = (np.asarray(values, dtype=np.float64).tolist() for values in (x, y))
    both = [*xs, *ys] if equality else []
    across = Axis.around(labels[0], [*xs, *both], frame.across)
    upwards = Axis.around(labels[1], [*ys, *both, *(level.height for level in levels)], frame.upwards)
    drawn = [horizontal(across, frame), vertical(upwards, frame), _levels(levels, upwards, frame)]
    if equality:
        low, high = max(across.low, upwards.low), min(across.high, upwards.high)
        drawn.append(_straight((low, low), (high, high), across, upwards, "equality"))
    if line is not None and xs:
        ends = [_within(line, at, upwards) for at in (min(xs), max(xs))]
        drawn.append(_straight(ends[0], ends[1], across, upwards, "fit"))
    drawn.append(_points(xs, ys, names, across, upwards))
    return frame.drawn(f"{labels[1]} against {labels[0]}, {len(xs)} cases", "".join(drawn))


def _points(xs: Sequence[float], ys: Sequence[float], names: Sequence[str], across: Axis, upwards: Axis) -> str:
    kind = ("many", "2.5") if len(xs) > MANY else ("few", "4")
    points = "".join(
        f'<circle cx="{across.place(a):.1f}" cy="{upwards.place(b):.1f}" r="{kind[1]}">'
        f"<title>{text(name)}: {number(a)}, {number(b)}</title></circle>"
        for a, b, name in zip(xs, ys, names, strict=True)
    )
    return f'<g class="{kind[0]}">{points}</g>'


def _within(line: Line, x: float, upwards: Axis) -> tuple[float, float]:
    """A point of a line, moved along it into the range of an axis."""
    y = line.intercept + line.slope * x
    inside = min(max(y, upwards.low), upwards.high)
    return (x if inside == y else (inside - line.intercept) / line.slope), inside


def _straight(start: tuple[float, float], end: tuple[float, float], across: Axis, upwards: Axis, kind: str) -> str:
    x1, x2 = across.place(start[0]), across.place(end[0])
    y1, y2 = upwards.place(start[1]), upwards.place(end[1])
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" class="{kind}"/>'


def _levels(levels: Sequence[Level], upwards: Axis, frame: Frame) -> str:
    heights = [upwards.place(level.height) for level in levels]
    labels = spread(heights, LINE, frame.top, frame.height - frame.bottom)
    left, right = frame.across
    parts = []
    for level, height, label in zip(levels, heights, labels, strict=True):
        kind = "limit" if level.dashed else "level"
        if level.interval is not None:
            bottom, top = (upwards.place(min(max(each, upwards.low), upwards.high)) for each in level.interval)
            parts.append(
                f'<rect x="{left}" y="{top:.1f}" width="{right - left}" height="{bottom - top:.1f}" '
                f'class="band {kind}"/>'
            )
        parts.append(f'<path d="M{left} {height:.1f}H{right}L{right + 8} {label:.1f}" class="{kind}"/>')
        parts.append(f'<text x="{right + 11}" y="{label + 4:.1f}">{text(level.label)} {number(level.height)}</text>')
    return "".join(parts)
