"""Links of pages, which are written for the project's folder and read on the site."""

import posixpath
import re
from collections.abc import Callable, Iterator, Mapping

_FENCED = re.compile(r"^(`{3,}|~{3,}).*?^\1\s*$", re.DOTALL | re.MULTILINE)
_LINK = re.compile(r"(?<=\]\()(?P<path>[^)\s#]*)(?P<anchor>#[^)\s]*)?(?=\))")
_EXTERNAL = re.compile(r"https?://(?!127\.0\.0\.1|localhost)[^\s)>\"'`]+")


def on_the_site(markdown: str, *, source: str, page: str, places: Mapping[str, str]) -> str:
    """Return a page with links that lead to where their files are on the site.

    Parameters
    ----------
    source
        The path of the page in the project, where its links start.
    page
        The path of the page on the site.
    places
        By path in the project the path on the site, of what lies beside `docs/`.
    """

    def moved(link: re.Match[str]) -> str:
        path = link["path"]
        if not path or "://" in path or path.startswith("mailto:"):
            return link[0]
        target = posixpath.normpath(posixpath.join(posixpath.dirname(source), path))
        place = places.get(target, target.removeprefix("docs/"))
        return posixpath.relpath(place, posixpath.dirname(page) or ".") + (link["anchor"] or "")

    return _outside_of_code(markdown, lambda text: _LINK.sub(moved, text))


def external(markdown: str) -> Iterator[str]:
    """Give the addresses outside of the site that a page names."""
    for address in _EXTERNAL.findall(_FENCED.sub("", markdown)):
        yield address.rstrip(".,;:")


def _outside_of_code(markdown: str, change: Callable[[str], str]) -> str:
    """Change a page but for its blocks of code."""
    parts, end = [], 0
    for block in _FENCED.finditer(markdown):
        parts += [change(markdown[end : block.start()]), block[0]]
        end = block.end()
    return "".join([*parts, change(markdown[end:])])
