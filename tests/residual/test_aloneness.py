"""Which columns leave people alone: by themselves, in pairs, all together; sensitive ones apart."""

from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
import pytest

from anon_dagster import AnonResult, DisclosureError, anonymize
from anon_dagster.residual import Finding
from anon_dagster.residual import aloneness as module

RECORDS = 2_000
HARMLESS, SENSITIVE = {"role": "non_sensitive"}, {"role": "sensitive"}


def people(columns: int = 5, *, values: int = 12, records: int = RECORDS) -> pd.DataFrame:
    dice = np.random.default_rng(columns)
    harmless = {f"c{n}": dice.integers(0, values, records) for n in range(columns)}
    return pd.DataFrame(
        {
            "age": dice.integers(20, 80, records),
            "illness": dice.choice(["flu", "gout", "cold"], records),
            **harmless,
        }
    )


def released(frame: pd.DataFrame, *, k: int = 50, **given: Any) -> AnonResult:
    roles = given.pop("roles", {})
    attributes = {name: roles.get(name, HARMLESS) for name in map(str, frame)}
    attributes["age"] = {
        "role": "quasi_identifier",
        "hierarchy": {"type": "interval", "widths": [20]},
    }
    privacy = {"k_anonymity": {"k": k}, **given.pop("privacy", {})}
    asked = {"attributes": attributes, "privacy": privacy, "suppression_limit": 0.1, **given}
    return anonymize({"policy": asked}, frame=frame)


def sizes(frame: pd.DataFrame, names: list[str]) -> Any:
    return frame.groupby(names, dropna=False)[names[0]].transform("size").to_numpy()


def of(found: tuple[Finding, ...], relation: str = "alone") -> dict[tuple[str, ...], Finding]:
    return {finding.columns: finding for finding in found if finding.relation == relation}


def test_pairs_and_all_together_are_counted_as_plainly_counting_does() -> None:
    result = released(people(5))
    assert result.df is not None
    frame, found = result.df, of(result.residual.of("alone"))
    columns = [f"c{n}" for n in range(5)]
    assert not any(len(names) == 1 for names in found), "nobody is alone by one of a dozen values"
    for pair in combinations(columns, 2):
        expected = int((sizes(frame, ["age", *pair]) == 1).sum())
        told = [f for names, f in found.items() if set(names) == set(pair)]
        assert [f.records for f in told] == [expected] * (expected > 0.05 * RECORDS)
    everything = next(f for names, f in found.items() if len(names) > 2)
    assert set(everything.columns) >= set(columns)
    assert everything.records == (sizes(frame, ["age", "illness", *columns]) == 1).sum()
    assert everything.baseline == 0.0


def test_the_smallest_set_of_those_that_tell_most_is_named() -> None:
    frame = people(6, values=5)
    result = released(frame, roles={"illness": SENSITIVE})
    found = of(result.residual.of("alone"))
    assert [len(names) for names in found] == [6]
    cure = next(iter(found.values())).cure
    named = [name for name in map(str, frame) if f"`{name}`" in cure]
    assert result.df is not None
    assert "enough" in cure
    assert (sizes(result.df, ["age", *named]) == 1).mean() > 0.05
    assert 2 < len(named) < 6


def test_records_that_are_few_but_not_alone_are_told_and_never_refused() -> None:
    frame = people(1, values=60)
    result = released(frame, residual={"alone": "refuse"}, roles={"illness": SENSITIVE})
    assert result.df is not None
    found = of(result.residual.of("alone"), "fewer than k")
    assert list(found) == [("c0",)]
    assert found["c0",].severity == "low"
    assert found["c0",].records == (sizes(result.df, ["age", "c0"]) < 50).sum()


def test_a_sensitive_column_counts_by_itself_and_less_if_it_is_guarded() -> None:
    frame = people(1, values=2)
    frame["pay"] = np.random.default_rng(1).permutation(RECORDS)
    roles = {"illness": SENSITIVE, "pay": SENSITIVE}
    open_one = of(released(frame, roles=roles).residual.of("alone"))
    assert open_one["pay",].severity == "high"
    assert "guard" in open_one["pay",].cure
    guard = {"l_diversity": {"attribute": "pay", "l": 2}}
    refusing: dict[str, Any] = {"residual": {"alone": "refuse"}}
    guarded = released(frame, roles=roles, privacy=guard, **refusing).residual
    assert of(guarded.of("alone"))["pay",].severity == "low"
    assert guarded.refused == ()
    with pytest.raises(DisclosureError, match="pay"):
        released(frame, roles=roles, **refusing)


def test_suppressed_records_that_stay_are_a_class_too() -> None:
    frame = people(1, values=2)
    frame.loc[:60, "age"] = np.arange(61) * 100 + 1_000
    frame["c0"] = np.random.default_rng(2).permutation(RECORDS)
    result = released(frame, suppressed_records="keep", roles={"illness": SENSITIVE})
    assert result.df is not None
    assert (result.df["age"].astype(str) == "*").any()
    assert of(result.residual.of("alone"))["c0",].records == RECORDS


def test_without_columns_that_join_nothing_is_counted() -> None:
    frame = people(0).drop(columns="illness")
    assert released(frame).residual.of("alone") == ()


def test_figures_below_k_are_not_told() -> None:
    frame = people(1, values=2)
    frame["c0"] = 0
    frame.loc[:29, "c0"] = np.arange(1, 31)
    residual = released(
        frame, residual={"alone_above": 0.01}, roles={"illness": SENSITIVE}
    ).residual
    finding = of(residual.of("alone"))["c0",]
    assert finding.records is finding.share is None
    assert residual.how_many(finding) == "fewer than 50 records"


def test_what_labels_tell_of_fewer_than_k_records_is_not_told() -> None:
    frame = people(1, values=2)
    frame["c0"] = frame["age"] * 2
    (told,) = released(frame, k=100).residual.of("given_back")
    assert told.baseline is not None
    assert told.baseline * RECORDS >= 100
    (hidden,) = released(frame, k=200).residual.of("given_back")
    assert hidden.records == RECORDS
    assert hidden.baseline is None


def test_of_a_large_table_keys_are_drawn_and_the_share_is_about_right(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    frame = people(2, values=400)
    whole = of(released(frame).residual.of("alone"))
    monkeypatch.setattr(module, "_DRAWN", 400)
    monkeypatch.setattr(module, "_FEWEST_DRAWN", 400)
    drawn = of(released(frame).residual.of("alone"))
    assert set(drawn) == set(whole)
    for columns, finding in whole.items():
        assert finding.share is not None
        assert drawn[columns].share == pytest.approx(finding.share, abs=0.1)


def test_of_many_columns_those_that_tell_most_are_paired_and_the_rest_is_said() -> None:
    frame = people(40, values=1_000)
    residual = released(frame, residual={"given_back": "ignore"}).residual
    ones = [names for names in of(residual.of("alone")) if len(names) == 1]
    assert len(ones) == 20
    assert any("20 most telling of 41 columns" in bound for bound in residual.bounds)
    assert any("20 more columns" in bound for bound in residual.bounds)


def test_of_more_findings_than_are_told_the_gravest_are() -> None:
    dice = np.random.default_rng(0)
    columns = {f"s{n}": dice.integers(0, 900, RECORDS) for n in range(103)}
    frame = pd.DataFrame(
        {"age": dice.integers(20, 80, RECORDS), **columns, "last": np.arange(RECORDS)}
    )
    roles = dict.fromkeys(frame, SENSITIVE)
    residual = released(frame, roles=roles, residual={"given_back": "ignore"}).residual
    assert len(residual.findings) == 100
    assert residual.findings[0].columns == ("last",)
    assert "4 more findings of alone, less grave, not named" in residual.bounds


def test_of_keys_that_are_drawn_figures_are_said_to_be_about_right(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "_DRAWN", 400)
    monkeypatch.setattr(module, "_FEWEST_DRAWN", 400)
    others = dict.fromkeys(("given_back", "outcome_in_pattern"), "ignore")
    residual = released(people(2, values=400), residual=others).residual
    assert residual.how_many(residual.findings[0]).startswith("about ")
    assert "who is alone, counted for about 400 records" in residual.bounds
