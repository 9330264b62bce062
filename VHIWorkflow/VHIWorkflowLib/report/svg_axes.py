"""Axes of a plot as SVG, in the colours of the page: where values lie, round ticks, and labels that keep apart."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from .html import number, text

LETTER = 6.6
"""Width of a letter of the plots' font, about."""
LINE = 14
"""Height of a line of it."""
LEAST_FACTOR = 3.0
"""Between the ends of a logarithmic axis; its ticks lie at most a factor of 2.5 apart."""


@dataclass(frozen=True)
class Frame:
    """Size of a plot on the page, and the space around what is plotted, in pixels."""

    width: int = 520
    height: int = 340
    left: int = 84
    right: int = 14
    top: int = 18
    bottom: int = 46

    @property
    def across(self) -> tuple[float, float]:
        """Where the horizontal axis starts and ends."""
        return self.left, self.width - self.right

    @property
    def upwards(self) -> tuple[float, float]:
        """Where the vertical axis starts, below, and ends."""
        return self.height - self.bottom, self.top

    def drawn(self, title: str, content: str) -> str:
        """The plot as an element of the page; the title is for those who hear it."""
        return (
            f'<svg viewBox="0 0 {self.width} {self.height}" width="{self.width}" height="{self.height}" role="img" '
            f'aria-label="{text(title)}">{content}</svg>'
        )


@dataclass(frozen=True)
class Axis:
    """Label and range of an axis, and where on the page its ends lie; a logarithmic one has values above zero."""

    label: str
    low: float
    high: float
    start: float
    end: float
    logarithmic: bool = False

    @classmethod
    def around(cls, label: str, values: Sequence[float], ends: tuple[float, float]) -> Axis:
        """An axis that holds all values, with some space on either side."""
        low, high = (min(values), max(values)) if values else (0.0, 1.0)
        space = 0.06 * (high - low) or max(abs(high), 1.0) * 0.1
        return cls(label, low - space, high + space, *ends)

    @classmethod
    def of_decades(cls, label: str, values: Sequence[float], ends: tuple[float, float]) -> Axis:
        """A logarithmic axis that holds all values, each above zero, with some space on either side.

        It spans a factor of three at least: a small change looks small on it, and a tick lies on it.

        Examples
        --------
        >>> Axis.of_decades("VHI", [11950.0, 11160.0], (0.0, 1.0)).ticks()
        [10000.0, 20000.0]
        """
        low, high = (min(values), max(values)) if values else (1.0, 10.0)
        wider = max(math.sqrt(LEAST_FACTOR * low / high), 1.0)
        low, high = low / wider, high * wider
        space = (high / low) ** 0.06
        return cls(label, low / space, high * space, *ends, logarithmic=True)

    def place(self, value: float) -> float:
        """Where a value lies on the page."""
        low, high, here = (
            (math.log(each) for each in (self.low, self.high, value))
            if self.logarithmic
            else (self.low, self.high, value)
        )
        return self.start + (here - low) / (high - low) * (self.end - self.start)

    def ticks(self, most: int = 6, *, whole: bool = False) -> list[float]:
        """Round values along the axis, whole numbers only where these are counted.

        Examples
        --------
        >>> Axis("x", 0.0, 10.0, 0.0, 1.0).ticks()
        [0.0, 2.0, 4.0, 6.0, 8.0, 10.0]
        """
        if self.logarithmic:
            return self._decades()
        rough = (self.high - self.low) / most
        power = 10.0 ** math.floor(math.log10(rough))
        step = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= rough)
        step = max(step, 1.0) if whole else step
        first = math.ceil(self.low / step - 1e-9)
        last = math.floor(self.high / step + 1e-9)
        return [number * step for number in range(first, last + 1)]

    def _decades(self) -> list[float]:
        """Powers of ten along a logarithmic axis, with 2 and 5 times them where there are few."""
        first, last = math.floor(math.log10(self.low)), math.ceil(math.log10(self.high))
        factors = (1,) if last - first > 3 else (1, 2, 5)
        marks = [factor * 10.0**power for power in range(first, last + 1) for factor in factors]
        return [mark for mark in marks if self.low <= mark <= self.high]


def horizontal(axis: Axis, frame: Frame) -> str:
    """The axis below a plot, with ticks and label."""
    bottom = frame.height - frame.bottom
    middle = (axis.start + axis.end) / 2
    parts = [
        f'<path d="M{axis.start} {bottom}H{axis.end}" class="axis"/>',
        f'<text x="{middle:.0f}" y="{frame.height - 8}" text-anchor="middle">{text(axis.label)}</text>',
    ]
    for value in axis.ticks():
        at = axis.place(value)
        parts.append(f'<path d="M{at:.1f} {bottom}v4" class="axis"/>')
        parts.append(f'<text x="{at:.1f}" y="{bottom + 17}" text-anchor="middle">{number(value)}</text>')
    return "".join(parts)


def vertical(axis: Axis, frame: Frame, *, whole: bool = False) -> str:
    """The axis on the left of a plot, with ticks and label; ticks at whole numbers only where these are counted."""
    middle = (axis.start + axis.end) / 2
    parts = [
        f'<path d="M{frame.left} {axis.end}V{axis.start}" class="axis"/>',
        f'<text transform="translate(14 {middle:.0f}) rotate(-90)" text-anchor="middle">{text(axis.label)}</text>',
    ]
    for value in axis.ticks(whole=whole):
        at = axis.place(value)
        parts.append(f'<path d="M{frame.left} {at:.1f}h-4" class="axis"/>')
        parts.append(f'<text x="{frame.left - 7}" y="{at + 4:.1f}" text-anchor="end">{number(value)}</text>')
    return "".join(parts)


def spread(places: Sequence[float], gap: float, low: float, high: float) -> list[float]:
    """Places moved apart to lie at least a gap from each other, within bounds as far as there is room; order is kept.

    Examples
    --------
    >>> spread([10.0, 50.0, 12.0], 14, 0, 100)
    [10.0, 50.0, 24.0]
    >>> spread([95.0, 96.0], 14, 0, 100)
    [86, 100]
    """
    order = sorted(range(len(places)), key=lambda n: places[n])
    moved = list(places)
    for before, n in zip([None, *order], order, strict=False):
        moved[n] = max(moved[n], low if before is None else moved[before] + gap)
    for after, n in zip([None, *reversed(order)], reversed(order), strict=False):
        moved[n] = min(moved[n], high if after is None else moved[after] - gap)
    return moved


def shortened(words: str, width: float) -> str:
    """Words cut to fit a width on the page.

    Examples
    --------
    >>> shortened("non-responders", 60), shortened("yes", 60)
    ('non-resp…', 'yes')
    """
    letters = max(int(width / LETTER), 2)
    return words if len(words) <= letters else f"{words[: letters - 1]}…"
