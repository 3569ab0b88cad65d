"""What a model learns from the release, beside what it learns from the source.

The model is a logistic regression with the penalty and the settings of scikit-learn, of the target
use that the request names. Numbers are scaled by their mean and standard deviation in the source,
and a label counts as its middle; a category is a column of 0 and 1 for each label of the release,
at which the source stands as well. So a coefficient has the same meaning in both.
"""

import warnings
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from anon_dagster.core.ordering import Meaning
from anon_dagster.discreet import Discreet
from anon_dagster.labels import LabelReader
from anon_dagster.planning.decision import Decision
from anon_dagster.report.evidence import TableFact
from anon_dagster.report.formats import label as label_text
from anon_dagster.report.formats import short
from anon_dagster.report.gathering.labels import at_labels

_MOST_TUPLES = 200_000
_MOST_CLASSES = 12
_MOST_LABELS = 50  # of a category
_MOST_ROWS = 40

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class _Feature(Discreet, shown=("name",)):
    """A column of numbers that a model learns from, as source and release have it."""

    name: str
    source: Floats  # (tuples,)
    release: Floats  # (tuples,): what is suppressed plays no part


def coefficients(decision: Decision) -> TableFact | None:
    """Return the coefficients that tell the target of a request from its other attributes.

    ``None`` if it names none, or one that is itself generalized or has too many values, or if the
    table is too large for a report.
    """
    use, plan = decision.request.policy.target_use, decision.plan
    if use is None or use.attribute not in plan.sensitive or not _is_small(decision, use.attribute):
        return None
    problem, kept = plan.problem, decision.solution.classes >= 0
    truth = problem.sensitive.columns[plan.sensitive.index(use.attribute)].astype(np.int64)
    names = use.features or (*plan.quasi_identifiers, *plan.sensitive)
    features = [f for name in names if name != use.attribute for f in _features(decision, name)]
    if not features or len(np.unique(truth[kept])) < 2:
        return None
    weights = problem.counts.astype(np.float64)
    before = _fitted(np.stack([each.source for each in features], axis=1), truth, weights)
    rows = np.stack([each.release for each in features], axis=1)[kept]
    after = _fitted(rows, truth[kept], weights[kept])
    texts = decision.counted.columns[use.attribute].labels
    told = [
        (each.name, label_text(short(texts[value])), before[value][place], after[value][place])
        for value in sorted(before.keys() & after.keys())
        for place, each in enumerate(features)
    ]
    told.sort(key=lambda row: -max(abs(row[2]), abs(row[3])))
    columns = ("feature", use.attribute, "source", "release")
    return TableFact("coefficients", columns, tuple(told[:_MOST_ROWS]), len(told[_MOST_ROWS:]))


def _is_small(decision: Decision, target: str) -> bool:
    classes = len(decision.counted.columns[target].values)
    return 2 <= classes <= _MOST_CLASSES and 0 < len(decision.counted.table) <= _MOST_TUPLES


def _features(decision: Decision, name: str) -> Iterator[_Feature]:
    """Give an attribute as columns of numbers; none where its labels cannot be compared."""
    column = decision.counted.columns[name]
    place = decision.counted.attributes.index(name)
    codes = decision.counted.table.codes[:, place].astype(np.int64)
    labels, after = list(column.labels), codes
    untold = 0
    if name in decision.plan.quasi_identifiers:
        at = at_labels(decision, decision.plan.quasi_identifiers.index(name))
        labels, after, untold = list(at.labels), at.codes, at.untold
    numbers = column.ordering.numbers
    if column.ordering.meaning is Meaning.number and np.isfinite(numbers).any():
        middles = numbers if after is codes else _middles(labels, column.decimal)
        if np.isfinite(middles[after[after >= 0]]).any():
            yield _scaled(name, numbers[codes], np.append(middles, np.nan)[after])
        return
    if untold or len(labels) > _MOST_LABELS:
        return
    for value in np.unique(after).tolist():
        hit = (after == value).astype(np.float64)
        yield _Feature(f"{name}: {label_text(short(labels[value]))}", hit, hit)


def _middles(labels: list[str | None], decimal: str) -> Floats:
    reader = LabelReader(meaning="number", decimal=decimal)
    middles = [reader.read(each).midpoint for each in labels]
    return np.array([m if isinstance(m, int | float) else np.nan for m in middles], np.float64)


def _scaled(name: str, source: Floats, release: Floats) -> _Feature:
    """Scale numbers, (tuples,), by those of the source; a missing one is in the middle."""
    present = source[np.isfinite(source)]
    mean, spread = float(present.mean()), float(present.std()) or 1.0
    columns = [np.nan_to_num((each - mean) / spread) for each in (source, release)]
    return _Feature(name, *columns)


def _fitted(rows: Floats, truth: NDArray[np.int64], weights: Floats) -> dict[int, list[float]]:
    """Return the coefficients of each class but the first of two, by its code."""
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression(max_iter=200)
    with warnings.catch_warnings():
        # one that has not settled is judged as it is
        warnings.simplefilter("ignore")
        model.fit(rows, truth, sample_weight=weights)
    classes = model.classes_.tolist()
    told = classes[1:] if len(classes) == 2 else classes
    return dict(zip(told, model.coef_.tolist(), strict=True))
