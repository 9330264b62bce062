"""The two thresholds: shown, and moved by hand where the reader unlocks them."""

from __future__ import annotations

from typing import Any

from slicer.i18n import tr as _

from VHIWorkflowLib.scene.signals import What

from .desk import Desk
from .number_texts import intensity

STEPS = 1000
"""Steps of a slider over all intensities."""


class ThresholdPanel:
    """See `desk.Part`.

    Parameters
    ----------
    desk
        What all parts share.
    """

    def __init__(self, desk: Desk) -> None:
        self._desk, self.ui = desk, desk.ui
        self._sliders = (self.ui.sensitiveSlider, self.ui.conservativeSlider)
        for slider in self._sliders:
            slider.connect("valueChanged(double)", self.moved)
        self.ui.lockedCheckBox.connect("toggled(bool)", self._allow)
        self.ui.resetThresholdsButton.connect("clicked()", self.reset)
        self._show()

    def close(self) -> None:
        """See `desk.Part`."""

    def update(self, changed: frozenset[What]) -> None:
        """See `desk.Part`."""
        if changed & {"case", "regions"}:
            self._show()

    def moved(self, _value: float = 0.0) -> None:
        """Take the thresholds of the sliders."""
        workflow = self._desk.workflow
        if self.ui.lockedCheckBox.checked or workflow.thresholds is None:
            return
        with self._desk.waiting():
            workflow.set_thresholds(float(self._sliders[0].value), float(self._sliders[1].value))
        self._show()

    def reset(self) -> None:
        """Back to the thresholds that follow from the normal bone."""
        with self._desk.waiting():
            self._desk.workflow.reset_thresholds()

    def _show(self) -> None:
        thresholds, case = self._desk.workflow.thresholds, self._desk.workflow.case
        if thresholds is None or case is None:
            self.ui.thresholdLabel.setText("")
            self.ui.thresholdSection.setText(_("Threshold"))
        else:
            stir = case.open_case.stir.array
            for slider, value in zip(self._sliders, (thresholds.sensitive, thresholds.conservative), strict=True):
                _set_slider(slider, float(stir.min()), max(float(stir.max()), value), value)
            by_hand = thresholds.iqr_multiple is None
            self.ui.thresholdLabel.setText(
                _("moved by hand")
                if by_hand
                else _("Q3 + {multiple} IQR, and maximum").format(multiple=f"{thresholds.iqr_multiple:.2f}")
            )
            text = (
                _("Threshold: {sensitive} and {conservative}, moved by hand")
                if by_hand
                else _("Threshold: {sensitive} and {conservative}")
            )
            self.ui.thresholdSection.setText(
                text.format(sensitive=intensity(thresholds.sensitive), conservative=intensity(thresholds.conservative))
            )
        self._allow()

    def _allow(self, *_state: object) -> None:
        thresholds = self._desk.workflow.thresholds
        free = thresholds is not None and not self.ui.lockedCheckBox.checked
        for slider in self._sliders:
            slider.setEnabled(free)
        self.ui.resetThresholdsButton.setEnabled(thresholds is not None and thresholds.iqr_multiple is None)


def _set_slider(slider: Any, low: float, high: float, value: float) -> None:
    """Set range and value without telling."""
    was_blocked = slider.blockSignals(True)
    slider.singleStep = max((high - low) / STEPS, 1e-6)
    slider.decimals = 1 if high >= 1000 else 3
    slider.minimum, slider.maximum = low, high
    slider.value = value
    slider.blockSignals(was_blocked)
