"""Findings: labels that tell an outcome which the values behind them do not."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from anon_dagster.core.residual import Labelled, Telling, a_slice, outcome_told
from anon_dagster.residual.result import Finding, severity_of
from anon_dagster.residual.subject import Subject

_MOST_VALUES = 10  # of a quasi-identifier that may be an outcome
_MOST_SENSITIVE = 100  # values of a sensitive column
_QUARTERS = (0.25, 0.5, 0.75)
_HIGH, _MEDIUM = 0.25, 0.1  # of the records, whose outcome is told


@dataclass(frozen=True, slots=True, eq=False)
class Classes:
    """The tuples of a source that are released, and how the class of each reads.

    Only what the classes were formed by can show in them: quasi-identifiers and sensitive columns.
    """

    attributes: Mapping[str, Labelled]
    """Of each quasi-identifier."""
    sensitive: Mapping[str, tuple[NDArray[np.int64], NDArray[np.float64]]]
    """Of each sensitive column: the value of each tuple, (tuples,), and the numbers, (values,)."""
    counts: NDArray[np.int64]  # (tuples,)

    def take(self, tuples: NDArray[np.int64]) -> "Classes":
        """Return some of the tuples."""
        return Classes(
            {name: attribute.take(tuples) for name, attribute in self.attributes.items()},
            {name: (values[tuples], numbers) for name, (values, numbers) in self.sensitive.items()},
            self.counts[tuples],
        )


def outcomes(subject: Subject, classes: Classes) -> Iterator[Finding]:
    """Find the columns whose values the labels of the quasi-identifiers tell."""
    if not len(classes.counts) or not classes.attributes:
        return
    seed = subject.policy.residual.seed
    classes = classes.take(a_slice(list(classes.attributes.values()), seed=seed))
    for name, values in _candidates(classes):
        others = [attribute for own, attribute in classes.attributes.items() if own != name]
        told = outcome_told(others, values, classes.counts, seed=seed)
        if told is not None:
            yield _finding(subject, name, told, [n for n in classes.attributes if n != name])


def _candidates(classes: Classes) -> Iterator[tuple[str, NDArray[np.int64]]]:
    """Give each column that may be an outcome: sensitive ones, and others of few values."""
    for name, (values, numbers) in classes.sensitive.items():
        grouped = _grouped(values, numbers)
        if len(np.unique(grouped)) <= _MOST_SENSITIVE:
            yield name, grouped
    for name, attribute in classes.attributes.items():
        if 1 < len(np.unique(attribute.values)) <= _MOST_VALUES:
            yield name, attribute.values


def _grouped(values: NDArray[np.int64], numbers: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return values, (tuples,); of many numbers, the quarters that they lie in."""
    own = numbers[values]
    counted = np.isfinite(own)
    if len(np.unique(values)) <= _MOST_VALUES or 2 * counted.sum() < len(own):
        return values
    quarters = np.searchsorted(np.quantile(own[counted], _QUARTERS), own)
    return np.unique(np.where(counted, quarters, -1), return_inverse=True)[1].reshape(-1)


def _finding(subject: Subject, name: str, told: Telling, columns: Sequence[str]) -> Finding:
    if subject.policy.attributes[name].role == "sensitive":
        cure = f"recode globally (recoding: global), so that no class is formed by `{name}`"
    else:
        cure = f"make `{name}` sensitive, so that no class is formed by it"
    return Finding(
        "outcome_in_pattern",
        severity_of(told.share - told.baseline, high=_HIGH, medium=_MEDIUM),
        tuple(columns),
        (name,),
        told.kind,
        records=None,
        share=told.share,
        baseline=told.baseline,
        cure=cure,
    )
