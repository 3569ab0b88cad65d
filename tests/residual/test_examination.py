"""What a job finds on its own release: tables with a known answer, and plain counting."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from anon_dagster import AnonResult, DisclosureError, anonymize, examine_residual
from anon_dagster.errors import RequestError
from anon_dagster.request import parse_request
from anon_dagster.residual import ResidualDisclosure

RECORDS = 1_500
K = 40  # so large that no age is released as it is
AGE = {"role": "quasi_identifier", "hierarchy": {"type": "interval", "widths": [20, 40]}}
HARMLESS = {"role": "non_sensitive"}


def people(seed: int = 0, records: int = RECORDS) -> pd.DataFrame:
    dice = np.random.default_rng(seed)
    age = dice.integers(20, 80, records)
    return pd.DataFrame(
        {
            "age": age,
            "agesq": age**2,
            "sex": dice.choice(["f", "m"], records),
            "shirt": dice.choice(["S", "M", "L"], records),
            "illness": dice.choice(["flu", "gout", "asthma"], records),
        }
    )


def policy(frame: pd.DataFrame, residual: dict[str, Any] | None = None, **roles: Any) -> Any:
    known: dict[str, Any] = {"age": AGE, "sex": {"role": "quasi_identifier"}}
    return {
        "attributes": {
            name: roles.get(name, known.get(name, HARMLESS)) for name in map(str, frame)
        },
        "privacy": {"k_anonymity": {"k": K}},
        "suppression_limit": 0.05,
        **({"residual": residual} if residual else {}),
    }


def released(frame: pd.DataFrame, **given: Any) -> AnonResult:
    return anonymize({"policy": policy(frame, **given)}, frame=frame)


def test_the_square_of_an_age_gives_it_back() -> None:
    found = released(people()).residual.of("given_back")
    assert [(f.columns, f.protected, f.relation, f.severity) for f in found] == [
        (("agesq",), ("age",), "square", "high")
    ]
    assert found[0].records == RECORDS
    assert "quasi-identifier" in found[0].cure


def test_nothing_is_given_back_by_what_is_protected_or_has_nothing_to_do_with_it() -> None:
    frame = people().drop(columns="agesq")
    assert released(frame).residual.of("given_back") == ()
    dropped = {"agesq": {"role": "direct_identifier"}}
    assert released(people(), **dropped).residual.of("given_back") == ()


def test_a_date_gives_back_the_year_that_was_generalized() -> None:
    dice = np.random.default_rng(2)
    born = pd.Timestamp("1940-01-01") + pd.to_timedelta(dice.integers(0, 20_000, RECORDS), unit="D")
    frame = pd.DataFrame(
        {
            "age": born.year,
            "sex": dice.choice(["f", "m"], RECORDS),
            "born": born.strftime("%Y-%m-%d"),
        }
    )
    found = released(frame).residual.of("given_back")
    assert [(f.columns, f.protected) for f in found] == [(("born",), ("age",))]
    assert "date" in found[0].relation


@pytest.mark.parametrize("seed", range(3))
def test_who_is_alone_is_counted_as_plainly_counting_does(seed: int) -> None:
    frame = people(seed).drop(columns="agesq")
    frame["seat"] = np.random.default_rng(seed).integers(0, 2_000, RECORDS)
    result = released(frame)
    assert result.df is not None
    labels = ["age", "sex", "seat"]
    sizes = result.df.groupby(labels, dropna=False)["seat"].transform("size")
    found = [f for f in result.residual.of("alone") if f.columns == ("seat",)]
    told = {finding.relation: finding.records for finding in found}
    assert told["alone"] == int((sizes == 1).sum())


def coin(seed: int) -> pd.DataFrame:
    dice = np.random.default_rng(seed)
    records = 3_000
    return pd.DataFrame(
        {
            "age": dice.integers(20, 80, records),
            "town": dice.integers(100, 500, records),
            "coin": dice.choice(["heads", "tails"], records),
        }
    )


def recoded_locally(frame: pd.DataFrame, role: str) -> ResidualDisclosure:
    attributes = {
        "age": {
            "role": "quasi_identifier",
            "hierarchy": {"type": "interval", "widths": [5, 10, 20]},
        },
        "town": {
            "role": "quasi_identifier",
            "hierarchy": {"type": "interval", "widths": [10, 50, 100]},
        },
        "coin": {"role": role},
    }
    asked = {
        "attributes": attributes,
        "privacy": {"k_anonymity": {"k": 10}},
        "recoding": "local",
        "suppression_limit": 0.05,
    }
    return anonymize({"policy": asked}, frame=frame).residual


def test_classes_that_are_formed_by_a_coin_tell_how_it_fell() -> None:
    frame = coin(1)
    found = recoded_locally(frame, "quasi_identifier").of("outcome_in_pattern")
    assert "coin" in {name for finding in found for name in finding.protected}
    assert recoded_locally(frame, "sensitive").of("outcome_in_pattern") == ()


def test_what_a_request_refuses_is_not_published(tmp_path: Path) -> None:
    frame, target = people(), tmp_path / "release.csv"
    target.write_text("as it was\n")
    frame.to_csv(tmp_path / "people.csv", index=False)
    request = {
        "source": {"path": str(tmp_path / "people.csv")},
        "target": {"path": str(target)},
        "policy": policy(frame, {"given_back": "refuse"}),
    }
    with pytest.raises(DisclosureError, match=r"agesq.*age.*square.*quasi-identifier"):
        anonymize(request)
    assert target.read_text() == "as it was\n"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["people.csv", "release.csv"]


def test_what_is_below_its_limit_or_ignored_is_no_finding() -> None:
    ignored = released(people(), residual={"given_back": "ignore", "alone": "ignore"})
    assert ignored.residual.findings == ()
    high = released(people(), residual={"given_back_above": 1.0, "given_back": "refuse"})
    assert high.residual.of("given_back") == ()


def test_attacks_are_carried_out_when_asked_for_and_again_with_the_same_result() -> None:
    frame = people()
    asked = released(frame, residual={"intruder": True})
    assert {tried.attack for tried in asked.residual.attacks} >= {"singling_out", "linkability"}
    assert all(tried.low <= tried.risk <= tried.high for tried in asked.residual.attacks)
    plain = released(frame)
    assert plain.residual.attacks == ()
    again = examine_residual(plain, frame=frame, attacks=True)
    assert again.attacks == asked.residual.attacks
    assert again.of("given_back") == plain.residual.of("given_back")


def test_findings_hold_no_cell() -> None:
    frame = people()
    frame["illness"] = [f"illness-{n}-xyz" for n in range(len(frame))]
    residual = released(frame, residual={"intruder": True}).residual
    text = repr(residual) + str(residual.table.to_dict()) + str(residual.to_document())
    assert "xyz" not in text
    assert residual.findings
    assert ResidualDisclosure.from_document(residual.to_document()) == residual


@pytest.mark.parametrize("records", [2, 5])
def test_tables_of_few_records_are_examined(records: int) -> None:
    frame = people(records=5).head(records)
    asked = policy(frame) | {"privacy": {"k_anonymity": {"k": 2}}, "suppressed_records": "keep"}
    result = anonymize({"policy": asked | {"suppression_limit": 1.0}}, frame=frame)
    assert result.residual.of("given_back") == ()


def test_a_decision_to_refuse_is_no_part_of_differential_privacy() -> None:
    frame = people()
    asked = policy(frame, {"given_back": "refuse"})
    asked["privacy"] = {"differential_privacy": {"epsilon": 1.0, "delta": 1e-5}}
    with pytest.raises(RequestError, match="residual"):
        parse_request({"policy": asked})
