"""A request that is chosen for a table: useful, of acceptable risk, and for a person to run."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import anon_dagster
from anon_dagster.errors import RequestError, UnreachableError
from anon_dagster.operations.propose import _promises, _remaining
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
    assert result.residual == proposal.residual


def test_what_a_release_would_tell_is_known_before_it_is_made(people: pd.DataFrame) -> None:
    # Sensitive values that nearly all differ stay as they are: whoever knows one finds the record.
    paid = people.assign(salary=np.random.default_rng(5).lognormal(10, 1, len(people)).round(2))
    proposal = anon_dagster.auto_anonymize(paid, acceptable_risk=0.2)
    made = anon_dagster.anonymize(proposal.request, frame=paid).residual
    assert proposal.residual == made
    assert {each.columns for each in made.findings} == {("salary",), ("diagnosis",)}
    assert not made.to_be_mended, "a promise guards it"
    unguarded = replace(made, findings=(replace(made.findings[0], guarded=False),) * 7)
    told = list(_remaining(unguarded))
    assert told[0].startswith("Remains to be found in its release (low): salary (alone)")
    assert told[-1] == "2 more findings will be in its residual disclosure."


def test_the_yaml_is_the_request_with_the_reasons(tmp_path: Path, people: pd.DataFrame) -> None:
    people.to_csv(tmp_path / "people.csv", index=False)
    proposal = anon_dagster.auto_anonymize(
        tmp_path / "people.csv", target=str(tmp_path / "out.csv"), acceptable_risk=0.2
    )
    (tmp_path / "request.yaml").write_text(proposal.yaml)
    assert load_request(tmp_path / "request.yaml").policy.privacy.k_anonymity
    assert proposal.yaml.startswith("# Chosen of ")
    assert not (tmp_path / "out.csv").exists()


def promised(yaml: str) -> tuple[list[str], list[str]]:
    """Return the lines of the section privacy: its reasons, and its rules."""
    section = yaml.partition("\n  privacy:\n")[2].partition("\n\n")[0].splitlines()
    reasons = [line.strip() for line in section if line.strip().startswith("#")]
    return reasons, [line.strip() for line in section if not line.strip().startswith("#")]


def test_the_reason_beside_a_promise_is_that_of_the_value_that_was_chosen(
    proposal: anon_dagster.Proposal,
) -> None:
    assert proposal.detection.promises.document["k_anonymity"] == {"k": 3}
    k = proposal.request["policy"]["privacy"]["k_anonymity"]["k"]
    reasons, rules = promised(proposal.yaml)
    assert k >= 5
    assert f"k_anonymity: {{k: {k}}}" in rules
    found = [reason for reason in reasons if reason.startswith("# k = ")]
    assert len(found) == 1
    assert found[0].startswith(f"# k = {k}: no record is identified with a probability above 0.2")
    assert "# k = 3: 300 records" in proposal.detection.yaml()


def test_the_reason_of_a_weakened_promise_says_so() -> None:
    illnesses = ["J45", "J45", "J45", "E11"] * 4 + ["J45", "E11", "I10", "I10"]
    frame = pd.DataFrame({"sex": ["f"] * 16 + ["m"] * 4, "diagnosis": illnesses})
    detection = anon_dagster.detect(frame)
    before = detection.promises.document
    weaker = {**before, "k_anonymity": {"k": 4}}
    weaker["l_diversity"] = [{**rule, "l": rule["l"] - 1} for rule in before["l_diversity"]]
    found = _promises(detection.promises, weaker, 0.25)
    least = before["l_diversity"][0]["l"]
    assert found.document == weaker
    assert found.reasons["diagnosis"] == (
        f"diagnosis: l = {least - 1}, weakened: nothing that was measured with l = {least} "
        "is acceptable"
    )


def test_the_yaml_and_the_reasons_hold_no_value(proposal: anon_dagster.Proposal) -> None:
    shown = proposal.yaml + "".join(proposal.reasons)
    assert not any(value in shown for value in ("Person", "J45", "E11"))


def test_time_that_is_up_stops_the_search_once_something_is_acceptable(
    people: pd.DataFrame,
) -> None:
    hurried = anon_dagster.auto_anonymize(people, acceptable_risk=0.2, seconds=0)
    assert hurried.alternatives["acceptable"].sum() == 1


def test_what_there_was_no_time_for_is_told(people: pd.DataFrame) -> None:
    hurried = anon_dagster.auto_anonymize(people, acceptable_risk=0.2, seconds=0)
    said = " ".join(hurried.reasons)
    assert "Chosen of the 1 of 18 configurations that were measured" in said
    assert "17 configurations could not be measured in time" in said
    assert "measured with recoding: local, k: 10" in said
    assert "searched briefly" in said
    assert "What remains to be found in its release was not looked for" in said
    assert hurried.residual is None
    assert all(f"# {reason}" in hurried.yaml for reason in hurried.reasons)


def test_time_is_kept_for_every_pair_of_columns_that_is_to_be_compared(
    people: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert anon_dagster.auto_anonymize(people, acceptable_risk=0.2).residual is not None
    monkeypatch.setattr("anon_dagster.operations.propose._TO_COMPARE", 1_000.0)
    slow = anon_dagster.auto_anonymize(people, acceptable_risk=0.2)
    assert slow.residual is None, "it would have to end after the time is up"


def test_local_recoding_is_chosen_where_it_loses_less_and_the_reasons_say_so(
    proposal: anon_dagster.Proposal,
) -> None:
    measured = proposal.alternatives[proposal.alternatives["acceptable"]]
    least = measured.groupby("recoding")["infoLoss"].min()
    assert least["local"] < least["global"]
    assert proposal.request["policy"]["recoding"] == "local"
    assert (
        f"The best of local recoding loses {least['local']:.3f}, that of global recoding "
        f"{least['global']:.3f}"
    ) in " ".join(proposal.reasons)


def test_the_picture_shows_every_configuration_that_was_measured(
    proposal: anon_dagster.Proposal,
) -> None:
    reachable = int(proposal.alternatives["reachable"].sum())
    assert len(proposal.picture.data) == reachable
    assert not any(value in proposal.picture.svg for value in ("Person", "J45", "E11"))


FEW = {
    "a key": pd.DataFrame({"v": [5000 + 3 * n for n in range(100)]}),
    "texts that differ": pd.DataFrame({"v": [f"x{n}" for n in range(100)]}),
    "no column": pd.DataFrame(index=range(5)),
    "no record": pd.DataFrame({"age": pd.Series([], dtype="int64")}),
    "one record": pd.DataFrame({"age": [30], "sex": ["f"]}),
    "three records": pd.DataFrame({"age": [30, 31, 32], "sex": ["f", "m", "f"]}),
    "one value": pd.DataFrame({"v": ["x"] * 100}),
    "nothing but missing values": pd.DataFrame({"v": [None] * 100}),
    "a secret alone": pd.DataFrame({"diagnosis": ["J45.9", "E11.9"] * 50}),
    "a secret that hardly anybody has": pd.DataFrame(
        {"age": [20 + n % 40 for n in range(200)], "diagnosis": ["J45.9"] * 199 + ["E11.9"]}
    ),
    "a sum that somebody did not tell": pd.DataFrame(
        {"age": [20 + n % 40 for n in range(200)], "income": [*map(str, range(199)), "unknown"]}
    ),
}


@pytest.mark.parametrize("kind", FEW)
@pytest.mark.parametrize("risk", [0.1, 0.5])
def test_a_request_is_refused_in_words_or_can_be_run(kind: str, risk: float) -> None:
    table = FEW[kind]
    try:
        proposal = anon_dagster.auto_anonymize(table, acceptable_risk=risk, seconds=1)
    except anon_dagster.AnonError as error:
        refusal = str(error)
        assert kind not in {"one value", "a secret alone"}, refusal
        assert not any(f"{value}" in refusal for value in ("x17", "5051", "J45.9", "unknown"))
        return
    assert anon_dagster.anonymize(proposal.request, frame=table).release.verification.holds
    assert kind not in {"a key", "texts that differ", "no column", "no record", "one record"}


def test_values_outside_of_the_sample_do_not_stop_what_is_proposed() -> None:
    incomes = [str(20_000 + 137 * (n * 7 % 400)) for n in range(399)]
    table = pd.DataFrame({"age": [20 + n % 40 for n in range(400)], "income": [*incomes, "a lot"]})
    seeds = (s for s in range(99) if _guard_of_income(table, seed=s) == "t_closeness")
    seed = next(seeds)  # whose sample has numbers alone
    proposal = anon_dagster.auto_anonymize(table, sample=50, seed=seed, seconds=1)
    privacy = proposal.request["policy"]["privacy"]
    assert "t_closeness" not in privacy
    assert privacy["l_diversity"] == [{"attribute": "income", "l": 2, "variant": "distinct"}]
    assert "some of its values are no numbers" in proposal.yaml
    assert anon_dagster.anonymize(proposal.request, frame=table).release.verification.holds


def _guard_of_income(table: pd.DataFrame, *, seed: int) -> str:
    document = anon_dagster.detect(table, sample=50, seed=seed).promises.document
    return next(model for model in document if model != "k_anonymity")


def test_a_table_of_which_nothing_could_be_released_says_so() -> None:
    with pytest.raises(RequestError, match="so nothing would be released"):
        anon_dagster.auto_anonymize(FEW["a key"])
    with pytest.raises(
        RequestError, match="each of the 1 columns is taken for a direct identifier"
    ):
        anon_dagster.detect(FEW["a key"]).request()


def test_a_risk_that_cannot_be_reached_is_refused(people: pd.DataFrame) -> None:
    with pytest.raises(UnreachableError, match="accept a larger risk"):
        anon_dagster.auto_anonymize(people, acceptable_risk=0.001)
    with pytest.raises(RequestError, match="acceptable_risk"):
        anon_dagster.auto_anonymize(people, acceptable_risk=0)
