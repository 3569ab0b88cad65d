"""A release beside its source, record by record.

A release does not say which record came from where. So the request is run once more with a column
that numbers the records and is published as it is: it takes no part in the decision, and the same
request gives the same release. That run does without the examination, whose cost is the difference.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from anon_dagster import anonymize

_NUMBER = "number_of_record"
_ALL = ("given_back", "alone", "outcome_in_pattern", "intruder")


@dataclass(frozen=True, slots=True, eq=False)
class Joined:
    """The records of a release, as they were and as they are published; all values are text."""

    source: pd.DataFrame
    """What the source says of each released record."""
    release: pd.DataFrame
    """What the release says of it, in the same order."""
    seconds: float
    """CPU time of the job that numbered the records, which examined nothing."""

    @property
    def generalized(self) -> list[str]:
        """The columns that say less of some record than its source did."""
        differs = (self.release != self.source).any()
        return [str(name) for name in self.release.columns[differs]]


def join(source: Path, request: Mapping[str, Any], released: Path) -> Joined:
    """Join a release to its source.

    Parameters
    ----------
    source
        The table, a CSV file.
    request
        What was asked for, without a target.
    released
        What came out, a CSV file.

    Raises
    ------
    AssertionError
        If the numbered records are released otherwise: then nothing is known of the release.
    """
    values = read_text(source)
    numbered = source.with_name("numbered.csv")
    values.assign(**{_NUMBER: range(len(values))}).to_csv(numbered, index=False)
    target = source.with_name("numbered_release.csv")
    start = time.process_time()
    anonymize(_with_numbers(request, numbered, target))
    seconds = time.process_time() - start
    labels = read_text(target)
    places = labels.pop(_NUMBER).astype(int)
    assert _as_set(labels) == _as_set(read_text(released)), "numbers changed the release"
    own = values.iloc[places].reset_index(drop=True)
    return Joined(own[list(labels.columns)], labels, seconds)


def read_text(path: Path) -> pd.DataFrame:
    """Read a CSV file as it is written: every value is text, a missing one is empty."""
    return pd.read_csv(path, dtype=str, keep_default_na=False)


def _with_numbers(request: Mapping[str, Any], source: Path, target: Path) -> dict[str, Any]:
    policy = request["policy"]
    attributes = {**policy["attributes"], _NUMBER: {"role": "non_sensitive"}}
    return {
        **request,
        "source": {**request["source"], "path": str(source)},
        "target": {"path": str(target)},
        "policy": {**policy, "attributes": attributes, "residual": dict.fromkeys(_ALL, "ignore")},
    }


def _as_set(frame: pd.DataFrame) -> list[tuple[str, ...]]:
    return sorted(frame.itertuples(index=False, name=None))
