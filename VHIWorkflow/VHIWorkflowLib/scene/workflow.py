"""A reading from first click to results table, in steps on the scene; usable without the widget."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from VHIWorkflowLib.core.cleaning import Change, CleaningSession, Clock, utc_now
from VHIWorkflowLib.core.decisions import StartMode
from VHIWorkflowLib.core.grids import BoolArray, IndexArray
from VHIWorkflowLib.core.measurement import Vhi
from VHIWorkflowLib.core.segment_kinds import SegmentKind
from VHIWorkflowLib.core.steps import Reason
from VHIWorkflowLib.core.targets import Target
from VHIWorkflowLib.core.thresholds import Thresholds
from VHIWorkflowLib.study.case_inputs import LoadedScans
from VHIWorkflowLib.study.case_record import CaseRecord
from VHIWorkflowLib.study.found_regions import FoundRegion, Progress, RegionFinder
from VHIWorkflowLib.study.open_case import OpenCase, RegionPreview

from .case_in_scene import CaseInScene
from .signals import Signal

if TYPE_CHECKING:
    from VHIWorkflowLib.study.reading_list import ReadingList

Ras = tuple[float, float, float]
Voxel = tuple[int, int, int]


@dataclass(frozen=True)
class IslandRow:
    """An island as the table and the hover text show it.

    Attributes
    ----------
    number
        From 1, the largest first; islands made by a cut come after.
    score
        Probability that readers keep it, 0 to 1; None without ranking.
    rank
        Place by score, 1 the most likely inflammation; None without ranking.
    voxels, volume_mm3
        Size.
    slices
        First and last slice along the slice axis, from 0, both inside.
    peak
        Largest STIR intensity.
    counts
        Whether it is part of VHI now, "partly" when some parts are.
    decision
        "undecided", "kept", "removed" or "partly".
    reason
        Given with the latest decision on it, or None.
    centre_ras
        Of its voxel nearest to its centre, to jump to.
    """

    number: int
    score: float | None
    rank: int | None
    voxels: int
    volume_mm3: float
    slices: tuple[int, int]
    peak: float
    counts: bool | Literal["partly"]
    decision: str
    reason: Reason | None
    centre_ras: Ras


@dataclass(frozen=True)
class Hang:
    """One fact on how much hangs on the normal bone.

    Attributes
    ----------
    kind
        "voxel" (its brightest voxel), "voxels" (its brightest few) or "slice" left out.
    which
        How many voxels, or the slice (from 0).
    ratio
        VHI without it divided by VHI; None when there is none ( `text` says why).
    voxel, ras
        Place to look at (array index k, j, i, and RAS in mm).
    text
        In plain words.
    """

    kind: Literal["voxel", "voxels", "slice"]
    which: int
    ratio: float | None
    voxel: Voxel
    ras: Ras
    text: str


class Workflow:
    """The steps of a reading: list, case, regions, thresholds, cleaning, results.

    Everything a step changes is on disk when it returns, shown in the scene, and told to the listeners of ``changed``.
    Every method may raise VHIError with one sentence for the reader; nothing has changed then.

    Parameters
    ----------
    scene
        vtkMRMLScene.
    clock
        Gives each step its time.
    finder
        Finds regions; by default the bundled models.
    translate
        Translates a text of `texts`; in Slicer ``slicer.i18n.tr``.
    """

    def __init__(
        self,
        scene: Any,
        *,
        clock: Clock = utc_now,
        finder: RegionFinder | None = None,
        translate: Callable[[str], str] = str,
    ) -> None:
        self.scene = scene
        self.changed = Signal()
        self.study: ReadingList | None = None
        self.case: CaseInScene | None = None
        self.notice: str | None = None
        """Why the case was closed or could not be continued, one sentence; None when there is nothing to say."""

    def close(self) -> None:
        """Stop watching the scene; call it when the widget is taken down."""

    # The list

    def open_study(
        self, source: Path, out: Path, reader: str, *, blinded: bool = False, seed: int | None = None
    ) -> ReadingList:
        """Open a worklist or a folder of scans; an open case is closed."""

    def close_study(self) -> None:
        """Forget the list; the open case is closed."""

    # The case

    @property
    def open(self) -> OpenCase:
        """The case in work; VHIError when none is."""

    @property
    def session(self) -> CleaningSession | None:
        """Its cleaning; None as long as a region is missing."""

    @property
    def position(self) -> int | None:
        """Place of the open case in the list."""

    def open_case(self, position: int, scans: LoadedScans | None = None) -> CaseInScene:
        """Open a case of the list as it was last left, and close the one that is open."""

    def open_nodes(
        self, stir_node: Any, t1w_node: Any, *, case_id: str, time_point: str, reader: str, out: Path
    ) -> CaseInScene:
        """Open a case of two volumes that are in the scene.

        Volumes whose file reads back the same are recorded with that file; others are written to the case folder.
        """

    def close_case(self) -> None:
        """Take the open case out of the scene; all of it is saved."""

    def attach(self) -> CaseInScene | None:
        """Continue with the case of a scene that was opened (.mrb, .mrml); None when it has none."""

    def make_complete(self) -> None:
        """Make nodes again that the reader deleted.

        Every step does so; the widget does it when ``changed`` says "nodes", once the scene is done with its event.
        """

    # Regions

    def normal_bone_preview(self, source: Any | Sequence[Any] | BoolArray) -> RegionPreview:
        """Statistics and thresholds that a drawn normal bone would give; nothing changes.

        ``source`` is as for `set_region`.
        """

    def set_region(self, kind: SegmentKind, source: Any | Sequence[Any] | BoolArray) -> None:
        """Take a region that was drawn: a mask (k, j, i), closed curve and ROI nodes, or a segmentation node.

        Of the case's own segmentation node the segment of that kind is taken (edited in the Segment Editor); of another
        one the segment of that id or name, or its only one.
        """

    def add_to_region(self, kind: SegmentKind, voxels: IndexArray, *, remove: bool = False) -> None:
        """Add painted voxels (C-order positions) to a region, or take them out."""

    def load_region(self, kind: SegmentKind, path: Path) -> None:
        """Take a region from a file: label file, .seg.nrrd, or for normal bone .mrk.json."""

    def set_found(self, kind: SegmentKind, found: FoundRegion) -> None:
        """Take a region that a model found (in a child process)."""

    def propose_normal_bone(self) -> None:
        """Let the software propose the normal bone."""

    def segment_disease_region(
        self, progress: Progress | None = None, cancelled: Callable[[], bool] = lambda: False
    ) -> None:
        """Let the networks find the disease region here and now; `CancelledError` when cancelled."""

    def erase_voxel(self, voxel: Voxel) -> None:
        """Take one voxel (k, j, i) out of the normal bone."""

    # Thresholds

    @property
    def thresholds(self) -> Thresholds | None:
        """The two thresholds; ``iqr_multiple`` is None when they were moved by hand."""

    def set_thresholds(self, sensitive: float, conservative: float) -> None:
        """Move the thresholds by hand; recorded and marked."""

    def reset_thresholds(self) -> None:
        """Back to the thresholds of the normal bone."""

    def hangs(self) -> list[Hang]:
        """How much hangs on the normal bone, what matters most first."""

    # Cleaning

    @property
    def vhi(self) -> Vhi | None:
        """Size of what is left."""

    def set_start(self, start: StartMode) -> None:
        """Whether all islands count at first ("remove") or none ("keep"); before the first step."""

    def click(self, ras: Ras, *, in_slice: int | None = None, reason: Reason | None = None) -> Change:
        """Remove the island at a point, or restore it when it is removed; keep and restore in keep mode.

        Parameters
        ----------
        ras
            Where, in mm.
        in_slice
            Limit the step to the part within this slice; None for the whole island.
        reason
            Of number keys: the island is removed for this reason, also when it was removed without or for another one.
        """

    def click_surface(self, ras: Ras, *, reason: Reason | None = None) -> Change:
        """The same for a point on the surface of an island in a 3D view."""

    def remove(self, target: Target, *, in_slice: int | None = None, reason: Reason | None = None) -> Change:
        """Remove what a target of `core.targets` chooses."""

    def keep(self, target: Target, *, in_slice: int | None = None, reason: Reason | None = None) -> Change:
        """Keep it."""

    def restore(self, target: Target, *, in_slice: int | None = None, reason: Reason | None = None) -> Change:
        """Take the decisions on it back."""

    def cut(self, voxels: IndexArray, *, in_slice: int | None = None) -> Change:
        """Cut the island that most of the painted voxels (C-order positions) lie on, along the painting."""

    def undo(self) -> Change:
        """Take back the latest step."""

    def redo(self) -> Change:
        """Take the latest undone step again."""

    def undo_text(self) -> str | None:
        """For the button: "Undo: remove island 12 (vessel)"; None when there is nothing to undo."""

    def redo_text(self) -> str | None:
        """For the button."""

    def islands(self, order: Literal["rank", "size"] = "rank") -> list[IslandRow]:
        """All islands; "rank": the least likely inflammation first (keep mode: the most likely first)."""

    def island_at(self, ras: Ras) -> IslandRow | None:
        """The island at a point, removed or not, for the hover text; None where there is none."""

    def outline_at(self, ras: Ras, normal: Ras, *, in_slice: int | None = None) -> Any:
        """Outline (vtkPolyData, RAS) in the view plane through a point of the island there; None where there is none.

        Parameters
        ----------
        normal
            Of the view plane: third column of the slice node's SliceToRAS.
        in_slice
            As for `click`: outline that part only.
        """

    def next_suspicious(self, after: int | None = None) -> IslandRow | None:
        """The undecided island whose wrong decision would cost most, or the next one after an island."""

    def slice_number(self, ras: Ras) -> int | None:
        """Slice of the acquisition through a point, from 0; None outside the volume."""

    # Results

    def finish(self) -> CaseRecord:
        """Write label map, segmentation, record and table row."""

    def finish_and_next(self) -> CaseInScene | None:
        """Finish the case and open the next unfinished one; None when all are done."""

    def flag(self, comment: str | None) -> None:
        """Flag the open case with a comment; None takes the flag away."""

    @property
    def results_node(self) -> Any:
        """All rows of the results table, a vtkMRMLTableNode."""

    def row_text(self) -> str:
        """Row of the open case as text to paste into a spreadsheet; VHIError when it was not finished."""

    def export_results(self, path: Path) -> None:
        """Write all rows to a .tsv or .csv file."""

    def write_overview(self, path: Path) -> None:
        """Write the overview figure of the open case as PNG."""
