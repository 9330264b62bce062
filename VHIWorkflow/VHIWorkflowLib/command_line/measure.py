"""``vhi measure``: one case."""

from __future__ import annotations

import argparse
import json
import sys
from typing import TYPE_CHECKING, Any

from .arguments import path, scan
from .networks import add_networks, networks_from
from .progress import slice_bar

if TYPE_CHECKING:
    from VHIWorkflowLib.core.measurement import Settings
    from VHIWorkflowLib.study.measure_case import Outcome

DESCRIPTION = """\
Measure VHI of one case from its scans and masks.

Scans and masks may be NIfTI, NRRD or MHA files; a scan may also be a folder of DICOM files, with several series in it
as FOLDER#SERIES (series description or UID). The results go to OUT/CASE/TIME_POINT/READER and into OUT/results.tsv.

A region that is not given is found: the disease region by a network on T1w, the normal bone by a proposal on STIR. The
record and the row then name the model; look at what was found.

Cleaning: with --keep the islands that touch the given mask are kept and all others removed; with --steps the cleaning
recorded in an earlier case.json is repeated; with neither, nothing is removed and the record says so.

Example:
  vhi measure --stir stir.nii.gz --t1 t1w.nii.gz --normal-bone normal.nii.gz --disease-region bone.nii.gz \\
              --keep inflammation.nii.gz --case 001 --time-point baseline --reader AB --out results --figure
"""


def add_to(commands: Any) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "measure",
        help="measure one case",
        description=DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    scans = parser.add_argument_group("scans")
    scans.add_argument(
        "--stir", required=True, type=scan, metavar="SCAN", help="STIR scan: file, DICOM folder, or folder#series"
    )
    scans.add_argument(
        "--t1", required=True, type=scan, metavar="SCAN", help="T1-weighted scan of the same examination"
    )
    masks = parser.add_argument_group("masks")
    masks.add_argument(
        "--normal-bone",
        metavar="FILE",
        action="append",
        default=[],
        type=path,
        help="normal marrow of the sacrum: label file on the STIR scan, or Slicer markup (.mrk.json) with closed "
        "curves or ROIs; give it again for further pieces (default: it is proposed)",
    )
    masks.add_argument(
        "--disease-region",
        metavar="FILE",
        type=path,
        help="all imaged bone: label file on the STIR or the T1w scan (default: the bundled network finds it)",
    )
    cleaning = parser.add_argument_group("cleaning").add_mutually_exclusive_group()
    cleaning.add_argument("--keep", metavar="MASK", type=path, help="keep the islands that touch this mask")
    cleaning.add_argument("--steps", metavar="case.json", type=path, help="repeat these recorded cleaning steps")
    names = parser.add_argument_group("names")
    names.add_argument("--case", required=True, metavar="ID", help="name of the subject")
    names.add_argument("--time-point", required=True, metavar="TP", help="which examination, such as baseline")
    names.add_argument("--reader", required=True, metavar="R", help="who reads")
    output = parser.add_argument_group("output")
    add_output(output)
    output.add_argument(
        "--figure",
        metavar="PNG",
        nargs="?",
        const=True,
        default=False,
        type=path,
        help="also draw an overview of all slices: overview.png beside the record, or this file",
    )
    add_settings(parser)
    add_networks(parser)
    parser.set_defaults(run=run)


def add_output(group: Any) -> None:
    """Options that say where results go; shared with batch."""
    group.add_argument("--out", required=True, metavar="DIR", type=path, help="folder of all results; made if missing")
    group.add_argument("--json", action="store_true", help="print the result as JSON, for scripts")


def add_settings(parser: argparse.ArgumentParser) -> None:
    """Options that change the computation; shared with batch."""
    group = parser.add_argument_group("computation")
    group.add_argument(
        "--tolerance",
        metavar="X",
        type=float,
        default=1e-6,
        help="intensities that differ by at most X times the conservative threshold are equal (default 1e-6; "
        "0 is the published study's own arithmetic)",
    )
    size = group.add_mutually_exclusive_group()
    size.add_argument("--min-pixels", metavar="N", type=int, help="drop groups of fewer pixels in a slice (default 4)")
    size.add_argument(
        "--min-area", metavar="MM2", type=float, help="the same as an area in mm2 (4 px of the study: 1.39)"
    )


def settings_from(arguments: argparse.Namespace) -> Settings:
    """Settings from these options; VHIError when they make no sense."""
    from VHIWorkflowLib.core.masks import MINIMUM_GROUP_PIXELS
    from VHIWorkflowLib.core.measurement import Settings
    from VHIWorkflowLib.core.thresholds import check_tolerance

    pixels = MINIMUM_GROUP_PIXELS if arguments.min_pixels is None else arguments.min_pixels
    return Settings(check_tolerance(arguments.tolerance), pixels, arguments.min_area)


def run(arguments: argparse.Namespace) -> int:
    """Measure one case."""
    from VHIWorkflowLib.files.scans import Scan
    from VHIWorkflowLib.study.case_inputs import CaseFiles
    from VHIWorkflowLib.study.case_record import CaseKey
    from VHIWorkflowLib.study.measure_case import Request, measure_case

    request = Request(
        key=CaseKey(arguments.case, arguments.time_point, arguments.reader),
        files=CaseFiles(
            stir=Scan.parse(arguments.stir),
            t1w=Scan.parse(arguments.t1),
            normal_bone=tuple(arguments.normal_bone),
            disease_region=arguments.disease_region,
            keep=arguments.keep,
        ),
        out=arguments.out,
        settings=settings_from(arguments),
        steps=arguments.steps,
        figure=arguments.figure,
        networks=networks_from(arguments),
    )
    with slice_bar() as progress:
        outcome = measure_case(request, progress=progress)
    print(as_json(outcome) if arguments.json else in_words(outcome))
    if not arguments.json:
        for warning in outcome.record.warnings:
            print(f"warning: {one_line(warning)}", file=sys.stderr)
    return 0


def one_line(message: str) -> str:
    """A message on one line, without characters that would drive a terminal (from a file name, say)."""
    spaced = " ".join(message.split())
    return "".join(part if part.isprintable() else part.encode("unicode_escape").decode() for part in spaced)


def as_json(outcome: Outcome) -> str:
    """The row, warnings and places, for scripts."""
    return json.dumps(outcome_document(outcome), ensure_ascii=False, indent=1)


def outcome_document(outcome: Outcome) -> dict[str, Any]:
    """The row, warnings and places."""
    from dataclasses import asdict

    return asdict(outcome.record.row()) | {
        "warnings": list(outcome.record.warnings),
        "folder": str(outcome.folder),
        "figure": None if outcome.figure is None else str(outcome.figure),
    }


def in_words(outcome: Outcome) -> str:
    """The row, one column a line, and where the files lie."""
    from VHIWorkflowLib.files.results import COLUMNS, format_row

    row = format_row(outcome.record.row())
    width = max(map(len, COLUMNS))
    lines = [f"{name:<{width}}  {cell}" for name, cell in zip(COLUMNS, row, strict=True)]
    lines.append(f"\nrecords  {outcome.folder}")
    if outcome.figure is not None:
        lines.append(f"picture  {outcome.figure}")
    return "\n".join(lines)
