"""Find the cases in a folder tree: STIR and T1w scans that belong together, and the masks beside them.

Scans are known by their names: `stir` or `tirm`, and `t1`, as words of a file name (`stir.nii.gz`,
`sub-01_ses-pre_T1w.nii.gz`, `1007_t1_tse.nrrd`) or of a DICOM series description. A case is a folder, its time point a
folder in it: `<case>/stir.nii.gz` or `<case>/<time point>/stir.nii.gz`. In a folder with several scans of a kind, files
belong together whose names begin alike (`1007_stir.nii.gz`, `1007_t1w.nii.gz`). DICOM series belong together by study,
wherever they lie; case and time point are patient ID and study date, or the folders where these tell nothing.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from VHIWorkflowLib.core.sentences import listed, sentences_of

from .case_folders import valid_name
from .errors import InputError
from .scans import Scan
from .time_points import place_in_time
from .worklist_cases import BASELINE, PIECES, WorklistCase

if TYPE_CHECKING:
    from .dicom_series import SeriesInfo

_ = sentences_of(__name__)

IMAGE_ENDINGS = (".seg.nrrd", ".nii.gz", ".nii", ".nrrd", ".nhdr", ".mha", ".mhd")
ENDINGS = (*IMAGE_ENDINGS, ".mrk.json")

RECORD_NAME = "case.json"
"""A folder with this file holds results, not scans."""

LAYOUT_FOLDERS = frozenset(("anat", "nifti", "nii", "mri", "mr", "images", "scans", "dicom"))
"""Folders that only sort files and name neither case nor time point."""

ROLES = {
    "normal_bone": re.compile(r"normal[ _-]?bone"),
    "disease_region": re.compile(r"disease[ _-]?region"),
    "keep": re.compile(r"(?<![a-z])keep(?![a-z])|inflammation"),
    "mask": re.compile(r"(?<![a-z])(mask|seg|segmentation|label|labels|labelmap|roi)(?![a-z])"),
    "stir": re.compile(r"(?<![a-z])(stir|tirm)(?![a-z])"),
    "t1w": re.compile(r"(?<![a-z0-9])t1w?(?![0-9])(?![ _-]?(map|rho))"),
}
"""What a name says of a file; the first that matches counts, so that `stir_mask` is not a STIR."""

SCANS = {"stir": "STIR", "t1w": "T1w"}
MASKS = ("normal_bone", "disease_region", "keep")


@dataclass
class _Group:
    """Files or series that may be one case: where they are, how the case is called, when it was, and what they are."""

    place: str
    case_id: str
    time_point: str
    study_date: str = ""
    sources: dict[str, list[Scan]] = field(default_factory=dict)

    def add(self, role: str | None, source: Scan) -> None:
        if role is not None:
            self.sources.setdefault(role, []).append(source)

    def paths(self, role: str) -> tuple[Path, ...]:
        return tuple(source.path for source in self.sources.get(role, []))

    def listed(self, role: str) -> str:
        return ", ".join(source.series or source.path.name for source in self.sources.get(role, []))


def scan_folder(folder: str | os.PathLike[str]) -> tuple[list[WorklistCase], list[str]]:
    """Find the cases in a folder tree.

    Hidden files and folders, folders of results, and symbolic links to folders are passed over. A case has a mask of
    what to keep, or a disease region, only where there is exactly one.

    Parameters
    ----------
    folder
        Folder of NIfTI, NRRD, MetaImage or DICOM files, at any depth.

    Returns
    -------
    cases
        Cases with one STIR and one T1w, in the order of their folders; those of one subject in the order of their study
        dates where these tell them apart, else of their time points (`place_in_time`).
    problems
        One sentence for each folder that holds images but no such pair, or several, or whose name cannot be used; and
        for a case with several disease regions, of which none is listed.

    Raises
    ------
    InputError
        If there is no such folder.
    """
    root = Path(folder)
    if not root.is_dir():
        raise InputError(root, _("is not a folder; give the folder that holds the cases"))
    problems: list[str] = []
    places: dict[tuple[str, ...], str] = {}
    found: list[tuple[WorklistCase, str]] = []
    for group in (*_file_groups(root, problems), *_series_groups(root, problems)):
        try:
            case = _case(group)
        except _NoCaseError as error:
            problems.append(_("{place}: {error}").format(place=group.place, error=error))
            continue
        if case.key in places:
            problems.append(
                _("{place}: case {case!r}, {time_point!r} is also in {other}").format(
                    place=group.place, case=case.case_id, time_point=case.time_point, other=places[case.key]
                )
            )
            continue
        places[case.key] = group.place
        if len(group.paths("disease_region")) > 1:
            problems.append(
                _("{place}: which of its disease regions counts ({files}) is for you to say in the worklist").format(
                    place=group.place, files=group.listed("disease_region")
                )
            )
        found.append((case, group.study_date))
    return _in_time(found), problems


def role_of(name: str) -> str | None:
    """What a file name or series description says: `stir`, `t1w`, `normal_bone`, `disease_region`, `keep` or `mask`.

    Examples
    --------
    >>> role_of("sub-01_ses-pre_T1w"), role_of("T2_STIR_cor_obl"), role_of("localizer")
    ('t1w', 'stir', None)
    """
    return next((role for role, pattern in ROLES.items() if pattern.search(name.lower())), None)


def _in_time(found: list[tuple[WorklistCase, str]]) -> list[WorklistCase]:
    """Cases with their study dates: subjects as they came, the cases of each in the order of time."""
    subjects: dict[str, list[tuple[WorklistCase, str]]] = {}
    for case, study_date in found:
        subjects.setdefault(case.case_id, []).append((case, study_date))
    ordered: list[WorklistCase] = []
    for cases in subjects.values():
        dates = {study_date for _, study_date in cases}
        if "" not in dates and len(dates) == len(cases):
            cases.sort(key=lambda dated: dated[1])
        else:
            cases.sort(key=lambda dated: place_in_time(dated[0].time_point))
        ordered.extend(case for case, _ in cases)
    return ordered


class _NoCaseError(Exception):
    """Why a group is no case."""


def _case(group: _Group) -> WorklistCase:
    counts = {scan: len(group.paths(scan)) for scan in SCANS}
    if set(counts.values()) != {1}:
        found = [
            _("{count} {scan} ({files})").format(count=count, scan=SCANS[scan], files=group.listed(scan))
            if count
            else _("no {scan}").format(scan=SCANS[scan])
            for scan, count in counts.items()
        ]
        raise _NoCaseError(_("one STIR and one T1w scan are needed, found {found}").format(found=listed(found)))
    try:
        case_id, time_point = valid_name("case_id", group.case_id), valid_name("time_point", group.time_point)
    except InputError as error:
        raise _NoCaseError(error.sentence) from error
    for path in (path for role in (*SCANS, *MASKS) for path in group.paths(role)):
        if not f"{group.place}{path.name}".isprintable() or PIECES in path.name:
            raise _NoCaseError(_("a worklist cannot hold the name {name!r}; rename it").format(name=path.name))
    regions, keeps = group.paths("disease_region"), group.paths("keep")
    return WorklistCase(
        case_id=case_id,
        time_point=time_point,
        stir=group.sources["stir"][0],
        t1w=group.sources["t1w"][0],
        normal_bone=group.paths("normal_bone"),
        disease_region=regions[0] if len(regions) == 1 else None,
        keep=keeps[0] if len(keeps) == 1 else None,
    )


def _file_groups(root: Path, problems: list[str]) -> Iterator[_Group]:
    """Groups of image files, folder by folder."""

    def unreadable(error: OSError) -> None:
        problems.append(_("{path}: cannot be read ({reason})").format(path=error.filename, reason=error.strerror))

    for place, folders, names in os.walk(root, onerror=unreadable):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        images = sorted(name for name in names if name.lower().endswith(ENDINGS) and not name.startswith("."))
        if any(name.lower().endswith(IMAGE_ENDINGS) for name in images) and RECORD_NAME not in names:
            yield from _groups_of_folder(root, Path(place), images)


def _groups_of_folder(root: Path, place: Path, images: list[str]) -> Iterator[_Group]:
    """One group, unless the folder has several scans of a kind."""
    roles = {name: role_of(_stem(name)) for name in images}
    several = any(list(roles.values()).count(scan) > 1 for scan in SCANS)
    parts = place.relative_to(root).parts
    groups: dict[str, _Group] = {}
    for name, role in roles.items():
        common = _common_part(name, role) if several else ""
        shown = "/".join((*parts, common) if common else parts) or root.name
        group = groups.setdefault(common, _Group(shown, *_names(root, (*parts, common) if common else parts)))
        group.add(role, Scan(place / name))
    yield from groups.values()


def _series_groups(root: Path, problems: list[str]) -> list[_Group]:
    """Groups of DICOM series, study by study."""
    from .dicom_series import list_series

    try:
        found = list_series(root, lambda error: problems.append(error.sentence))
    except InputError as error:
        problems.append(error.sentence)
        return []
    studies: dict[tuple[str, str], list[SeriesInfo]] = {}
    for info in found:
        studies.setdefault((info.patient_id, info.study_uid), []).append(info)
    names = [(infos[0].patient_id, infos[0].study_date) for infos in studies.values()]
    groups = []
    for infos, name in zip(studies.values(), names, strict=True):
        parts = Path(os.path.commonpath([info.folder for info in infos])).relative_to(root).parts
        case_id, time_point = name[0], name[1] or BASELINE
        if not case_id or names.count(name) > 1:  # anonymised: folders tell more
            case_id, time_point = _names(root, parts)
        place = _("{folder} (patient {name})").format(
            folder="/".join(parts) or root.name, name=infos[0].patient_id or _("unknown")
        )
        group = _Group(place, case_id, time_point, infos[0].study_date)
        for info in infos:
            role = role_of(info.description)
            if role in SCANS and info.problem:
                problems.append(info.problem)
            else:
                group.add(role, _series_source(info, found))
        groups.append(group)
    return groups


def _series_source(info: SeriesInfo, found: list[SeriesInfo]) -> Scan:
    """Folder of a series, with as much of a name as is needed to tell it from others in there."""
    beside = [other for other in found if any(file.is_relative_to(info.folder) for file in other.files)]
    if len(beside) == 1:
        return Scan(info.folder)
    alike = [other for other in beside if other.description.casefold() == info.description.casefold()]
    is_plain = info.description.isprintable() and info.description != ""
    return Scan(info.folder, info.description if len(alike) == 1 and is_plain else info.uid)


def _names(root: Path, parts: tuple[str, ...]) -> tuple[str, str]:
    """Case and time point from the folders that lead to the images."""
    named = [part for part in parts if part.lower() not in LAYOUT_FOLDERS]
    if len(named) >= 2:
        return named[-2], named[-1]
    return (named[0] if named else root.resolve().name), BASELINE


def _stem(name: str) -> str:
    lower = name.lower()
    ending = next((ending for ending in ENDINGS if lower.endswith(ending)), "")
    return name[: len(name) - len(ending)]


def _common_part(name: str, role: str | None) -> str:
    """What a file name has in common with those of the same case: what comes before its role, else what follows."""
    stem = _stem(name)
    bids = re.match(r"sub-[A-Za-z0-9]+(_ses-[A-Za-z0-9]+)?", stem)
    if bids:
        return bids[0]
    match = ROLES[role].search(stem.lower()) if role else None
    if match is None:
        return stem
    return stem[: match.start()].strip("_-. ") or stem[match.end() :].strip("_-. ")
