"""``vhi segment``: run a bundled network on a scan."""

from __future__ import annotations

import argparse
import json
import sys
from typing import TYPE_CHECKING, Any

from .arguments import path, scan
from .networks import add_networks, networks_from
from .progress import slice_bar

if TYPE_CHECKING:
    from VHIWorkflowLib.study.segment_scan import SegmentedScan

DESCRIPTION = """\
Find the disease region (all imaged bone) on T1w, or what another bundled network finds ('vhi models' lists them).

The result lies on the grid of the scan: a label map, or a segmentation for 3D Slicer where the name ends in .seg.nrrd.
Look at it before you use it. Warnings about the scan or the result go to standard error.

Example:
  vhi segment --t1 t1w.nii.gz --out disease_region.nii.gz
"""


def add_to(commands: Any) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "segment",
        help="find the disease region on T1w",
        description=DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument(
        "--t1", required=True, type=scan, metavar="SCAN", help="T1-weighted scan: file, DICOM folder, or folder#series"
    )
    parser.add_argument(
        "--out", required=True, metavar="FILE", type=path, help="to write: .nii.gz, .nrrd, .mha or .seg.nrrd"
    )
    parser.add_argument("--model", default="disease_region", metavar="NAME", help="which network (disease_region)")
    parser.add_argument(
        "--probabilities", metavar="FILE", type=path, help="also write probabilities; of several labels, one file each"
    )
    parser.add_argument("--json", action="store_true", help="print what was found and how as JSON, for scripts")
    add_networks(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Run the network and write what it finds."""
    from VHIWorkflowLib.files.scans import Scan
    from VHIWorkflowLib.study.segment_scan import segment_scan

    from .measure import one_line

    with slice_bar() as progress:
        found = segment_scan(
            Scan.parse(arguments.t1),
            arguments.out,
            arguments.model,
            networks_from(arguments),
            probabilities=arguments.probabilities,
            progress=progress,
        )
    if arguments.json:
        print(json.dumps(_document(found), ensure_ascii=False, indent=1))
        return 0
    print(_in_words(found))
    for warning in found.model.notes + found.warnings:
        print(f"warning: {one_line(warning)}", file=sys.stderr)
    return 0


def _in_words(found: SegmentedScan) -> str:
    lines = [f"{label.name}  {label.volume_ml:,.1f} ml, {label.voxels:,} voxels" for label in found.labels]
    model = found.model
    lines.append(f"\nmodel   {model}, sha256 {model.sha256}")
    lines.append(f"run by  {model.backend} on {model.device}, {model.precision}")
    lines += [f"file    {path}" for path in found.files]
    return "\n".join(lines)


def _document(found: SegmentedScan) -> dict[str, Any]:
    from dataclasses import asdict

    return {
        "model": asdict(found.model),
        "labels": [asdict(label) for label in found.labels],
        "files": [str(path) for path in found.files],
        "warnings": list(found.warnings),
    }
