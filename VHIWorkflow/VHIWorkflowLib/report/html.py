"""Pieces of an HTML page; every text that comes from a file or a user goes through `text`."""

from __future__ import annotations

import base64
import html
from collections.abc import Iterable, Sequence

from .page_style import SCRIPT, STYLE

REPORT_NAME = "report.html"
"""File of the page that a report begins with."""

WORDS = ' class="w"'
TALL_ROWS = 60
"""A table with more rows scrolls within the page; it prints whole."""


def text(value: object) -> str:
    """Any text, safe inside an element or an attribute."""
    return html.escape(str(value), quote=True)


def number(value: float) -> str:
    """A figure as a reader wants it: thousands apart, three digits below.

    Examples
    --------
    >>> number(-12345.6), number(0.012345), number(97.25)
    ('-12,346', '0.0123', '97.2')
    """
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"


def table(caption: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table that can be sorted by a click on a column, and copied into a spreadsheet."""
    kinds = [WORDS if _holds_words(row[n] for row in rows) else "" for n in range(len(columns))]
    head = "".join(
        f'<th scope="col"{kinds[n]}><button type="button">{text(column)}</button></th>'
        for n, column in enumerate(columns)
    )
    body = "".join(
        f'<tr><th scope="row">{text(row[0])}</th>'
        + "".join(f"<td{kinds[n]}>{text(cell)}</td>" for n, cell in enumerate(row[1:], start=1))
        + "</tr>\n"
        for row in rows
    )
    tall = " tall" if len(rows) > TALL_ROWS else ""
    return (
        f'<div class="wide{tall}" role="group" aria-label="{text(caption)}" tabindex="0">'
        f'<button class="copy" type="button">Copy table</button><table><caption>{text(caption)}'
        f"</caption>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{body}</tbody></table></div>\n"
    )


def records(
    caption: str, columns: Sequence[str], rows: Sequence[Sequence[str]], names: Sequence[str] | None = None
) -> str:
    """The rows of a table file, with its names and figures written for readers; the first column is left as it is.

    ``volume_mm3`` becomes "volume (mm3)", volumes and figures with a decimal point get three digits.

    Parameters
    ----------
    caption
        Of the table.
    columns
        Of the file; they say how cells are written.
    rows
        Cells of each row.
    names
        Of the columns for readers, where they are others than those of the file.
    """
    headings = [_heading(name) for name in names or columns]
    return table(caption, headings, [[row[0], *map(_readable, columns[1:], row[1:])] for row in rows])


def figure(svg: str, caption: str) -> str:
    """A plot with its caption."""
    return f"<figure>{svg}<figcaption>{text(caption)}</figcaption></figure>\n"


def picture(data: bytes, kind: str, description: str, caption: str) -> str:
    """A picture that is part of the page; the kind is "png" or "jpeg"."""
    encoded = base64.b64encode(data).decode("ascii")
    return (
        f'<figure><img src="data:image/{text(kind)};base64,{encoded}" alt="{text(description)}">'
        f"<figcaption>{text(caption)}</figcaption></figure>\n"
    )


def side_by_side(*parts: str) -> str:
    """Parts of a page beside each other where there is room; nothing when there are none."""
    return f'<div class="side">{"".join(parts)}</div>\n' if parts else ""


def paragraphs(*sentences: str) -> str:
    """Plain paragraphs."""
    return "".join(f"<p>{text(sentence)}</p>\n" for sentence in sentences)


def bullets(sentences: Sequence[str]) -> str:
    """A list; nothing when there is nothing to list."""
    items = "".join(f"<li>{text(sentence)}</li>\n" for sentence in sentences)
    return f"<ul>\n{items}</ul>\n" if items else ""


def note(*sentences: str) -> str:
    """What the reader must not overlook; nothing when there is no sentence."""
    return f'<div class="note">{paragraphs(*sentences)}</div>\n' if sentences else ""


def section(title: str, *parts: str) -> str:
    """A part of the page with its heading; `page` lists them at the top."""
    name = _anchor(title)
    heading = f'<h2 id="{name}">{text(title)}</h2>\n'
    return f'<section aria-labelledby="{name}">{heading}{"".join(parts)}</section>\n'


def contents(titles: Sequence[str]) -> str:
    """Links to the sections of these titles."""
    links = "".join(f'<li><a href="#{_anchor(title)}">{text(title)}</a></li>' for title in titles)
    return f'<nav aria-label="Contents"><ul>{links}</ul></nav>\n'


def page(title: str, *parts: str) -> str:
    """The whole page."""
    return (
        f'<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">\n<title>{text(title)}</title>\n'
        f"<style>\n{STYLE}</style>\n</head>\n<body>\n<main>\n<h1>{text(title)}</h1>\n{''.join(parts)}</main>\n"
        f"<script>\n{SCRIPT}</script>\n</body>\n</html>\n"
    )


def _holds_words(cells: Iterable[str]) -> bool:
    """Whether most cells of a column that are not empty begin like a word."""
    begin_like_words = [cell[0].isalpha() for cell in cells if cell]
    return 2 * sum(begin_like_words) > len(begin_like_words)


def _heading(column: str) -> str:
    name, unit = (column[:-4], " (mm3)") if column.endswith("_mm3") else (column, "")
    name, unit = (name[:-3], " (mm)") if name.endswith("_mm") else (name, unit)
    name, unit = (name[:-8], " (%)") if name.endswith("_percent") else (name, unit)
    return name.replace("_", " ") + unit


def _readable(column: str, cell: str) -> str:
    if not column.endswith("_mm3") and "." not in cell and "e" not in cell:
        return cell
    try:
        return number(float(cell))
    except ValueError:
        return cell


def _anchor(title: str) -> str:
    """A name for links within the page that differs where titles differ."""
    return "s-" + "".join(letter if letter.isascii() and letter.isalnum() else f"-{ord(letter):x}-" for letter in title)
