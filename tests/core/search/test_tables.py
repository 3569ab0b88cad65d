"""A table rolled up from another has the classes of one grouped anew."""

from dataclasses import replace

import numpy as np
import pytest

from anon_dagster.core.evaluation import summarize
from anon_dagster.core.keys import group
from anon_dagster.core.search.compact import Compact
from anon_dagster.core.search.tables import Tables
from tests.core.search.examples import MODELS, random_problem


@pytest.mark.parametrize("name", ["k", "distinct l", "two sensitive attributes"])
def test_classes_are_the_same_from_whichever_table(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("anon_dagster.core.search.tables._LARGE", 1)
    monkeypatch.setattr("anon_dagster.core.search.tables._STEP", 1)
    dice = np.random.default_rng(7)
    for seed in range(20):
        problem = random_problem(seed, MODELS[name])
        tables = Tables(Compact(problem))
        for _ in range(40):
            levels = tuple(int(dice.integers(h.levels)) for h in problem.hierarchies)
            found = tables.described(tables.classes(levels))
            nodes = [
                h.codes[level][problem.codes[:, q]]
                for q, (h, level) in enumerate(zip(problem.hierarchies, levels, strict=True))
            ]
            sizes = [
                len(h.labels[level]) for h, level in zip(problem.hierarchies, levels, strict=True)
            ]
            groups = group(nodes, sizes, len(problem.counts))
            plain = summarize(problem, groups.ids, len(groups))
            assert sorted(found.sizes) == sorted(plain.sizes), (seed, levels)
            for mine, theirs in zip(found.histograms, plain.histograms, strict=True):
                if len(mine.reference):
                    assert sorted(mine.counts) == sorted(theirs.counts), (seed, levels)
                    assert list(mine.reference) == list(theirs.reference)


def test_tuples_that_differ_only_in_what_no_model_guards_are_joined() -> None:
    problem = random_problem(3, MODELS["k"])
    plain = replace(problem, sensitive=problem.sensitive.select(()), sensitive_sizes=())
    distinct = len(np.unique(problem.codes, axis=0))
    assert len(Compact(problem).counts) == distinct
    assert len(Compact(plain).counts) == len(problem.counts)
