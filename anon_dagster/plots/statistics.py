"""The statistics of risk and of utility as pairs of bars."""

import pandas as pd

from anon_dagster.plots import bars
from anon_dagster.plots.canvas import draw
from anon_dagster.plots.numbers import floats
from anon_dagster.plots.picture import Picture
from anon_dagster.plots.texts import percent, readable

_RISKS = {
    "prosecutor_highest": "prosecutor, most exposed record",
    "journalist_highest": "journalist, most exposed record",
    "prosecutor_average": "prosecutor, average record",
    "journalist_average": "journalist, average record",
    "marketer_average": "marketer, share of records found",
    "prosecutor_above_threshold": "records above the threshold",
    "person_highest": "most exposed person",
    "person_average": "average person",
    "person_above_threshold": "persons above the threshold",
}
"""The statistics that are drawn: probabilities to be identified, and shares of records."""
_COUNTED = {"prosecutor_above_threshold": "records", "person_above_threshold": "persons"}
"""Those that are counts, and of how many."""


def risk(statistics: pd.DataFrame, *, threshold: float | None = None) -> Picture:
    """Draw how likely it is that somebody is identified, in source and release.

    Parameters
    ----------
    statistics
        The risks as :func:`anon_dagster.statistics.risk_statistics` returns them: indexed by the
        names of statistics, with the columns ``source`` and ``release``; or with the latter alone.
    threshold
        The probability that is acceptable, 0 to 1: a dashed line.
    """
    data = _shares(statistics)
    pairs = [_pair(_RISKS[str(name)], row) for name, row in data.iterrows()]
    both = "source" in data.columns
    said = "; ".join(f"{p.name} {f'{p.shown[0]} → ' if both else ''}{p.shown[1]}" for p in pairs)
    whose = "source → release" if both else "release"
    alt, title = f"Risk, {whose}: {said}.", "Risk of identification"
    if threshold is not None:
        alt += f" The dashed line is the threshold, {percent(threshold)}."
        title += f" (dashed: threshold, {percent(threshold)})"
    svg = draw(
        "risk",
        (title, alt),
        bars.height_of(pairs),
        lambda sheet: bars.paint(sheet, pairs, longest=1.0, limit=threshold),
    )
    return Picture("risk", svg, alt, data)


def _shares(statistics: pd.DataFrame) -> pd.DataFrame:
    """Return what is drawn of risks, in its order; how many there are above as a share of all."""
    tables = [table for table in ("source", "release") if table in statistics.columns]
    numbers = statistics[tables].apply(floats)
    drawn = numbers.loc[[name for name in _RISKS if name in numbers.index]]
    for name, of in _COUNTED.items():
        if name in drawn.index:
            drawn.loc[name] = numbers.loc[name] / numbers.loc[of].clip(lower=1)
    return drawn


def utility(statistics: pd.DataFrame) -> Picture:
    """Draw how much of the source's worth the release has, by every measure.

    Parameters
    ----------
    statistics
        As :func:`anon_dagster.statistics.utility_statistics` returns them: indexed by the names of
        measures, with a column ``quality``, of which 1 is as good as the source.
    """
    quality = floats(statistics["quality"])
    data = pd.DataFrame({"source": 1.0, "release": quality})
    pairs = [
        bars.Pair(_spaced(name), None, number, ("", percent(number)), is_share=True)
        for name, number in quality.items()
    ]
    said = "; ".join(f"{pair.name} {pair.shown[1]}" for pair in pairs)
    alt = f"Quality of the release by measure, where the source has 100%: {said}."
    svg = draw(
        "utility",
        ("Utility: how much of the source's quality is left", alt),
        bars.height_of(pairs),
        lambda sheet: bars.paint(sheet, pairs, longest=1.0, limit=None),
    )
    return Picture("utility", svg, alt, data)


def _pair(name: str, row: "pd.Series[float]") -> bars.Pair:
    release = float(row["release"])
    if "source" not in row.index:
        return bars.Pair(name, None, release, ("", percent(release)))
    source = float(row["source"])
    return bars.Pair(name, source, release, (percent(source), percent(release)))


def _spaced(name: object) -> str:
    """Return the name of a measure in words; its attribute is left as it is."""
    measure, bracket, attribute = readable(name).partition("(")
    return measure.replace("_", " ").replace("infoLoss", "information loss") + bracket + attribute
