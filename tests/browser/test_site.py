"""The site as people see it: each of its pages, on a phone and on a desk, in light and in dark."""

from pathlib import Path

import pytest

from tests.chromium import DESK, PHONE, Chromium
from tests.site import written

pytestmark = pytest.mark.slow


def address(site: Path, place: str) -> str:
    page = site / place
    page = page.with_name("index.html") if page.name == "README.md" else page.with_suffix(".html")
    assert page.exists(), place
    return page.as_uri()


def test_every_page_is_read_at_both_widths_and_by_everybody(browser: Chromium, site: Path) -> None:
    found: dict[str, object] = {}
    for place in sorted(written()):
        for width in (PHONE, DESK):
            browser.open(address(site, place), width=width)
            if wrong := browser.wider_than_the_screen() or browser.cut_off():
                found[f"{place} at {width}"] = wrong
        if not place.startswith("proofs/") and (wrong := browser.barriers()):
            found[place] = wrong  # proofs are text, of the same make
    assert found == {}


def test_the_site_is_read_in_the_dark(browser: Chromium, site: Path) -> None:
    try:
        browser.in_colours("dark")
        browser.open(address(site, "index.md"))
        browser.ask("localStorage.clear()")  # which colours were chosen before
        browser.open(address(site, "index.md"))
        assert "slate" in str(browser.ask("return document.body.dataset.mdColorScheme"))
        assert browser.barriers() == []
    finally:
        browser.on_screen()
