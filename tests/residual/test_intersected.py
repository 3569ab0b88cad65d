"""Persons of whom the classes of all their records together leave little open."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from anon_dagster import DisclosureError, anonymize
from anon_dagster.residual import Finding, ResidualDisclosure

QI: dict[str, Any] = {"role": "quasi_identifier"}


def visits(seed: int, persons: int = 60, *, steady: float = 0.7) -> pd.DataFrame:
    """Make visits on several days; an illness of most persons stays the same."""
    dice = np.random.default_rng(seed)
    who = np.repeat(np.arange(persons), dice.integers(1, 5, persons))
    own = dice.integers(0, 6, persons)
    changing = dice.integers(0, 6, len(who))
    stays = dice.random(persons) < steady
    return pd.DataFrame(
        {
            "who": [f"p{number}" for number in who],
            "day": dice.integers(0, 12, len(who)),
            "town": who % 3,
            "ill": [f"d{n}" for n in np.where(stays[who], own[who], changing)],
        }
    )


def policy_of(**given: Any) -> dict[str, Any]:
    return {
        "person": "who",
        "attributes": {
            "who": {"role": "direct_identifier"},
            "day": QI | {"hierarchy": {"type": "interval", "widths": [3, 6]}},
            "town": QI,
            "ill": {"role": "sensitive"},
        },
        "privacy": {
            "k_anonymity": {"k": 2},
            "l_diversity": {"attribute": "ill", "l": 2},
            **given.pop("privacy", {}),
        },
        "suppression_limit": 0.3,
        **given,
    }


def examined(frame: pd.DataFrame, **given: Any) -> tuple[ResidualDisclosure, pd.DataFrame]:
    """Release visits, and return what is found, and the release with its persons."""
    frame = frame.assign(row=[f"r{n}" for n in range(len(frame))])
    policy = policy_of(**given)
    policy["attributes"]["row"] = {"role": "non_sensitive"}
    policy["residual"] = {"alone": "ignore", "given_back": "ignore", **policy.get("residual", {})}
    result = anonymize({"policy": policy}, frame=frame)
    assert result.df is not None
    who = result.df["row"].map(dict(zip(frame["row"], frame["who"], strict=True)))
    return result.residual, result.df.assign(who=who)


def left_by_definition(df: pd.DataFrame, least: int) -> tuple[int, int, int]:
    """Count, by sets, who is left with few values, by one class alone, and who is alone."""
    cells = df[["day", "town"]].astype(str).agg("|".join, axis=1)
    values = df.groupby(cells)["ill"].agg(set)
    people = df.groupby(cells)["who"].agg(set)
    few = of_one = alone = 0
    for who, own in df.groupby("who"):
        classes = sorted({*cells[own.index]})
        if len(classes) < 2:
            continue
        has = set.intersection(*(set(own.loc[cells[own.index] == c, "ill"]) for c in classes))
        left = set.intersection(*(values[c] for c in classes))
        few += bool(has) and len(left) < least
        of_one += bool(has) and min(len(values[c]) for c in classes) < least
        alone += set.intersection(*(people[c] for c in classes)) == {who}
    return few, of_one, alone


def of_kind(residual: ResidualDisclosure, protected: tuple[str, ...]) -> Finding | None:
    found = [f for f in residual.of("intersected") if f.protected == protected]
    assert len(found) < 2
    return found[0] if found else None


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(
    "how",
    [
        {},
        {"recoding": "local"},
        {"suppressed_records": "keep"},
        {"privacy": {"l_diversity": {"attribute": "ill", "l": 3}}},
        {"privacy": {"l_diversity": ()}},
    ],
)
def test_persons_are_counted_as_by_intersecting_the_classes_of_the_release(
    seed: int, how: dict[str, Any]
) -> None:
    residual, df = examined(visits(seed), residual={"intersected_above": 0}, **how)
    asked = how.get("privacy", {}).get("l_diversity", {"l": 2})
    few, of_one, alone = left_by_definition(df, asked["l"] if asked else 2)
    k, persons = residual.k, df["who"].nunique()
    for found, number in ((of_kind(residual, ("ill",)), few), (of_kind(residual, ()), alone)):
        assert (found is None) == (number == 0)
        assert found is None or found.persons == (number if number >= k else None)
        assert found is None or found.records is None
        if found is not None and found.share is not None:
            assert found.share == pytest.approx(number / persons)
    if (found := of_kind(residual, ("ill",))) is not None and of_one >= k:
        assert found.baseline == pytest.approx(of_one / persons)


def test_who_is_known_to_have_two_records_of_a_constant_illness_is_found() -> None:
    frame = pd.DataFrame(
        [("p1", 1, "HIV"), ("p2", 1, "flu"), ("p1", 2, "HIV"), ("p3", 2, "gout")] * 1,
        columns=["who", "day", "ill"],
    )
    many = [frame.assign(who=frame["who"] + f"-{n}", day=frame["day"] + 2 * n) for n in range(20)]
    policy = policy_of(suppression_limit=0)
    policy["attributes"].pop("town")
    policy["attributes"]["day"] = QI
    table = pd.concat(many, ignore_index=True)
    result = anonymize({"policy": policy}, frame=table)
    found = of_kind(result.residual, ("ill",))
    assert found is not None
    assert (found.persons, found.severity, found.relation) == (20, "high", "fewer than 2 values")
    assert found.share == pytest.approx(1 / 3)
    assert not found.refused
    assert result.residual.how_many(found) == "20 persons (33.3%)"
    refusing = {**policy, "residual": {"intersected": "refuse"}}
    with pytest.raises(DisclosureError, match="fewer than 2 values") as refused:
        anonymize({"policy": refusing}, frame=table)
    assert "HIV" not in str(refused.value)


def test_nobody_is_refused_for_being_the_only_one_in_some_classes() -> None:
    frame = visits(0).assign(ill=[f"d{n % 7}" for n in range(len(visits(0)))])
    policy = policy_of(residual={"intersected": "refuse", "intersected_above": 0})
    policy["attributes"].pop("ill")
    policy["privacy"].pop("l_diversity")
    result = anonymize({"policy": policy}, frame=frame.drop(columns="ill"))
    (found,) = result.residual.of("intersected")
    assert (found.relation, found.refused, found.protected) == ("nobody else", False, ())


def test_it_is_looked_for_only_where_persons_are_counted() -> None:
    policy = policy_of()
    assert "intersected" in anonymize({"policy": policy}, frame=visits(0)).residual.examinations
    ignoring = {**policy, "residual": {"intersected": "ignore"}}
    ignored = anonymize({"policy": ignoring}, frame=visits(0)).residual
    assert "intersected" not in ignored.examinations
    plain = anonymize({"policy": {**policy, "person": None}}, frame=visits(0)).residual
    assert "intersected" not in plain.examinations
