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
        enabled = slicer.util.toBool(slicer.app.revisionUserSettings().value("Extensions/ManagerEnabled"))
        if enabled and hasattr(slicer.app, "openExtensionsManagerDialog"):
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
        from VHIWorkflowLib.core.sentences import translated

        try:
            self.bundled, problem = list_bundled(), ""
        except ModelError as error:
            self.bundled, problem = (), error.sentence
        problems = [problem, *(each.problem for each in self.bundled)]
        said = [translated(each, translate) for each in problems if each]
        self.ui.problemLabel.text = "\n".join(said) or _("All files are whole.")
        self.ui.modelsTable.rowCount = len(self.bundled)
        for row, each in enumerate(self.bundled):
            self._fill_row(row, each)
        self.ui.modelsTable.resizeColumnsToContents()
        if self.bundled:
            self.ui.modelsTable.selectRow(0)
        self.show_card()

    def _fill_row(self, row, bundled):
        from VHIWorkflowLib.core.sentences import translated

        state = _("whole") if bundled.problem is None else _("damaged")
        finds = translated(bundled.finds, translate)
        texts = (bundled.name, bundled.version or "", state, finds, bundled.sha256 or "")
        for column, text in enumerate(texts):
            item = qt.QTableWidgetItem(text)
            item.setToolTip(translated(bundled.problem or text, translate))
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
                _(
                    "The networks run without PyTorch, in some seconds a scan. With PyTorch they are faster, above all "
                    "with a graphics card."
                ),
                _("Install PyTorch..."),
            ),
            WayToTorch.BY_EXTENSIONS_MANAGER: (
                _(
                    "The networks run without PyTorch, in some seconds a scan. With PyTorch they are faster, above all "
                    "with a graphics card; its extension installs it, which needs the network once."
                ),
                _("Look for the PyTorch extension..."),
            ),
            WayToTorch.NONE: (
                _(
                    "The networks run without PyTorch, in some seconds a scan. To make them faster, ask whoever looks "
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


class StandInTorch:
    """A Slicer with another way to PyTorch, for tests; notes what is asked of it."""

    def __init__(self, way, version=None):
        self.way = way
        self.version = version
        self.asked = []

    def install(self):
        self.asked.append("install")

    def look_for_extension(self):
        self.asked.append("look for extension")


class BoneSegModelsTest(ScriptedLoadableModuleTest):
    """Self-tests: models are whole, run without PyTorch, and the page says what is so."""

    def setUp(self):
        """Start from an empty scene and a fresh page."""
        slicer.mrmlScene.Clear()
        self.page = slicer.util.getModuleWidget("BoneSegModels")
        self.page.torch = TorchInSlicer()
        self.page.check()

    def tearDown(self):
        """Leave the page as it is for users."""
        self.page.torch = TorchInSlicer()
        self.page.check()
        self.page.show_torch()

    def runTest(self):
        """Run all tests, from the Self Tests module."""
        for name in sorted(name for name in dir(self) if name.startswith("test_")):
            self.delayDisplay(name)
            self.setUp()
            try:
                getattr(self, name)()
            finally:
                self.tearDown()

    def cell(self, row, column):
        """Text of the table."""
        return self.page.ui.modelsTable.item(row, column).text()

    def test_bundled_models_are_whole_and_find_bone_without_torch(self):
        """Hashes fit, and numpy finds most of the phantom's bone."""
        from BoneSegModelsLib.backends import open_backend
        from BoneSegModelsLib.catalogue import list_bundled
        from BoneSegModelsLib.inference import segment
        from VHIWorkflowLib.phantom import make_phantom

        bundled = list_bundled()
        self.assertEqual([each.problem for each in bundled], [None] * len(bundled))
        phantom = make_phantom()
        (network,) = (each.network for each in bundled if each.name == "disease_region")
        found = segment(phantom.t1w, network, open_backend(network, "numpy")).labels > 0
        bone = phantom.disease_region.array
        self.assertGreater(2 * (found & bone).sum() / (found.sum() + bone.sum()), 0.7)

    def test_page_lists_every_model_with_its_state(self):
        """As many lines as models, all whole, with version and hash."""
        from BoneSegModelsLib.catalogue import list_bundled

        bundled = list_bundled()
        self.assertGreaterEqual(len(bundled), 3)
        self.assertEqual(self.page.ui.modelsTable.rowCount, len(bundled))
        for row, each in enumerate(bundled):
            texts = [self.cell(row, column) for column in range(5)]
            self.assertEqual(texts, [each.name, each.version, "whole", each.finds, each.sha256])

    def test_choosing_a_line_shows_the_card(self):
        """Each model's card is its own and has text."""
        cards = []
        for row, each in enumerate(self.page.bundled):
            self.page.ui.modelsTable.selectRow(row)
            cards.append(self.page.ui.cardBrowser.toPlainText())
            self.assertIn(each.name, cards[-1])
        self.assertEqual(len(set(cards)), len(self.page.bundled))

    def test_damaged_model_is_said(self):
        """A changed byte and a missing card are named; the other models stay usable."""
        import os
        import shutil
        import tempfile
        from pathlib import Path

        from BoneSegModelsLib.model_folders import FOLDER_VARIABLE, models_folder

        with tempfile.TemporaryDirectory() as folder:
            copy = Path(folder) / "Models"
            shutil.copytree(models_folder(), copy)
            (copy / "disease_region" / "member1.npz").write_bytes(b"damaged")
            (copy / "disease_region" / "MODEL_CARD.md").unlink()
            os.environ[FOLDER_VARIABLE] = str(copy)
            try:
                self.page.ui.checkButton.click()
            finally:
                del os.environ[FOLDER_VARIABLE]
            self.assertEqual([self.cell(row, self.page.STATE) for row in range(3)], ["damaged", "whole", "whole"])
            self.assertIn("member1.npz", self.page.ui.problemLabel.text)
            self.page.ui.modelsTable.selectRow(0)
            self.page.show_card()
            self.assertIn("cannot be read", self.page.ui.cardBrowser.toPlainText())

    def test_this_slicer_says_what_runs_the_networks(self):
        """With or without PyTorch, as it is here."""
        self.page.show_torch()
        self.assertIn("PyTorch", self.page.ui.torchLabel.text)
        self.assertEqual(self.page.ui.torchButton.isHidden(), self.page.ui.torchButton.text == "")

    def test_torch_is_offered_and_never_forced(self):
        """Each way to PyTorch has its sentence; nothing happens before the button is clicked, and then one thing."""
        for way, offered in (
            (WayToTorch.INSTALLED, []),
            (WayToTorch.BY_EXTENSION, ["install"]),
            (WayToTorch.BY_EXTENSIONS_MANAGER, ["look for extension"]),
            (WayToTorch.NONE, []),
        ):
            self.page.torch = StandInTorch(way, "2.9")
            self.page.enter()
            self.assertEqual(self.page.ui.torchButton.isHidden(), not offered)
            self.assertEqual(self.page.torch.asked, [])
            self.page.ui.torchButton.click()
            self.assertEqual(self.page.torch.asked, offered)
