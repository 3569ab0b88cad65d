"""The report as people see it: on a phone, on a desk, on paper."""

from pathlib import Path

import pytest

from tests.chromium import DESK, PHONE, Chromium

pytestmark = pytest.mark.slow
_ROWS = """
const rows = [...document.querySelectorAll('table tr')].filter(row => !row.closest('details'));
return [rows.length, rows.filter(row => row.getBoundingClientRect().height > 4).length];
"""
"""Rows of tables, and those that are seen; the tables behind pictures are opened on a screen."""


def test_the_report_is_read_at_every_width_and_by_everybody(
    browser: Chromium, report: Path, pictures: Path
) -> None:
    for width in (PHONE, DESK):
        browser.open(report.as_uri(), width=width)
        assert browser.wider_than_the_screen() == 0, width
        assert browser.cut_off() == [], width
        assert browser.barriers() == [], width
    browser.open(report.as_uri(), width=DESK, height=1_100)
    browser.picture(pictures / "report.png")
    assert (pictures / "report.png").stat().st_size > 20_000


def test_the_report_is_printed_whole(browser: Chromium, report: Path) -> None:
    try:
        browser.on_paper(report.as_uri())
        assert browser.wider_than_the_screen() == 0
        assert browser.cut_off() == []
        rows, seen = browser.ask(_ROWS)
        assert rows == seen > 50
    finally:
        browser.on_screen()
    assert browser.ask("return document.scripts.length") == 0
