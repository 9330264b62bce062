"""Agreement on the study's data: its two readers, and the simulated reader of this software against each of them.

Only the voxel counts of the readers' cleaned masks are published (expected.tsv), so volumes are compared, not masks.
The simulated reader cleans with this software and keeps the islands that touch a voxel marked in at least two of the
four manual trials. Which normal bone the published readers had is not known; the simulated one has that of the data,
and the tolerance of this software, which the study did not have. So part of a difference may not be cleaning.

Prints one table, and with --out writes the same tables and report as `vhi agree`.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from itertools import combinations
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from RealCases import RealCase, real_cases
from VHIWorkflowLib.agreement.comparison import Comparison, compare
from VHIWorkflowLib.agreement.sources import ReadCase, Source
from VHIWorkflowLib.agreement.summary import Statistic, summary
from VHIWorkflowLib.agreement.tables import write_agreement
from VHIWorkflowLib.core.cleaning import CleaningSession
from VHIWorkflowLib.core.measurement import measure
from VHIWorkflowLib.core.targets import Touching
from VHIWorkflowLib.files.safe_files import write_atomically
from VHIWorkflowLib.report.agreement_report import agreement_report

READERS = ("reader 1", "reader 2")
SIMULATED = "simulated"
SHOWN = (
    "bias",
    "lower limit of agreement",
    "upper limit of agreement",
    "proportional bias (slope)",
    "smallest detectable change",
    "ICC(1,1)",
    "ICC(2,1)",
    "ICC(3,1)",
    "Lin's concordance",
    "Pearson's r",
    "Spearman's rho",
    "Passing-Bablok slope",
    "Wilcoxon signed-rank p",
)
METHODS = (
    "Readers 1 and 2 are the two radiologists of the study (Hepburn et al., PLoS ONE 2023, 18(4): e0284508), whose "
    "cleaned sensitive masks are known by their voxel counts alone.",
    "The simulated reader keeps the islands that touch a voxel marked in at least two of the study's four manual "
    "trials.",
)


def sources() -> list[Source]:
    """Volumes of the published readers and of the simulated one, for the cases that readers drew inflammation on."""
    cases = [case for case in real_cases() if case.has_manual_masks]
    volumes = {
        reader: [int(case.expected[f"published_vhi_reader{number}"]) for case in cases]
        for number, reader in enumerate(READERS, start=1)
    }
    volumes[SIMULATED] = [simulated_voxels(case) for case in cases]
    return [
        Source(reader, tuple(_read_case(case, voxels) for case, voxels in zip(cases, counts, strict=True)))
        for reader, counts in volumes.items()
    ]


def simulated_voxels(case: RealCase) -> int:
    """VHI of the simulated reader in voxels."""
    session = CleaningSession.of(measure(case.stir(), case.normal_bone(), case.disease_region()), start="keep")
    session.keep(Touching.mask(case.majority()))
    return session.vhi.sensitive_voxels


def comparisons() -> list[Comparison]:
    """Each pair of readers compared."""
    return [compare(a, b) for a, b in combinations(sources(), 2)]


def figures(found: Comparison) -> dict[str, Statistic]:
    """What is printed of a pair of readers, by name, in the order of the table."""
    return {each.name: each for each in summary(found) if each.name.split(", ", 1)[-1] in SHOWN}


def _read_case(case: RealCase, voxels: int) -> ReadCase:
    voxel = float(case.expected["voxel_mm3"])
    return ReadCase(case.case_id, "", voxels * voxel, voxel, None)


def _print(found: Comparison) -> None:
    print(f"\n{found.b} against {found.a}: {len(found.cases)} cases")
    for case in found.cases:
        print(f"  {case.name}  {case.volume_a_mm3:12,.0f} mm3  {case.volume_b_mm3:12,.0f} mm3")
    for name, each in figures(found).items():
        print(f"  {name:<40} {_with_limits(each)}")


def _with_limits(statistic: Statistic) -> str:
    estimate = statistic.estimate
    if estimate is None:
        return f"none: {statistic.problem}"
    limits = "" if estimate.low is None else f"  ({estimate.low:.4g} to {estimate.high:.4g})"
    return f"{estimate.value:.4g}{limits}"


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table, and write the report where one is asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, metavar="DIR", help="folder for tables and report.html")
    out = parser.parse_args(arguments).out
    if not list(real_cases()):
        print("THE REAL CASES ARE ABSENT: there is nothing to compare")
        return 1
    found = comparisons()
    for each in found:
        _print(each)
    if out is not None:
        write_agreement(out, found, [()] * len(found))
        write_atomically(out / "report.html", agreement_report(found, methods=METHODS).encode())
        print(f"\nreport  {out / 'report.html'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
