"""Disease region: found by the networks in a process of its own, loaded, or edited by hand."""

from __future__ import annotations

from slicer.i18n import tr as _

from VHIWorkflowLib.core.segment_kinds import DISEASE_REGION
from VHIWorkflowLib.core.sentences import listed
from VHIWorkflowLib.scene.signals import What
from VHIWorkflowLib.study.case_record import CaseKey
from VHIWorkflowLib.study.read_ahead import Prepared

from .background import CaseSearch
from .child_process import Ended
from .desk import Desk
from .number_texts import origin_text
from .segment_editing import SegmentEditing


class DiseaseRegionPanel:
    """See `desk.Part`.

    Parameters
    ----------
    desk
        What all parts share.
    editing
        Edits a region in the Segment Editor.
    search
        Runs the networks.
    """

    def __init__(self, desk: Desk, editing: SegmentEditing, search: CaseSearch) -> None:
        self._desk, self.ui = desk, desk.ui
        self._editing, self._search = editing, search
        self.ui.findButton.connect("clicked()", self.find)
        self.ui.cancelFindButton.connect("clicked()", self.cancel)
        self.ui.loadDiseaseRegionButton.connect("clicked()", self.load)
        self.ui.editDiseaseRegionButton.connect("clicked()", self.edit)
        self._show()

    def close(self) -> None:
        """See `desk.Part`."""
        self._search.close()

    def update(self, changed: frozenset[What]) -> None:
        """See `desk.Part`."""
        if "case" in changed:
            self._search.close()  # what it would find belongs to another case
        if changed & {"case", "regions"}:
            self._show()

    def find(self) -> None:
        """Let the networks look for the disease region; the reader goes on meanwhile."""
        with self._desk.attempting():
            if not self._may_replace():
                return
            opened = self._desk.workflow.open
            self.ui.findProgressBar.setRange(0, 0)
            self._search.find_region(
                opened.files, self._progress, lambda found, how: self._ended(opened.key, found, how)
            )
            self._desk.say(_("Looking for bone on T1w. You can go on meanwhile."))
        self._show()

    def cancel(self) -> None:
        """Stop looking."""
        self._search.cancel()

    def load(self) -> None:
        """Take the disease region from a file."""
        kinds = _("Regions (*.nii *.nii.gz *.nrrd *.mha);;All files (*)")
        path = self._desk.prompts.open_file(_("Load the disease region"), kinds)
        if path is not None:
            with self._desk.waiting():
                if self._may_replace():
                    self._desk.workflow.load_region(DISEASE_REGION, path)

    def edit(self) -> None:
        """Edit the disease region in the Segment Editor."""
        with self._desk.attempting():
            self._editing.start(DISEASE_REGION)

    def _may_replace(self) -> bool:
        """Ask, where there is a region already."""
        if self._desk.workflow.open.disease_region is None:
            return True
        return self._desk.prompts.confirm(
            _("The disease region that is there is replaced. Decisions on islands are carried over. Go on?")
        )

    def _progress(self, done: int, total: int) -> None:
        self.ui.findProgressBar.setRange(0, total)
        self.ui.findProgressBar.setValue(done)

    def _ended(self, key: CaseKey, prepared: Prepared | None, how: Ended) -> None:
        """Take what was found, when its case is still open."""
        workflow = self._desk.workflow
        self._show()
        if how.cancelled:
            self._desk.say(_("The search was stopped; nothing has changed."))
        elif prepared is None:
            self._desk.failed(how.problem or _("The scans have changed meanwhile; look again."))
        elif workflow.case is not None and workflow.open.key == key:
            self._desk.say("")
            with self._desk.waiting():
                for problem in prepared.problems:
                    self._desk.failed(problem)
                if DISEASE_REGION in prepared.found:
                    found = prepared.found[DISEASE_REGION]
                    workflow.set_found(DISEASE_REGION, found)
                    self._desk.say(listed(found.warnings, "\n"))

    def _show(self) -> None:
        case, running = self._desk.workflow.case, self._search.is_running
        region = None if case is None else case.open_case.disease_region
        if case is None or region is None:
            self.ui.diseaseRegionLabel.setText("" if case is None else _("not found yet"))
            self.ui.diseaseRegionSection.setText(_("Disease region"))
        else:
            origin = origin_text(case.open_case.origin(DISEASE_REGION))
            text = _("{voxels} voxels, {origin}").format(voxels=f"{int(region.sum()):,}", origin=origin)
            self.ui.diseaseRegionLabel.setText(text)
            self.ui.diseaseRegionSection.setText(_("Disease region: {text}").format(text=text))
        self.ui.findButton.setEnabled(case is not None and not running)
        self.ui.cancelFindButton.setEnabled(running)
        self.ui.findProgressBar.setVisible(running)
        for button in (self.ui.loadDiseaseRegionButton, self.ui.editDiseaseRegionButton):
            button.setEnabled(case is not None and not running)
