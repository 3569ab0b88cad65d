"""A request that is chosen for a table: useful, of acceptable risk, and for a person to run."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import anon_dagster
from anon_dagster.errors import RequestError, UnreachableError
from anon_dagster.request import load_request


@pytest.fixture(scope="module")
def people() -> pd.DataFrame:
    dice = np.random.default_rng(4)
    return pd.DataFrame(
        {
            "name": [f"Person {n}" for n in range(300)],
            "sex": dice.choice(["male", "female"], 300),
            "age": dice.integers(18, 90, 300),
            "diagnosis": dice.choice(["J45.9", "E11.9", "I10"], 300),
        }
    )


@pytest.fixture(scope="module")
def proposal(people: pd.DataFrame) -> anon_dagster.Proposal:
    return anon_dagster.auto_anonymize(people, acceptable_risk=0.2)


def test_nothing_acceptable_loses_less_than_what_is_proposed(
    proposal: anon_dagster.Proposal,
) -> None:
    measured = proposal.alternatives
    chosen = measured[measured["chosen"]]
    assert len(chosen) == 1
    assert chosen["acceptable"].all()
    assert chosen["infoLoss"].item() == measured.loc[measured["acceptable"], "infoLoss"].min()
    assert chosen["maxProbabilityIdentification"].item() <= 0.2


def test_what_is_proposed_runs_and_gives_what_was_measured(
    proposal: anon_dagster.Proposal, people: pd.DataFrame
) -> None:
    result = anon_dagster.anonymize(proposal.request, frame=people)
    chosen = proposal.alternatives[proposal.alternatives["chosen"]]
    released = result.risk["release"]
    assert released["maxProbabilityIdentification"] == chosen["maxProbabilityIdentification"].item()
    assert result.df is not None
    assert len(result.df) == chosen["released"].item()


def test_the_yaml_is_the_request_with_the_reasons(tmp_path: Path, people: pd.DataFrame) -> None:
    people.to_csv(tmp_path / "people.csv", index=False)
    proposal = anon_dagster.auto_anonymize(
        tmp_path / "people.csv", target=str(tmp_path / "out.csv"), acceptable_risk=0.2
    )
    (tmp_path / "request.yaml").write_text(proposal.yaml)
    assert load_request(tmp_path / "request.yaml").policy.privacy.k_anonymity
    assert proposal.yaml.startswith("# Chosen of ")
    assert not (tmp_path / "out.csv").exists()


def test_the_yaml_and_the_reasons_hold_no_value(proposal: anon_dagster.Proposal) -> None:
    shown = proposal.yaml + "".join(proposal.reasons)
    assert not any(value in shown for value in ("Person", "J45", "E11"))


def test_time_that_is_up_stops_the_search_once_something_is_acceptable(
    people: pd.DataFrame,
) -> None:
    hurried = anon_dagster.auto_anonymize(people, acceptable_risk=0.2, seconds=0)
    assert hurried.alternatives["acceptable"].sum() == 1


def test_a_risk_that_cannot_be_reached_is_refused(people: pd.DataFrame) -> None:
    with pytest.raises(UnreachableError, match="accept a larger risk"):
        anon_dagster.auto_anonymize(people, acceptable_risk=0.001)
    with pytest.raises(RequestError, match="acceptable_risk"):
        anon_dagster.auto_anonymize(people, acceptable_risk=0)
