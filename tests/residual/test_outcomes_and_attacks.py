"""Outcomes that labels tell, and attacks that a reviewer can repeat."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from anon_dagster import AnonResult, DisclosureError, RequestError, anonymize
from anon_dagster.request import ResidualRule, parse_request

RECORDS = 2_500
QI: dict[str, Any] = {"role": "quasi_identifier"}


def people(seed: int = 0) -> pd.DataFrame:
    dice = np.random.default_rng(seed)
    age = dice.integers(18, 90, RECORDS)
    return pd.DataFrame(
        {
            "age": age,
            "zip": dice.integers(10_000, 10_400, RECORDS),
            "class": dice.integers(0, 12, RECORDS),
            "sex": dice.choice(["f", "m"], RECORDS),
            "coin": dice.integers(0, 2, RECORDS),
            "ill": (dice.random(RECORDS) < 1 / (1 + np.exp((70 - age) / 8))).astype(int),
        }
    )


def recoded(frame: pd.DataFrame, recoding: str = "local", **given: Any) -> AnonResult:
    privacy = {"k_anonymity": {"k": 5}, **given.pop("privacy", {})}
    residual = {"alone": "ignore", **given.pop("residual", {})}
    attributes = {
        "age": QI | {"hierarchy": {"type": "interval", "widths": [5, 10, 20]}},
        "zip": QI | {"hierarchy": {"type": "interval", "widths": [10, 50, 100]}},
        "class": QI | {"hierarchy": {"type": "interval", "widths": [3, 6]}},
        "sex": QI,
        "coin": {"role": "sensitive"},
        "ill": {"role": "sensitive"},
    }
    attributes.update(given)
    policy = {
        "attributes": attributes,
        "privacy": privacy,
        "recoding": recoding,
        "suppression_limit": 0.02,
        "residual": residual,
    }
    return anonymize({"policy": policy}, frame=frame)


def told(result: AnonResult) -> dict[str, tuple[str, float]]:
    found = result.residual.of("outcome_in_pattern")
    assert all(finding.columns and len(finding.protected) == 1 for finding in found)
    return {f.protected[0]: (f.severity, f.share or 0.0) for f in found}


@pytest.mark.parametrize("seed", range(3))
def test_a_coin_by_which_classes_are_formed_is_no_toss_any_more(seed: int) -> None:
    result = recoded(people(seed), coin=QI)
    found = told(result)
    assert list(found) == ["coin"], "others know a sex, and no class is formed by an illness"
    severity, share = found["coin"]
    assert severity == "high"
    assert share > 0.75
    baseline = result.residual.of("outcome_in_pattern")[0].baseline
    assert baseline is not None
    assert baseline == pytest.approx(0.55, abs=0.1)
    assert "sensitive" in result.residual.of("outcome_in_pattern")[0].cure


@pytest.mark.parametrize("seed", range(3))
def test_what_no_class_is_formed_by_is_not_told_though_it_follows_from_the_values(
    seed: int,
) -> None:
    assert told(recoded(people(seed))) == {}
    diverse = {"l_diversity": {"attribute": "ill", "l": 2}}
    assert told(recoded(people(seed), privacy=diverse)) == {}


def test_levels_that_are_the_same_for_all_tell_nothing_more_than_the_values() -> None:
    assert told(recoded(people(), "global", coin=QI)) == {}


def test_a_coin_can_be_refused() -> None:
    with pytest.raises(DisclosureError, match=r"coin.*sensitive"):
        recoded(people(), coin=QI, residual={"outcome_in_pattern": "refuse"})


def test_an_attack_tells_its_sample_its_control_and_its_interval() -> None:
    residual = recoded(people(), "global", residual={"intruder": "warn", "seed": 7}).residual
    assert residual.seed == 7
    names = {tried.attack for tried in residual.attacks}
    assert names == {"singling_out", "linkability", "inference"}
    for tried in residual.attacks:
        assert tried.records == residual.records
        assert 0 <= tried.control <= 1
        assert 0 <= tried.low <= tried.risk <= tried.high <= 1
    inferred = {t.columns[-1] for t in residual.attacks if t.attack == "inference"}
    assert inferred == {"coin", "ill"}
    whole = [t for t in residual.attacks if t.attack == "singling_out"][-1]
    assert whole.known == len(whole.columns) == 4
    assert whole.success == 0.0, "k-anonymity leaves nobody to be singled out by labels"


def test_attacks_on_a_sample_tell_its_size(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("anon_dagster.residual.examination.MOST_RECORDS", 700)
    monkeypatch.setattr("anon_dagster.residual.examination._FEWEST_RECORDS", 700)
    residual = recoded(people(), "global", residual={"intruder": True}).residual
    attacked = {tried.records for tried in residual.attacks}
    assert attacked == {residual.examined}
    assert f"attacks on a sample of {residual.examined} records" in residual.bounds


def test_an_intruder_who_knows_an_untouched_number_singles_out_and_is_refused() -> None:
    frame = people()
    frame["seat"] = np.random.default_rng(1).permutation(RECORDS)
    given: dict[str, Any] = {"seat": {"role": "non_sensitive"}}
    found = recoded(frame, "global", residual={"intruder": True}, **given).residual.of("intruder")
    assert found[0].severity == "high"
    assert any("seat" in finding.columns for finding in found)
    with pytest.raises(DisclosureError, match="singling out"):
        recoded(frame, "global", residual={"intruder": "refuse"}, **given)


def test_settings_are_words_or_shares_and_true_is_a_warning() -> None:
    assert ResidualRule(intruder=True).intruder == "warn"  # type: ignore[arg-type]
    assert ResidualRule(intruder=False).intruder == "ignore"  # type: ignore[arg-type]
    policy = {
        "attributes": {"age": QI},
        "privacy": {"k_anonymity": {"k": 2}},
        "residual": {"alone": "stop", "alone_above": 2, "sede": 1},
    }
    with pytest.raises(RequestError) as refused:
        parse_request({"policy": policy})
    assert {problem.path for problem in refused.value.problems} == {
        "policy.residual.alone",
        "policy.residual.alone_above",
        "policy.residual.sede",
    }
