"""A region edited by hand in Slicer's Segment Editor, and taken when the reader comes back."""

from __future__ import annotations

from typing import Any

import numpy as np
import slicer

from VHIWorkflowLib.core.segment_kinds import NORMAL_BONE, SegmentKind
from VHIWorkflowLib.core.sentences import sentences_of
from VHIWorkflowLib.scene.errors import SceneError
from VHIWorkflowLib.scene.workflow import Workflow

_ = sentences_of(__name__)

EDITOR_TAG = "SegmentEditor"


class SegmentEditing:
    """One region at a time.

    Parameters
    ----------
    workflow
        Of the case.
    """

    def __init__(self, workflow: Workflow) -> None:
        self._workflow = workflow
        self._kind: SegmentKind | None = None

    def start(self, kind: SegmentKind) -> None:
        """Go to the Segment Editor with the region chosen there.

        Raises
        ------
        VHIError
            If no case is open.
        """
        self._workflow.make_complete()
        case = self._workflow.case
        if case is None:
            raise SceneError(_("no case is open; open one from the list first"))
        self._kind = kind
        editor = _editor_node()
        editor.SetAndObserveSegmentationNode(case.segmentation_node)
        volume = case.stir_node if kind == NORMAL_BONE else case.t1w_node
        editor.SetAndObserveSourceVolumeNode(volume)
        editor.SetSelectedSegmentID(kind.segment_id)
        editor.SetOverwriteMode(editor.OverwriteNone)
        slicer.util.selectModule("SegmentEditor")
        slicer.util.setSliceViewerLayers(background=volume, fit=True, rotateToVolumePlane=True)

    def take(self) -> None:
        """Take the region as it was edited, if it was.

        Raises
        ------
        VHIError
            If it cannot be measured or saved.
        """
        kind, self._kind = self._kind, None
        case = self._workflow.case
        if kind is None or case is None:
            return
        before = case.open_case.normal_bone if kind == NORMAL_BONE else case.open_case.disease_region
        edited = case.segments.mask_of(kind)
        if before is None or not np.array_equal(before, edited):
            self._workflow.set_region(kind, edited)


def _editor_node() -> Any:
    """Parameter node of the Segment Editor module, made where it has none yet."""
    node = slicer.mrmlScene.GetSingletonNode(EDITOR_TAG, "vtkMRMLSegmentEditorNode")
    if node is None:
        node = slicer.mrmlScene.CreateNodeByClass("vtkMRMLSegmentEditorNode")
        node.UnRegister(None)
        node.SetSingletonTag(EDITOR_TAG)
        node = slicer.mrmlScene.AddNode(node)
    return node
