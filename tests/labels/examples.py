"""Rules, values that they are for, and labels of all kinds."""

from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import Any

import pyarrow as pa
from hypothesis import strategies as st

from anon_dagster.core.hierarchy import Hierarchy, Label
from anon_dagster.hierarchies import build_hierarchy
from anon_dagster.request import Policy, parse_policy
from anon_dagster.request.release import ValuesAre
from anon_dagster.storage.meaning import ordering_of

NUMBERS = st.one_of(
    st.integers(-60, 60).map(str),
    st.decimals(-60, 60, places=1).map(str),
    st.sampled_from(["1e2", "-0.05", "+7", "1200000"]),
)
DAYS = st.dates(date(1850, 1, 1), date(2099, 12, 31))
_OUTSIDE: list[dict[str, Any]] = [
    {},
    {"lower": 0, "outside": "group"},
    {"lower": -10, "upper": 25, "outside": "group"},
    {"lower": -10, "upper": 25, "outside": "clip"},
    {"upper": 7, "outside": "clip"},
]
NUMERIC = st.one_of(
    st.builds(
        lambda widths, bounds: {"type": "interval", "widths": widths, **bounds},
        st.sampled_from([[1], [5, 10], [0.5, 2.5], [20]]),
        st.sampled_from(_OUTSIDE),
    ),
    st.sampled_from([[5], [1.5, 4.5], [10], [1, 3]]).map(
        lambda steps: {"type": "rounding", "steps": steps}
    ),
    st.just({"type": "order", "sizes": [2, 3]}),
    st.just({"type": "frequency", "keep": [2]}),
    st.just({"type": "suppress"}),
)
_LEVELS = ["day", "month", "quarter", "half_year", "year", "5_years", "decade", "century"]
DATED = st.builds(
    lambda levels, written: {"type": "date", "levels": levels, "format": written},
    st.lists(st.sampled_from(_LEVELS), min_size=1, max_size=3, unique=True).map(
        lambda levels: sorted(levels, key=_LEVELS.index)
    ),
    st.sampled_from([None, "%d.%m.%Y", "%Y%m%d", "%d-%m-%Y"]),
)


@dataclass(frozen=True)
class Column:
    """The values of a column, and how it is generalized."""

    rule: dict[str, Any]
    values: list[Label]
    exact: dict[Label, Fraction]  # of each number, or day
    meaning: ValuesAre

    def policy(self, labels: str = "nodes", **release: Any) -> Policy:
        attribute = {"role": "quasi_identifier", "hierarchy": self.rule, "local_labels": labels}
        document = {
            "attributes": {"x": attribute},
            "privacy": {"k_anonymity": {"k": 2}},
            "recoding": "local",
        }
        return parse_policy({**document, "release": release} if release else document)

    @property
    def hierarchy(self) -> Hierarchy:
        rule = self.policy().quasi_identifiers["x"].hierarchy
        ordering = ordering_of(pa.array(self.values, pa.string()))
        counts = list(range(1, len(self.values) + 1))
        return build_hierarchy(
            rule, "x", self.values, pa.array(counts).to_numpy(), ordering=ordering
        )


@st.composite
def numeric(draw: st.DrawFn) -> Column:
    rule = {**draw(NUMERIC)}
    drawn = draw(st.lists(NUMBERS, min_size=2, max_size=12, unique_by=Fraction))
    values: list[Label] = [*drawn]
    exact: dict[Label, Fraction] = {value: Fraction(value) for value in drawn}
    if draw(st.booleans()) and rule["type"] in {"interval", "rounding"}:
        values, rule["other"] = [*values, "unknown"], draw(st.sampled_from(["other", "17"]))
    return Column(rule, [*values, *draw(st.sampled_from([[], [None]]))], exact, "number")


@st.composite
def dated(draw: st.DrawFn) -> Column:
    rule = draw(DATED)
    days = draw(st.lists(DAYS, min_size=2, max_size=12, unique=True))
    written = rule["format"]
    if written is None and draw(st.booleans()):
        hour = draw(st.integers(0, 23))
        texts = [f"{day.isoformat()}T{hour:02d}:30:00" for day in days]
    else:
        texts = [d.strftime(written) if written else d.isoformat() for d in days]
    exact: dict[Label, Fraction] = dict(
        zip(texts, (Fraction(d.toordinal()) for d in days), strict=True)
    )
    return Column(rule, [*texts, None], {**exact}, "date")


columns = st.one_of(numeric(), dated())

_SIGNS = st.text(alphabet="0123456789.,-+[](){}<>= *\\N/QHeWT:", max_size=12)
_ENDS = st.one_of(NUMBERS, DAYS.map(str), st.sampled_from(["2024", "2024-Q2", "1\\,5", "a", "007"]))
texts = st.one_of(
    _SIGNS,
    _ENDS,
    st.builds("[{}, {})".format, _ENDS, _ENDS),
    st.builds("[{}, {}]".format, _ENDS, _ENDS),
    st.builds("{{{}, {}]".format, _ENDS, _ENDS),
    st.builds("{} .. {}".format, _ENDS, _ENDS),
    st.builds("< {}".format, _ENDS),
    st.builds(">= {}".format, _ENDS),
    st.lists(st.one_of(_ENDS, st.just("\\N")), min_size=1, max_size=3).map(
        lambda members: "{" + ", ".join(members) + "}"
    ),
    st.sampled_from(
        ["*", "2024-H1", "2020/2029", "0000/0009", "2024-13", "9999", "1e400", "1e999"]
    ),
)
"""What is a label, or nearly."""
