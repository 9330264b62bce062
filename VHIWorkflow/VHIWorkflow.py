"""3D Slicer module VHIWorkflow: makes the library available to Slicer's Python; the reading interface follows."""

import slicer
from slicer.i18n import tr as _
from slicer.i18n import translate
from slicer.ScriptedLoadableModule import ScriptedLoadableModule, ScriptedLoadableModuleTest


class VHIWorkflow(ScriptedLoadableModule):
    """Names the module; hidden from the menu as long as it has no panel."""

    def __init__(self, parent):
        super().__init__(parent)
        parent.title = _("VHI Workflow")
        parent.categories = [translate("qSlicerAbstractCoreModule", "Quantification")]
        parent.dependencies = []
        parent.contributors = [_("The VHIWorkflow authors")]
        parent.helpText = _(
            "Measures the volume of hyperintense inflammation (VHI) on sacroiliac-joint MRI. "
            "In this version by the vhi command line and from Python: import VHIWorkflowLib."
        )
        parent.acknowledgementText = _("After Hepburn et al., PLoS ONE 2023, e0284508. Not a medical device.")
        parent.hidden = True


class VHIWorkflowTest(ScriptedLoadableModuleTest):
    """Self-test: measures and cleans the phantom with the numpy and scipy that Slicer brings."""

    def setUp(self):
        """Start from an empty scene."""
        slicer.mrmlScene.Clear()

    def runTest(self):
        """Run all tests."""
        self.setUp()
        self.test_phantom_is_measured_and_cleaned()

    def test_phantom_is_measured_and_cleaned(self):
        """Keeping what touches the lesions leaves less than the preliminary mask; undo brings all of it back."""
        from VHIWorkflowLib.core.cleaning import CleaningSession
        from VHIWorkflowLib.core.measurement import measure
        from VHIWorkflowLib.core.targets import Touching
        from VHIWorkflowLib.phantom import make_phantom

        phantom = make_phantom()
        case = measure(phantom.stir, phantom.normal_bone.array, phantom.disease_region.array)
        session = CleaningSession.of(case, start="keep")
        session.keep(Touching.mask(phantom.lesions.array))
        self.assertGreater(session.vhi.sensitive_voxels, 0)
        self.assertLess(session.vhi.sensitive_voxels, case.vhi.sensitive_voxels)
        session.undo()
        self.assertEqual(session.vhi.sensitive_voxels, 0)
