"""Pieces of an HTML page; every text that comes from a file or a user goes through `text`."""

from __future__ import annotations

import base64
import html
from collections.abc import Sequence

STYLE = """\
:root { color-scheme: light dark; --ink: #1a1a1a; --paper: #ffffff; --faint: #5b6472; --line: #d0d5dd; --mark: #175cd3;
  --limit: #b42318; --other: #b54708; --third: #067647; --raised: #f5f6f8; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e6e6; --paper: #14161a; --faint: #a4adbb; --line: #3a404a;
  --mark: #84adff; --limit: #fda29b; --other: #fdb022; --third: #47cd89; --raised: #1d2026; } }
body { font: 16px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper); margin: 2rem auto;
  max-width: 68rem; padding: 0 1rem; }
h1 { font-size: 1.6rem; } h2 { font-size: 1.25rem; margin-top: 2.5rem; } h3 { font-size: 1.05rem; margin-top: 1.8rem; }
a { color: var(--mark); }
nav ul { columns: 2; padding-left: 1.2rem; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; font-size: 0.9rem; }
caption { text-align: left; color: var(--faint); padding-bottom: 0.4rem; }
th, td { border-bottom: 1px solid var(--line); padding: 0.3rem 0.6rem; text-align: right; vertical-align: top; }
th:first-child, td:first-child { text-align: left; white-space: nowrap; }
th button { font: inherit; font-weight: 600; color: inherit; background: none; border: 0; padding: 0; cursor: pointer;
  text-align: inherit; }
th[aria-sort=ascending] button::after { content: " \\2191"; }
th[aria-sort=descending] button::after { content: " \\2193"; }
button.copy { font: inherit; font-size: 0.8rem; color: var(--mark); background: none; border: 1px solid var(--line);
  border-radius: 4px; padding: 0.1rem 0.5rem; margin: 0 0 0.4rem; cursor: pointer; }
.wide { overflow-x: auto; margin: 1.2rem 0; }
.tall { max-height: 36rem; overflow-y: auto; } .tall thead { position: sticky; top: 0; background: var(--paper); }
.side { display: flex; flex-wrap: wrap; gap: 1rem; align-items: flex-start; }
.side figure { flex: 0 0 200px; margin: 0; }
figure { margin: 1rem 1rem 1rem 0; display: inline-block; vertical-align: top; }
figure img { max-width: 100%; height: auto; display: block; }
figcaption { color: var(--faint); font-size: 0.85rem; max-width: 30rem; }
svg text { fill: var(--ink); font: 12px system-ui, sans-serif; }
.note { background: var(--raised); border-left: 3px solid var(--limit); padding: 0.5rem 0.9rem; }
.key { display: inline-block; width: 0.9em; height: 0.9em; vertical-align: -0.1em; border: 2px solid; }
@media print { body { margin: 0; max-width: none; font-size: 10.5pt; } figure, tr { break-inside: avoid; }
  h2, h3, caption { break-after: avoid; } th button { cursor: auto; } nav, button.copy { display: none; }
  .wide, .tall { overflow: visible; max-height: none; }
  table { font-size: 7.5pt; } th, td { padding: 0.15rem 0.3rem; } }
"""

SCRIPT = """\
document.querySelectorAll('th button').forEach(function (button) {
  button.addEventListener('click', function () {
    var head = button.parentNode, at = head.cellIndex, body = head.closest('table').tBodies[0];
    var up = head.getAttribute('aria-sort') !== 'ascending';
    head.parentNode.querySelectorAll('th').forEach(function (other) { other.removeAttribute('aria-sort'); });
    head.setAttribute('aria-sort', up ? 'ascending' : 'descending');
    Array.from(body.rows).map(function (row) {
      var words = row.cells[at].textContent;
      return { row: row, words: words, figure: parseFloat(words.replace(/,/g, '')) };
    }).sort(function (one, other) {
      var none = (one.words === '') - (other.words === '');
      if (none) { return none; }
      var order = isNaN(one.figure) || isNaN(other.figure)
        ? one.words.localeCompare(other.words) : one.figure - other.figure;
      return up ? order : -order;
    }).forEach(function (each) { body.appendChild(each.row); });
  });
});
document.querySelectorAll('button.copy').forEach(function (button) {
  button.addEventListener('click', function () {
    var rows = Array.from(button.parentNode.querySelector('table').rows);
    var lines = rows.map(function (row) {
      return Array.from(row.cells).map(function (cell) { return cell.textContent; }).join('\\t');
    });
    var area = document.createElement('textarea');
    area.value = lines.join('\\n');
    document.body.appendChild(area);
    area.select();
    document.execCommand('copy');
    area.remove();
    button.textContent = 'Copied';
    setTimeout(function () { button.textContent = 'Copy table'; }, 1500);
  });
});
"""

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
    head = "".join(f'<th scope="col"><button type="button">{text(column)}</button></th>' for column in columns)
    body = "".join(
        f'<tr><th scope="row">{text(row[0])}</th>' + "".join(f"<td>{text(cell)}</td>" for cell in row[1:]) + "</tr>\n"
        for row in rows
    )
    tall = " tall" if len(rows) > TALL_ROWS else ""
    return (
        f'<div class="wide{tall}" role="group" aria-label="{text(caption)}" tabindex="0">'
        f'<button class="copy" type="button">Copy table</button><table><caption>{text(caption)}'
        f"</caption>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{body}</tbody></table></div>\n"
    )


def records(caption: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """The rows of a table file, with its names and figures written for readers; the first column is left as it is.

    ``volume_a_mm3`` becomes "volume a (mm3)", volumes and figures with a decimal point get three digits.
    """
    headings = [_heading(column) for column in columns]
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


def _heading(column: str) -> str:
    name, unit = (column[:-4], " (mm3)") if column.endswith("_mm3") else (column, "")
    name, unit = (name[:-3], " (mm)") if name.endswith("_mm") else (name, unit)
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
