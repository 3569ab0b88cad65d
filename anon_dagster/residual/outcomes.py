"""Findings: labels that tell an outcome which the values behind them do not."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from anon_dagster.core.counts import distinct
from anon_dagster.core.hierarchy import Label
from anon_dagster.core.residual import Labelled, Telling, a_slice, outcome_told
from anon_dagster.discreet import Discreet
from anon_dagster.facts.vocabulary import group_of
from anon_dagster.residual.result import Finding, severity_of
from anon_dagster.residual.subject import Subject

_MOST_VALUES = 4  # of a quasi-identifier that may be an outcome
_TWO = 2  # values of what looks like one
_KNOWN_OF_PEOPLE = (
    *("sex", "race", "marital_status", "education", "language", "employment"),
    *("blood_type", "weekday", "month"),
)
"""The vocabularies of what others know or see of a person: no outcomes."""
_MOST_NUMBERS = 10  # of a sensitive column that are told apart; more are taken by quarters
_MOST_SENSITIVE = 100  # values of a sensitive column
_UNDONE = 0.1
_UNDONE_OF_SENSITIVE = 0.4
"""Shares of the mistakes that labels must undo. Classes are not formed by a sensitive column, but
may be by a promise about it, and so follow its usual dependence on the values more closely."""
_QUARTERS = (0.25, 0.5, 0.75)
_HIGH, _MEDIUM = 0.25, 0.1  # of the records, whose outcome is told


@dataclass(frozen=True, slots=True, eq=False)
class Classes(Discreet):
    """The tuples of a source that are released, and how the class of each reads.

    Only what the classes were formed by can show in them: quasi-identifiers and sensitive columns.
    """

    attributes: Mapping[str, Labelled]
    """Of each quasi-identifier."""
    sensitive: Mapping[str, tuple[NDArray[np.int64], NDArray[np.float64]]]
    """Of each sensitive column: the value of each tuple, (tuples,), and the numbers, (values,)."""
    counts: NDArray[np.int64]  # (tuples,)
    texts: Mapping[str, Sequence[Label]]
    """Of each quasi-identifier: the values, (values,)."""

    def take(self, tuples: NDArray[np.int64]) -> "Classes":
        """Return some of the tuples."""
        return Classes(
            {name: attribute.take(tuples) for name, attribute in self.attributes.items()},
            {name: (values[tuples], numbers) for name, (values, numbers) in self.sensitive.items()},
            self.counts[tuples],
            self.texts,
        )


def outcomes(subject: Subject, classes: Classes) -> Iterator[Finding]:
    """Find the columns whose values the labels of the quasi-identifiers tell."""
    if not len(classes.counts) or not classes.attributes:
        return
    seed = subject.policy.residual.seed
    classes = classes.take(a_slice(list(classes.attributes.values()), seed=seed))
    for name, values in _candidates(classes):
        others = [attribute for own, attribute in classes.attributes.items() if own != name]
        undone = _UNDONE_OF_SENSITIVE if name in classes.sensitive else _UNDONE
        told = outcome_told(others, values, classes.counts, undone=undone, seed=seed)
        if told is not None:
            two = len(distinct(values)) == _TWO or name in classes.sensitive
            columns = [own for own in classes.attributes if own != name]
            yield _finding(subject, name, told, columns, looks_like_one=two)


def _candidates(classes: Classes) -> Iterator[tuple[str, NDArray[np.int64]]]:
    """Give each column that may be an outcome: sensitive ones, and others of few values."""
    for name, (values, numbers) in classes.sensitive.items():
        grouped = _grouped(values, numbers)
        if len(distinct(grouped)) <= _MOST_SENSITIVE:
            yield name, grouped
    for name, attribute in classes.attributes.items():
        if 1 < len(distinct(attribute.values)) <= _MOST_VALUES:
            present = [text for text in classes.texts[name] if text is not None]
            if not any(_are_words(present, of) for of in _KNOWN_OF_PEOPLE):
                yield name, attribute.values


def _are_words(texts: Sequence[str], vocabulary: str) -> bool:
    return all(group_of(text, vocabulary) is not None for text in texts)


def _grouped(values: NDArray[np.int64], numbers: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return values, (tuples,); of many numbers, the quarters that they lie in."""
    own = numbers[values]
    counted = np.isfinite(own)
    if len(np.unique(values)) <= _MOST_NUMBERS or 2 * counted.sum() < len(own):
        return values
    quarters = np.searchsorted(np.quantile(own[counted], _QUARTERS), own)
    return np.unique(np.where(counted, quarters, -1), return_inverse=True)[1].reshape(-1)


def _finding(
    subject: Subject, name: str, told: Telling, columns: Sequence[str], *, looks_like_one: bool
) -> Finding:
    if subject.policy.attributes[name].role == "sensitive":
        cure = f"recode globally (recoding: global), so that no class is formed by `{name}`"
    else:
        cure = f"make `{name}` sensitive, so that no class is formed by it, unless all know it"
    severity = severity_of(told.share - told.baseline, high=_HIGH, medium=_MEDIUM)
    return Finding(
        "outcome_in_pattern",
        severity if looks_like_one else "low",
        tuple(columns),
        (name,),
        told.kind,
        records=None,
        share=told.share,
        baseline=told.baseline,
        cure=cure,
    )
