"""3D Slicer module VHIWorkflow: reads a list of cases from first click to results table."""

import importlib
import shutil
import sys
import tempfile
from pathlib import Path

import slicer
from slicer.i18n import tr as _
from slicer.i18n import translate
from slicer.ScriptedLoadableModule import (
    ScriptedLoadableModule,
    ScriptedLoadableModuleLogic,
    ScriptedLoadableModuleWidget,
)
from slicer.util import VTKObservationMixin
from VHIWorkflowLib.scene.workflow import Workflow
from VHIWorkflowLib.self_tests.all_tests import VHIWorkflowTest
from VHIWorkflowLib.widget.panel import Panel, Surroundings
from VHIWorkflowLib.widget.parameters import VHIWorkflowParameterNode
from VHIWorkflowLib.widget.prompts import SlicerPrompts
from VHIWorkflowLib.widget.qt_process import QtProcess

__all__ = ["VHIWorkflow", "VHIWorkflowLogic", "VHIWorkflowTest", "VHIWorkflowWidget"]

LIBRARIES = ("VHIWorkflowLib", "BoneSegModelsLib")


class VHIWorkflow(ScriptedLoadableModule):
    """Names the module, and adds sample data and the Segment Editor effect once Slicer has started."""

    def __init__(self, parent):
        super().__init__(parent)
        parent.title = _("VHI Workflow")
        parent.categories = [translate("qSlicerAbstractCoreModule", "Quantification")]
        parent.dependencies = ["SegmentEditor"]
        parent.contributors = [_("The VHIWorkflow authors")]
        parent.helpText = _(
            "Measures the volume of hyperintense inflammation (VHI) on sacroiliac-joint MRI: mark normal bone on STIR, "
            "let the networks find the disease region on T1w, remove the islands that are not inflammation. "
            "Click ? on the panel for all keys."
        )
        parent.acknowledgementText = _("After Hepburn et al., PLoS ONE 2023, e0284508. Not a medical device.")
        slicer.app.connect("startupCompleted()", self.start_up)

    def start_up(self):
        """Add what other modules of Slicer show of us."""
        self.register_sample_data()
        self.register_effect()

    def register_sample_data(self):
        """Offer the synthetic case in the Sample Data module."""
        from SampleData import SampleDataLogic
        from VHIWorkflowLib.scene.sample_data import register_sample_data

        icon = self.resourcePath("Icons/VHIPhantom.png")
        register_sample_data(SampleDataLogic.registerCustomSampleDataSource, slicer.mrmlScene, icon)

    def register_effect(self):
        """Add "Remove island" to the Segment Editor."""
        import qSlicerSegmentationsEditorEffectsPythonQt as effects
        from VHIWorkflowLib.remove_island import EFFECT_FILE

        effect = effects.qSlicerSegmentEditorScriptedEffect(None)
        effect.setPythonSource(str(EFFECT_FILE).replace("\\", "/"))
        effect.self().register()


class VHIWorkflowLogic(Workflow, ScriptedLoadableModuleLogic):
    """All steps of a reading on the scene of the application; see `Workflow`, of which it has every method."""

    def __init__(self, **collaborators):
        ScriptedLoadableModuleLogic.__init__(self)
        Workflow.__init__(self, slicer.mrmlScene, translate=translate, **collaborators)

    def getParameterNode(self):
        """The reader's choices on the panel, kept in the scene."""
        return VHIWorkflowParameterNode(super().getParameterNode())


class VHIWorkflowWidget(ScriptedLoadableModuleWidget, VTKObservationMixin):
    """Life cycle of the panel; what it does is in `VHIWorkflowLib.widget`."""

    def __init__(self, parent=None):
        ScriptedLoadableModuleWidget.__init__(self, parent)
        VTKObservationMixin.__init__(self)
        self.logic = None
        self.panel = None

    def setup(self):
        """Build the panel."""
        super().setup()
        page = slicer.util.loadUI(self.resourcePath("UI/VHIWorkflow.ui"))
        self.layout.addWidget(page)
        page.setMRMLScene(slicer.mrmlScene)
        self.logic = VHIWorkflowLogic()
        ui = slicer.util.childWidgetVariables(page)
        self.panel = Panel(ui, self.logic, SlicerPrompts(), surroundings())
        self.addObserver(slicer.mrmlScene, slicer.mrmlScene.StartCloseEvent, self.onSceneStartClose)
        self.addObserver(slicer.mrmlScene, slicer.mrmlScene.EndCloseEvent, self.onSceneEndClose)
        self.addObserver(slicer.mrmlScene, slicer.mrmlScene.EndImportEvent, self.onSceneEndImport)
        self.initializeParameterNode()

    def cleanup(self):
        """Let go of everything: the module is reloaded, or Slicer ends."""
        self.removeObservers()
        if self.panel is not None:
            self.panel.close()
            self.panel = None
        if self.logic is not None:
            self.logic.close()
            self.logic = None

    def enter(self):
        """The reader opens the module."""
        self.initializeParameterNode()
        self.panel.enter()

    def exit(self):
        """The reader opens another module."""
        self.panel.exit()
        self.panel.use(None)

    def onSceneStartClose(self, _caller, _event):
        """The parameter node goes with the scene; how the case was seen is kept."""
        self.panel.layout.remember()
        self.panel.use(None)

    def onSceneEndClose(self, _caller, _event):
        """A new scene has a new parameter node."""
        if self.parent.isEntered:
            self.initializeParameterNode()

    def onSceneEndImport(self, _caller, _event):
        """Continue with the case of a scene that was opened."""
        self.panel.continue_scene()

    def initializeParameterNode(self):
        """Use the parameter node of the scene; it is made where there is none."""
        self.panel.use(self.logic.getParameterNode())

    def onReload(self):
        """Reload the libraries with the module: Slicer reloads the module's own file only."""
        forget_libraries()
        super().onReload()


def surroundings():
    """The application as the panel needs it."""
    application = slicer.app.applicationLogic()
    temporary = Path(slicer.app.temporaryPath)
    temporary.mkdir(parents=True, exist_ok=True)
    modules = [Path(slicer.util.modulePath(name)).parent for name in ("VHIWorkflow", "BoneSegModels")]
    return Surroundings(
        window=slicer.util.mainWindow(),
        layout_manager=slicer.app.layoutManager(),
        interaction_node=application.GetInteractionNode(),
        selection_node=application.GetSelectionNode(),
        temporary=Path(tempfile.mkdtemp(prefix="VHIWorkflow-", dir=temporary)),
        make_process=QtProcess,
        python=python_program(),
        python_path=tuple(dict.fromkeys(map(str, modules))),
    )


def python_program():
    """Slicer's own Python; the one that runs here where Slicer is started in an unusual way."""
    beside = Path(slicer.app.slicerHome) / "bin" / f"PythonSlicer{'.exe' if sys.platform == 'win32' else ''}"
    return str(beside) if beside.exists() else shutil.which("PythonSlicer") or sys.executable


def forget_libraries():
    """Let the next import read our libraries from their files again."""
    for name in [name for name in sys.modules if name.split(".")[0] in LIBRARIES]:
        del sys.modules[name]
    importlib.invalidate_caches()
