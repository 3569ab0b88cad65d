"""How strongly attributes go together, before and after: two maps of the same scale."""

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from anon_dagster.plots import style
from anon_dagster.plots.canvas import Sheet, draw
from anon_dagster.plots.picture import Picture
from anon_dagster.plots.texts import readable

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_MOST = 12
"""Attributes that are drawn."""
_LETTERS = 16
_LABELS, _TITLE, _NAMES = 112, 30, 76


def associations(source: pd.DataFrame, release: pd.DataFrame) -> Picture:
    """Draw how strongly each two attributes go together, in the source and in the release.

    Parameters
    ----------
    source, release
        Square tables, with the attributes as index and as columns: -1 to 1, or 0 to 1; missing
        where there is none. Of more than 12 attributes those are drawn of which most changes.
    """
    release = release.reindex(index=source.index, columns=source.columns)
    names = _most_changed(source, release)
    tables = {
        "source": source.loc[names, names].astype(float),
        "release": release.loc[names, names].astype(float),
    }
    cell = min((style.WIDTH - _LABELS - 70) / max(len(names) - 1, 1), 30.0)
    height = _TITLE + 2 * _height(len(names), cell)
    alt = _words(tables, len(source))
    svg = draw(
        "associations",
        ("Associations of attributes", alt),
        height,
        lambda sheet: _paint(sheet, tables, cell),
    )
    return Picture("associations", svg, alt, _pairs(source, release))


def _most_changed(source: pd.DataFrame, release: pd.DataFrame) -> list[object]:
    """Return the attributes that are drawn, in their order."""
    changes = (source.astype(float) - release.astype(float)).abs().fillna(0.0).sum()
    most = set(changes.sort_values(ascending=False, kind="stable").index[:_MOST])
    return [name for name in source.index if name in most]


def _pairs(source: pd.DataFrame, release: pd.DataFrame) -> pd.DataFrame:
    """Return a row per pair of attributes."""
    first, second = np.triu_indices(len(source), 1)
    index = pd.MultiIndex.from_arrays(
        [source.index[first], source.index[second]], names=["attribute", "other"]
    )
    before = source.to_numpy(dtype=float)[first, second]
    after = release.to_numpy(dtype=float)[first, second]
    return pd.DataFrame(
        {"source": before, "release": after, "difference": after - before}, index=index
    )


def _words(tables: dict[str, pd.DataFrame], attributes: int) -> str:
    drawn = len(tables["source"])
    text = f"How strongly each two of {drawn:,} attributes go together, before and after."
    if attributes > drawn:
        text = text.replace(f"{drawn:,}", f"{drawn:,} of {attributes:,}")
    pairs = _pairs(tables["source"], tables["release"])["difference"].abs()
    if pairs.notna().any():
        most = int(np.nanargmax(pairs.to_numpy()))
        one, other = (readable(pairs.index.get_level_values(level)[most]) for level in (0, 1))
        text += f" Most changed: {one} and {other}, by {pairs.iloc[most]:.2f}."
    return text


def _paint(sheet: Sheet, tables: dict[str, pd.DataFrame], cell: float) -> None:
    axes = sheet.pixels()
    for place, (name, table) in enumerate(tables.items()):
        top = _TITLE + place * _height(len(table), cell)
        sheet.write(axes, style.MARGIN, top + 12, name, fontweight="bold")
        _map(sheet, axes, table, (top + _NAMES, cell))


def _height(attributes: int, cell: float) -> float:
    """Return how high a map is."""
    return _NAMES + cell * max(attributes - 1, 0) + 18


def _map(sheet: Sheet, axes: "Axes", table: pd.DataFrame, where: tuple[float, float]) -> None:
    """Draw the pairs below the diagonal, a row for each attribute but the first."""
    top, cell = where
    for row, name in enumerate(table.index):
        y, x = top + (row - 1) * cell, _LABELS + row * cell
        text = readable(name, _LETTERS)
        if row:
            sheet.write(axes, _LABELS - 6, y + cell / 2 + 4, text, ha="right", fontsize=style.SMALL)
        if row < len(table) - 1:
            turned = {"rotation": 40, "rotation_mode": "anchor", "fontsize": style.SMALL}
            sheet.write(axes, x + cell / 2, y + cell - 5, text, **turned)
        for column, strength in enumerate(table.iloc[row, :row]):
            _cell(sheet, axes, (_LABELS + column * cell, y, cell), float(strength))


def _cell(sheet: Sheet, axes: "Axes", where: tuple[float, float, float], strength: float) -> None:
    """Draw how strongly two attributes go together: the darker, the stronger, and the number."""
    x, y, cell = where
    dark = abs(strength) if np.isfinite(strength) else 0.0
    colour = tuple(1 - dark * (1 - part) for part in _DARKEST)
    axes.barh(y, cell, cell, left=x, align="edge", facecolor=colour, edgecolor=style.GRID)
    text = f"{strength:.2f}".replace("0.", ".") if np.isfinite(strength) else "?"
    ink = "white" if dark > 0.55 else style.INK
    look = {"fontsize": 9.5, "color": ink, "ha": "center"}
    sheet.write(axes, x + cell / 2, y + cell / 2 + 3.5, text, **look)


_DARKEST = (0.03, 0.19, 0.42)
