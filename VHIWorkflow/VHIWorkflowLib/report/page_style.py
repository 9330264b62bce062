"""How a page looks, in light and dark and in print, and what its tables do when they are clicked."""

from __future__ import annotations

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
th.w, td.w { text-align: left; } td.w { min-width: 6rem; }
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
figure svg { max-width: 100%; height: auto; }
svg text { fill: var(--ink); font: 12px system-ui, sans-serif; }
svg .axis, svg .level, svg .limit, svg .equality, svg .fit, svg .whisker, svg .lines, svg .subjects { fill: none; }
svg .axis, svg .level, svg .subjects { stroke: var(--faint); }
svg .limit { stroke: var(--limit); stroke-dasharray: 5 4; }
svg .equality { stroke: var(--faint); stroke-dasharray: 2 3; } svg .fit { stroke: var(--other); stroke-width: 1.5; }
svg .band { stroke: none; fill: var(--faint); fill-opacity: 0.2; }
svg .band.limit { fill: var(--limit); fill-opacity: 0.1; }
svg .few { fill: var(--mark); fill-opacity: 0.75; } svg .many { fill: var(--mark); fill-opacity: 0.35; }
svg .lines { stroke: var(--mark); stroke-width: 1.5; stroke-opacity: 0.6; } svg .bars { fill: var(--mark); }
svg .subjects { stroke-opacity: 0.5; } svg .faint { stroke-opacity: 0.15; } svg .whisker { stroke: var(--mark); }
svg .box { fill: var(--mark); fill-opacity: 0.25; stroke: var(--mark); }
svg .median { stroke: var(--mark); stroke-width: 3; }
.note { background: var(--raised); border-left: 3px solid var(--limit); padding: 0.5rem 0.9rem; }
.key { display: inline-block; width: 0.9em; height: 0.9em; vertical-align: -0.1em; border: 2px solid; }
@media print { body { margin: 0; max-width: none; font-size: 10.5pt; } figure, tr { break-inside: avoid; }
  h2, h3, caption { break-after: avoid; } th button { cursor: auto; } nav, button.copy { display: none; }
  .wide, .tall { overflow: visible; max-height: none; } .tall thead { position: static; }
  figcaption { font-size: 8pt; } figure { margin: 0.5rem 0; } figure:has(svg) { width: 49%; }
  .side figure { flex-basis: 120px; }
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
      return Array.from(row.cells).map(function (cell) {
        return cell.textContent.replace(/\\u00a0/g, ' ').replace(/\\u2011/g, '-');
      }).join('\\t');
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
