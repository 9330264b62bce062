"""Plots of subjects and groups as SVG: lines from time to time, bars in order, boxes by group, and a histogram."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from .html import number, text
from .svg_axes import Axis, Frame, horizontal, shortened, vertical

GROUP_WIDTH = 120
MANY = 100
BINS = 20

Pair = tuple[float, float]
"""VHI of a subject at two time points."""


def slopes(
    pairs: Sequence[Pair], names: Sequence[str], ends: tuple[str, str], label: str, *, logarithmic: bool = False
) -> str:
    """A line for each subject from its first value to its second ("spaghetti")."""
    frame = Frame()
    upwards = _upwards(label, [value for pair in pairs for value in pair], frame, logarithmic)
    left, right = frame.across[0] + 70, frame.across[1] - 70
    lines = "".join(
        f'<path d="M{left} {upwards.place(a):.1f}L{right} {upwards.place(b):.1f}"><title>{text(name)}: '
        f"{number(a)} to {number(b)}</title></path>"
        for (a, b), name in zip(pairs, names, strict=True)
    )
    labels = "".join(
        f'<text x="{at}" y="{frame.height - frame.bottom + 18}" text-anchor="middle">{text(shortened(end, 200))}</text>'
        for at, end in zip((left, right), ends, strict=True)
    )
    kind = "faint lines" if len(pairs) > MANY else "lines"
    content = f'{vertical(upwards, frame)}<g class="{kind}">{lines}</g>{labels}'
    return frame.drawn(f"{label} of {len(pairs)} subjects at {ends[0]} and {ends[1]}", content)


def bars(values: Sequence[float], names: Sequence[str], label: str, levels: Sequence[float] = ()) -> str:
    """A bar for each subject ("waterfall"), in the order given."""
    frame = Frame(bottom=30)
    upwards = Axis.around(label, [0.0, *values, *levels], frame.upwards)
    (left, right), zero = frame.across, upwards.place(0.0)
    width = (right - left) / max(len(values), 1)
    drawn = "".join(
        f'<rect x="{left + (place + 0.1) * width:.2f}" y="{min(zero, upwards.place(value)):.1f}" '
        f'width="{0.8 * width:.2f}" height="{abs(zero - upwards.place(value)):.1f}">'
        f"<title>{text(name)}: {number(value)}</title></rect>"
        for place, (value, name) in enumerate(zip(values, names, strict=True))
    )
    limits = "".join(f'<path d="M{left} {upwards.place(level):.1f}H{right}" class="limit"/>' for level in levels)
    base = f'<path d="M{left} {zero:.1f}H{right}" class="axis"/>'
    below = f'<text x="{(left + right) / 2:.0f}" y="{frame.height - 8}" text-anchor="middle">subjects, by change</text>'
    content = f'{vertical(upwards, frame)}<g class="bars">{drawn}</g>{base}{limits}{below}'
    return frame.drawn(f"{label}, {len(values)} subjects", content)


def boxes(
    groups: Sequence[tuple[str, Sequence[Pair]]], ends: tuple[str, str], label: str, *, logarithmic: bool = False
) -> str:
    """For each group of subjects two boxes, of first and second values, with a faint line for each subject.

    A box spans the quartiles, its bar is the median, the whiskers reach to the smallest and the largest value.
    """
    frame = Frame(width=max(Frame.width, Frame.left + Frame.right + GROUP_WIDTH * len(groups)))
    values = [value for _, pairs in groups for pair in pairs for value in pair]
    upwards = _upwards(label, values, frame, logarithmic)
    left, right = frame.across
    width = (right - left) / max(len(groups), 1)
    parts = [vertical(upwards, frame)]
    for place, (name, pairs) in enumerate(groups):
        first, second = (left + (place + share) * width for share in (0.28, 0.72))
        lines = "".join(
            f'<path d="M{first:.1f} {upwards.place(a):.1f}L{second:.1f} {upwards.place(b):.1f}"/>' for a, b in pairs
        )
        parts.append(f'<g class="{"faint " if len(pairs) > MANY else ""}subjects">{lines}</g>')
        for at, side in ((first, 0), (second, 1)):
            parts.append(_box([pair[side] for pair in pairs], at, min(0.14 * width, 26), upwards))
            end = text(shortened(ends[side], 0.44 * width))
            parts.append(f'<text x="{at:.1f}" y="{frame.height - frame.bottom + 16}" text-anchor="middle">{end}</text>')
        count = f" ({len(pairs)})"
        shown = text(shortened(name, 0.95 * width - 7 * len(count)) + count)
        middle = (first + second) / 2
        parts.append(f'<text x="{middle:.1f}" y="{frame.height - 10}" text-anchor="middle">{shown}</text>')
    return frame.drawn(f"{label} by group at {ends[0]} and {ends[1]}", "".join(parts))


def histogram(values: Sequence[float], label: str, what: str = "cases") -> str:
    """How many of some shares, 0 to 1, lie in each twentieth."""
    frame = Frame()
    counts = np.histogram(values, BINS, (0.0, 1.0))[0].tolist()
    across = Axis(label, 0.0, 1.0, *frame.across)
    upwards = Axis(what, 0.0, max(counts) * 1.05, *frame.upwards)
    drawn = "".join(
        f'<rect x="{across.place(n / BINS) + 1:.1f}" y="{upwards.place(count):.1f}" '
        f'width="{(across.end - across.start) / BINS - 2:.1f}" height="{upwards.start - upwards.place(count):.1f}">'
        f"<title>{n / BINS:.2f} to {(n + 1) / BINS:.2f}: {count}</title></rect>"
        for n, count in enumerate(counts)
        if count
    )
    content = f'{horizontal(across, frame)}{vertical(upwards, frame, whole=True)}<g class="bars">{drawn}</g>'
    return frame.drawn(f"{label} of {len(values)} {what}", content)


def _upwards(label: str, values: Sequence[float], frame: Frame, logarithmic: bool) -> Axis:
    """The vertical axis: from zero, or a logarithmic one."""
    if logarithmic:
        return Axis.of_decades(label, values, frame.upwards)
    return Axis.around(label, [0.0, *values], frame.upwards)


def _box(values: Sequence[float], at: float, half: float, upwards: Axis) -> str:
    if not values:
        return ""
    low, first, middle, third, high = (
        upwards.place(float(each)) for each in np.percentile(values, [0, 25, 50, 75, 100])
    )
    return (
        f'<path d="M{at:.1f} {low:.1f}V{first:.1f}M{at:.1f} {third:.1f}V{high:.1f}" class="whisker"/>'
        f'<rect x="{at - half:.1f}" y="{third:.1f}" width="{2 * half:.1f}" height="{first - third:.1f}" class="box"/>'
        f'<path d="M{at - half:.1f} {middle:.1f}H{at + half:.1f}" class="median"/>'
    )
