"""How the normal bone and the disease region came about: given, drawn, found by a model, or found and then edited.

The origin of a region that was drawn or edited travels with its mask, as a tag of its segment in a `.seg.nrrd`, so a
measurement that starts from that file knows as much as the one that wrote it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal, get_args

from VHIWorkflowLib.core.sentences import sentences_of

from .found_regions import EDITED, FoundRegion, Model

_ = sentences_of(__name__)

How = Literal["given", "drawn", "found", "edited"]


@dataclass(frozen=True)
class RegionOrigin:
    """Where a region comes from.

    Attributes
    ----------
    how
        "given": by a file; "drawn": by the reader; "found": by a model; "edited": found by a model, then changed by the
        reader.
    model
        Of a found or edited region.
    confidence
        That of a proposal, from 0 to 1.
    warnings
        For the record.
    """

    how: How = "given"
    model: Model | None = None
    confidence: float | None = None
    warnings: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.how not in get_args(How) or (self.model is None) == (self.how in ("found", "edited")):
            raise ValueError(_("a region cannot be {how!r} with model {model}").format(how=self.how, model=self.model))

    @classmethod
    def of(cls, found: FoundRegion) -> RegionOrigin:
        """Origin of what a model found."""
        return cls("found", found.model, found.confidence, found.warnings)

    def edited(self) -> RegionOrigin:
        """The same after the reader changed the region by hand: a region from a file then counts as drawn."""
        return replace(self, how="edited", warnings=()) if self.model else RegionOrigin("drawn")

    def said(self) -> list[str]:
        """The warnings, each after the name of the model."""
        if self.model is None:
            return []
        return [_("{model}: {warning}").format(model=self.model.name, warning=warning) for warning in self.warnings]

    def __str__(self) -> str:
        if self.model is None:
            return self.how
        return f"{self.model}{EDITED if self.how == 'edited' else ''}"

    def in_words(self) -> str:
        """As the reader is told; `str` is as the record says it."""
        if self.model is None:
            return {"given": _("given"), "drawn": _("drawn")}[self.how]
        if self.confidence is not None:
            text = _("proposed by {model}, edited") if self.how == "edited" else _("proposed by {model}")
        else:
            text = _("found by {model}, edited") if self.how == "edited" else _("found by {model}")
        return text.format(model=self.model)

    def tag(self) -> str:
        """As text for the tag of a segment: JSON without the letter that separates tags."""
        return json.dumps(asdict(self)).replace("|", "\\u007c")

    @classmethod
    def from_tag(cls, tag: str) -> RegionOrigin:
        """The origin that a tag tells.

        Raises
        ------
        ValueError
            If the tag is not one of ``tag``.
        """
        document: Any = json.loads(tag)
        try:
            model = document["model"]
            return cls(
                document["how"],
                None if model is None else _model(model),
                None if document["confidence"] is None else float(document["confidence"]),
                tuple(str(warning) for warning in document["warnings"]),
            )
        except (LookupError, TypeError) as error:
            raise ValueError(_("this is no origin of a region: {tag}").format(tag=tag[:80])) from error


GIVEN = RegionOrigin()
DRAWN = RegionOrigin("drawn")


def _model(document: Mapping[str, Any]) -> Model:
    texts = {name: document[name] for name in ("name", "version", "sha256", "backend", "device", "precision")}
    if not all(text is None or isinstance(text, str) for text in texts.values()):
        raise TypeError(_("names and versions are texts"))
    return Model(**texts, notes=tuple(str(note) for note in document["notes"]))
