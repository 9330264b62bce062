"""3D Slicer module BoneSegModels: makes the bundled networks available to Slicer's Python; it has no panel."""

import slicer
from slicer.i18n import tr as _
from slicer.i18n import translate
from slicer.ScriptedLoadableModule import ScriptedLoadableModule, ScriptedLoadableModuleTest


class BoneSegModels(ScriptedLoadableModule):
    """Names the module; hidden from the menu."""

    def __init__(self, parent):
        super().__init__(parent)
        parent.title = _("Bone Segmentation Models")
        parent.categories = [translate("qSlicerAbstractCoreModule", "Quantification")]
        parent.dependencies = []
        parent.contributors = [_("The VHIWorkflow authors")]
        parent.helpText = _(
            "Networks that find bone on MRI, bundled with VHI Workflow. From Python: import BoneSegModelsLib."
        )
        parent.acknowledgementText = _("Not a medical device.")
        parent.hidden = True


class BoneSegModelsTest(ScriptedLoadableModuleTest):
    """Self-test: every bundled model is whole and runs on the phantom with the numpy that Slicer brings."""

    def setUp(self):
        """Start from an empty scene."""
        slicer.mrmlScene.Clear()

    def runTest(self):
        """Run all tests."""
        self.setUp()
        self.test_bundled_models_are_whole_and_run()

    def test_bundled_models_are_whole_and_run(self):
        """Hashes fit, and a label map comes out on the grid of the scan."""
        from BoneSegModelsLib.backends import open_backend
        from BoneSegModelsLib.inference import segment
        from BoneSegModelsLib.model_folders import list_models
        from VHIWorkflowLib.phantom import make_phantom

        phantom = make_phantom(shape=(5, 96, 96))
        for entry in list_models():
            self.assertIsNone(entry.problem)
            scan = phantom.t1w if entry.model.description.input.contrast == "T1w" else phantom.stir
            found = segment(scan, entry.model, open_backend(entry.model, "numpy"))
            self.assertEqual(found.labels.shape, scan.array.shape)
