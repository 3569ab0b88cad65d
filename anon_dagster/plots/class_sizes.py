"""Histogram of equivalence classes: how many records share a class of what size."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from anon_dagster.plots import bars, style
from anon_dagster.plots.canvas import Sheet, draw
from anon_dagster.plots.picture import Picture
from anon_dagster.plots.texts import percent

_EACH = 12
"""Up to so large classes each size has a bin of its own; else bins widen as 1, 2, 5, 10, …"""
_ON_A_LINE = 30
"""Letters of all bins that stand side by side."""
_SHARES = ["source_share", "release_share"]
_TOP, _BOTTOM, _LEFT, _RIGHT, _HEIGHT = 62, 56, 46, 12, 280


def class_sizes(
    release: ArrayLike,
    *,
    source: ArrayLike | None = None,
    k: int | None = None,
    persons: bool = False,
) -> Picture:
    """Draw the share of records that is in classes of each size, in source and release.

    Parameters
    ----------
    release, source
        (classes,): the sizes of the equivalence classes; of suppressed records none. The source may
        be left out.
    k
        The smallest size that is promised: a dashed line before it.
    persons
        Whether sizes are numbers of persons; shares are then those of persons, each counted once
        in every class that has records of them.
    """
    before = {} if source is None else {"source": _sizes(source)}
    sizes = {**before, "release": _sizes(release)}
    largest = max((int(each.max(initial=0)) for each in sizes.values()), default=0)
    starts = _starts(largest, k)
    data = _table(sizes, starts, largest)
    whom = "persons" if persons else "records"
    alt = _words(sizes["release"], whom, k)
    svg = draw(
        "class sizes",
        (f"Class sizes: share of {whom} by the size of their class", alt),
        _HEIGHT,
        lambda sheet: _paint(sheet, data, whom, k),
    )
    return Picture("class sizes", svg, alt, data)


def _sizes(sizes: ArrayLike | None) -> NDArray[np.int64]:
    found = np.asarray([] if sizes is None else sizes, dtype=np.int64)
    return found[found > 0]


def _starts(largest: int, k: int | None) -> list[int]:
    """Return the smallest size of each bin; k begins one, so that none holds both sides of it."""
    top = max(largest, k or 0)
    if top <= _EACH:
        return list(range(1, top + 1))
    series = (digit * 10**power for power in range(len(str(top))) for digit in (1, 2, 5))
    starts = {start for start in series if start <= top}
    return sorted(starts | ({k} if k else set()))


def _table(
    sizes: dict[str, NDArray[np.int64]], starts: Sequence[int], largest: int
) -> pd.DataFrame:
    """Return a row per bin: its sizes, and classes, records and their share in each table."""
    ends = [*(start - 1 for start in starts[1:]), max(largest, starts[-1])] if starts else []
    names = [f"{a:,}" if a >= b else f"{a:,}-{b:,}" for a, b in zip(starts, ends, strict=True)]
    columns: dict[str, object] = {"smallest": list(starts), "largest": ends}
    for table, found in sizes.items():
        bins = np.searchsorted(np.asarray(starts), found, side="right") - 1
        records = np.bincount(bins, found, len(starts))  # exact below 2^53
        columns[f"{table}_classes"] = np.bincount(bins, minlength=len(starts))
        columns[f"{table}_records"] = records.astype(np.int64)
        columns[f"{table}_share"] = records / max(int(found.sum()), 1)
    return pd.DataFrame(columns, index=pd.Index(names, name="class_size"))


def _words(released: NDArray[np.int64], whom: str, k: int | None) -> str:
    if not len(released):
        return "The release has no classes."
    least, most, middle = released.min(), released.max(), np.median(released)
    text = (
        f"The release has {len(released):,} classes of {least:,} to {most:,} {whom}, {middle:,g} "
        "in the middle."
    )
    if k is None:
        return text
    below = released[released < k].sum() / released.sum()
    return f"{text} Of its {whom} {percent(float(below))} are in classes smaller than {k:,}."


def _paint(sheet: Sheet, data: pd.DataFrame, whom: str, k: int | None) -> None:
    axes = sheet.plot(_LEFT, _TOP, _RIGHT, _BOTTOM)
    where = np.arange(len(data))
    shares = [share for share in _SHARES if share in data.columns]
    for (table, look), offset in zip(style.TABLES.items(), (-0.4, 0.0), strict=True):
        if f"{table}_share" in shares:
            axes.bar(where + offset, 100 * data[f"{table}_share"], 0.38, align="edge", **look)
    axes.set_xlim(-0.6, len(data) - 0.4)
    axes.set_ylim(0, max(100 * float(data[shares].to_numpy().max(initial=0)), 1.0) * 1.08)
    names = list(data.index)
    turned = sum(map(len, names)) > _ON_A_LINE
    look = {"rotation": 30, "ha": "right", "rotation_mode": "anchor"} if turned else {}
    axes.set_xticks(where, labels=names, **look)
    axes.tick_params(axis="x", length=0)
    axes.grid(visible=False, axis="x")
    beside = f"{whom} in the class"
    if k is not None:
        at = int((data["smallest"] < k).sum()) - 0.5
        axes.axvline(at, color=style.LIMIT, dashes=(4, 3), linewidth=1.2)
        beside += f"; dashed: k = {k:,}"
    whole = sheet.pixels()
    if len(shares) > 1:
        bars.legend(sheet, whole, 28)
    quiet = {"fontsize": style.SMALL, "color": style.QUIET}
    sheet.write(whole, style.MARGIN, _TOP - 8, f"% of {whom}", **quiet)
    sheet.write(whole, style.WIDTH - _RIGHT, _HEIGHT - 6, beside, ha="right", **quiet)
    if not len(data):
        sheet.write(whole, _LEFT + 12, _TOP + 20, "nothing to show", color=style.QUIET)
