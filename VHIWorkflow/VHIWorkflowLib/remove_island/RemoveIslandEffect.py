"""Segment Editor effect "Remove island": outlines what is under the cursor, a click removes it, again restores it."""

import os

import qt
import slicer
import vtk
from SegmentEditorEffects import AbstractScriptedSegmentEditorEffect
from slicer.i18n import tr as _
from slicer.i18n import translate

from VHIWorkflowLib.core.errors import VHIError
from VHIWorkflowLib.core.sentences import translated
from VHIWorkflowLib.interaction.drawing import HOVERED, HOVERED_REMOVED, Caption, Lines
from VHIWorkflowLib.interaction.slice_view import SliceView
from VHIWorkflowLib.interaction.surface_pointer import is_still
from VHIWorkflowLib.interaction.surface_view import SurfaceView
from VHIWorkflowLib.remove_island.segment_edit import SegmentEdit
from VHIWorkflowLib.remove_island.segment_islands import SegmentIslands

ICON = os.path.join(os.path.dirname(__file__), "..", "..", "Resources", "Icons", "RemoveIsland.png")
SLICE_ONLY = "SliceOnly"


class RemoveIslandEffect(AbstractScriptedSegmentEditorEffect):
    """See the module; for any segmentation, and independent of VHI."""

    def __init__(self, scriptedEffect):  # noqa: N803 (Slicer's name)
        scriptedEffect.name = "Remove island"  # no tr: modules find effects by name
        scriptedEffect.title = _("Remove island")
        super().__init__(scriptedEffect)
        self._outlines = {}
        self._islands = None
        self._pressed = None
        self._clicked = None
        self._is_ours = False

    def clone(self):
        """A new effect of this kind, as Slicer asks for."""
        import qSlicerSegmentationsEditorEffectsPythonQt as effects  # noqa: N813 (Slicer's name)

        cloned = effects.qSlicerSegmentEditorScriptedEffect(None)
        cloned.setPythonSource(__file__.replace("\\", "/"))
        return cloned

    def icon(self):
        """For the button."""
        return qt.QIcon(ICON) if os.path.exists(ICON) else qt.QIcon()

    def helpText(self):  # noqa: N802 (Slicer's name)
        """What it does."""
        return "<html>" + _(
            "Remove a connected island of the selected segment.<p><ul style='margin: 0'>"
            "<li><b>Mouse move:</b> outlines the island under the cursor and says how large it is."
            "<li><b>Left click:</b> removes it, in slice and 3D views; clicking the same place again restores it."
            "</ul><p>Islands are connected by faces, edges and corners. "
            "The editable area and intensity range chosen under Masking are respected."
        )

    def setupOptionsFrame(self):  # noqa: N802
        """The one choice there is."""
        self.sliceOnlyCheckBox = qt.QCheckBox(_("This slice only"))
        self.sliceOnlyCheckBox.setToolTip(
            _("Remove the part within this slice only, not the whole island. Slices are those of the largest spacing.")
        )
        self.scriptedEffect.addOptionsWidget(self.sliceOnlyCheckBox)
        self.sliceOnlyCheckBox.connect("toggled(bool)", self.updateMRMLFromGUI)

    def setMRMLDefaults(self):  # noqa: N802
        """Whole islands at first."""
        self.scriptedEffect.setParameterDefault(SLICE_ONLY, 0)

    def updateGUIFromMRML(self):  # noqa: N802
        """Show the choice."""
        was_blocked = self.sliceOnlyCheckBox.blockSignals(True)
        self.sliceOnlyCheckBox.setChecked(self.scriptedEffect.integerParameter(SLICE_ONLY) != 0)
        self.sliceOnlyCheckBox.blockSignals(was_blocked)

    def updateMRMLFromGUI(self, *_state):  # noqa: N802
        """Keep the choice."""
        self.scriptedEffect.setParameter(SLICE_ONLY, int(self.sliceOnlyCheckBox.checked))

    def cleanup(self):
        """Let go of the options frame."""
        if hasattr(self, "sliceOnlyCheckBox"):
            self.sliceOnlyCheckBox.disconnect("toggled(bool)", self.updateMRMLFromGUI)

    def deactivate(self):
        """Take the outlines out of the views."""
        for lines, caption in self._outlines.values():
            lines.remove()
            caption.remove()
        self._outlines, self._islands, self._pressed, self._clicked = {}, None, None, None

    def layoutChanged(self):  # noqa: N802
        """Views may have come or gone."""
        self.deactivate()

    def processInteractionEvents(self, callerInteractor, eventId, viewWidget):  # noqa: N802, N803
        """Hover and click; True keeps the event from Slicer."""
        position = callerInteractor.GetEventPosition()
        if callerInteractor.GetShiftKey() or callerInteractor.GetControlKey() or callerInteractor.GetAltKey():
            return False
        if viewWidget.className() == "qMRMLThreeDWidget":
            self._process_3d(eventId, position, viewWidget)
            return False
        return viewWidget.className() == "qMRMLSliceWidget" and self._process_slice(
            callerInteractor, eventId, position, viewWidget
        )

    def _process_slice(self, interactor, eventId, position, viewWidget):  # noqa: N803
        kept = False
        if eventId == vtk.vtkCommand.LeftButtonPressEvent:
            if interactor.GetRepeatCount() == 0:
                self._click(SliceView(viewWidget).ras(position))
            self._hover(viewWidget, position)
            self._is_ours = kept = True
        elif eventId == vtk.vtkCommand.LeftButtonDoubleClickEvent:
            self._is_ours = kept = True
        elif eventId == vtk.vtkCommand.LeftButtonReleaseEvent:
            kept, self._is_ours = self._is_ours, False  # a drag that began with a key held is Slicer's
        elif eventId in (vtk.vtkCommand.MouseMoveEvent, vtk.vtkCommand.EnterEvent):
            self._hover(viewWidget, position)
        elif eventId == vtk.vtkCommand.LeaveEvent:
            self._hide(viewWidget)
        return kept

    def processViewNodeEvents(self, _callerViewNode, _eventId, viewWidget):  # noqa: N802, N803
        """The outline follows the view when it is moved or zoomed."""
        if viewWidget in self._outlines:
            self._outlines[viewWidget][0].follow()

    def islands(self):
        """Islands of the selected segment as it is now; None where no segment is selected."""
        editor = self.scriptedEffect.parameterSetNode()
        node = editor.GetSegmentationNode() if editor else None
        segment_id = editor.GetSelectedSegmentID() if editor else None
        if node is None or not segment_id or node.GetSegmentation().GetSegment(segment_id) is None:
            self._islands = None
            return None
        known = self._islands
        if known is None or known.node is not node or known.segment_id != segment_id or not known.is_current:
            self._islands = SegmentIslands(node, segment_id)
        return self._islands

    def _in_slice(self, islands, ras):
        return islands.slice_number(ras) if self.scriptedEffect.integerParameter(SLICE_ONLY) else None

    def _click(self, ras):
        islands = self.islands()
        if islands is None:
            return
        in_slice = self._in_slice(islands, ras)
        picked = islands.pick(ras, in_slice)
        if picked is not None:
            self._toggle(islands, picked, in_slice)

    def _toggle(self, islands, picked, in_slice):
        if not self.scriptedEffect.confirmCurrentSegmentVisible():
            return
        self.scriptedEffect.saveStateForUndo()
        try:
            change = islands.toggle(picked, in_slice)
        except VHIError as error:
            slicer.util.showStatusMessage(translated(error, translate), 5000)
            return
        edit = SegmentEdit(self.scriptedEffect)
        for pieces, act in ((change.hidden, edit.remove), (change.shown, edit.restore)):
            for voxels in pieces:
                act(islands.modifier(voxels))
        if not edit.is_limited or islands.is_as_decided():
            islands.settle()
            return
        self._islands = None
        text = _("What lies outside the editable area or intensity range of the Segment Editor stays as it is.")
        slicer.util.showStatusMessage(text, 5000)

    def _hover(self, viewWidget, position):  # noqa: N803
        view = SliceView(viewWidget)
        lines, caption = self._outline(viewWidget, view)
        islands = self.islands()
        ras = view.ras(position)
        picked = None if islands is None else islands.pick(ras, self._in_slice(islands, ras))
        if picked is None:
            lines.hide()
            caption.hide()
        else:
            is_there = islands.is_there(picked)
            colour = HOVERED if is_there else HOVERED_REMOVED
            voxels, volume = islands.size(picked)
            text = _("{voxels} voxels, {volume} mm3") if is_there else _("{voxels} voxels, {volume} mm3, removed")
            lines.show(islands.outline(picked, view.normal), colour)
            caption.show(text.format(voxels=f"{voxels:,}", volume=f"{volume:,.1f}"), colour)
        view.render()

    def _hide(self, viewWidget):  # noqa: N803
        if viewWidget in self._outlines:
            for drawn in self._outlines[viewWidget]:
                drawn.hide()
            SliceView(viewWidget).render()

    def _outline(self, viewWidget, view):  # noqa: N803
        """Lines and caption of a view, made when they are first needed."""
        if viewWidget not in self._outlines:
            self._outlines[viewWidget] = (Lines(view, 2.5), Caption(view))
        return self._outlines[viewWidget]

    def _process_3d(self, eventId, position, viewWidget):  # noqa: N803
        if eventId == vtk.vtkCommand.LeftButtonPressEvent:
            self._pressed = position
        elif eventId == vtk.vtkCommand.LeftButtonReleaseEvent and self._pressed is not None:
            pressed, self._pressed = self._pressed, None
            if is_still(pressed, position):
                self._click_3d(position, viewWidget)
            else:
                self._clicked = None  # the view was turned: another place lies under the same pixel

    def _click_3d(self, position, viewWidget):  # noqa: N803
        """Remove what lies under the cursor, or bring back what the last click here made vanish."""
        hit, last = SurfaceView(viewWidget).surface_point(position), self._clicked
        islands = self.islands()
        again = hit is None and last is not None and is_still(last[0], position) and last[2] is islands
        if again:
            hit = last[1]
        picked = None if hit is None or islands is None else islands.pick_surface(hit, removed_too=again)
        if picked is not None:
            self._clicked = position, hit, islands
            self._toggle(islands, picked, None)
