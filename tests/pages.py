"""The pages of the documentation, and the blocks of code on them.

A block that no test runs says why not, in a comment of HTML in the line above it:
``<!-- not run: … -->``.
"""

import doctest
import re
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

PROJECT = Path(__file__).resolve().parents[1]
_BLOCK = re.compile(
    r"(?:^<!-- not run: (?P<why>[^\n]+) -->\n+)?"
    r"^(?P<fence>`{3,})(?P<language>\w*)\n(?P<text>.*?)^(?P=fence)$",
    re.DOTALL | re.MULTILINE,
)


@dataclass(frozen=True)
class Block:
    page: str
    language: str
    text: str
    why_not: str
    """Why it is not run; nothing if it is."""

    def __str__(self) -> str:
        return f"{self.page}: {self.text[:60].splitlines()[0]}"


def pages() -> list[str]:
    """Return the paths of all pages in the project."""
    docs = sorted((PROJECT / "docs").rglob("*.md"))
    return [
        *sorted(p.name for p in PROJECT.glob("*.md")),
        *(str(p.relative_to(PROJECT)) for p in docs),
    ]


def blocks(page: str, language: str = "") -> list[Block]:
    """Return the blocks of a page, all of them or those in a language that are run."""
    text = (PROJECT / page).read_text(encoding="utf-8")
    found = [
        Block(page, each["language"], each["text"], each["why"] or "")
        for each in _BLOCK.finditer(text)
    ]
    if not language:
        return found
    return [block for block in found if block.language == language and not block.why_not]


def texts(page: str, language: str) -> list[str]:
    """Return what is in the blocks of a page in a language."""
    return [block.text for block in blocks(page, language)]


def require_examples(source: str, name: str) -> None:
    """Run the examples of a page, at least one, and hold what they print against it."""
    test = doctest.DocTestParser().get_doctest(source, {}, name, name, 0)
    report: list[str] = []
    with pd.option_context("display.width", 120, "display.max_columns", 20):
        runner = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE)
        runner.run(test, out=report.append)
    assert test.examples
    assert not report, "".join(report)
