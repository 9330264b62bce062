"""The four segments of a case: how they are called, coloured and coded.

The codes are SNOMED CT (SCT) as listed in the terminologies that come with 3D Slicer: categories, types and anatomic
regions of its DICOM master lists (DICOM context groups 7150, 7159, 7166, 4031 and 244).
"""

from __future__ import annotations

from dataclasses import dataclass

TERMINOLOGY_CONTEXT = "Segmentation category and type - DICOM master list"
REGION_CONTEXT = "Anatomic codes - DICOM master list"


@dataclass(frozen=True)
class Code:
    """A coded term: coding scheme, code value, meaning."""

    scheme: str
    value: str
    meaning: str

    def __str__(self) -> str:
        return f"{self.scheme}^{self.value}^{self.meaning}"


@dataclass(frozen=True)
class Terminology:
    """What a segment shows (category, type) and where (region, side)."""

    category: Code
    type: Code
    region: Code
    region_modifier: Code | None = None

    def entry(self) -> str:
        """Terminology entry as Slicer keeps it with a segment.

        Examples
        --------
        >>> NORMAL_BONE.terminology.entry().split("~")[2]
        'SCT^272673000^Bone'
        """
        modifier = str(self.region_modifier) if self.region_modifier else "^^"
        return "~".join(
            [TERMINOLOGY_CONTEXT, str(self.category), str(self.type), "^^", REGION_CONTEXT, str(self.region), modifier]
        )


@dataclass(frozen=True)
class SegmentKind:
    """Identifier, displayed name, colour (red, green, blue from 0 to 1) and terminology of a segment."""

    segment_id: str
    name: str
    colour: tuple[float, float, float]
    terminology: Terminology

    @property
    def colour_8bit(self) -> tuple[int, int, int]:
        """The colour from 0 to 255."""
        red, green, blue = (round(255 * part) for part in self.colour)
        return red, green, blue


_TISSUE = Code("SCT", "85756007", "Tissue")
_ALTERED = Code("SCT", "49755003", "Morphologically Altered Structure")
_INFLAMMATION = Code("SCT", "23583003", "Inflammation")
_BONE = Code("SCT", "272673000", "Bone")
_SACROILIAC_JOINT = Code("SCT", "39723000", "Sacroiliac joint")
_SACRUM = Code("SCT", "54735007", "Sacrum")
_BOTH_SIDES = Code("SCT", "51440002", "Right and left")

_INFLAMED = Terminology(_ALTERED, _INFLAMMATION, _SACROILIAC_JOINT, _BOTH_SIDES)

SENSITIVE = SegmentKind("sensitive", "Sensitive", (1.0, 0.86, 0.0), _INFLAMED)
CONSERVATIVE = SegmentKind("conservative", "Conservative", (1.0, 0.24, 0.16), _INFLAMED)
NORMAL_BONE = SegmentKind("normal_bone", "Normal bone", (0.0, 0.88, 1.0), Terminology(_TISSUE, _BONE, _SACRUM))
DISEASE_REGION = SegmentKind(
    "disease_region",
    "Disease region",
    (0.6, 0.61, 0.65),
    Terminology(_TISSUE, _BONE, _SACROILIAC_JOINT, _BOTH_SIDES),
)
