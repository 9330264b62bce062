"""Options and progress of commands that run networks."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from VHIWorkflowLib.study.found_regions import Networks, Progress

BACKENDS = ("auto", "torch", "numpy")
DEVICES = ("auto", "cpu", "cuda", "mps")


def add_networks(parser: argparse.ArgumentParser) -> None:
    """Options that say what networks run on; shared by segment, measure and batch."""
    group = parser.add_argument_group("networks")
    group.add_argument(
        "--backend", choices=BACKENDS, default="auto", help="what runs them (default: torch where it is, else numpy)"
    )
    group.add_argument("--device", choices=DEVICES, default="auto", help="where (default: CUDA where it is, else cpu)")
    add_models(group)


def add_models(group: Any) -> None:
    """Option that names another folder of models."""
    group.add_argument(
        "--models", metavar="DIR", type=Path, help="folder of models (default: the bundled ones, or $VHI_MODELS)"
    )


def networks_from(arguments: argparse.Namespace) -> Networks:
    """What these options choose."""
    from VHIWorkflowLib.study.found_regions import Networks

    return Networks(arguments.models, arguments.backend, arguments.device)


@contextmanager
def slice_bar() -> Iterator[Progress]:
    """A bar on standard error, from the first slice on, where that is a terminal."""
    from tqdm import tqdm

    bars: list[Any] = []

    def show(done: int, total: int) -> None:
        if not bars:
            bars.append(tqdm(total=total, unit="slice", disable=None, dynamic_ncols=True, leave=False, file=sys.stderr))
        bars[0].update(done - bars[0].n)

    try:
        yield show
    finally:
        for bar in bars:
            bar.close()
