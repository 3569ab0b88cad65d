"""Numbers as people read them."""

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime
from unicodedata import category

from anon_dagster.errors import counted
from anon_dagster.report.evidence.facts import Cell, Number

_UNSEEN = {"Cc", "Cf", "Co", "Cs"}
_LONGEST, _BEGINNING = 200, 160  # characters


def percent(share: Number | None) -> str:
    """Return a share as a percentage of three digits at most; what is not told as a dash."""
    if share is None:
        return "-"
    value = 100 * float(share)
    if 0 < value < 0.1:
        return "under 0.1%"
    if 99.9 < value < 100:
        return "over 99.9%"
    return f"{value:.3g}%" if value < 100 else f"{value:.0f}%"


def chance(risk: Number | None) -> str:
    """Return a probability as a chance, where that is a plain one, such as ``1 in 5``."""
    if not risk:
        return "none" if risk == 0 else "-"
    several = 1 / float(risk)
    nearest = round(several)
    if abs(several - nearest) < 0.005 * several:
        return f"1 in {nearest:,}" if nearest > 1 else "certain"
    return f"1 in {several:.1f}" if several < 10 else f"1 in {several:,.0f}"


def plain(value: Cell) -> str:
    """Return a cell of a table as text."""
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:,.0f}" if value == int(value) and abs(value) < 1e15 else f"{value:.4g}"
    return f"{value:,}" if isinstance(value, int) else str(value)


def label(text: str | None) -> str:
    """Return a label of a table; a missing or an empty one by its name."""
    if text is None:
        return "(missing)"
    return text or "(empty)"


def short(text: str | None) -> str | None:
    """Return a label; of a very long one the beginning and a mark by which others differ."""
    if text is None or len(text) <= _LONGEST:
        return text
    mark = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:8]
    return f"{text[:_BEGINNING]}… ({len(text):,} characters, {mark})"


def visible(text: str) -> str:
    """Return a text without what changes how other text reads: controls, marks of direction.

    Who signs a page must see what is on it.
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        c if c in "\n\t" or category(c) not in _UNSEEN else "\N{REPLACEMENT CHARACTER}"
        for c in text
    )


def time_of(seconds: float) -> str:
    """Write a time, in seconds since the epoch, as ISO 8601 in UTC."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def size(number: int) -> str:
    """Return a number of bytes."""
    value, unit = float(number), "bytes"
    for larger in ("kB", "MB", "GB", "TB"):
        if value < 1000:
            break
        value, unit = value / 1000, larger
    return f"{number:,} bytes" if unit == "bytes" else f"{value:.3g} {unit}"


def listed(names: Sequence[str], most: int = 10) -> str:
    """Return names as a text; of very many the first."""
    *first, last = names[:most]
    if len(names) > most:
        return f"{', '.join(names[:most])} and {counted(len(names) - most, 'other')}"
    return f"{', '.join(first)} and {last}" if first else last
