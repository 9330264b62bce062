"""One cleaning step as it is recorded, and its JSON form."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, get_args

import numpy as np

from .grids import IndexArray
from .lattice import Runs
from .partition import UnitReference
from .sentences import Sentence, sentences_of
from .targets import Json

_ = sentences_of(__name__)

Action = Literal["remove", "keep", "restore", "cut"]
Reason = Literal["vessel", "joint fluid", "facet joint", "artefact", "coil flare", "outside bone", "other"]

REASONS: tuple[Reason, ...] = get_args(Reason)
"""Why an island is not inflammation."""

REASON_NAMES: dict[Reason, Sentence] = {
    "vessel": _("vessel"),
    "joint fluid": _("joint fluid"),
    "facet joint": _("facet joint"),
    "artefact": _("artefact"),
    "coil flare": _("coil flare"),
    "outside bone": _("outside bone"),
    "other": _("other"),
}


@dataclass(frozen=True, eq=False)
class Step:
    """What the reader decided.

    Attributes
    ----------
    action
        "remove" and "keep" decide; "restore" takes a decision back, to how the session started; "cut" splits an island.
    target
        How the islands were chosen, for the reader of the record.
    units
        The islands (or parts within a slice) chosen; these, not the choice, are what a replay acts on.
    in_slice
        Slice that the step is limited to, None for 3D.
    reason
        One of ``REASONS``, or None.
    at
        When, with time zone.
    group
        Steps of one group are undone together.
    drawn
        For a cut the voxels of the island on the one side, C-order positions.
    """

    action: Action
    target: Mapping[str, Json]
    units: tuple[UnitReference, ...]
    in_slice: int | None
    reason: Reason | None
    at: datetime
    group: int
    drawn: IndexArray | None = None

    def __eq__(self, other: object) -> bool:
        """Whether both are recorded alike, drawings included."""
        return isinstance(other, Step) and self.to_json() == other.to_json()

    def __hash__(self) -> int:
        return hash((self.action, self.units, self.at, self.group))

    def __str__(self) -> str:
        return self.said

    @property
    def said(self) -> Sentence:
        """In words."""
        actions = {
            "remove": _("remove {what}{where}{why}"),
            "keep": _("keep {what}{where}{why}"),
            "restore": _("restore {what}{where}{why}"),
            "cut": _("cut {what}{where}{why}"),
        }
        what = self.units[0].said if len(self.units) == 1 else _("{count} islands").format(count=len(self.units))
        where = "" if self.in_slice is None else _(" in slice {number}").format(number=self.in_slice)
        why = "" if self.reason is None else _(": {reason}").format(reason=REASON_NAMES[self.reason])
        return actions[self.action].format(what=what, where=where, why=why)

    def to_json(self) -> dict[str, Any]:
        """As JSON; voxel indices turn to (i, j, k), drawn voxels to runs of [first position, length]."""
        document: dict[str, Any] = {
            "action": self.action,
            "target": dict(self.target),
            "scope": "3D" if self.in_slice is None else "slice",
            "slice": self.in_slice,
            "islands": [
                {
                    "island": unit.island,
                    "first_voxel_ijk": list(unit.first_voxel[::-1]),
                    "voxels": unit.voxels,
                    "digest": unit.digest,
                }
                for unit in self.units
            ],
            "reason": self.reason,
            "at": self.at.isoformat(timespec="milliseconds"),
            "group": self.group,
        }
        if self.drawn is not None:
            runs = Runs.of(self.drawn)
            document["drawn_runs"] = np.stack([runs.start, runs.lengths], axis=1).tolist()
        return document

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Step:
        """Read back what ``to_json`` wrote; the document is valid by the record's schema."""
        drawn = None
        if "drawn_runs" in document:
            runs = np.array(document["drawn_runs"], dtype=np.int64).reshape(-1, 2)
            drawn = Runs(runs[:, 0], runs[:, 0] + runs[:, 1]).codes()
        return cls(
            action=document["action"],
            target=document["target"],
            units=tuple(
                UnitReference(unit["island"], _reversed(unit["first_voxel_ijk"]), unit["voxels"], unit["digest"])
                for unit in document["islands"]
            ),
            in_slice=document["slice"],
            reason=document["reason"],
            at=datetime.fromisoformat(document["at"]),
            group=document["group"],
            drawn=drawn,
        )


def _reversed(ijk: list[int]) -> tuple[int, int, int]:
    i, j, k = ijk
    return k, j, i
