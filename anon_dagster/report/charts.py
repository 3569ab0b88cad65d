"""Pictures as SVG: small, sharp, and drawn without a browser or a plotting library."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from anon_dagster.discreet import Discreet

SOURCE, RELEASE = "#9aa5b1", "#3366cc"
_ROW, _BAR, _WIDTH, _LABEL = 34, 12, 640, 220


@dataclass(frozen=True, slots=True)
class Bars(Discreet):
    """A row of a bar chart: what it stands for, and a bar for the source and for the release."""

    label: str
    source: float | None
    release: float | None
    shown: str = ""
    """What is written behind the bars."""


def bar_chart(title: str, rows: Sequence[Bars], *, longest: float | None = None) -> str:
    """Draw rows of bars, source above release, as an SVG document.

    Parameters
    ----------
    longest
        The number that fills the width; the largest of all if left out.
    """
    values = [v for row in rows for v in (row.source, row.release) if v is not None]
    full = longest or max(values, default=0) or 1
    height = 34 + _ROW * len(rows)
    body = "".join(_row(row, 34 + _ROW * position, full) for position, row in enumerate(rows))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH}" height="{height}" '
        f'font-family="sans-serif" font-size="12"><rect width="100%" height="100%" fill="white"/>'
        f'<text x="8" y="20" font-size="14" font-weight="bold">{escape(title)}</text>{body}</svg>'
    )


def _row(row: Bars, top: int, full: float) -> str:
    parts = [f'<text x="8" y="{top + 16}">{escape(_short(row.label))}</text>']
    for value, colour, offset in ((row.source, SOURCE, 0), (row.release, RELEASE, _BAR)):
        if value is not None:
            width = max(min(value / full, 1.0) * (_WIDTH - _LABEL - 110), 1.0)
            parts.append(
                f'<rect x="{_LABEL}" y="{top + offset}" width="{width:.1f}" '
                f'height="{_BAR - 1}" fill="{colour}"/>'
            )
    parts.append(f'<text x="{_WIDTH - 100}" y="{top + 16}">{escape(row.shown)}</text>')
    return "".join(parts)


def _short(label: str, letters: int = 32) -> str:
    return label if len(label) <= letters else label[: letters - 1] + "…"


def data_uri(svg: str) -> str:
    """Return a picture as a link that holds it."""
    return "data:image/svg+xml;base64," + base64.b64encode(svg.encode()).decode()
