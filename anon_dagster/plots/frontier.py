"""What configurations risk and lose: the frontier of those that no other beats in both."""

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from anon_dagster.plots import style
from anon_dagster.plots.canvas import Sheet, draw
from anon_dagster.plots.numbers import floats
from anon_dagster.plots.picture import Picture
from anon_dagster.plots.texts import percent

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_MARKERS = {"global": ("o", style.SOURCE), "local": ("s", style.RELEASE), "": ("o", style.SOURCE)}
"""Of the recodings, and of what does not say which it is."""
_MOST_NAMED, _MOST_DRAWN = 8, 100
"""Points that are named, and points of a kind: a picture of thousands says no more."""
_TOP, _BOTTOM, _LEFT, _RIGHT, _HEIGHT = 80, 46, 46, 16, 330
_DRAWN = ["name", "risk", "loss", "recoding", "on_frontier", "chosen"]


def frontier(
    measured: pd.DataFrame,
    *,
    risk: str = "maxProbabilityIdentification",
    loss: str = "infoLoss",
    acceptable: float | None = None,
    title: str = "Risk and loss of what was measured",
) -> Picture:
    """Draw what each configuration risks (to the right) and loses (upwards).

    A line joins those that no other beats in either; a ring marks the chosen one.

    Parameters
    ----------
    measured
        A row per configuration: its risk and its loss, 0 to 1; where there are such columns,
        ``reachable``, ``recoding`` (``global`` or ``local``), ``k`` and ``chosen``.
    risk, loss
        The columns of both.
    acceptable
        The risk that is acceptable: a dashed line.
    """
    data = _points(measured, risk, loss)
    alt = _words(data, len(measured), acceptable)
    svg = draw("frontier", (title, alt), _HEIGHT, lambda sheet: _paint(sheet, data, acceptable))
    return Picture("frontier", svg, alt, data)


def _points(measured: pd.DataFrame, risk: str, loss: str) -> pd.DataFrame:
    """Return a row per configuration that has a place in the picture."""
    columns = measured.columns
    data = pd.DataFrame(
        {
            "risk": floats(measured[risk]) if risk in columns else np.nan,
            "loss": floats(measured[loss]) if loss in columns else np.nan,
            "name": [f"k = {k}" for k in measured["k"]] if "k" in columns else "",
            "recoding": measured["recoding"] if "recoding" in columns else "",
            "chosen": measured["chosen"].astype(bool) if "chosen" in columns else False,
        },
        index=measured.index,
    )
    reachable = measured["reachable"].astype(bool) if "reachable" in columns else True
    placed = np.isfinite(data["risk"]) & np.isfinite(data["loss"]) & reachable
    found = pd.DataFrame(data[placed])
    found["on_frontier"] = _unbeaten(found)
    return found[_DRAWN]


def _unbeaten(data: pd.DataFrame) -> NDArray[np.bool_]:
    """Tell of each point whether no other is as good in both and better in one."""
    points = data[["risk", "loss"]].to_numpy(dtype=float)
    found = np.zeros(len(points), dtype=np.bool_)
    least, held = np.inf, (np.nan, np.nan)
    for place in np.lexsort((points[:, 1], points[:, 0])):
        risk, loss = points[place]
        found[place] = loss < least or (risk, loss) == held
        if loss < least:
            least, held = loss, (risk, loss)
    return found


def _words(data: pd.DataFrame, measured: int, acceptable: float | None) -> str:
    best = data[data["on_frontier"]].drop_duplicates(["risk", "loss"]).sort_values("risk")
    missing = measured - len(data)
    text = f"{len(data):,} configurations, risk and loss of information"
    text += f"; {missing:,} more cannot be reached." if missing else "."
    if len(data) > _MOST_DRAWN:
        text += f" Of those alike in recoding and place the first {_MOST_DRAWN} are drawn."
    pairs = _pairs(best)
    if pairs:
        more = f" and {len(pairs) - _MOST_NAMED} more" if len(pairs) > _MOST_NAMED else ""
        text += f" On the frontier: {'; '.join(pairs[:_MOST_NAMED])}{more}."
    for chosen in _pairs(data[data["chosen"]])[:1]:
        text += f" Chosen: {chosen}."
    return text if acceptable is None else f"{text} Acceptable: up to {percent(acceptable)}."


def _pairs(points: pd.DataFrame) -> list[str]:
    """Say the risk and the loss of points."""
    figures = zip(points["risk"], points["loss"], strict=True)
    return [f"{percent(risk)} and {percent(loss)}" for risk, loss in figures]


def _paint(sheet: Sheet, data: pd.DataFrame, acceptable: float | None) -> None:
    axes = sheet.plot(_LEFT, _TOP, _RIGHT, _BOTTOM)
    most = max([float(data["risk"].max()) if len(data) else 0.0, acceptable or 0.0]) or 1.0
    axes.set_xlim(0, 100 * most * 1.1)
    axes.set_ylim(0, min(100 * (float(data["loss"].max()) if len(data) else 1.0) * 1.2 + 5, 104))
    if acceptable is not None:
        axes.axvline(100 * acceptable, color=style.LIMIT, dashes=(4, 3), linewidth=1.2)
    best = data[data["on_frontier"]].sort_values(["risk", "loss"])
    axes.plot(100 * best["risk"], 100 * best["loss"], color=style.INK, linewidth=1.4)
    for recoding, (marker, colour) in _MARKERS.items():
        _marks(axes, data[data["recoding"] == recoding], marker, colour)
    chosen = data[data["chosen"]]
    axes.plot(100 * chosen["risk"], 100 * chosen["loss"], "o", ms=15, mfc="none", mec=style.LIMIT)
    _say(sheet, axes, best)
    _legend(sheet, data, acceptable)


def _marks(axes: "Axes", points: pd.DataFrame, marker: str, colour: str) -> None:
    """Draw points: those on the frontier filled."""
    for on_frontier, face in ((False, "white"), (True, colour)):
        some = points[points["on_frontier"] == on_frontier].head(_MOST_DRAWN)
        axes.plot(100 * some["risk"], 100 * some["loss"], marker, ms=7, mfc=face, mec=colour)


def _say(sheet: Sheet, axes: "Axes", best: pd.DataFrame) -> None:
    """Name the points of the frontier, unless there are too many to be read."""
    named = best.drop_duplicates(["risk", "loss"])
    if len(named) > _MOST_NAMED:
        return
    wide, high = axes.get_xlim()[1], axes.get_ylim()[1]
    for risk, loss, name in zip(named["risk"], named["loss"], named["name"], strict=True):
        side = -1 if 100 * risk > 0.85 * wide else 1
        x, y = 100 * risk + side * 0.02 * wide, 100 * loss + 0.025 * high
        look = {"ha": "left" if side > 0 else "right", "fontsize": style.SMALL}
        sheet.write(axes, x, y, name, **look)


def _legend(sheet: Sheet, data: pd.DataFrame, acceptable: float | None) -> None:
    """Say what the marks are."""
    axes = sheet.pixels()
    small = {"fontsize": style.SMALL, "color": style.INK}
    at = style.MARGIN + 6
    for recoding, (marker, colour) in _MARKERS.items():
        if recoding and (data["recoding"] == recoding).any():
            axes.plot([at], [36], marker, ms=7, mfc=colour, mec=colour)
            sheet.write(axes, at + 9, 40, f"{recoding} recoding", **small)
            at += 118
    axes.plot([at - 4, at + 8], [36, 36], color=style.INK, linewidth=1.4)
    sheet.write(axes, at + 13, 40, "frontier", **small)
    if data["chosen"].any():
        axes.plot([at + 82], [36], "o", ms=11, mfc="none", mec=style.LIMIT)
        sheet.write(axes, at + 92, 40, "chosen", **small)
    quiet = {"fontsize": style.SMALL, "color": style.QUIET}
    sheet.write(axes, style.MARGIN, _TOP - 8, "% of the information lost", **quiet)
    beside = "" if acceptable is None else f"; dashed: acceptable, {percent(acceptable)}"
    words = f"largest risk in %{beside}" if len(data) else "nothing to show"
    sheet.write(axes, style.WIDTH - _RIGHT, _HEIGHT - 8, words, ha="right", **quiet)
