"""The report from the shell: opened in a browser, and nothing of it left behind."""

import sys
import webbrowser
from collections.abc import Iterator
from http import HTTPStatus
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest

from anon_dagster import TargetError
from anon_dagster.cli.opening import open_page

PAGE = b"<!doctype html><p>4711</p>"
_READ = """
import sys, urllib.request
with urllib.request.urlopen(sys.argv[1]) as answer, open(sys.argv[2], 'wb') as file:
    file.write(answer.read())
    file.write(answer.headers['Content-Security-Policy'].encode())
"""


class _Address(webbrowser.BaseBrowser):
    """A browser that takes an address and does not look."""

    def __init__(self) -> None:
        super().__init__()
        self.opened = ""

    def open(self, url: str, new: int = 0, autoraise: bool = True) -> bool:  # noqa: FBT001, FBT002
        del new, autoraise
        self.opened = url
        return True


@pytest.fixture
def browsers() -> Iterator[None]:
    """Take the browser of a test away again."""
    known = list(webbrowser._tryorder or [])  # type: ignore[attr-defined]  # noqa: SLF001
    yield
    webbrowser._tryorder[:] = known  # type: ignore[attr-defined]  # noqa: SLF001


def use(browser: webbrowser.BaseBrowser) -> None:
    webbrowser.register("of-a-test", None, browser, preferred=True)


@pytest.mark.usefixtures("browsers")
def test_a_browser_gets_the_page_and_nothing_that_it_could_load(tmp_path: Path) -> None:
    read = [sys.executable, "-c", _READ, "%s", str(tmp_path / "page")]
    use(webbrowser.GenericBrowser(read))
    open_page(PAGE)
    found = (tmp_path / "page").read_bytes()
    assert found.startswith(PAGE + b"default-src 'none'")


@pytest.mark.usefixtures("browsers")
def test_who_does_not_know_the_address_gets_nothing_and_nobody_does_later() -> None:
    browser = _Address()
    use(browser)
    with pytest.raises(TargetError, match="did not ask for the report within 0 seconds"):
        open_page(PAGE, seconds=0)
    with pytest.raises(OSError, match="refused"):
        urlopen(browser.opened)  # noqa: S310 (of our own server)

    class Guessing(_Address):
        def open(self, url: str, new: int = 0, autoraise: bool = True) -> bool:  # noqa: FBT001, FBT002
            with pytest.raises(HTTPError) as refused:
                urlopen(url[:-1])  # noqa: S310 (of our own server)
            assert refused.value.code == HTTPStatus.NOT_FOUND
            refused.value.close()
            return super().open(url, new, autoraise)

    use(Guessing())
    with pytest.raises(TargetError):
        open_page(PAGE, seconds=0)


@pytest.mark.usefixtures("browsers")
def test_without_a_browser_it_is_said_what_to_do() -> None:
    use(webbrowser.GenericBrowser([sys.executable, "-c", "raise SystemExit(1)", "%s"]))
    webbrowser._tryorder[1:] = []  # type: ignore[attr-defined]  # noqa: SLF001
    with pytest.raises(TargetError, match="there is no browser here"):
        open_page(PAGE)
