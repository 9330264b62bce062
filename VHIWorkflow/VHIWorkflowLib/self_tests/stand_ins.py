"""A reader who answers questions without dialogs."""

from __future__ import annotations

from pathlib import Path


class AnsweringPrompts:
    """`widget.prompts.Prompts` with answers given beforehand; notes what was asked.

    Parameters
    ----------
    confirms
        The answer to every confirmation.
    """

    def __init__(self, confirms: bool = True) -> None:
        self.confirms = confirms
        self.path: Path | None = None
        self.answer: str | None = None
        self.asked: list[str] = []

    def confirm(self, question: str) -> bool:
        self.asked.append(question)
        return self.confirms

    def open_file(self, title: str, kinds: str) -> Path | None:
        self.asked.append(title)
        return self.path

    def open_folder(self, title: str) -> Path | None:
        self.asked.append(title)
        return self.path

    def save_file(self, title: str, name: str, kinds: str) -> Path | None:
        self.asked.append(title)
        return self.path

    def text(self, title: str, label: str, text: str) -> str | None:
        self.asked.append(title)
        return self.answer

    def show(self, title: str, html: str) -> None:
        self.asked.append(html)

    def browse(self, page: Path) -> bool:
        self.asked.append(str(page))
        return True
