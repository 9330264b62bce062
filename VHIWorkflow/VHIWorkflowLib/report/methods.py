"""The methods paragraph of a report: what was measured, with which software and models."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from importlib import metadata

from VHIWorkflowLib import __version__
from VHIWorkflowLib.agreement.sources import Source
from VHIWorkflowLib.agreement.vhi_rows import VhiRow, measured_rows
from VHIWorkflowLib.files.results_rows import ResultsRow

from .figures import counted

LIBRARIES = ("numpy", "scipy", "SimpleITK")
DISCLAIMER = "For research only; not a medical device."


def made_by() -> str:
    """What made this report."""
    libraries = ", ".join(f"{name} {version}" for name in LIBRARIES if (version := _version(name)))
    return f"Made by VHIWorkflow {__version__} ({libraries}). {DISCLAIMER}"


def methods_of(rows: Sequence[VhiRow]) -> list[str]:
    """Sentences on how these rows were measured.

    Parameters
    ----------
    rows
        Of a results table or a table from elsewhere; none for masks from elsewhere.
    """
    measured = measured_rows(rows)
    sentences = _methods_of_measured(measured) if measured else []
    if foreign := len(rows) - len(measured):
        sentences.append(
            f"VHI of {counted(foreign, 'reading')} was taken from a table as it is; how it was measured is not known."
        )
    return sentences


def _methods_of_measured(rows: Sequence[ResultsRow]) -> list[str]:
    cases = len({row.case_id for row in rows})
    readers = sorted({row.reader for row in rows})
    sentences = [
        f"{counted(len(rows), 'reading')} of {counted(cases, 'subject')} by {counted(len(readers), 'reader')} "
        f"({', '.join(readers)}). VHI, the volume "
        "of hyperintense inflammation, is the volume of STIR voxels of the disease region, normal bone taken out, at "
        "or above the sensitive threshold, groups of fewer than the smallest number of pixels within a slice dropped, "
        "after the reader removed islands that are not inflammation (Hepburn et al. PLoS ONE 2023; 18: e0284508). The "
        "conservative threshold is the maximum of the reader's normal bone, the sensitive one Q3 + n IQR of it.",
        f"Measured with {_counted(f'VHIWorkflow {row.software_version}' for row in rows)}.",
    ]
    models = sorted({pair for row in rows for pair in _models(row)})
    if models:
        listed = "; ".join(f"{name} (SHA-256 {sha256})" for name, sha256 in models)
        without = sum(row.model is None for row in rows)
        sentences.append(f"Models: {listed}. {counted(without, 'reading')} used none.")
    else:
        sentences.append("No model was used: all regions were given.")
    return sentences


def methods_of_sources(sources: Sequence[Source]) -> list[str]:
    """The same for readings that are compared, with a sentence on each that is masks from elsewhere."""
    masks = [
        f"{source.name}: {len(source.cases)} masks from a folder, taken as they are; what made them is not recorded."
        for source in sources
        if not source.rows
    ]
    return [*methods_of([row for source in sources for row in source.rows]), *masks]


def _models(row: ResultsRow) -> list[tuple[str, str]]:
    if row.model is None or row.model_sha256 is None:
        return []
    return list(zip(row.model.split(";"), row.model_sha256.split(";"), strict=False))


def _counted(names: Iterable[str]) -> str:
    return ", ".join(f"{name} ({counted(count, 'reading')})" for name, count in sorted(Counter(names).items()))


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None
