"""Options of commands that run networks."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from .arguments import path

if TYPE_CHECKING:
    from VHIWorkflowLib.study.found_regions import Networks

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
        "--models", metavar="DIR", type=path, help="folder of models (default: the bundled ones, or $VHI_MODELS)"
    )


def networks_from(arguments: argparse.Namespace) -> Networks:
    """What these options choose."""
    from VHIWorkflowLib.study.found_regions import Networks

    return Networks(arguments.models, arguments.backend, arguments.device)
