"""Every objective on a table of known figures."""

import json
from dataclasses import replace
from pathlib import Path

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
from tests.adult import adult_problem


@pytest.mark.parametrize("case", range(11))
def test_a_release_of_adult_has_the_known_figures(case: int, adult_folder: Path) -> None:
    known = json.loads((adult_folder / "known_answers.json").read_text())["cases"][case]
    problem = adult_problem(adult_folder, known)
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
def test_no_candidate_of_a_sample_of_adult_is_better(
    objective: Discernibility, adult_folder: Path
) -> None:
    known = json.loads((adult_folder / "known_answers.json").read_text())["cases"][3]
    problem = replace(adult_problem(adult_folder, known), objective=objective)
    best = search(problem).proof
    assert best.optimal
    dice = np.random.default_rng(4)
    for _ in range(300):
        levels = [int(dice.integers(0, h.levels)) for h in problem.hierarchies]
        evaluation = evaluate(problem, levels)
        assert not evaluation.feasible or evaluation.loss >= best.loss - 1e-12
