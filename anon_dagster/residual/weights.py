"""Findings: survey weights that are released as they are, which tell the strata of a survey."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from anon_dagster.core.residual import Column, Strata, constant_within
from anon_dagster.detection.survey_weights import named_as_weight
from anon_dagster.residual.result import Finding, severity_of
from anon_dagster.residual.subject import Subject

_MOST = 400  # combinations of columns, times columns that are held against them
_FEWEST = 30  # combinations that are tried for each column in any case
_HIGH, _MEDIUM = 0.5, 0.2  # of the records, whose stratum is told


def raw_weights(
    subject: Subject,
    published: Mapping[str, Column],
    before: Mapping[str, NDArray[np.int64]],
    after: Mapping[str, NDArray[np.int64]],
    hidden: Sequence[str],
) -> Iterator[Finding]:
    """Find the columns of numbers that are survey weights, by their names or their values.

    Parameters
    ----------
    published
        The columns that are released as they are.
    before, after
        Of each quasi-identifier, (records,): codes of its values and of its labels.
    hidden
        The quasi-identifiers of which some value is not released.
    """
    numbers = {n: c for n, c in published.items() if n in subject.untouched and _is_numeric(c)}
    if not hidden or not numbers:
        return
    most = max(_MOST // len(numbers), _FEWEST)
    names = list(before)
    strata = Strata.of(list(before.values()), list(after.values()), most=most)
    baseline: float | None
    for name, column in numbers.items():
        told = constant_within(column.codes, strata) if name in subject.harmless else None
        of = [names[c] for c in told.columns if names[c] in hidden] if told else []
        if told is not None and of and len(told.columns) > 1:  # of one it is found as a relation
            severity = severity_of(told.share - told.baseline, high=_HIGH, medium=_MEDIUM)
            share, baseline = told.share, told.baseline
            relation = "the same within strata"
        elif named_as_weight(name) and (column.numbers > 0).all() and column.distinct > 1:
            severity, share, baseline = "medium", 1.0, None
            of, relation = list(hidden), "survey weight"
        else:
            continue
        yield Finding(
            "given_back",
            severity,
            (name,),
            tuple(of),
            relation,
            records=None,
            share=share,
            baseline=baseline,
            cure=f"give `{name}` the role weight, so that estimates are made of it and none is "
            "released, or drop it",
        )


def _is_numeric(column: Column) -> bool:
    return column.records > 0 and not column.is_date and bool(np.isfinite(column.numbers).all())
