"""The next case read ahead, and its regions found, by a process of its own; then opening it takes no time.

    python -m VHIWorkflowLib.study.read_ahead FOLDER/request.json

reads scans, finds what was asked for, and leaves all of it in the folder as plain arrays that are read back in
milliseconds. It prints one JSON object a line: ``{"event": "progress", "done": 3, "total": 25}``, at the end
``{"event": "done"}``, or ``{"event": "failed", "message": ...}``, of `core.sentences.as_json`, with exit status 2. It
may be killed at any time.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from VHIWorkflowLib.core.errors import VHIError
from VHIWorkflowLib.core.grids import FloatArray, Grid, Volume
from VHIWorkflowLib.core.measurement import Preliminary, measure
from VHIWorkflowLib.core.ranking import RankScores, RankSource
from VHIWorkflowLib.core.segment_kinds import DISEASE_REGION, NORMAL_BONE, SegmentKind
from VHIWorkflowLib.core.sentences import as_json, from_json, sentences_of
from VHIWorkflowLib.files.errors import RecordError
from VHIWorkflowLib.files.markups import read_normal_bone
from VHIWorkflowLib.files.safe_files import replacing, write_atomically
from VHIWorkflowLib.files.scans import Scan

from .case_inputs import CaseFiles, InputFile, LoadedScans, load_scans, read_disease_region
from .child_side import tell_progress, told
from .found_regions import FoundRegion, Networks, Progress, RegionFinder, bundled_regions
from .region_origins import RegionOrigin

_ = sentences_of(__name__)

REQUEST_NAME = "request.json"
ANSWER_NAME = "prepared.json"
RANKS = "ranks"
WANTED = ("find_disease_region", "propose_normal_bone", "rank_islands")


@dataclass(frozen=True)
class PrepareRequest:
    """What is to be read ahead.

    Attributes
    ----------
    files
        Scans of the case, and its regions where files of these are given.
    folder
        Where request and answer lie; of this request alone.
    find_disease_region, propose_normal_bone, rank_islands
        Whether the bundled models look for them, and rank the islands that follow.
    networks
        Which networks, and what they run on.
    """

    files: CaseFiles
    folder: Path
    find_disease_region: bool = False
    propose_normal_bone: bool = False
    rank_islands: bool = False
    networks: Networks = field(default_factory=Networks)

    def write(self) -> Path:
        """Write the request for the process; returns the path that the process takes.

        Raises
        ------
        RecordError
            If it cannot be written.
        """
        path = self.folder / REQUEST_NAME
        (self.folder / ANSWER_NAME).unlink(missing_ok=True)
        region = self.files.disease_region
        document = {
            **{role: [os.path.abspath(scan.path), scan.series] for role, scan in _scans(self.files).items()},
            "normal_bone": [os.path.abspath(piece) for piece in self.files.normal_bone],
            "disease_region": None if region is None else os.path.abspath(region),
            **{name: getattr(self, name) for name in WANTED},
            "networks": {name: _text(value) for name, value in asdict(self.networks).items()},
        }
        write_atomically(path, json.dumps(document).encode())
        return path

    @classmethod
    def read(cls, path: Path) -> PrepareRequest:
        """Read a request of `write`."""
        document = json.loads(path.read_bytes())
        stir, t1w = (Scan(Path(document[role][0]), document[role][1]) for role in ("stir", "t1w"))
        networks = document["networks"]
        return cls(
            CaseFiles(
                stir, t1w, tuple(map(Path, document["normal_bone"])), disease_region=_path(document["disease_region"])
            ),
            path.parent,
            **{name: bool(document[name]) for name in WANTED},
            networks=Networks(_path(networks["folder"]), networks["backend"], networks["device"]),
        )


@dataclass(frozen=True)
class RanksAhead:
    """Ranks, and the SHA-256 of the islands' voxels they belong to."""

    scores: RankScores
    islands: str


@dataclass(frozen=True)
class Prepared:
    """A case that was read ahead: its scans, the regions that models found, ranks, and what was not found, and why."""

    scans: LoadedScans
    found: Mapping[SegmentKind, FoundRegion] = field(default_factory=dict)
    problems: tuple[str, ...] = ()
    ranks: RanksAhead | None = None

    def ranks_of(self, case: Preliminary) -> RankScores | None:
        """Ranks of a case's islands, if they are the islands that were ranked ahead."""
        return self.ranks.scores if self.ranks is not None and self.ranks.islands == _digest(case) else None


def prepare(request: PrepareRequest, progress: Progress | None = None, finder: RegionFinder | None = None) -> Prepared:
    """Read scans and find what is asked for.

    Parameters
    ----------
    progress
        Is told how many slices the network has done.
    finder
        Finds regions; by default the bundled models.

    Raises
    ------
    VHIError
        If a scan or a given region cannot be used.
    """
    files, found, problems = request.files, dict[SegmentKind, FoundRegion](), list[str]()
    finder = finder or bundled_regions(request.networks)
    scans = load_scans(files)
    grid = scans.stir.grid
    region = None if files.disease_region is None else read_disease_region(files.disease_region, grid, scans.t1w.grid)
    bone = read_normal_bone(files.normal_bone, grid).array if files.normal_bone else None
    ranks = None
    try:
        if request.find_disease_region:
            found[DISEASE_REGION] = finder.disease_region(scans.t1w, grid, progress)
            region = found[DISEASE_REGION].mask
        if request.propose_normal_bone and region is not None:
            found[NORMAL_BONE] = finder.normal_bone(scans.stir, scans.t1w, region)
            bone = found[NORMAL_BONE].mask
        if request.rank_islands and region is not None and bone is not None:
            ranks = _ranks(measure(scans.stir, bone, region), scans.t1w)
    except VHIError as error:
        problems.append(error.sentence)
    return Prepared(scans, found, tuple(problems), ranks)


def leave(prepared: Prepared, request: PrepareRequest) -> None:
    """Leave what was prepared for the program that asked for it; whole, or not at all.

    Raises
    ------
    RecordError
        If it cannot be written.
    """
    scans = prepared.scans
    arrays = {"stir": scans.stir.array, "t1w": scans.t1w.array}
    arrays |= {kind.segment_id: found.mask for kind, found in prepared.found.items()}
    arrays |= {RANKS: prepared.ranks.scores.values} if prepared.ranks else {}
    for name, array in arrays.items():
        with replacing(request.folder / f"{name}.npy") as temporary:
            np.save(temporary, array)
    answer = {
        "files": _fingerprint(request.files),
        "affines": {"stir": scans.stir.grid.affine.tolist(), "t1w": scans.t1w.grid.affine.tolist()},
        "inputs": [{**asdict(each), "path": os.fspath(each.path)} for each in scans.inputs],
        "warnings": [as_json(warning) for warning in scans.warnings],
        "found": {kind.segment_id: _origin_left(found) for kind, found in prepared.found.items()},
        "problems": [as_json(problem) for problem in prepared.problems],
        RANKS: {**prepared.ranks.scores.source.document(), "islands": prepared.ranks.islands}
        if prepared.ranks
        else None,
    }
    write_atomically(request.folder / ANSWER_NAME, json.dumps(answer).encode())


def take(folder: Path, files: CaseFiles) -> Prepared | None:
    """Take up what was prepared for a case; None when it is not there (yet), or the scans have changed since.

    Raises
    ------
    RecordError
        If it is there and cannot be read.
    """
    path = folder / ANSWER_NAME
    try:
        answer = json.loads(path.read_bytes())
        if answer["files"] != _fingerprint(files):
            return None
        stir, t1w = (
            Volume(array, Grid(array.shape, np.array(answer["affines"][name])))
            for name, array in ((name, np.load(folder / f"{name}.npy")) for name in ("stir", "t1w"))
        )
        inputs = tuple(InputFile(**{**each, "path": Path(each["path"])}) for each in answer["inputs"])
        found = {
            kind: _found(np.load(folder / f"{kind.segment_id}.npy"), **answer["found"][kind.segment_id])
            for kind in (DISEASE_REGION, NORMAL_BONE)
            if kind.segment_id in answer["found"]
        }
        ranks = _ranks_left(np.load(folder / f"{RANKS}.npy"), **answer[RANKS]) if answer[RANKS] else None
        scans = LoadedScans(stir, t1w, inputs, tuple(map(from_json, answer["warnings"])))
        return Prepared(scans, found, tuple(map(from_json, answer["problems"])), ranks)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, LookupError, TypeError, VHIError) as error:
        raise RecordError(path, _("what was read ahead cannot be used ({error})").format(error=error)) from error


def main(arguments: list[str]) -> int:
    """What the process does; returns its exit status."""

    def work() -> None:
        request = PrepareRequest.read(Path(arguments[0]))
        leave(prepare(request, tell_progress), request)

    return told(work)


def _ranks(case: Preliminary, t1w: Volume) -> RanksAhead:
    from BoneSegModelsLib.island_rank import load_rank_model

    return RanksAhead(load_rank_model().scores(case, t1w), _digest(case))


def _ranks_left(values: FloatArray, name: str, version: str, sha256: str, islands: str) -> RanksAhead:
    return RanksAhead(RankScores(values, RankSource(name, version, sha256)), islands)


def _digest(case: Preliminary) -> str:
    return hashlib.sha256(case.islands.voxels.astype("<i8").tobytes()).hexdigest()


def _origin_left(found: FoundRegion) -> dict[str, Any]:
    """Where a region comes from; warnings once more, so that they can be told in the reader's language."""
    return {"tag": RegionOrigin.of(found).tag(), "warnings": [as_json(warning) for warning in found.warnings]}


def _found(mask: Any, tag: str, warnings: list[Any]) -> FoundRegion:
    origin = RegionOrigin.from_tag(tag)
    if origin.model is None:
        raise ValueError(_("a found region names no model"))
    return FoundRegion(mask, origin.model, tuple(map(from_json, warnings)), origin.confidence)


def _fingerprint(files: CaseFiles) -> list[list[Any]]:
    """Path, size and time of change of every file of the scans."""
    paths = []
    for scan in _scans(files).values():
        paths += sorted(scan.path.rglob("*")) if scan.path.is_dir() else [scan.path]
    return [[os.path.abspath(path), path.stat().st_size, path.stat().st_mtime_ns] for path in paths if path.is_file()]


def _scans(files: CaseFiles) -> dict[str, Scan]:
    return {"stir": files.stir, "t1w": files.t1w}


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def _path(text: str | None) -> Path | None:
    return None if text is None else Path(text)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
