"""Questions to the reader, as dialogs of Slicer; tests answer them in other ways."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Protocol

import qt
import slicer
from slicer.i18n import tr as _


class Prompts(Protocol):
    """Asks the reader. None is the answer of who cancels."""

    def confirm(self, question: str) -> bool:
        """Whether to go on."""

    def open_file(self, title: str, kinds: str) -> Path | None:
        """A file that is there; ``kinds`` as Qt writes them: "Tables (*.tsv *.csv)"."""

    def open_folder(self, title: str) -> Path | None:
        """A folder."""

    def save_file(self, title: str, name: str, kinds: str) -> Path | None:
        """A file to write, with a name to begin with."""

    def text(self, title: str, label: str, text: str) -> str | None:
        """A line of text, with one to begin with."""

    def show(self, title: str, html: str) -> None:
        """Show a page until it is closed."""

    def browse(self, page: Path) -> bool:
        """Open a page in the web browser; False when there is none."""


class SlicerPrompts:
    """Dialogs over Slicer's main window. In testing mode nothing is shown, and everything is cancelled."""

    def confirm(self, question: str) -> bool:
        """See `Prompts`; False in testing mode."""
        return bool(slicer.util.confirmOkCancelDisplay(question, windowTitle=_("VHI Workflow")))

    def open_file(self, title: str, kinds: str) -> Path | None:
        """See `Prompts`."""
        return self._path(lambda: qt.QFileDialog.getOpenFileName(self._window, title, "", kinds))

    def open_folder(self, title: str) -> Path | None:
        """See `Prompts`."""
        return self._path(lambda: qt.QFileDialog.getExistingDirectory(self._window, title))

    def save_file(self, title: str, name: str, kinds: str) -> Path | None:
        """See `Prompts`."""
        return self._path(lambda: qt.QFileDialog.getSaveFileName(self._window, title, name, kinds))

    def text(self, title: str, label: str, text: str) -> str | None:
        """See `Prompts`."""
        if slicer.app.testingEnabled():
            return None
        dialog = qt.QInputDialog(self._window)
        dialog.setWindowTitle(title)
        dialog.setLabelText(label)
        dialog.setTextValue(text)
        accepted = dialog.exec_() == qt.QDialog.Accepted
        answer = str(dialog.textValue())
        dialog.deleteLater()
        return answer if accepted else None

    def show(self, title: str, html: str) -> None:
        """See `Prompts`."""
        if slicer.app.testingEnabled():
            return
        box = qt.QDialog(self._window)
        box.setWindowTitle(title)
        browser = qt.QTextBrowser()
        browser.setHtml(html)
        qt.QVBoxLayout(box).addWidget(browser)
        box.resize(620, 680)
        box.exec_()
        box.deleteLater()

    def browse(self, page: Path) -> bool:
        """See `Prompts`."""
        return slicer.app.testingEnabled() or bool(qt.QDesktopServices.openUrl(qt.QUrl.fromLocalFile(str(page))))

    @property
    def _window(self) -> Any:
        return slicer.util.mainWindow()

    def _path(self, ask: Any) -> Path | None:
        if slicer.app.testingEnabled():
            return None
        answer = ask()
        return Path(answer) if answer else None
