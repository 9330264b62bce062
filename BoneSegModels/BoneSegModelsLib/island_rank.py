"""The probability that readers keep an island: it orders and suggests, and never removes anything.

The model is a forest of regression trees with a calibration curve, kept as plain arrays and evaluated with numpy. One
forest knows T1w, another is for STIR alone.
"""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from VHIWorkflowLib.core.grids import FloatArray, Volume
from VHIWorkflowLib.core.measurement import Preliminary
from VHIWorkflowLib.core.ranking import RankScores, RankSource
from VHIWorkflowLib.core.sentences import sentences_of

from .errors import ModelError
from .island_features import feature_names, island_features
from .model_folders import models_folder

_ = sentences_of(__name__)

FORMAT = "VHIWorkflow island ranking"
FORMAT_VERSION = 1
DESCRIPTION_NAME = "rank.json"
MODEL_NAME = "island_rank"
"""Where the bundled model lies."""

LEAF = -1
SMALLEST_PROBABILITY = 1e-3
"""Forests never say never: 0 and 1 are moved by this before the calibration."""

IntArray = npt.NDArray[np.int32]


@dataclass(frozen=True)
class Forest:
    """Regression trees in a row: the mean of their leaves.

    Attributes
    ----------
    roots
        First node of each tree.
    feature
        Feature that a node asks for, -1 for a leaf.
    threshold
        Up to this value, compared as float32, it goes left.
    left, right
        Following nodes.
    value
        What a leaf says.
    """

    roots: IntArray
    feature: IntArray
    threshold: FloatArray
    left: IntArray
    right: IntArray
    value: FloatArray

    def __call__(self, features: FloatArray) -> FloatArray:
        """Mean over all trees, shape (n,), for features of shape (n, m)."""
        values = np.asarray(features, dtype=np.float32)
        node = np.broadcast_to(self.roots, (len(values), self.roots.size)).copy()
        row = np.arange(len(values))[:, None]
        while True:
            asked = self.feature[node]
            inner = asked != LEAF
            if not inner.any():
                mean: FloatArray = self.value[node].mean(axis=1)
                return mean
            goes_left = values[row, np.where(inner, asked, 0)] <= self.threshold[node]
            node = np.where(inner, np.where(goes_left, self.left[node], self.right[node]), node)

    def check(self, features: int) -> None:
        """Raise ValueError unless every path ends in a leaf and asks for features there are."""
        nodes = self.feature.size
        arrays = (self.threshold, self.left, self.right, self.value)
        if not (self.roots.ndim == 1 and self.roots.size and all(each.shape == (nodes,) for each in arrays)):
            raise ValueError(_("the trees' arrays do not fit each other"))
        inner = self.feature != LEAF
        here = np.arange(nodes)[inner]
        following = np.stack([self.left[inner], self.right[inner]])
        if not ((self.feature[inner] >= 0) & (self.feature[inner] < features)).all():
            raise ValueError(_("a tree asks for a feature that is not there"))
        if not ((following > here).all() and (following < nodes).all()):
            raise ValueError(_("a tree's path does not end in a leaf"))
        if not ((self.roots >= 0).all() and (self.roots < nodes).all() and np.isfinite(self.value).all()):
            raise ValueError(_("a tree's root or leaf is not usable"))


@dataclass(frozen=True)
class Ranker:
    """One forest with the names of its features and its calibration: logit p = slope * logit forest + offset."""

    names: tuple[str, ...]
    forest: Forest
    slope: float
    offset: float

    def __call__(self, features: FloatArray) -> FloatArray:
        """Probabilities, shape (n,), for features of shape (n, number of names)."""
        return calibrated(self.forest(features), self.slope, self.offset)


@dataclass(frozen=True)
class RankModel:
    """The ranking as read from its folder.

    Attributes
    ----------
    sha256
        Of ``rank.json``, which holds the hash of the parameters.
    suggested_limit
        Below this probability an island is suggested for removal.
    """

    name: str
    version: str
    sha256: str
    suggested_limit: float
    with_t1w: Ranker = field(repr=False)
    without_t1w: Ranker = field(repr=False)

    def scores(self, case: Preliminary, t1w: Volume | None = None) -> RankScores:
        """The same as ``probabilities``, with the model's name, version and hash, for a cleaning session."""
        return RankScores(self.probabilities(case, t1w), RankSource(self.name, self.version, self.sha256))

    def probabilities(self, case: Preliminary, t1w: Volume | None = None) -> FloatArray:
        """Probability that readers keep each island, shape (islands,), in the order of ``case.islands``.

        Parameters
        ----------
        case
            Before cleaning; any disease region.
        t1w
            T1w scan on any grid. Without it another forest answers, which knows STIR only.

        Raises
        ------
        ModelError
            If a scan has no signal in the bone.
        """
        ranker = self.without_t1w if t1w is None else self.with_t1w
        return ranker(island_features(case, t1w).values)


def calibrated(raw: FloatArray, slope: float, offset: float) -> FloatArray:
    """Turn what a forest says into a probability (Platt's logistic curve on the logit).

    Examples
    --------
    >>> calibrated(np.array([0.0, 0.5, 1.0]), 1.0, 0.0).round(3)
    array([0.001, 0.5  , 0.999])
    """
    probability: FloatArray = 1 / (1 + np.exp(-(slope * logit(raw) + offset)))
    return probability


def logit(raw: FloatArray) -> FloatArray:
    """Logarithm of the odds, 0 and 1 moved inwards a little."""
    kept = np.clip(raw, SMALLEST_PROBABILITY, 1 - SMALLEST_PROBABILITY)
    odds: FloatArray = np.log(kept / (1 - kept))
    return odds


def load_rank_model(folder: Path | None = None) -> RankModel:
    """Read a ranking, the bundled one when None, and compare its parameters with their SHA-256.

    Raises
    ------
    ModelError
        If a file is missing, damaged, not the one that belongs to the model, or of a newer format.
    """
    path = (models_folder() / MODEL_NAME if folder is None else Path(folder)) / DESCRIPTION_NAME
    data = _read(path)
    document = _document(path, data)
    try:
        parameters_path = path.with_name(document["parameters"]["file"])
        parameters = _read(parameters_path)
        if hashlib.sha256(parameters).hexdigest() != document["parameters"]["sha256"]:
            problem = _("differs from the file that belongs to the model; install the extension again")
            raise ModelError(_("{path}: {problem}").format(path=parameters_path, problem=problem))
        with np.load(io.BytesIO(parameters), allow_pickle=False) as arrays:
            kept = {name: np.asarray(arrays[name]) for name in arrays.files}
        return RankModel(
            name=str(document["name"]),
            version=str(document["version"]),
            sha256=hashlib.sha256(data).hexdigest(),
            suggested_limit=float(document["suggested_limit"]),
            with_t1w=_ranker(document, kept, "with_t1w"),
            without_t1w=_ranker(document, kept, "without_t1w"),
        )
    except (KeyError, TypeError, ValueError, OSError, EOFError, zipfile.BadZipFile) as error:
        raise ModelError(
            _("{path}: does not describe a ranking of islands ({error!r}); install the extension again").format(
                path=path, error=error
            )
        ) from (error)


def _ranker(document: Mapping[str, Any], arrays: Mapping[str, npt.NDArray[Any]], variant: str) -> Ranker:
    described = document["variants"][variant]
    names = tuple(described["features"])
    if names != feature_names(with_t1w=variant == "with_t1w"):
        raise ValueError(_("its features are not those of this version of the software"))

    def whole(part: str) -> IntArray:
        return np.asarray(arrays[f"{variant}.{part}"], dtype=np.int32)

    def real(part: str) -> FloatArray:
        return np.asarray(arrays[f"{variant}.{part}"], dtype=np.float64)

    forest = Forest(whole("roots"), whole("feature"), real("threshold"), whole("left"), whole("right"), real("value"))
    forest.check(len(names))
    return Ranker(names, forest, float(described["slope"]), float(described["offset"]))


def _document(path: Path, data: bytes) -> dict[str, Any]:
    try:
        document = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise ModelError(
            _("{path}: is not a whole JSON file; install the extension again").format(path=path)
        ) from error
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise ModelError(_("{path}: is not a {format} file").format(path=path, format=FORMAT))
    if document.get("format_version") != FORMAT_VERSION:
        found = document.get("format_version")
        problem = _("has format version {found}, and this software reads {format_version}").format(
            found=found, format_version=FORMAT_VERSION
        )
        raise ModelError(_("{path}: {problem}; update VHIWorkflow").format(path=path, problem=problem))
    return document


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except (FileNotFoundError, NotADirectoryError) as error:
        raise ModelError(
            _("{path}: this file of the model is missing; install the extension again").format(path=path)
        ) from error
    except OSError as error:
        raise ModelError(
            _("{path}: cannot be read ({reason})").format(path=path, reason=error.strerror or error)
        ) from error
