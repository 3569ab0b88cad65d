"""Classes that may hold people are found as by holding each class against each of them."""

from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from anon_dagster.residual import matching
from anon_dagster.residual.matching import Matching, stretches
from anon_dagster.residual.versions import Version


@dataclass(frozen=True)
class Told:
    """A quasi-identifier of which is told what each label may stand for, (labels, values)."""

    table: NDArray[np.bool_]

    @property
    def size(self) -> int:
        return int(self.table.shape[1])

    def reach(self, labels: object) -> "Told":
        del labels
        return self

    def covers(self, values: NDArray[np.int64]) -> NDArray[np.bool_]:
        return self.table[:, values]


@st.composite
def releases(draw: st.DrawFn) -> tuple[Version, dict[str, Told], dict[str, NDArray[np.int64]]]:
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    classes, people = draw(st.integers(0, 12)), draw(st.integers(0, 15))
    share = draw(st.sampled_from([0.1, 0.5, 0.9, 1.0]))
    columns, labels, codes = {}, {}, {}
    for q in range(draw(st.integers(1, 4))):
        table = random.random((draw(st.integers(1, 9)), draw(st.integers(1, 4)))) < share
        columns[f"q{q}"] = Told(table)
        labels[f"q{q}"] = random.integers(0, len(table), classes)
        codes[f"q{q}"] = random.integers(0, table.shape[1], people)
    texts = {name: ("",) * len(columns[name].table) for name in columns}
    numbers = np.arange(classes)
    return Version(texts, labels, numbers, numbers, numbers + 1), columns, codes


@given(releases(), st.sampled_from([1, 7, 2**22]))
def test_all_classes_that_may_hold_a_person_are_found_and_no_other(
    release: tuple[Version, dict[str, Told], dict[str, NDArray[np.int64]]], most: int
) -> None:
    version, columns, codes = release
    people = len(codes["q0"])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(matching, "_PAIRS", most)
        matched = Matching.of(version, columns, codes)
        found = [pair for pairs in matched.fitting() for pair in zip(*pairs, strict=True)]
    assert found == sorted(set(found))
    fitting = [[c for tuple_, c in found if tuple_ == matched.tuples[p]] for p in range(people)]
    assert fitting == [
        [
            c
            for c in range(version.size)
            if all(columns[n].table[version.codes[n][c], codes[n][p]] for n in columns)
        ]
        for p in range(people)
    ]
    breadth = sum(columns[n].table.mean(axis=1)[version.codes[n]] for n in columns)
    assert matched.breadth.tolist() == pytest.approx(np.asarray(breadth).tolist())


@given(st.lists(st.integers(0, 9), max_size=20), st.integers(1, 12))
def test_runs_are_cut_into_stretches_of_no_more_than_the_most(sizes: list[int], most: int) -> None:
    cut = stretches(np.array(sizes, dtype=np.int64), most)
    assert [at for at, _ in cut] + [len(sizes)] == [0, *(to for _, to in cut)]
    assert all(to == at + 1 or sum(sizes[at:to]) <= most for at, to in cut)
    assert all(to > at for at, to in cut)
