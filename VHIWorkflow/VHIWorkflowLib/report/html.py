"""Pieces of an HTML page; every text that comes from a file or a user goes through `text`."""

from __future__ import annotations

import html
from collections.abc import Sequence

STYLE = """\
:root { color-scheme: light dark; --ink: #1a1a1a; --paper: #ffffff; --faint: #667085; --line: #d0d5dd; --mark: #175cd3;
  --limit: #b42318; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e6e6; --paper: #14161a; --faint: #98a2b3; --line: #3a404a;
  --mark: #84adff; --limit: #fda29b; } }
body { font: 16px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper); margin: 2rem auto;
  max-width: 68rem; padding: 0 1rem; }
h1 { font-size: 1.6rem; } h2 { font-size: 1.25rem; margin-top: 2.5rem; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; font-size: 0.9rem; }
caption { text-align: left; color: var(--faint); padding-bottom: 0.4rem; }
th, td { border-bottom: 1px solid var(--line); padding: 0.3rem 0.6rem; text-align: right; vertical-align: top; }
th:first-child, td:first-child { text-align: left; }
th button { font: inherit; font-weight: 600; color: inherit; background: none; border: 0; padding: 0; cursor: pointer; }
figure { margin: 1rem 0; display: inline-block; }
figcaption { color: var(--faint); font-size: 0.85rem; max-width: 30rem; }
svg text { fill: var(--ink); font: 12px system-ui, sans-serif; }
.wide { overflow-x: auto; }
@media print { body { margin: 0; max-width: none; } figure, tr { break-inside: avoid; } th button { cursor: auto; } }
"""

SORT = """\
document.querySelectorAll('th button').forEach(function (button) {
  button.addEventListener('click', function () {
    var head = button.parentNode, at = head.cellIndex, body = head.closest('table').tBodies[0];
    var up = head.getAttribute('aria-sort') !== 'ascending';
    head.parentNode.querySelectorAll('th').forEach(function (other) { other.removeAttribute('aria-sort'); });
    head.setAttribute('aria-sort', up ? 'ascending' : 'descending');
    Array.from(body.rows).sort(function (one, other) {
      var a = one.cells[at].textContent, b = other.cells[at].textContent;
      var x = parseFloat(a.replace(/,/g, '')), y = parseFloat(b.replace(/,/g, ''));
      var order = isNaN(x) || isNaN(y) ? a.localeCompare(b) : x - y;
      return up ? order : -order;
    }).forEach(function (row) { body.appendChild(row); });
  });
});
"""


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
    """A table that can be sorted by a click on a column."""
    head = "".join(f'<th scope="col"><button type="button">{text(column)}</button></th>' for column in columns)
    body = "".join(
        f'<tr><th scope="row">{text(row[0])}</th>' + "".join(f"<td>{text(cell)}</td>" for cell in row[1:]) + "</tr>\n"
        for row in rows
    )
    return (
        f'<div class="wide" role="region" aria-label="{text(caption)}" tabindex="0"><table><caption>{text(caption)}'
        f"</caption>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{body}</tbody></table></div>\n"
    )


def figure(svg: str, caption: str) -> str:
    """A plot with its caption."""
    return f"<figure>{svg}<figcaption>{text(caption)}</figcaption></figure>\n"


def paragraphs(*sentences: str) -> str:
    """Plain paragraphs."""
    return "".join(f"<p>{text(sentence)}</p>\n" for sentence in sentences)


def page(title: str, *parts: str) -> str:
    """The whole page."""
    return (
        f'<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">\n<title>{text(title)}</title>\n'
        f"<style>\n{STYLE}</style>\n</head>\n<body>\n<main>\n<h1>{text(title)}</h1>\n{''.join(parts)}</main>\n"
        f"<script>\n{SORT}</script>\n</body>\n</html>\n"
    )
