"""Progress bars on standard error, where tqdm is installed and that is a terminal; 3D Slicer's Python has no tqdm."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from VHIWorkflowLib.study.found_regions import Progress


class Bar(Protocol):
    """What a command tells of its progress."""

    def update(self, n: int = 1) -> object:
        """So many more are done."""

    def write(self, line: str) -> object:
        """Print a line on standard error, above the bar."""


class _TqdmBar:
    """A bar of tqdm."""

    def __init__(self, total: int, unit: str) -> None:
        from tqdm import tqdm

        tqdm.monitor_interval = 0  # a thread of its own would make forking unsafe
        self._bar: Any = tqdm(total=total, unit=unit, disable=None, dynamic_ncols=True, file=sys.stderr)

    def update(self, n: int = 1) -> None:
        """See `Bar`."""
        self._bar.update(n)

    def write(self, line: str) -> None:
        """See `Bar`."""
        self._bar.write(line, file=sys.stderr)

    def close(self) -> None:
        self._bar.close()


class _NoBar:
    """Lines only."""

    def update(self, n: int = 1) -> None:
        """See `Bar`."""

    def write(self, line: str) -> None:
        """See `Bar`."""
        print(line, file=sys.stderr)

    def close(self) -> None:
        pass


@contextmanager
def progress_bar(total: int, unit: str) -> Iterator[Bar]:
    """Show a bar over so many things."""
    bar = _open(total, unit)
    try:
        yield bar
    finally:
        bar.close()


@contextmanager
def slice_bar() -> Iterator[Progress]:
    """Show a bar over the slices that a network has done, from the first one on."""
    with counted_bar("slice") as show:
        yield show


@contextmanager
def counted_bar(unit: str) -> Iterator[Progress]:
    """Show a bar from the first thing done on; how many there are is told then."""
    bars: list[_TqdmBar | _NoBar] = []
    done_before = 0

    def show(done: int, total: int) -> None:
        nonlocal done_before
        if not bars:
            bars.append(_open(total, unit))
        bars[0].update(done - done_before)
        done_before = done

    try:
        yield show
    finally:
        for bar in bars:
            bar.close()


def _open(total: int, unit: str) -> _TqdmBar | _NoBar:
    try:
        return _TqdmBar(total, unit)
    except ImportError:
        return _NoBar()
