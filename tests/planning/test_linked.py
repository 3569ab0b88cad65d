"""The search of linked tables, held against every candidate, judged by the definitions."""

from dataclasses import replace
from itertools import product
from typing import Any

import numpy as np
import pandas as pd
import pytest

from anon_dagster.core.evaluation import evaluate
from anon_dagster.core.search import search
from anon_dagster.errors import UnreachableError
from anon_dagster.operations.tables import count_linked, open_linked
from anon_dagster.planning.linked import LinkedPlan, decide_linked, plan_linked
from anon_dagster.planning.plan import Plan
from anon_dagster.request import parse_tables
from tests.linked import QUASI, Tables, breaking, few_alike, panel, request, tables

Levels = tuple[int, ...]


def planned_of(sources: Tables, **policy: Any) -> LinkedPlan:
    asked = parse_tables(request(**policy))
    counts = count_linked(asked, open_linked(asked, sources))
    return plan_linked(asked, counts.master, counts.joined)


def policy_of(seed: int) -> dict[str, Any]:
    dice = np.random.default_rng(seed)
    privacy: dict[str, Any] = {"k_anonymity": {"k": int(dice.integers(2, 4))}}
    attribute = str(dice.choice(["ill", "blood"]))
    match int(dice.integers(3)):
        case 1:
            privacy["l_diversity"] = [{"attribute": attribute, "l": 2}]
        case 2:
            privacy["alpha_k_anonymity"] = [{"attribute": attribute, "alpha": 0.6, "k": 2}]
    trajectory = {"trajectory": {"k": 2}} if dice.random() < 0.4 else {}
    limit = float(dice.choice([0.0, 0.1, 0.3]))
    return {"privacy": privacy, "suppression_limit": limit, **trajectory}


def recoded(
    frame: pd.DataFrame, names: list[str], plan: Plan, levels: dict[str, int]
) -> pd.DataFrame:
    """Return the labels of some columns of a table at some levels, beside all others."""
    columns = {}
    for name in names:
        hierarchy, level = plan.hierarchies[name], levels[name]
        leaves = dict(zip(hierarchy.labels[0], hierarchy.codes[level], strict=True))
        columns[name] = frame[name].astype(str).map(leaves)
    return frame.assign(**columns)


def is_feasible(
    sources: Tables, plan: Plan, levels: dict[str, int], policy: dict[str, Any]
) -> bool:
    """Judge a candidate by definition: both tables together, and each as it would be released."""
    privacy, limit = policy["privacy"], policy["suppression_limit"]
    patients = recoded(sources["patients"], QUASI["patients"], plan, levels)
    visits = recoded(sources["visits"], QUASI["visits"], plan, levels)
    both = visits.merge(patients, on="who")
    kept = both[~breaking(both, [*QUASI["patients"], *QUASI["visits"]], privacy)]
    shown = patients[~breaking(patients, QUASI["patients"], privacy)]
    if len(kept) < len(both) - np.floor(limit * len(both) + 1e-9) or not len(kept):
        return False
    if len(shown) < len(patients) - np.floor(limit * len(patients) + 1e-9) or not len(shown):
        return False
    if set(kept["who"]) - set(shown["who"]):
        return False
    if "trajectory" in policy and few_alike(shown, kept[visits.columns], policy["trajectory"]["k"]):
        return False
    return not breaking(kept, QUASI["visits"], privacy).any()


def require_best(seeds: range) -> int:
    """Hold what is decided against all candidates.

    Returns how often one is reachable, and the best of the joined table by itself is not.
    """
    mattered = 0
    for seed in seeds:
        dice = np.random.default_rng(seed)
        persons, rows = int(dice.integers(4, 10)), int(dice.integers(20, 40))
        sources = tables(seed, persons=persons, rows=rows, values=int(dice.integers(2, 4)))
        policy = policy_of(seed)
        if "trajectory" in policy:
            sources = panel(seed, persons=int(dice.integers(8, 20)))
        planned = planned_of(sources, **policy)
        plan, problem = planned.joined, planned.joined.problem
        names = plan.quasi_identifiers
        candidates = product(*(range(h.levels) for h in problem.hierarchies))
        losses = {
            levels: evaluate(problem, levels).loss
            for levels in candidates
            if is_feasible(sources, plan, dict(zip(names, levels, strict=True)), policy)
        }
        if not losses:
            with pytest.raises(UnreachableError):
                decide_linked(planned)
            continue
        by_itself = search(replace(problem, companions=())).levels
        mattered += by_itself not in losses
        decision = decide_linked(planned)["visits"]
        assert decision.solution.levels in losses
        assert losses[decision.solution.levels] == pytest.approx(min(losses.values()), abs=1e-12)
    return mattered


@pytest.mark.slow
def test_the_search_finds_the_best_of_all_candidates() -> None:
    assert require_best(range(30)) > 0


def test_a_broken_promise_of_the_master_is_told_by_its_name() -> None:
    sources = tables(persons=30, rows=80)
    lonely = sources["patients"].head(1).assign(who="nobody", town="99")
    sources["patients"] = pd.concat([sources["patients"], lonely], ignore_index=True)
    asked = request()
    town = asked["tables"]["patients"]["policy"]["attributes"]["town"]
    town["highest_level"] = 0
    told = parse_tables(asked)
    counts = count_linked(told, open_linked(told, sources))
    with pytest.raises(UnreachableError, match="patients, by itself: no candidate keeps"):
        decide_linked(plan_linked(told, counts.master, counts.joined))
