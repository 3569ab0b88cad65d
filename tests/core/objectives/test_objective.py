"""Every objective on a table of known figures."""

from dataclasses import replace

import numpy as np
import pytest

from anon_dagster.core.evaluation import evaluate
from anon_dagster.core.objectives import (
    Ambiguity,
    AttributeWise,
    AverageClassSize,
    Discernibility,
    Height,
    Precision,
)
from anon_dagster.core.search import search
from tests.known_tables import KNOWN, known_case


@pytest.mark.parametrize(("name", "case"), KNOWN)
def test_a_release_has_the_known_figures(name: str, case: int) -> None:
    table, known = known_case(name, case)
    problem = table.problem(known)
    source, records = problem.weighted_table, problem.records

    def loss(objective: object) -> float:
        return evaluate(replace(problem, objective=objective), known["levels"]).loss  # type: ignore[arg-type]

    assert loss(Discernibility()) == known["discernibility"] / records**2
    assert 2 ** (loss(Ambiguity()) * source.domain) == pytest.approx(known["ambiguity"])
    intensity = known["generalization_intensity"]
    assert loss(AttributeWise(Precision())) == pytest.approx(intensity)
    classes = known["classes"] + (known["suppressed"] > 0)
    assert loss(AverageClassSize()) == 1 - classes / len(source.tuples)
    assert loss(Height()) * sum(problem.highest) == pytest.approx(sum(known["levels"]))


@pytest.mark.slow
@pytest.mark.parametrize(
    "objective", [Discernibility(), Ambiguity(), Height(), AttributeWise(Precision())], ids=str
)
@pytest.mark.parametrize("name", ["workers", "adult"])
def test_no_candidate_of_a_sample_is_better(objective: Discernibility, name: str) -> None:
    table, known = known_case(name, 3)
    problem = replace(table.problem(known), objective=objective)
    best = search(problem).proof
    assert best.optimal
    dice = np.random.default_rng(4)
    for _ in range(300):
        levels = [int(dice.integers(0, h.levels)) for h in problem.hierarchies]
        evaluation = evaluate(problem, levels)
        assert not evaluation.feasible or evaluation.loss >= best.loss - 1e-12
