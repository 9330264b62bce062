"""Normal bone: proposed, drawn, loaded, edited; its numbers while it is drawn, and how much hangs on it."""

from __future__ import annotations

import qt
from slicer.i18n import tr as _

from VHIWorkflowLib.core.grids import BoolArray
from VHIWorkflowLib.core.segment_kinds import NORMAL_BONE
from VHIWorkflowLib.core.sentences import listed
from VHIWorkflowLib.interaction.tool import Tool
from VHIWorkflowLib.scene.region_steps import Hang
from VHIWorkflowLib.scene.signals import What
from VHIWorkflowLib.study.region_preview import RegionPreview

from .curve_drawing import CurveDrawing
from .desk import Desk
from .fitted_text import show_fitted
from .number_texts import normal_bone_text, origin_text
from .segment_editing import SegmentEditing

SETTLED_MS = 400
"""So long after the latest change it is worked out how much hangs on the region."""
LINES = 3
DRAWING_TOOLS = {
    "outlineToolButton": Tool.OUTLINE,
    "paintToolButton": Tool.PAINT,
    "eraseToolButton": Tool.ERASE,
}


class NormalBonePanel:
    """See `desk.Part`.

    Parameters
    ----------
    desk
        What all parts share.
    editing
        Edits a region in the Segment Editor.
    curves
        Draws closed curves.
    """

    def __init__(self, desk: Desk, editing: SegmentEditing, curves: CurveDrawing) -> None:
        self._desk, self.ui = desk, desk.ui
        self._editing, self._curves = editing, curves
        self._hangs: list[Hang] = []
        self._settled = qt.QTimer()
        self._settled.setSingleShot(True)
        self._settled.setInterval(SETTLED_MS)
        self._settled.connect("timeout()", self.show_hangs)
        self.ui.proposeButton.connect("clicked()", self.propose)
        self.ui.loadNormalBoneButton.connect("clicked()", self.load)
        self.ui.editNormalBoneButton.connect("clicked()", self.edit)
        self.ui.curvesButton.connect("clicked()", self.draw_curves)
        self.ui.hangsList.connect("itemClicked(QListWidgetItem*)", self.show_voxel)
        self.ui.showVoxelButton.connect("clicked()", self.show_voxel)
        self.ui.eraseVoxelButton.connect("clicked()", self.erase_voxel)
        self.update(frozenset({"regions"}))

    def close(self) -> None:
        """See `desk.Part`."""
        self._settled.stop()
        self._settled.disconnect("timeout()", self.show_hangs)
        self._curves.cancel()

    def update(self, changed: frozenset[What]) -> None:
        """See `desk.Part`."""
        if "case" in changed:
            self._curves.cancel()
            self.ui.curvesButton.setChecked(False)
        if changed & {"case", "regions"}:
            self._show_numbers()
        if changed & {"case", "regions", "session"}:
            self._forget_hangs()

    def drawn(self, mask: BoolArray | None) -> None:
        """Show the numbers of normal bone that is being drawn, shape (k, j, i); None when drawing ended."""
        if mask is None or self._desk.workflow.case is None:
            self._show_numbers()
        else:
            self._show(self._desk.workflow.open.preview(mask))

    def propose(self) -> None:
        """Let the software propose the normal bone."""
        workflow = self._desk.workflow
        with self._desk.waiting():
            if self._may_replace():
                workflow.propose_normal_bone()
                origin = workflow.open.origin(NORMAL_BONE)
                self._desk.say("" if origin is None else listed(origin.warnings, "\n"))

    def load(self) -> None:
        """Take normal bone from a file."""
        kinds = _("Regions (*.nii *.nii.gz *.nrrd *.mha *.json);;All files (*)")
        path = self._desk.prompts.open_file(_("Load normal bone"), kinds)
        if path is not None:
            with self._desk.waiting():
                if self._may_replace():
                    self._desk.workflow.load_region(NORMAL_BONE, path)

    def edit(self) -> None:
        """Edit normal bone in the Segment Editor."""
        with self._desk.attempting():
            self._editing.start(NORMAL_BONE)

    def draw_curves(self) -> None:
        """Place closed curves; the second time take them as normal bone."""
        workflow = self._desk.workflow
        with self._desk.waiting():
            if self.ui.curvesButton.checked:
                self._curves.start(workflow.open.stir.grid, self._curves_changed)
                self._desk.say(
                    _(
                        "Click points around normal bone and right-click to end a curve; draw as many as you like, "
                        "then click Curves again."
                    )
                )
                return
            nodes = self._curves.nodes()
            self.ui.curvesButton.setChecked(True)  # until they are taken
            if nodes and not self._may_replace():
                return
            if nodes:
                workflow.set_region(NORMAL_BONE, nodes)
            self._desk.say("")
            self._curves.cancel()
            self.ui.curvesButton.setChecked(False)
        if workflow.case is None:
            self.ui.curvesButton.setChecked(False)

    def show_hangs(self) -> None:
        """Say how much hangs on the region."""
        workflow = self._desk.workflow
        if workflow.session is None:
            return
        with self._desk.attempting():
            self._hangs = workflow.hangs()
        for hang in self._hangs[:LINES]:
            item = qt.QListWidgetItem(hang.text)
            item.setToolTip(hang.text)
            self.ui.hangsList.addItem(item)
        show_fitted(self.ui.hangLabel, self._hangs[0].text if self._hangs else _nothing_hangs(), frame=0)
        self._allow()

    def show_voxel(self, *_item: object) -> None:
        """Look at the voxel of the chosen line."""
        hang = self._chosen()
        if hang is not None:
            self._desk.place.jump(hang.ras)

    def erase_voxel(self) -> None:
        """Take the voxel of the chosen line out of the region."""
        hang = self._chosen()
        if hang is not None:
            with self._desk.waiting():
                self._desk.workflow.erase_voxel(hang.voxel)

    def _chosen(self) -> Hang | None:
        """The fact of the chosen line, or of the first."""
        if not self._hangs:
            self.show_hangs()
        if not self._hangs and self._desk.workflow.session is not None:
            self._desk.say(_nothing_hangs())
        row = max(int(self.ui.hangsList.currentRow), 0)
        return self._hangs[row] if row < len(self._hangs) else None

    def _may_replace(self) -> bool:
        """Ask, where there is normal bone already."""
        if self._desk.workflow.open.normal_bone is None:
            return True
        return self._desk.prompts.confirm(
            _("The normal bone that is there is replaced. Decisions on islands are carried over. Go on?")
        )

    def _curves_changed(self) -> None:
        nodes = self._curves.nodes()
        if nodes:
            self._show(self._desk.workflow.normal_bone_preview(nodes))

    def _show_numbers(self) -> None:
        case = self._desk.workflow.case
        mask = None if case is None else case.open_case.normal_bone
        if case is None or mask is None:
            self.ui.normalBoneLabel.setText("" if case is None else _("not marked yet"))
            self.ui.normalBoneSection.setText(_("Normal bone"))
        else:
            preview = case.open_case.preview(mask)
            self._show(preview)
            self.ui.normalBoneSection.setText(
                _("Normal bone: {voxels} voxels, {origin}").format(
                    voxels=f"{preview.voxels:,}", origin=origin_text(case.open_case.origin(NORMAL_BONE))
                )
            )
        self._allow()

    def _show(self, preview: RegionPreview) -> None:
        self.ui.normalBoneLabel.setText(normal_bone_text(preview))

    def _forget_hangs(self) -> None:
        self._hangs = []
        self.ui.hangsList.clear()
        self._allow()
        if self._desk.workflow.session is not None:
            self._settled.start()
        else:
            self._settled.stop()
            show_fitted(self.ui.hangLabel, "")

    def _allow(self) -> None:
        has_case = self._desk.workflow.case is not None
        for name in ("propose", "curves", "loadNormalBone", "editNormalBone", "outlineTool", "paintTool", "eraseTool"):
            getattr(self.ui, f"{name}Button").setEnabled(has_case)
        for button in (self.ui.showVoxelButton, self.ui.eraseVoxelButton):
            button.setEnabled(self._desk.workflow.session is not None)


def _nothing_hangs() -> str:
    return _("As long as VHI is 0, nothing hangs on the normal bone; keep an island first.")
