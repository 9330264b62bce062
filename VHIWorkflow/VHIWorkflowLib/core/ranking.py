"""Rank scores of a case's islands, and the model they come from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from .grids import FloatArray


@dataclass(frozen=True)
class RankSource:
    """The model that ranked: name, version, and SHA-256 of its description."""

    name: str
    version: str
    sha256: str

    def document(self) -> Mapping[str, str]:
        """As it stands in recorded steps."""
        return {"name": self.name, "version": self.version, "sha256": self.sha256}


@dataclass(frozen=True)
class RankScores:
    """Probability that readers keep each island, shape (n,), in the order of the case's islands; and whose it is."""

    values: FloatArray = field(repr=False)
    source: RankSource
