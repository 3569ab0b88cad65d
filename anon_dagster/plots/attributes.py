"""How often each label of an attribute occurs: the source counted at the labels of the release."""

import sys
from collections.abc import Hashable, Mapping
from math import floor, log10

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from anon_dagster.plots import bars, style
from anon_dagster.plots.canvas import Sheet, draw
from anon_dagster.plots.numbers import floats
from anon_dagster.plots.ordering import in_order
from anon_dagster.plots.picture import Picture
from anon_dagster.plots.texts import MISSING, brief, count, readable

_MOST = 20
"""Labels that are drawn; the others are one more pair of bars."""
_BINS, _MOST_TICKS = 20, 6
_DASHED = (0, (3, 2))
_TOP, _BOTTOM, _LEFT, _RIGHT, _HEIGHT = 62, 36, 56, 24, 260


def attribute(counts: pd.DataFrame, *, name: str, left_off: int = 0) -> Picture:
    """Draw how often each label of an attribute occurs, before and after.

    Its labels are values of a table: the picture is as private as these.

    Parameters
    ----------
    counts
        A row per label: ``label``, and how many records have it in the ``source`` and in the
        ``release``, missing where nobody knows, or in the latter alone. They are drawn in their
        order, or if all stand for numbers or dates, by these. Where labels are numbers (of a
        numeric type), they are drawn as a histogram of equal bins. Or a row per bin, each beginning
        where the one before ends: ``lower`` and ``upper`` in place of ``label``.
    name
        The attribute.
    left_off
        How many more labels there are, of which nothing is told here.
    """
    if "lower" in counts.columns:
        return _histogram(counts, name)
    numeric = pd.api.types.is_numeric_dtype(counts["label"].dtype)
    numeric = numeric and not pd.api.types.is_bool_dtype(counts["label"].dtype)
    return _binned(counts, name) if numeric else _labels(counts, name, left_off)


# -- labels --------------------------------------------------------------------------------


def _labels(counts: pd.DataFrame, name: str, left_off: int) -> Picture:
    tables = _tables(counts)
    data = counts[["label", *tables]].reset_index(drop=True)
    numbers = data[tables].apply(floats)
    most = numbers.max(axis=1).fillna(0.0).sort_values(ascending=False, kind="stable").index[:_MOST]
    drawn = in_order({place: data["label"][place] for place in sorted(most)})
    rows = numbers.to_dict("index")
    pairs = [_pair(data["label"][place], rows[place]) for place in drawn]
    longest = max((float(numbers.loc[place].fillna(0.0).max()) for place in most), default=0.0)
    rest, beside = _rest(numbers.drop(most), left_off), ""
    if rest:
        beside = f", the {len(most)} most frequent by themselves"
    every = len(data) + left_off
    labels = f"each of the {every:,} labels" if every > 1 else "the one label"
    alt = f"How many records have {labels} of {readable(name)}{beside}."
    svg = draw(
        f"attribute {name}",
        (f"{readable(name, 30)}: records by label", alt),
        bars.height_of(pairs, rest=rest),
        lambda sheet: bars.paint(sheet, pairs, longest=longest, rest=rest),
    )
    return Picture(f"attribute {name}", svg, alt, data.set_index("label"))


def _tables(counts: pd.DataFrame) -> list[str]:
    """Return which tables are counted."""
    return [table for table in ("source", "release") if table in counts.columns]


def _pair(label: object, numbers: Mapping[Hashable, float]) -> bars.Pair:
    release = numbers["release"]
    missing = pd.isna(label)  # type: ignore[call-overload]
    text = MISSING if missing else readable(label)
    if "source" not in numbers:
        return bars.Pair(text, None, release, ("", count(release)))
    source = numbers["source"]
    return bars.Pair(text, source, release, (count(source), count(release)))


def _rest(numbers: pd.DataFrame, left_off: int) -> str:
    """Say how many labels have no bars, and how many records have them, if that is known."""
    if left_off:
        return f"{len(numbers) + left_off:,} other labels are not shown"
    if not len(numbers):
        return ""
    sums = " → ".join(count(float(each)) for each in numbers.sum(min_count=1))
    return f"{len(numbers):,} other labels: {sums} records"


# -- numbers -------------------------------------------------------------------------------


def _binned(counts: pd.DataFrame, name: str) -> Picture:
    """Count numbers in bins; what is none is said beside."""
    numbers = floats(counts["label"]).to_numpy()
    finite = np.isfinite(numbers)
    edges = _edges(numbers[finite])
    bins = np.searchsorted(edges, numbers[finite], side="right") - 1
    bins = np.clip(bins, 0, len(edges) - 2)
    data = pd.DataFrame({"lower": edges[:-1], "upper": edges[1:]})
    for table in _tables(counts):
        held = floats(counts[table]).to_numpy()
        known = np.nan_to_num(held[finite])
        data[table] = np.bincount(bins, known, len(edges) - 1).astype(np.int64)
        if len(held) and np.isnan(held).all():
            data[table] = np.nan
    apart = counts.loc[~finite, _tables(counts)].apply(floats).sum().max()
    return _histogram(data, name, apart=0 if pd.isna(apart) else int(apart))


def _histogram(data: pd.DataFrame, name: str, *, apart: int = 0) -> Picture:
    data = data[["lower", "upper", *_tables(data)]].reset_index(drop=True)
    alt = f"How many records have numbers of {readable(name)}, in {len(data)} bins of equal width."
    if apart:
        alt += f" Up to {apart:,} records without a number are not among them."
    svg = draw(
        f"attribute {name}",
        (f"{readable(name, 30)}: records by value", alt),
        _HEIGHT,
        lambda sheet: _paint(sheet, data.apply(floats)),
    )
    return Picture(f"attribute {name}", svg, alt, data)


def _edges(numbers: NDArray[np.floating]) -> NDArray[np.floating]:
    """Return the ends of equal bins, (bins + 1,): round numbers, the last one above all."""
    if not len(numbers):
        return np.array([0.0, 1.0])
    low, high = float(numbers.min()), float(numbers.max())
    width = _round_up((high / 2 - low / 2) / (_BINS / 2))  # halves do not overflow
    if (numbers == np.round(numbers)).all():
        width = max(width, 1.0)
    largest = max(-low, high)
    if width > 0 and largest / width < 2**50 and largest < sys.float_info.max / 4:
        return width * np.arange(np.floor(low / width), np.floor(high / width) + 2)
    return np.array([low, high])  # numbers as near to one another as floats are


def _round_up(width: float) -> float:
    """Return the next of 1, 2, 2.5, 5 and 10 times a power of ten."""
    if not width > sys.float_info.min or width > sys.float_info.max / 10:
        return 0.0
    power = 10.0 ** floor(log10(width))
    return min(digit * power for digit in (1, 2, 2.5, 5, 10, 20) if digit * power >= width)


def _paint(sheet: Sheet, data: pd.DataFrame) -> None:
    """Draw bins side by side, and write some of their ends."""
    axes = sheet.plot(_LEFT, _TOP, _RIGHT, _BOTTOM)
    bins = len(data)
    places, edges = np.arange(bins + 1), [*data["lower"], *data["upper"][-1:]]
    if data["release"].notna().any():
        axes.stairs(data["release"], places, fill=True, color=style.RELEASE, linewidth=0)
    has_source = "source" in data.columns
    if has_source and data["source"].notna().any():
        axes.stairs(data["source"], places, color=style.INK, linewidth=1.4, linestyle=_DASHED)
    axes.set_xlim(0, max(bins, 1))
    axes.set_ylim(0, max(data[_tables(data)].max().fillna(0.0).max() * 1.08, 1.0))
    ticks = places[: len(edges) : max(-(-bins // _MOST_TICKS), 1)]
    axes.set_xticks(ticks, labels=brief([edges[tick] for tick in ticks]))
    axes.grid(visible=False, axis="x")
    whole = sheet.pixels()
    sheet.write(whole, style.MARGIN, _TOP - 8, "records", fontsize=style.SMALL)
    if not has_source:
        return
    whole.plot([style.MARGIN, style.MARGIN + 18], [34, 34], color=style.INK, linestyle=_DASHED)
    whole.barh(28, 18, 11, left=style.MARGIN + 90, align="edge", color=style.RELEASE)
    for text, x in (("source", 24), ("release", 114)):
        sheet.write(whole, style.MARGIN + x, 37, text, fontsize=style.SMALL)
