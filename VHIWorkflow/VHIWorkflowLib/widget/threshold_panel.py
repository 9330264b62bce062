"""The two thresholds: shown, and moved by hand where the reader unlocks them."""

from __future__ import annotations

from typing import Any

import qt
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
        self.ui.sensitiveSlider.connect("valueChanged(double)", self.move_sensitive)
        self.ui.conservativeSlider.connect("valueChanged(double)", self.move_conservative)
        for slider in self._sliders:
            for field in slider.findChildren(qt.QDoubleSpinBox):
                field.setKeyboardTracking(False)  # a number is taken when it is typed, not digit by digit
        self.ui.lockedCheckBox.connect("toggled(bool)", self._allow)
        self.ui.resetThresholdsButton.connect("clicked()", self.reset)
        self._show()

    def close(self) -> None:
        """See `desk.Part`."""

    def update(self, changed: frozenset[What]) -> None:
        """See `desk.Part`."""
        if changed & {"case", "regions"}:
            self._show()

    def move_sensitive(self, value: float) -> None:
        """Take another sensitive threshold; it takes the conservative one along rather than pass it."""
        thresholds = self._desk.workflow.thresholds
        if thresholds is not None:
            self._move(value, max(value, thresholds.conservative))

    def move_conservative(self, value: float) -> None:
        """Take another conservative threshold; it takes the sensitive one along rather than pass it."""
        thresholds = self._desk.workflow.thresholds
        if thresholds is not None:
            self._move(min(value, thresholds.sensitive), value)

    def reset(self) -> None:
        """Back to the thresholds that follow from the normal bone."""
        with self._desk.waiting():
            self._desk.workflow.reset_thresholds()

    def _move(self, sensitive: float, conservative: float) -> None:
        if not self.ui.lockedCheckBox.checked:
            with self._desk.waiting():
                self._desk.workflow.set_thresholds(sensitive, conservative)
            self._show()

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
