"""A request may bound what the search spends; the result says what is not known then."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from anon_dagster import AnonResult, RequestError, anonymize


def people(attributes: int) -> pd.DataFrame:
    random = np.random.default_rng(attributes)
    kinds = random.integers(0, 4, 400)
    columns = {f"a{q}": (kinds * 7 + random.integers(0, 9, 400)) % 16 for q in range(attributes)}
    return pd.DataFrame(columns)


def anonymized(attributes: int, **changes: Any) -> AnonResult:
    interval = {"type": "interval", "widths": [2, 4, 8]}
    each = {"role": "quasi_identifier", "hierarchy": interval}
    policy = {
        "attributes": {f"a{q}": each for q in range(attributes)},
        "privacy": {"k_anonymity": {"k": 5}},
        "suppression_limit": 0.1,
        **changes,
    }
    return anonymize({"policy": policy}, frame=people(attributes))


def test_twenty_four_attributes_are_searched_within_the_budget_asked_for() -> None:
    result = anonymized(24, search={"steps": 60, "seed": 7})
    proof = result.decision.solution.proof
    assert proof.method == "heuristic"
    assert proof.candidates == 5**24
    assert proof.evaluated <= 60
    assert not proof.optimal
    assert 0 < proof.lower_bound < proof.loss
    assert result.release.verification.holds
    again = anonymized(24, search={"steps": 60, "seed": 7})
    assert again.levels == result.levels


def test_more_steps_lose_no_more() -> None:
    losses = [
        anonymized(24, search={"steps": n}).decision.solution.proof.loss for n in (20, 100, 500)
    ]
    assert losses == sorted(losses, reverse=True)


def test_an_exact_search_without_a_budget_proves_its_optimum() -> None:
    free, bound = anonymized(4), anonymized(4, search={"steps": 2})
    assert free.decision.solution.proof.optimal
    assert bound.decision.solution.proof.evaluated <= 2
    assert bound.decision.solution.proof.lower_bound <= free.decision.solution.proof.loss


@pytest.mark.parametrize("budget", [{"steps": 0}, {"seconds": 0}, {"seed": -1}, {"minutes": 1}])
def test_a_budget_that_is_none_is_refused(budget: dict[str, Any]) -> None:
    with pytest.raises(RequestError, match=r"policy\.search"):
        anonymized(2, search=budget)


def test_seconds_end_the_rounds_of_local_recoding_and_the_proof_tells_how_many_there_were() -> None:
    soon = anonymized(3, recoding="local", search={"seconds": 1e-6}).decision.solution.proof
    usual = anonymized(3, recoding="local").decision.solution.proof
    assert soon.rounds == 0
    assert usual.rounds > 0
    assert usual.loss <= soon.loss
