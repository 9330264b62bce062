"""The page behind "?": all keys, and what the mouse does."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

from slicer.i18n import tr as _
from slicer.i18n import translate

from .shortcut_list import mouse_help, shortcuts


def help_html() -> str:
    """The page as HTML."""

    def in_language(text: str) -> str:
        return str(translate("widget.shortcut_list", text))

    keys = _grouped([(shortcut.keys, shortcut.does) for shortcut in shortcuts(in_language)])
    mouse_title, keys_title = _("Mouse"), _("Keys")
    when = _("They act while this module is shown, but not while you type a text.")
    return "".join(
        (
            f"<h3>{escape(mouse_title)}</h3>",
            _table(mouse_help(in_language)),
            f"<h3>{escape(keys_title)}</h3>",
            f"<p>{escape(when)}</p>",
            _table(keys),
        )
    )


def _grouped(lines: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Keys that do the same on one line: "1 to 7"."""
    grouped: list[tuple[list[str], str]] = []
    for keys, does in lines:
        if grouped and grouped[-1][1] == does:
            grouped[-1][0].append(keys)
        else:
            grouped.append(([keys], does))
    return [
        (keys[0] if len(keys) == 1 else _("{first} to {last}").format(first=keys[0], last=keys[-1]), does)
        for keys, does in grouped
    ]


def _table(lines: Iterable[tuple[str, str]]) -> str:
    rows = "".join(
        f"<tr><td><b>{escape(left)}</b>&nbsp;&nbsp;</td><td>{escape(right)}</td></tr>" for left, right in lines
    )
    return f"<table cellpadding='2'>{rows}</table>"
