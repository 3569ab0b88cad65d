"""How the generated pages are written."""

import re
from collections.abc import Iterable, Sequence

_ROLE = re.compile(r":\w+:`~?(?:[\w.]+\.)?(\w+)`")


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table, whatever is in its cells."""
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(map(_cell, line))} |\n" for line in lines)


def prose(docstring: str | None) -> str:
    """Return the sentences of a docstring as one paragraph, without the marks of its references."""
    text = _ROLE.sub(r"`\1`", docstring or "").replace("``", "`")
    text = re.sub(r"\s*\[\d+\]_", "", text)
    return re.sub(r"\s+", " ", text).strip()


def first_sentence(docstring: str | None) -> str:
    """Return the first paragraph of a docstring."""
    return prose((docstring or "").strip().partition("\n\n")[0])


def code(value: object) -> str:
    """Return something as code."""
    return f"`{value}`"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ").replace("<", "&lt;").strip()
