"""Findings: labels that tell an outcome which the values behind them do not."""

from collections.abc import Iterator, Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from anon_dagster.core.hierarchy import Label
from anon_dagster.core.residual import Labelled, Telling, outcome_told
from anon_dagster.residual.given_back import codes_of
from anon_dagster.residual.pairs import Pairs
from anon_dagster.residual.result import Finding, severity_of
from anon_dagster.residual.subject import Subject
from anon_dagster.residual.texts import column_of

_MOST_VALUES = 10  # of what may be an outcome
_HIGH, _MEDIUM = 0.25, 0.1  # of the records, whose outcome is told


def outcomes(subject: Subject, pairs: Pairs) -> Iterator[Finding]:
    """Find the columns whose values the labels of the quasi-identifiers tell."""
    if not pairs.records:
        return
    attributes = {name: _labelled(subject, pairs, name) for name in subject.quasi_identifiers}
    for name, values in _candidates(subject, pairs):
        others = [attribute for own, attribute in attributes.items() if own != name]
        told = outcome_told(others, values)
        if told is not None:
            yield _finding(subject, name, told)


def _candidates(subject: Subject, pairs: Pairs) -> Iterator[tuple[str, NDArray[np.int64]]]:
    """Give each column that may be an outcome: sensitive ones, and others of few values."""
    for name in subject.sensitive:
        yield name, codes_of(pairs.released[name])
    for name in subject.harmless:
        values = codes_of(pairs.released[name])
        if 1 < len(np.unique(values)) <= _MOST_VALUES:
            yield name, values
    for name in subject.quasi_identifiers:
        values = codes_of(pairs.source[name])
        if 1 < len(np.unique(values)) <= _MOST_VALUES:
            yield name, values


def _labelled(subject: Subject, pairs: Pairs, name: str) -> Labelled:
    column = column_of(pairs.source[name], marks=(subject.marks[0], "."))
    labels = pairs.released[name]
    heights = _heights(labels, subject.heights.get(name, {}))
    return Labelled(column.codes, codes_of(labels), column.numbers, heights)


def _heights(labels: pa.StringArray, of_label: Mapping[Label, float]) -> NDArray[np.float64]:
    """Return how far the label of each record is generalized, (records,)."""
    encoded = labels.dictionary_encode()
    known = [of_label.get(text, 1.0) for text in encoded.dictionary.to_pylist()]
    heights = np.array([*known, of_label.get(None, 1.0)], dtype=np.float64)
    places = pc.fill_null(encoded.indices, len(known)).to_numpy(zero_copy_only=False)
    of_records: NDArray[np.float64] = heights[places.astype(np.int64)]
    return of_records


def _finding(subject: Subject, name: str, told: Telling) -> Finding:
    gain = told.share - told.baseline
    columns = tuple(own for own in subject.quasi_identifiers if own != name)
    role = subject.policy.attributes[name].role
    if role == "sensitive":
        cure = f"recode globally (recoding: global), so that no class is formed by `{name}`"
    else:
        cure = f"make `{name}` sensitive, so that no class is formed by it"
    return Finding(
        "outcome_in_pattern",
        severity_of(gain, high=_HIGH, medium=_MEDIUM),
        columns,
        (name,),
        told.kind,
        records=None,
        share=told.share,
        baseline=told.baseline,
        cure=cure,
    )
