"""The page of `vhi response`: change of VHI by subject, as lines and as a waterfall, and over all subjects."""

from __future__ import annotations

from VHIWorkflowLib import __version__
from VHIWorkflowLib.agreement.response import Response, SubjectChange, summarise

from .figures import figures_of
from .html import figure, number, page, paragraphs, table
from .svg import bars, slopes

SUBJECT_COLUMNS = (
    "subject",
    "baseline_mm3",
    "follow_up_mm3",
    "change_mm3",
    "change_percent",
    "log_ratio",
    "beyond_limit",
)
VERDICTS = {-1: "fell", 0: "within", 1: "rose"}


def subject_cells(subject: SubjectChange, limit_mm3: float | None) -> list[str]:
    """One row of ``subjects.tsv``; the last cell is empty when no limit is known."""
    percent = subject.change_percent
    return [
        subject.subject,
        *(f"{value:.6g}" for value in (subject.baseline_mm3, subject.follow_up_mm3, subject.change_mm3)),
        "" if percent is None else f"{percent:.6g}",
        f"{subject.log_ratio:.6g}",
        "" if limit_mm3 is None else VERDICTS[subject.exceeds(limit_mm3)],
    ]


def response_report(found: Response, limit_mm3: float | None) -> str:
    """The whole page; the limit is the smallest detectable change in mm3, or None."""
    names = [subject.subject for subject in found.subjects]
    pairs = [(subject.baseline_mm3, subject.follow_up_mm3) for subject in found.subjects]
    summary = summarise(found)
    sentences = [
        f"Made by VHIWorkflow {__version__}. For research only; not a medical device.",
        f"{len(names)} subjects with both {found.baseline} and {found.follow_up}.",
    ]
    if found.incomplete:
        sentences.append(f"Left out, one time point only ({len(found.incomplete)}): {', '.join(found.incomplete)}.")
    sentences.append(_limit_sentence(found, limit_mm3))
    rows = [[name, figures_of(estimate), str(estimate.n)] for name, estimate in summary.estimates]
    rows += [[f"{name}, {test.name} p", number(test.p), str(test.n)] for name, test in summary.tests]
    order = sorted(found.subjects, key=lambda subject: -subject.change_mm3)
    waterfall = bars(
        [subject.change_mm3 for subject in order],
        [subject.subject for subject in order],
        "change of VHI (mm3)",
        () if limit_mm3 is None else (-limit_mm3, limit_mm3),
    )
    return page(
        "Change of VHI",
        paragraphs(*sentences),
        figure(
            slopes(pairs, names, (found.baseline, found.follow_up), "VHI (mm3)"),
            f"VHI by subject, {len(names)} subjects",
        ),
        figure(waterfall, f"Change by subject, {len(names)} subjects; dashed: smallest detectable change"),
        table("Over all subjects, with 95 % intervals", ("statistic", "value", "subjects"), rows),
        table("Subjects", SUBJECT_COLUMNS, [subject_cells(subject, limit_mm3) for subject in found.subjects]),
        "<h2>Rules</h2>\n",
        paragraphs(
            "The change in percent has no value for a baseline of zero.",
            "On log scale a VHI of zero counts as half a voxel.",
            "A change beyond the smallest detectable one exceeds what two readings of an unchanged case differ by "
            "in 95 % of cases.",
        ),
    )


def _limit_sentence(found: Response, limit_mm3: float | None) -> str:
    if limit_mm3 is None:
        return "No smallest detectable change was given, so no subject is called changed."
    verdicts = [subject.exceeds(limit_mm3) for subject in found.subjects]
    return (
        f"Smallest detectable change: {number(limit_mm3)} mm3. VHI fell by more in {verdicts.count(-1)} subjects, "
        f"rose by more in {verdicts.count(1)}, and stayed within it in {verdicts.count(0)}."
    )
