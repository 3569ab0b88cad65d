"""Target use: how well a classifier that learned from a release does, beside one of the source.

Everything is learned from the frequency table: distinct tuples, weighted by their records. The
extra ``classification`` brings scikit-learn, which does the learning; it sees codes and no values.
"""

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from anon_dagster.core.hierarchy import SUPPRESSED, Label
from anon_dagster.core.keys import group
from anon_dagster.core.problem import Problem
from anon_dagster.core.solution import Solution
from anon_dagster.discreet import Discreet
from anon_dagster.errors import Complaint, RequestError
from anon_dagster.request import Policy, TargetUse

Codes = NDArray[np.int64]


def require_classifiers(policy: Policy) -> None:
    """Find out before the work whether the classifier of a target use can be had.

    Raises
    ------
    RequestError
        If scikit-learn is not installed.
    """
    if policy.target_use is None:
        return
    try:
        import sklearn  # noqa: F401 (whether it is there)
    except ImportError:
        missing = "needs scikit-learn, which is not installed: pip install "
        missing += "'anon-dagster[classification]'"
        raise RequestError([Complaint("policy.target_use", missing)]) from None


@dataclass(frozen=True, slots=True, eq=False)
class _Column(Discreet):
    """An attribute as one of the two tables has it."""

    codes: Codes  # (tuples,)
    size: int


@dataclass(frozen=True, slots=True, eq=False)
class Classification(Discreet, shown=("names",)):
    """A classification problem, and how its records are divided for cross-validation.

    Every record is held out once. What was learned from the others is asked about it: its own
    values in the source, and their generalization in the release. A suppressed record is not
    learned from, but asked about as well: generalized like the others, or where local recoding has
    no label for it, as ``*``.

    The folds are stratified: each has its share of every class, to within a record.
    """

    problem: Problem
    use: TargetUse
    names: tuple[str, ...]  # quasi-identifiers, then sensitive attributes
    truth: Codes  # (tuples,): class of each, in the source
    held_out: Codes  # (folds, tuples): records

    @classmethod
    def of(cls, problem: Problem, policy: Policy) -> "Classification":
        """Return what the target use of a policy asks for."""
        use = policy.target_use
        assert use is not None, "the policy has a target use"
        names = (*policy.quasi_identifiers, *policy.names("sensitive"))
        position = names.index(use.attribute)
        columns = (*problem.codes.columns, *problem.sensitive.columns)
        truth = columns[position].astype(np.int64)
        folds = _folds(truth, problem.counts, use.folds, use.seed)
        return cls(problem, use, names, truth, folds)

    @property
    def majority(self) -> float:
        """The share of the most frequent class: what is right without learning (ZeroR)."""
        return float(self._records_of_classes().max(initial=0) / max(self.problem.records, 1))

    def of_source(self) -> float:
        """Return the accuracy, 0 to 1, of what is learned from the source."""
        columns = [self._of_source(name) for name in self._features()]
        everyone = np.ones(len(self.truth), dtype=np.bool_)
        values = len(self._records_of_classes())
        return self._accuracy(columns, everyone, self.truth, np.arange(values))

    def of_release(self, solution: Solution) -> float:
        """Return the accuracy, 0 to 1, of what is learned from a release.

        Where the class is a quasi-identifier, a label that stands for several values is taken for
        the most frequent of them.
        """
        columns = [self._of_release(name, solution) for name in self._features()]
        released = solution.classes >= 0
        taught = self._of_release(self.use.attribute, solution)
        meant = self._most_frequent(taught, released)
        return self._accuracy(columns, released, taught.codes, meant)

    def _features(self) -> tuple[str, ...]:
        others = tuple(name for name in self.names if name != self.use.attribute)
        return self.use.features or others

    def _of_source(self, name: str) -> _Column:
        q, width = self.names.index(name), len(self.problem.hierarchies)
        if q < width:
            return _Column(
                self.problem.codes[:, q].astype(np.int64), self.problem.hierarchies[q].leaves
            )
        size = self.problem.sensitive_sizes[q - width]
        return _Column(self.problem.sensitive[:, q - width].astype(np.int64), size)

    def _of_release(self, name: str, solution: Solution) -> _Column:
        """Return an attribute as it is released.

        Of full-domain generalization a suppressed tuple has the label of its level like the
        others, of local recoding that of ``*``.
        """
        q = self.names.index(name)
        if q >= len(self.problem.hierarchies):
            return self._of_source(name)
        generalized, hierarchy = solution.generalized[q], self.problem.hierarchies[q]
        if solution.levels is not None:
            level = solution.levels[q]
            if generalized.labels == hierarchy.labels[level]:
                nodes = hierarchy.codes[level][self.problem.codes[:, q]]
                return _Column(nodes.astype(np.int64), len(generalized.labels))
        numbers: dict[Label, int] = {}
        labels = [numbers.setdefault(label, len(numbers)) for label in generalized.labels]
        suppressed = numbers.setdefault(SUPPRESSED, len(numbers))
        codes = np.full(len(self.truth), suppressed, dtype=np.int64)
        kept = solution.classes >= 0
        codes[kept] = np.array(labels, dtype=np.int64)[generalized.codes][solution.classes[kept]]
        return _Column(codes, len(numbers))

    def _records_of_classes(self) -> Codes:
        source = self._of_source(self.use.attribute)
        records = np.zeros(source.size, dtype=np.int64)
        np.add.at(records, self.truth, self.problem.counts)
        return records

    def _most_frequent(self, taught: _Column, released: NDArray[np.bool_]) -> Codes:
        """Return the class that each label is taken for, (labels,)."""
        values = len(self._records_of_classes())
        if not len(self.truth):
            return np.zeros(taught.size, dtype=np.int64)
        records = np.zeros((taught.size, values), dtype=np.int64)
        where = taught.codes[released], self.truth[released]
        np.add.at(records, where, self.problem.counts[released])
        most: Codes = records.argmax(axis=1)
        return most

    def _accuracy(
        self,
        columns: list[_Column],
        learned: NDArray[np.bool_],
        taught: Codes,
        meant: Codes,
    ) -> float:
        """Return the share of records that are told right by what the other folds teach.

        Parameters
        ----------
        learned
            (tuples,): which are learned from.
        taught
            (tuples,): the class that is learned of each.
        meant
            (taught classes,): the class of the source that each is taken for.
        """
        rows = _Rows.of(columns, len(self.truth))
        right = 0
        for held_out in self.held_out:
            weights = np.where(learned, self.problem.counts - held_out, 0)
            guesses = meant[self._predicted(rows, taught, weights)]
            right += int(held_out[guesses == self.truth].sum())
        return right / max(self.problem.records, 1)

    def _predicted(self, rows: "_Rows", taught: Codes, weights: Codes) -> Codes:
        """Return the class that is told of each tuple, (tuples,)."""
        classes = np.unique(taught[weights > 0])
        if len(classes) < 2:
            return np.full(len(taught), classes[0] if len(classes) else 0, dtype=np.int64)
        space = int(taught.max()) + 1
        pairs, member = np.unique(rows.of_tuples * space + taught, return_inverse=True)
        sums = np.zeros(len(pairs), dtype=np.int64)
        np.add.at(sums, member.reshape(-1), weights)
        present = np.flatnonzero(sums)
        model = _CLASSIFIERS[self.use.classifier](rows.sizes, self.use.seed)
        with warnings.catch_warnings():
            # a classifier that has not settled is judged as it is
            warnings.simplefilter("ignore")
            seen = rows.codes[pairs[present] // space]
            model.fit(seen, pairs[present] % space, **{model.weights: sums[present]})
            predicted: Codes = model.predict(rows.codes)
        return predicted[rows.of_tuples]


@dataclass(frozen=True, slots=True, eq=False)
class _Rows(Discreet):
    """The distinct rows of some columns."""

    codes: Codes  # (rows, columns)
    of_tuples: Codes  # (tuples,): the row of each
    sizes: list[int]  # (columns,)

    @classmethod
    def of(cls, columns: list[_Column], tuples: int) -> "_Rows":
        sizes = [column.size for column in columns]
        groups = group([column.codes for column in columns], sizes, tuples)
        codes = np.stack([column.codes[groups.first] for column in columns], axis=1)
        return cls(codes, groups.ids, sizes)


def _folds(classes: NDArray[np.integer], counts: Codes, folds: int, seed: int) -> Codes:
    """Return how many records of each tuple are in each fold, (folds, tuples).

    Records stand in a row, class by class, in a random order of their tuples; every n-th is in the
    same fold.
    """
    shuffled = np.random.default_rng(seed).permutation(len(counts))
    order = shuffled[np.argsort(classes[shuffled], kind="stable")]
    ends = counts[order].cumsum()
    starts = ends - counts[order]
    held_out = np.zeros((folds, len(counts)), dtype=np.int64)
    for fold in range(folds):
        held_out[fold, order] = (ends - fold - 1) // folds - (starts - fold - 1) // folds
    return held_out


@dataclass(frozen=True, slots=True)
class _Model(Discreet):
    """A classifier of rows of codes."""

    estimator: Any
    weights: str
    """The name that the estimator has for the weights of rows."""

    def fit(self, rows: Codes, classes: Codes, **weights: Codes) -> None:
        self.estimator.fit(rows, classes, **weights)

    def predict(self, rows: Codes) -> Codes:
        predicted: Codes = np.asarray(self.estimator.predict(rows), dtype=np.int64)
        return predicted


def _one_hot(classifier: Any, sizes: list[int]) -> _Model:  # noqa: ANN401 (it has no types)
    from sklearn.pipeline import Pipeline
    from sklearn.preprocessing import OneHotEncoder

    encoder = OneHotEncoder(categories=[np.arange(size) for size in sizes])
    return _Model(Pipeline([("encode", encoder), ("tell", classifier)]), "tell__sample_weight")


def _logistic_regression(sizes: list[int], seed: int) -> _Model:
    from sklearn.linear_model import LogisticRegression

    return _one_hot(LogisticRegression(max_iter=200, random_state=seed), sizes)


def _naive_bayes(sizes: list[int], seed: int) -> _Model:
    from sklearn.naive_bayes import CategoricalNB

    del seed
    return _Model(CategoricalNB(min_categories=sizes), "sample_weight")


def _decision_tree(sizes: list[int], seed: int) -> _Model:
    from sklearn.tree import DecisionTreeClassifier

    tree = DecisionTreeClassifier(random_state=seed, min_weight_fraction_leaf=_LEAF)
    return _one_hot(tree, sizes)


_LEAF = 0.001
"""The least share of the records in a leaf of a tree: fewer say little of others."""


def _random_forest(sizes: list[int], seed: int) -> _Model:
    from sklearn.ensemble import RandomForestClassifier

    return _one_hot(RandomForestClassifier(n_estimators=50, random_state=seed), sizes)


_CLASSIFIERS: dict[str, Callable[[list[int], int], _Model]] = {
    "logistic_regression": _logistic_regression,
    "naive_bayes": _naive_bayes,
    "decision_tree": _decision_tree,
    "random_forest": _random_forest,
}


def classification_statistics(problem: Problem, solution: Solution, policy: Policy) -> pd.DataFrame:
    """Return how well the target use of a policy is served, as rows of the utility statistics.

    - ``accuracy``: the share of records whose class is told right, in cross-validation; what is
      learned from the release is asked about the values of the source, see :class:`Classification`.
    - ``majority_accuracy``: the same of guessing the most frequent class (ZeroR).
    - ``relative_accuracy``: (accuracy - majority) / (accuracy of the source - majority): 1 is as
      good as the source, 0 is as good as guessing; of a source from which nothing is learned, 1.
    """
    asked = Classification.of(problem, policy)
    majority, source, release = asked.majority, asked.of_source(), asked.of_release(solution)
    learned = source - majority
    relative = (release - majority) / learned if learned > 0 else 1.0
    quality = min(max(relative, 0.0), 1.0)
    name = asked.use.attribute
    rows = {
        f"accuracy({name})": [source, release, majority, source, "higher", quality],
        f"majority_accuracy({name})": [majority, majority, majority, majority, "higher", 1.0],
        f"relative_accuracy({name})": [1.0, relative, 0.0, 1.0, "higher", quality],
    }
    columns = ["source", "release", "lowest", "highest", "better", "quality"]
    index = pd.Index(list(rows), name="statistic")
    return pd.DataFrame(list(rows.values()), index=index, columns=columns, dtype=object)
