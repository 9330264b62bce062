"""The pages of agree, response, consensus and report in a browser: offline, accessible, sortable, copied, printed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from Agreement.test_agree import masks_of
from Agreement.test_report import POINTS
from Agreement.test_response import rows
from Agreement.two_readers import read_by_two
from Browser.browser import Opened, open_page
from CommandLine.command_lines import run_process
from VHIWorkflowLib.files.results import write_table

if TYPE_CHECKING:
    from playwright.sync_api import Locator

SIZES = {f"S{n:02d}": 3 + 2 * n for n in range(30)}
KEEP_WHAT_IS_COPIED = "document.execCommand = () => { window.copied = document.activeElement.value; return true; }"
KINDS = ("agreement", "consensus", "response", "study", "patient")


@pytest.fixture(scope="module")
def pages(tmp_path_factory) -> dict[str, Path]:
    """A page of each kind."""
    folder = tmp_path_factory.mktemp("pages")
    readings = [masks_of(folder / name, SIZES, shift) for name, shift in (("A", 0), ("B", 4), ("C", 7))]
    write_table(rows(), folder / "results.tsv")
    commands = {
        "agreement": ("agree", *readings, "--out", folder / "agreement"),
        "consensus": ("consensus", *readings, "--rule", "staple", "--out", folder / "consensus"),
        "response": (
            *("response", folder / "results.tsv", "--baseline", "pre", "--follow-up", "post"),
            *("--smallest-detectable-change", "300", "--out", folder / "response"),
        ),
        "study": ("report", read_by_two(folder), *POINTS, "--out", folder / "study"),
    }
    for command in commands.values():
        ran = run_process(*command)
        assert ran.status == 0, ran.err
    made = {name: folder / name / "report.html" for name in commands}
    return {**made, "patient": folder / "study" / "patients" / "S 02.html"}


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("kind", KINDS)
def test_axe_finds_nothing_serious_and_the_page_asks_for_nothing(chromium, pages, kind, scheme):
    opened = open_page(chromium, pages[kind], scheme)
    assert opened.requests == ()
    assert opened.serious_findings() == []


@pytest.mark.parametrize("kind", KINDS)
def test_light_and_dark_differ(chromium, pages, kind):
    ground = "getComputedStyle(document.body).backgroundColor"
    assert open_page(chromium, pages[kind]).page.evaluate(ground) == "rgb(255, 255, 255)"
    assert open_page(chromium, pages[kind], "dark").page.evaluate(ground) == "rgb(20, 22, 26)"


def last_table(opened: Opened) -> Locator:
    return opened.page.locator("table").last


def column(opened: Opened, number: int) -> list[str]:
    return last_table(opened).locator(f"tbody tr > :nth-child({number})").all_inner_texts()


def test_a_click_sorts_figures_as_figures_and_a_second_one_the_other_way(chromium, pages):
    opened = open_page(chromium, pages["response"])
    change = 1 + last_table(opened).locator("thead th").all_inner_texts().index("change (mm3)")
    heading = last_table(opened).locator(f"thead th:nth-child({change}) button")
    assert column(opened, change) == ["-600", "20", "60", "-1,100", "600"]
    heading.click()
    assert column(opened, change) == ["-1,100", "-600", "20", "60", "600"]
    heading.click()
    assert column(opened, change) == ["600", "60", "20", "-600", "-1,100"]
    assert last_table(opened).locator(f"thead th:nth-child({change})").get_attribute("aria-sort") == "descending"


def test_copy_gives_the_table_as_a_spreadsheet_takes_it(chromium, pages):
    opened = open_page(chromium, pages["agreement"])
    opened.page.evaluate(KEEP_WHAT_IS_COPIED)
    opened.page.locator(".wide", has_text="Cases of A and B").locator("button.copy").click()
    lines = opened.page.evaluate("window.copied").split("\n")
    assert lines[0].split("\t")[:2] == ["case id", "dice"]
    assert [line.split("\t")[0] for line in lines[1:]] == list(SIZES)
    assert {len(line.split("\t")) for line in lines} == {len(lines[0].split("\t"))}


def test_what_keeps_a_line_together_is_copied_as_plain_text(chromium, pages):
    opened = open_page(chromium, pages["patient"])
    opened.page.evaluate(KEEP_WHAT_IS_COPIED)
    opened.page.locator("button.copy").first.click()
    assert opened.page.evaluate("window.copied").split("\n")[1].endswith("\t2025-03-01 10:00")


@pytest.mark.parametrize("kind", KINDS)
def test_no_text_of_a_plot_lies_over_another_or_outside(chromium, pages, kind):
    opened = open_page(chromium, pages[kind])
    found = opened.page.evaluate(
        """() => Array.from(document.querySelectorAll('svg')).flatMap(svg => {
          const frame = svg.getBoundingClientRect();
          const boxes = Array.from(svg.querySelectorAll('text'),
            each => [each.textContent, each.getBoundingClientRect()]);
          const outside = boxes.filter(([, box]) => box.left < frame.left - 1 || box.right > frame.right + 1
            || box.top < frame.top - 1 || box.bottom > frame.bottom + 1).map(([words]) => words + ' lies outside');
          const over = boxes.flatMap(([words, one], n) => boxes.slice(n + 1).filter(([, other]) =>
            one.left < other.right - 1 && other.left < one.right - 1 && one.top < other.bottom - 2
            && other.top < one.bottom - 2).map(([others]) => words + ' lies over ' + others));
          return outside.concat(over);
        })"""
    )
    assert found == []


@pytest.mark.parametrize("kind", KINDS)
def test_it_prints(chromium, pages, kind):
    assert open_page(chromium, pages[kind]).page.pdf(format="A4").startswith(b"%PDF")
