"""What the normal-bone proposal goes by: a few sizes and limits, read from a small plain file."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from VHIWorkflowLib.core.json_schema import SchemaError, check
from VHIWorkflowLib.core.sentences import sentences_of

from .errors import ModelError
from .model_folders import models_folder

_ = sentences_of(__name__)

FORMAT = "VHIWorkflow normal-bone parameters"
FORMAT_VERSION = 3
MODEL_NAME, PARAMETERS_NAME = "normal_bone", "parameters.json"
SCHEMA_PATH = Path(__file__).with_name("normal_bone.schema.json")

Range = tuple[float, float]


@dataclass(frozen=True)
class SacrumParameters:
    """Where vertebral bodies of the sacrum are looked for.

    Attributes
    ----------
    half_width_mm
        Farthest from the midline.
    lateral_mm, lateral_cover
        A row belongs to the sacrum where the disease region covers at least this share of the columns at this distance
        from the midline, on either side.
    beyond_mm
        How far above and below such rows a body may go on.
    share_between
        Least share of a body that must lie within such rows.
    least_symmetry
        Least share of the disease region whose mirror image lies in the region.
    other_covers, midline_error_mm
        What `lateral_cover` and the midline might as well be if the edges of the disease region lay elsewhere: the
        proposal is drawn with each of these too.
    """

    half_width_mm: float = 16.0
    lateral_mm: Range = (25.0, 45.0)
    lateral_cover: float = 0.5
    beyond_mm: float = 12.0
    share_between: float = 0.35
    least_symmetry: float = 0.5
    other_covers: Range = (0.35, 0.65)
    midline_error_mm: float = 2.0


@dataclass(frozen=True)
class MarrowParameters:
    """What is plain marrow, and how an area is drawn in it.

    Attributes
    ----------
    smoothing_mm
        Standard deviation of the in-plane blur before intensities and slopes are judged.
    stir_iqr, t1w_range
        Farthest of the blurred STIR from the median, in interquartile ranges; range of the blurred T1w as a multiple
        of the median.
    stir_slope_iqr, t1w_slope
        Steepest change per mm: of STIR in interquartile ranges, of T1w as a share of the median.
    opening_mm
        Radius of the disk an area must have room for, as a brush.
    area_t1w
        Highest median of the blurred T1w in an area, as a multiple of the median of marrow; above it is fat.
    edge_mm
        Distance kept from the edge of such an area.
    bright_iqr, bright_mm
        Vessels, nerves and fluid are where blurred STIR lies that far above the third quartile; distance kept from
        them.
    least_area_mm2
        Smallest area on a slice.
    slices
        Of the foremost slices with such an area, so many are used.
    least_voxels, least_slices
        Fewer, and there is no proposal.
    """

    smoothing_mm: float = 1.2
    stir_iqr: float = 1.3
    t1w_range: Range = (0.72, 1.35)
    stir_slope_iqr: float = 0.5
    t1w_slope: float = 0.08
    opening_mm: float = 5.0
    area_t1w: float = 1.25
    edge_mm: float = 1.0
    bright_iqr: float = 3.0
    bright_mm: float = 6.0
    least_area_mm2: float = 100.0
    slices: int = 5
    least_voxels: int = 200
    least_slices: int = 2


@dataclass(frozen=True)
class TrimmingParameters:
    """Up to which intensity voxels stay: that many interquartile ranges above the third quartile.

    ``exp(level + slope (log(window / IQR) - centre))``, the window being the 99th percentile of STIR: where bright
    things set the grey levels of the display, a reader sees, and erases, less in the marrow.

    Attributes
    ----------
    level, slope, centre
        Calibrated on manual regions.
    limits
        The result stays within these.
    spare_voxels, spare_iqr
        At most that far above the intensity that is left when so many of the brightest voxels are set aside, and any
        one slice.
    """

    level: float = 0.9
    slope: float = 0.5
    centre: float = 2.7
    limits: Range = (1.6, 3.3)
    spare_voxels: int = 5
    spare_iqr: float = 0.5


@dataclass(frozen=True)
class NormalBoneParameters:
    """Everything the proposal goes by; ``version`` and ``sha256`` are for the record."""

    version: str
    sha256: str
    sacrum: SacrumParameters
    marrow: MarrowParameters
    trimming: TrimmingParameters


def read_parameters(path: Path | None = None) -> NormalBoneParameters:
    """Read the parameters, the bundled ones when None, and check that they are whole.

    Raises
    ------
    ModelError
        If the file is missing, damaged, changed, of a newer format or not valid.
    """
    path = models_folder() / MODEL_NAME / PARAMETERS_NAME if path is None else Path(path)
    try:
        document = json.loads(path.read_bytes())
    except FileNotFoundError as error:
        raise ModelError(_("{path}: this file is missing; install the extension again").format(path=path)) from error
    except OSError as error:
        raise ModelError(
            _("{path}: cannot be read ({reason})").format(path=path, reason=error.strerror or error)
        ) from error
    except (ValueError, RecursionError) as error:
        raise ModelError(
            _("{path}: is not a whole JSON file; install the extension again").format(path=path)
        ) from error
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise ModelError(_("{path}: is not a {format} file").format(path=path, format=FORMAT))
    version = document.get("format_version")
    if isinstance(version, int) and version > FORMAT_VERSION:
        problem = _("has format version {version}, and this software reads up to {format_version}").format(
            version=version, format_version=FORMAT_VERSION
        )
        raise ModelError(_("{path}: {problem}; update VHIWorkflow").format(path=path, problem=problem))
    _validate(path, document)
    if document["sha256"] != digest(document):
        raise ModelError(
            _("{path}: was changed after it was made (its SHA-256 differs); install the extension again").format(
                path=path
            )
        )
    return NormalBoneParameters(
        document["version"],
        document["sha256"],
        SacrumParameters(**_tuples(document["sacrum"])),
        MarrowParameters(**_tuples(document["marrow"])),
        TrimmingParameters(**_tuples(document["trimming"])),
    )


def digest(document: dict[str, Any]) -> str:
    """SHA-256 of all of a document but its own ``sha256``, keys sorted, without white space."""
    rest = {key: value for key, value in document.items() if key != "sha256"}
    return hashlib.sha256(json.dumps(rest, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def _validate(path: Path, document: dict[str, Any]) -> None:
    try:
        check(document, _schema())
    except SchemaError as error:
        raise ModelError(_("{path}: is not a valid parameter file: {error}").format(path=path, error=error)) from error


@cache
def _schema() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(SCHEMA_PATH.read_text(encoding="utf-8"))
    return found


def _tuples(values: dict[str, Any]) -> dict[str, Any]:
    return {key: tuple(value) if isinstance(value, list) else value for key, value in values.items()}
