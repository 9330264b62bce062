"""Plots as SVG: points and lines on two axes, in the colours of the page."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .html import number, text

WIDTH, HEIGHT = 460, 340
LEFT, RIGHT, TOP, BOTTOM = 84, 14, 18, 46
MOST_TICKS = 6


@dataclass(frozen=True)
class Axis:
    """Label and range of an axis, and where on the page its ends lie."""

    label: str
    low: float
    high: float
    start: float
    end: float

    @classmethod
    def around(cls, label: str, values: Sequence[float], start: float, end: float) -> Axis:
        """An axis that holds all values, with some space on either side."""
        low, high = min(values), max(values)
        space = 0.06 * (high - low) or max(abs(high), 1.0) * 0.1
        return cls(label, low - space, high + space, start, end)

    def place(self, value: float) -> float:
        """Where a value lies on the page."""
        return self.start + (value - self.low) / (self.high - self.low) * (self.end - self.start)

    def ticks(self) -> list[float]:
        """Round values along the axis.

        Examples
        --------
        >>> Axis("x", 0.0, 10.0, 0.0, 1.0).ticks()
        [0.0, 2.0, 4.0, 6.0, 8.0, 10.0]
        """
        rough = (self.high - self.low) / MOST_TICKS
        power = 10.0 ** math.floor(math.log10(rough))
        step = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= rough)
        first = math.ceil(self.low / step - 1e-9)
        last = math.floor(self.high / step + 1e-9)
        return [number * step for number in range(first, last + 1)]


@dataclass(frozen=True)
class Guide:
    """A straight line through the plot from (x, y) to (x, y) with a label, dashed where it is a limit."""

    start: tuple[float, float]
    end: tuple[float, float]
    label: str
    dashed: bool = False


def scatter(
    x: npt.ArrayLike,
    y: npt.ArrayLike,
    labels: tuple[str, str],
    names: Sequence[str],
    *,
    levels: Sequence[tuple[float, str, bool]] = (),
    diagonal: bool = False,
    line: tuple[float, float, str] | None = None,
) -> str:
    """Points with their names shown on hover.

    Parameters
    ----------
    x, y, names
        One of each for every case.
    labels
        Of the two axes.
    levels
        Horizontal lines: height, label, dashed or not.
    diagonal
        Draw the line of equality, and give both axes one range.
    line
        Intercept, slope and label of a line through the points, drawn over the range of x.
    """
    xs, ys = (np.asarray(values, dtype=np.float64).tolist() for values in (x, y))
    both = [*xs, *ys] if diagonal else []
    across = Axis.around(labels[0], [*xs, *both], LEFT, WIDTH - RIGHT)
    upwards = Axis.around(labels[1], [*ys, *both, *(height for height, _, _ in levels)], HEIGHT - BOTTOM, TOP)
    guides = [Guide((across.low, height), (across.high, height), label, dashed) for height, label, dashed in levels]
    if diagonal:
        guides.append(Guide((across.low, across.low), (across.high, across.high), "equal"))
    if line is not None and xs:
        ends = [(x, line[0] + line[1] * x) for x in (min(xs), max(xs))]
        guides.append(Guide(ends[0], ends[1], line[2]))
    points = "".join(
        f'<circle cx="{across.place(a):.1f}" cy="{upwards.place(b):.1f}" r="4" fill="var(--mark)" fill-opacity="0.75">'
        f"<title>{text(name)}: {number(a)}, {number(b)}</title></circle>"
        for a, b, name in zip(xs, ys, names, strict=True)
    )
    drawn = "".join(_guide(each, across, upwards) for each in guides)
    return _framed(
        f"{labels[1]} against {labels[0]}, {len(xs)} cases", _across(across) + _upwards(upwards) + drawn + points
    )


def _across(axis: Axis) -> str:
    bottom = HEIGHT - BOTTOM
    parts = [
        f'<path d="M{axis.start} {bottom}H{WIDTH - RIGHT}" fill="none" stroke="var(--faint)"/>',
        f'<text x="{(axis.start + axis.end) / 2:.0f}" y="{HEIGHT - 8}" text-anchor="middle">{text(axis.label)}</text>',
    ]
    for value in axis.ticks():
        parts.append(f'<text x="{axis.place(value):.1f}" y="{bottom + 16}" text-anchor="middle">{number(value)}</text>')
    return "".join(parts)


def _upwards(axis: Axis) -> str:
    middle = (axis.start + axis.end) / 2
    parts = [
        f'<path d="M{LEFT} {axis.end}V{axis.start}" fill="none" stroke="var(--faint)"/>',
        f'<text transform="translate(14 {middle:.0f}) rotate(-90)" text-anchor="middle">{text(axis.label)}</text>',
    ]
    for value in axis.ticks():
        parts.append(f'<text x="{LEFT - 6}" y="{axis.place(value) + 4:.1f}" text-anchor="end">{number(value)}</text>')
    return "".join(parts)


def _guide(guide: Guide, across: Axis, upwards: Axis) -> str:
    x1, x2 = across.place(guide.start[0]), across.place(guide.end[0])
    y1, y2 = upwards.place(guide.start[1]), upwards.place(guide.end[1])
    dash, colour = (' stroke-dasharray="5 4"', "var(--limit)") if guide.dashed else ("", "var(--faint)")
    return (
        f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{colour}"{dash}/>'
        f'<text x="{x2 - 4:.1f}" y="{y2 - 5:.1f}" text-anchor="end">{text(guide.label)}</text>'
    )


def slopes(pairs: Sequence[tuple[float, float]], names: Sequence[str], ends: tuple[str, str], label: str) -> str:
    """A line for each subject from its first value to its second ("spaghetti")."""
    upwards = Axis.around(label, [0.0, *(value for pair in pairs for value in pair)], HEIGHT - BOTTOM, TOP)
    left, right = LEFT + 60, WIDTH - RIGHT - 60
    lines = "".join(
        f'<path d="M{left} {upwards.place(a):.1f}L{right} {upwards.place(b):.1f}" stroke="var(--mark)" '
        f'stroke-opacity="0.6" stroke-width="2" fill="none"><title>{text(name)}: {number(a)} to {number(b)}</title>'
        f"</path>"
        f'<circle cx="{left}" cy="{upwards.place(a):.1f}" r="3.5" fill="var(--mark)"/>'
        f'<circle cx="{right}" cy="{upwards.place(b):.1f}" r="3.5" fill="var(--mark)"/>'
        for (a, b), name in zip(pairs, names, strict=True)
    )
    labels = "".join(
        f'<text x="{at}" y="{HEIGHT - BOTTOM + 18}" text-anchor="middle">{text(end)}</text>'
        for at, end in zip((left, right), ends, strict=True)
    )
    return _framed(f"{label} of {len(pairs)} subjects", _upwards(upwards) + lines + labels)


def bars(values: Sequence[float], names: Sequence[str], label: str, levels: Sequence[float] = ()) -> str:
    """A bar for each subject ("waterfall"), in the order given."""
    upwards = Axis.around(label, [0.0, *values, *levels], HEIGHT - BOTTOM, TOP)
    zero, width = upwards.place(0.0), (WIDTH - RIGHT - LEFT) / max(len(values), 1)
    drawn = "".join(
        f'<rect x="{LEFT + (place + 0.1) * width:.1f}" y="{min(zero, upwards.place(value)):.1f}" '
        f'width="{0.8 * width:.1f}" height="{abs(zero - upwards.place(value)):.1f}" fill="var(--mark)">'
        f"<title>{text(name)}: {number(value)}</title></rect>"
        for place, (value, name) in enumerate(zip(values, names, strict=True))
    )
    limits = "".join(
        f'<path d="M{LEFT} {upwards.place(level):.1f}H{WIDTH - RIGHT}" stroke="var(--limit)" stroke-dasharray="5 4"/>'
        for level in levels
    )
    base = f'<path d="M{LEFT} {zero:.1f}H{WIDTH - RIGHT}" stroke="var(--faint)"/>'
    return _framed(f"{label}, {len(values)} subjects", _upwards(upwards) + drawn + base + limits)


def boxes(groups: Sequence[tuple[str, Sequence[tuple[float, float]]]], ends: tuple[str, str], label: str) -> str:
    """For each group of subjects two boxes, of first and second values, with a faint line for each subject.

    A box spans the quartiles, its bar is the median, the whiskers reach to the smallest and the largest value.
    """
    values = [value for _, pairs in groups for pair in pairs for value in pair]
    upwards = Axis.around(label, [0.0, *values], HEIGHT - BOTTOM, TOP)
    width = (WIDTH - RIGHT - LEFT) / max(len(groups), 1)
    parts = [_upwards(upwards)]
    for place, (name, pairs) in enumerate(groups):
        left, right = (LEFT + (place + share) * width for share in (0.3, 0.7))
        for a, b in pairs:
            parts.append(
                f'<path d="M{left:.1f} {upwards.place(a):.1f}L{right:.1f} {upwards.place(b):.1f}" '
                f'stroke="var(--faint)" stroke-opacity="0.5" fill="none"/>'
            )
        for at, side in ((left, 0), (right, 1)):
            parts.append(_box([pair[side] for pair in pairs], at, min(0.16 * width, 26), upwards))
            parts.append(
                f'<text x="{at:.1f}" y="{HEIGHT - BOTTOM + 15}" text-anchor="middle">{text(ends[side])}</text>'
            )
        shown = f"{name} ({len(pairs)})"
        middle = (left + right) / 2
        parts.append(f'<text x="{middle:.1f}" y="{HEIGHT - BOTTOM + 32}" text-anchor="middle">{text(shown)}</text>')
    return _framed(f"{label} by group", "".join(parts))


def _box(values: Sequence[float], at: float, half: float, upwards: Axis) -> str:
    if not values:
        return ""
    places = [upwards.place(float(value)) for value in np.percentile(values, [0, 25, 50, 75, 100])]
    low, first, middle, third, high = places
    return (
        f'<path d="M{at:.1f} {low:.1f}V{first:.1f}M{at:.1f} {third:.1f}V{high:.1f}" stroke="var(--mark)" fill="none"/>'
        f'<rect x="{at - half:.1f}" y="{third:.1f}" width="{2 * half:.1f}" height="{first - third:.1f}" '
        f'fill="var(--mark)" fill-opacity="0.25" stroke="var(--mark)"/>'
        f'<path d="M{at - half:.1f} {middle:.1f}H{at + half:.1f}" stroke="var(--mark)" stroke-width="3"/>'
    )


def _framed(title: str, content: str) -> str:
    return (
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" role="img" aria-label="{text(title)}">'
        f"{content}</svg>"
    )
