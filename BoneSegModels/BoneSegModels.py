"""3D Slicer module BoneSegModels: the bundled models with their cards, for this extension and for others."""

import importlib.metadata
from enum import Enum

import qt
import slicer
from slicer.i18n import tr as _
from slicer.i18n import translate
from slicer.ScriptedLoadableModule import (
    ScriptedLoadableModule,
    ScriptedLoadableModuleTest,
    ScriptedLoadableModuleWidget,
)


class BoneSegModels(ScriptedLoadableModule):
    """Names the module."""

    def __init__(self, parent):
        super().__init__(parent)
        parent.title = _("Bone Segmentation Models")
        parent.categories = [translate("qSlicerAbstractCoreModule", "Quantification")]
        parent.dependencies = []
        parent.contributors = [_("The VHIWorkflow authors")]
        parent.helpText = _(
            "The models that come with VHI Workflow: networks that find bone on MRI, the proposal for normal bone and "
            "the ranking of islands, with how they were made and how well they do. They run with what 3D Slicer "
            "brings; PyTorch makes the networks faster. From Python: import BoneSegModelsLib."
        )
        parent.acknowledgementText = _("Not a medical device.")


class WayToTorch(Enum):
    """How this Slicer can come to PyTorch."""

    INSTALLED = "installed"
    BY_EXTENSION = "the PyTorch extension is there and can install it"
    BY_EXTENSIONS_MANAGER = "the PyTorch extension can be looked for"
    NONE = "none from here"


class TorchInSlicer:
    """PyTorch, the PyTorch extension and the Extensions Manager of this Slicer."""

    @property
    def version(self):
        """Version of PyTorch; None when it is not installed. It is not imported to find out."""
        try:
            return importlib.metadata.version("torch")
        except importlib.metadata.PackageNotFoundError:
            return None

    @property
    def way(self):
        """How to come to it."""
        if self.version is not None:
            return WayToTorch.INSTALLED
        if hasattr(slicer.modules, "pytorchutils"):
            return WayToTorch.BY_EXTENSION
        settings = slicer.app.revisionUserSettings()
        if settings.value("Extensions/ManagerEnabled") and hasattr(slicer.app, "openExtensionsManagerDialog"):
            return WayToTorch.BY_EXTENSIONS_MANAGER
        return WayToTorch.NONE

    def install(self):
        """Let the PyTorch extension install it, which asks first."""
        from PyTorchUtils import PyTorchUtilsLogic

        with slicer.util.tryWithErrorDisplay(_("PyTorch could not be installed; the networks run without it.")):
            PyTorchUtilsLogic().installTorch(askConfirmation=True)

    def look_for_extension(self):
        """Open the Extensions Manager."""
        slicer.app.openExtensionsManagerDialog()


class BoneSegModelsWidget(ScriptedLoadableModuleWidget):
    """The page: a table of the models, the card of the one chosen, and what runs the networks."""

    MODEL, VERSION, STATE, FINDS, SHA256 = range(5)

    def __init__(self, parent=None):
        super().__init__(parent)
        self.torch = TorchInSlicer()
        self.bundled = ()

    def setup(self):
        """Build the page."""
        super().setup()
        page = slicer.util.loadUI(self.resourcePath("UI/BoneSegModels.ui"))
        page.setMRMLScene(slicer.mrmlScene)
        self.layout.addWidget(page)
        self.ui = slicer.util.childWidgetVariables(page)
        self.ui.modelsTable.connect("itemSelectionChanged()", self.show_card)
        self.ui.checkButton.connect("clicked()", self.check)
        self.ui.torchButton.connect("clicked()", self.get_torch)
        self.check()
        self.show_torch()

    def enter(self):
        """PyTorch may have come or gone meanwhile."""
        self.show_torch()

    def check(self):
        """Read all models and list them."""
        from BoneSegModelsLib.catalogue import list_bundled
        from BoneSegModelsLib.errors import ModelError

        try:
            self.bundled, problem = list_bundled(), ""
        except ModelError as error:
            self.bundled, problem = (), str(error)
        problems = [problem, *(each.problem for each in self.bundled)]
        self.ui.problemLabel.text = "\n".join(filter(None, problems)) or _("All files are whole.")
        self.ui.modelsTable.rowCount = len(self.bundled)
        for row, each in enumerate(self.bundled):
            self._fill_row(row, each)
        self.ui.modelsTable.resizeColumnsToContents()
        if self.bundled:
            self.ui.modelsTable.selectRow(0)
        self.show_card()

    def _fill_row(self, row, bundled):
        state = _("whole") if bundled.problem is None else _("damaged")
        texts = (bundled.name, bundled.version or "", state, bundled.finds, bundled.sha256 or "")
        for column, text in enumerate(texts):
            item = qt.QTableWidgetItem(text)
            item.setToolTip(bundled.problem or text)
            self.ui.modelsTable.setItem(row, column, item)

    def show_card(self):
        """Show the card of the model that is chosen."""
        row = self.ui.modelsTable.currentRow()
        self.ui.cardBrowser.clear()
        if not 0 <= row < len(self.bundled):
            return
        bundled = self.bundled[row]
        self.ui.cardBrowser.setSearchPaths([str(bundled.path)])
        try:
            self.ui.cardBrowser.setMarkdown(bundled.card_path.read_text(encoding="utf-8"))
        except OSError as error:
            self.ui.cardBrowser.setPlainText(
                _("{path}: the card cannot be read ({problem})").format(path=bundled.card_path, problem=error.strerror)
            )

    def show_torch(self):
        """Say what runs the networks, and offer PyTorch where it is missing and can be had."""
        texts = {
            WayToTorch.INSTALLED: (_("PyTorch {version} runs the networks.").format(version=self.torch.version), ""),
            WayToTorch.BY_EXTENSION: (
                _("The networks run without PyTorch, which is not installed; with it they are faster."),
                _("Install PyTorch..."),
            ),
            WayToTorch.BY_EXTENSIONS_MANAGER: (
                _(
                    "The networks run without PyTorch, which is not installed; with it they are faster. "
                    "The PyTorch extension installs it; this needs the network once."
                ),
                _("Look for the PyTorch extension..."),
            ),
            WayToTorch.NONE: (
                _(
                    "The networks run without PyTorch, which is not installed. To make them faster, ask whoever looks "
                    "after this computer for the PyTorch extension of 3D Slicer."
                ),
                "",
            ),
        }
        text, offer = texts[self.torch.way]
        self.ui.torchLabel.text = text
        self.ui.torchButton.text = offer
        self.ui.torchButton.visible = bool(offer)

    def get_torch(self):
        """Do what the button offers; nothing is installed without being asked for."""
        if self.torch.way is WayToTorch.BY_EXTENSION:
            self.torch.install()
        elif self.torch.way is WayToTorch.BY_EXTENSIONS_MANAGER:
            self.torch.look_for_extension()
        self.show_torch()


class BoneSegModelsTest(ScriptedLoadableModuleTest):
    """Self-tests: see `BoneSegModelsLib.self_tests`."""

    def setUp(self):
        """Start from an empty scene."""
        slicer.mrmlScene.Clear()

    def runTest(self):
        """Run all tests."""
        for name in sorted(dir(self)):
            if name.startswith("test_"):
                self.setUp()
                getattr(self, name)()
