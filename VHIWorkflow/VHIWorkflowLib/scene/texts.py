"""Every text of the scene that a reader sees, in one place so that it can be translated.

Translations are looked up in the context "scene.texts", as Slicer's ``lupdate`` names it.
"""

from __future__ import annotations

from collections.abc import Sequence

from VHIWorkflowLib.core.errors import VHIError
from VHIWorkflowLib.core.segment_kinds import DISEASE_REGION, SegmentKind
from VHIWorkflowLib.core.sentences import Translate, fitting, translated, untranslated
from VHIWorkflowLib.core.steps import REASON_NAMES, Reason, Step
from VHIWorkflowLib.study.region_history import RegionChange

CONTEXT = "scene.texts"


class Texts:
    """Texts in the reader's language.

    Parameters
    ----------
    translate
        Translates a text with its places in braces, before they are filled in.
    """

    def __init__(self, translate: Translate = untranslated) -> None:
        self._in_language = translate

    def _translate(self, text: str) -> str:
        return fitting(text, self._in_language(CONTEXT, text))

    def undo(self, what: str) -> str:
        """What undo takes back, of `step` or `region_change`: "Undo: remove island 12 (vessel)"."""
        _ = self._translate
        return _("Undo: {step}").format(step=what)

    def redo(self, what: str) -> str:
        """What redo does again."""
        _ = self._translate
        return _("Redo: {step}").format(step=what)

    def region_change(self, change: RegionChange) -> str:
        """A change of a region, the thresholds or the start mode in words: "outline normal bone"."""
        _ = self._translate
        if change.kind == DISEASE_REGION:
            texts = {
                "find": _("find disease region"),
                "load": _("load disease region"),
            }
            return texts.get(change.how, _("edit disease region"))
        return {
            "outline": _("outline normal bone"),
            "paint": _("paint normal bone"),
            "erase": _("erase normal bone"),
            "curves": _("draw curves of normal bone"),
            "edit": _("edit normal bone"),
            "erase voxel": _("erase a voxel of normal bone"),
            "load": _("load normal bone"),
            "find": _("propose normal bone"),
            "thresholds": _("change thresholds"),
            "start": _("change start mode"),
        }[change.how]

    def step(self, steps: Sequence[Step]) -> str:
        """Steps of one group in words: "remove 17 islands in slice 8 (vessel)"."""
        _ = self._translate
        actions = {
            "remove": _("remove {what}{where}{why}"),
            "keep": _("keep {what}{where}{why}"),
            "restore": _("restore {what}{where}{why}"),
            "cut": _("cut {what}{where}{why}"),
        }
        first, count = steps[-1], sum(len(step.units) for step in steps)
        if first.target.get("kind") == "carried_over":
            return _("decisions carried over")
        what = (
            _("island {number}").format(number=first.units[0].island)
            if count == 1
            else _("{count} islands").format(count=count)
        )
        where = "" if first.in_slice is None else _(" in slice {number}").format(number=first.in_slice)
        why = "" if first.reason is None else _(" ({reason})").format(reason=self.reason(first.reason))
        return actions[first.action].format(what=what, where=where, why=why)

    def reason(self, reason: Reason) -> str:
        """Why an island is not inflammation."""
        return translated(REASON_NAMES[reason], self._in_language)

    def segment(self, kind: SegmentKind) -> str:
        """Name of a mask."""
        _ = self._translate
        return {
            "sensitive": _("Sensitive"),
            "conservative": _("Conservative"),
            "normal_bone": _("Normal bone"),
            "disease_region": _("Disease region"),
            "removed": _("Removed"),
        }[kind.segment_id]

    def without_voxels(self, count: int) -> str:
        """Without the brightest voxels of the normal bone; the beginning of a sentence."""
        _ = self._translate
        if count == 1:
            return _("Without normal bone's brightest voxel")
        return _("Without normal bone's {count} brightest voxels").format(count=count)

    def without_slice(self, number: int) -> str:
        """Without one slice of the normal bone; the beginning of a sentence."""
        _ = self._translate
        return _("Without slice {number} of the normal bone").format(number=number)

    def vhi_changes(self, without: str, ratio: float) -> str:
        """What VHI would be without something."""
        _ = self._translate
        percent = _percent(ratio)
        if percent == "0":
            return _("{without} VHI would stay as it is.").format(without=without)
        if ratio >= 1:
            return _("{without} VHI would be {percent} % larger.").format(without=without, percent=percent)
        return _("{without} VHI would be {percent} % smaller.").format(without=without, percent=percent)

    def no_measurement(self, without: str, problem: str) -> str:
        """That nothing could be measured without something, and why."""
        _ = self._translate
        said = translated(problem, self._in_language)
        return _("{without} nothing could be measured: {problem}").format(without=without, problem=said)

    def only_slice(self, number: int) -> str:
        """That the normal bone lies on one slice alone, so that nothing would be left without it."""
        _ = self._translate
        return _("All of the normal bone lies on slice {number}: mark it on further slices.").format(number=number)

    def no_ranks(self, problem: VHIError) -> str:
        """That islands go by their size, and why."""
        _ = self._translate
        return _("The islands have no ranks: {problem}").format(problem=translated(problem, self._in_language))

    def scene_was_closed(self) -> str:
        """That the case left the screen, and is safe."""
        _ = self._translate
        return _("The scene was closed and the case with it; all of it is saved. Open it again from the list.")

    def surface_name(self) -> str:
        """Name of the islands in 3D."""
        _ = self._translate
        return _("islands in 3D")

    def removed_surface_name(self) -> str:
        """Name of the removed islands in 3D."""
        _ = self._translate
        return _("removed islands in 3D")

    def restored(self, what: Sequence[str]) -> str:
        """That files were not where they had been, and what was taken from the scene instead."""
        _ = self._translate
        names = {"record": _("the record"), "regions": _("the regions"), "scans": _("the scans")}
        text = _("Files were not where they had been; taken from the scene: {what}.")
        return text.format(what=", ".join(names[each] for each in what))

    def results_title(self) -> str:
        """Name of the results table."""
        _ = self._translate
        return _("VHI results")

    def histogram_title(self) -> str:
        """Title of the plot."""
        _ = self._translate
        return _("Intensities")

    def intensity_axis(self) -> str:
        """Below the plot."""
        _ = self._translate
        return _("STIR intensity")

    def share_axis(self) -> str:
        """Beside the plot."""
        _ = self._translate
        return _("Voxels (%)")

    def agreement_title(self, a: str, b: str) -> str:
        """Title of the plots of two readings."""
        _ = self._translate
        return _("Agreement of {a} and {b}").format(a=a, b=b)

    def response_title(self, reader: str) -> str:
        """Title of the plots of the change as a reader read it."""
        _ = self._translate
        return _("Response, read by {reader}").format(reader=reader)

    def cases_title(self, title: str) -> str:
        """Name of a table of cases."""
        _ = self._translate
        return _("{title}: cases").format(title=title)

    def summary_title(self, title: str) -> str:
        """Name of a table over all cases."""
        _ = self._translate
        return _("{title}: summary").format(title=title)

    def volume_axis(self, reader: str | None = None) -> str:
        """Axis of VHI, of a reader where there are several."""
        _ = self._translate
        return _("VHI (mm3)") if reader is None else _("VHI of {reader} (mm3)").format(reader=reader)

    def mean_axis(self, *, logarithmic: bool) -> str:
        """Below a Bland-Altman plot."""
        _ = self._translate
        return _("Mean of log VHI") if logarithmic else _("Mean VHI (mm3)")

    def difference_axis(self, a: str, b: str, *, logarithmic: bool) -> str:
        """Beside a Bland-Altman plot."""
        _ = self._translate
        text = _("Log VHI, {b} less {a}") if logarithmic else _("VHI (mm3), {b} less {a}")
        return text.format(a=a, b=b)

    def time_points_axis(self, baseline: str, follow_up: str) -> str:
        """Below the lines from time point to time point."""
        _ = self._translate
        return _("{baseline} (0) to {follow_up} (1)").format(baseline=baseline, follow_up=follow_up)

    def subjects_axis(self) -> str:
        """Below the bars."""
        _ = self._translate
        return _("Subjects, by change")

    def change_axis(self) -> str:
        """Beside the bars."""
        _ = self._translate
        return _("Change of VHI (mm3)")

    def cases(self) -> str:
        """Points of a plot."""
        _ = self._translate
        return _("Cases")

    def equality(self) -> str:
        """The line on which both readings are the same."""
        _ = self._translate
        return _("Equal")

    def bias(self) -> str:
        """The mean difference."""
        _ = self._translate
        return _("Bias")

    def limit(self) -> str:
        """Where 95 % of differences lie within."""
        _ = self._translate
        return _("Limit of agreement")

    def change(self) -> str:
        """Bars of a plot."""
        _ = self._translate
        return _("Change")

    def smallest_change(self) -> str:
        """What a change must exceed."""
        _ = self._translate
        return _("Smallest detectable change")


def _percent(ratio: float) -> str:
    """How far a ratio is from 1."""
    return f"{abs(ratio - 1) * 100:.0f}"
