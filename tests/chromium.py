"""A headless Chromium: what a page looks like, at the width of a phone, of a desk, and on paper."""

import importlib.util
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest

PHONE, DESK = 390, 1280
PAPER = 718
"""Pixels between the margins of A4."""
_OPTIONS = ("--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars")
_OFFLINE = "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"
"""Nothing but this machine is found: a page that fetches something shows it."""
_CUT_OFF = """
const wide = document.documentElement.clientWidth;
const style = e => getComputedStyle(e);
const scrolls = e => e && (/auto|scroll/.test(style(e).overflowX) || scrolls(e.parentElement));
const shown = e => style(e).visibility !== 'hidden' && style(e).position !== 'fixed';
return [...document.querySelectorAll('body *')].filter(e => {
  const box = e.getBoundingClientRect();
  const drawn = e.parentElement.closest('svg');  // a picture clips itself
  return box.width && box.right > wide + 1 && !drawn && shown(e) && !scrolls(e.parentElement);
}).map(e => e.tagName + '.' + e.className).slice(0, 5);
"""
_BARRIERS = """
const done = arguments[0];
const failed = e => [{id: String(e), impact: 'critical', nodes: []}];
axe.run(document, {resultTypes: ["violations"]})
  .then(found => done(found.violations), e => done(failed(e)));
"""


@dataclass(frozen=True)
class Chromium:
    driver: Any

    def open(self, address: str, *, width: int = DESK, height: int = 900) -> None:
        """Show a page at a width."""
        metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
        self.driver.get(address)

    def on_paper(self, address: str) -> None:
        """Show a page as it is printed."""
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
        self.open(address, width=PAPER, height=1_000)

    def on_screen(self) -> None:
        """Show pages on a screen again, in light colours."""
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})

    def in_colours(self, scheme: str) -> None:
        """Prefer ``light`` or ``dark`` colours."""
        feature = {"name": "prefers-color-scheme", "value": scheme}
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [feature]})

    def wider_than_the_screen(self) -> int:
        """Return by how many pixels a page must be scrolled sideways."""
        root = "document.documentElement"
        wide: int = self.ask(f"return {root}.scrollWidth - {root}.clientWidth")
        return wide

    def cut_off(self) -> list[str]:
        """Return what lies beyond the right edge and cannot be scrolled to."""
        found: list[str] = self.ask(_CUT_OFF)
        return found

    def barriers(self) -> list[str]:
        """Return what axe-core finds that keeps people from reading a page: serious or critical."""
        self.driver.execute_script(_axe())
        found = self.driver.execute_async_script(_BARRIERS)
        grave = [each for each in found if each["impact"] in {"serious", "critical"}]
        return [f"{v['id']}: {[n['target'] for n in v['nodes']][:3]}" for v in grave]

    def picture(self, path: Path) -> None:
        """Save what is seen as PNG."""
        self.driver.save_screenshot(str(path))

    def ask(self, script: str) -> Any:
        """Return what a script returns."""
        return self.driver.execute_script(script)


@contextmanager
def chromium() -> Iterator[Chromium]:
    """Start a browser; skip the test where there is none."""
    selenium = pytest.importorskip("selenium.webdriver")
    browser, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if not (browser and driver):
        pytest.skip("there is no chromium with its driver here: apt-get install chromium-driver")
    options = selenium.ChromeOptions()
    options.binary_location = browser
    for option in (*_OPTIONS, _OFFLINE):
        options.add_argument(option)
    chrome = selenium.Chrome(options=options, service=selenium.ChromeService(driver))
    chrome.set_script_timeout(120)
    try:
        yield Chromium(chrome)
    finally:
        chrome.quit()


@cache
def _axe() -> str:
    found = importlib.util.find_spec("axe_playwright_python")
    assert found is not None
    assert found.origin is not None
    return (Path(found.origin).parent / "axe.min.js").read_text(encoding="utf-8")
