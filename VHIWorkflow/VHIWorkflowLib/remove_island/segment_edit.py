"""How a decision on an island reaches the segment: within the editable area of the Segment Editor.

Removing follows all rules of Slicer's own effects (`vtkSlicerSegmentEditorLogic::ModifySegmentByLabelmap`). Restoring
keeps to the editable area too, but takes no voxels from other segments: it only puts back what was there.
"""

from __future__ import annotations

from typing import Any


class SegmentEdit:
    """Changes the selected segment of the Segment Editor.

    Parameters
    ----------
    effect
        qSlicerSegmentEditorScriptedEffect that is at work.
    """

    def __init__(self, effect: Any) -> None:
        import slicer

        self._effect = effect
        self._modes = slicer.qSlicerSegmentEditorAbstractEffect
        editor = effect.parameterSetNode()
        self._in_area = editor.GetMaskMode() != slicer.vtkMRMLSegmentationNode.EditAllowedEverywhere
        self._in_range = bool(editor.GetSourceVolumeIntensityMask())

    @property
    def is_limited(self) -> bool:
        """Whether there is an editable area or intensity range, so that voxels may stay as they are."""
        return self._in_area or self._in_range

    def remove(self, labelmap: Any) -> None:
        """Take voxels (vtkOrientedImageData) out of the segment, as far as they may be edited."""
        bypass = not self.is_limited
        self._effect.modifySelectedSegmentByLabelmap(self._placed(labelmap), self._modes.ModificationModeRemove, bypass)

    def restore(self, labelmap: Any) -> None:
        """Put voxels (vtkOrientedImageData) into the segment, as far as they may be edited."""
        import slicer

        placed = self._placed(labelmap)
        if self._in_area:
            slicer.vtkOrientedImageDataResample.ApplyImageMask(placed, self._effect.maskLabelmap(), 0, True)
        self._effect.modifySelectedSegmentByLabelmap(placed, self._modes.ModificationModeAdd, True)

    def _placed(self, labelmap: Any) -> Any:
        """The labelmap; where there are limits, in the geometry of the scan, without which Slicer changes nothing."""
        import slicer

        if not self.is_limited:
            return labelmap
        resample, placed = slicer.vtkOrientedImageDataResample, slicer.vtkOrientedImageData()
        placed.DeepCopy(self._effect.defaultModifierLabelmap())
        resample.ModifyImage(placed, labelmap, resample.OPERATION_MAXIMUM)
        return placed
