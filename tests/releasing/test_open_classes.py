"""Classes that later records open, and how many of them may be suppressed for ever."""

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from anon_dagster import PromiseBrokenError, RequestError, anonymize, apply


def open_policy(**changes: Any) -> dict[str, Any]:
    return {
        "attributes": {
            "age": {
                "role": "quasi_identifier",
                "hierarchy": {"type": "interval", "widths": [10]},
                "lowest_level": 1,
                "highest_level": 1,
            },
            "town": {"role": "quasi_identifier", "lowest_level": 0, "highest_level": 0},
            "illness": {"role": "sensitive"},
        },
        "privacy": {
            "k_anonymity": {"k": 3},
            "l_diversity": {"attribute": "illness", "l": 2},
        },
        "suppression_limit": 1.0,
        **changes,
    }


def later(*groups: tuple[int, str, int, int]) -> pd.DataFrame:
    """Make groups of an age, a town, a number of people, and how many illnesses they have."""
    rows = [
        (age, town, f"i{n % illnesses}")
        for age, town, number, illnesses in groups
        for n in range(number)
    ]
    return pd.DataFrame(rows, columns=["age", "town", "illness"])


FIRST = later((23, "a", 6, 2), (25, "b", 6, 2))
NEW = later((61, "a", 4, 2), (23, "c", 3, 3), (45, "b", 2, 2), (35, "a", 5, 1), (23, "a", 3, 3))


def test_labels_that_the_first_records_did_not_have_are_judged_like_every_other() -> None:
    first = anonymize({"policy": open_policy()}, frame=FIRST)
    result = apply(first, frame=NEW, enforce=True)
    assert result.df is not None
    assert result.df.groupby(["age", "town"]).size().to_dict() == {
        ("[60, 70)", "a"): 4,
        ("[20, 30)", "c"): 3,
        ("[20, 30)", "a"): 3,
    }  # two in a class are too few, and five of one illness are too much alike
    enforced = [p for p in result.alone.promises if "suppression" not in p.name]
    assert all(promise.holds for promise in enforced)


def test_classes_are_open_only_where_promises_are_enforced() -> None:
    first = anonymize({"policy": open_policy()}, frame=FIRST)
    df = apply(first, frame=NEW).df
    assert df is not None
    assert df["age"].unique().tolist() == ["[20, 30)"]


@pytest.mark.parametrize("average_risk", [None, {"risk": 0.25}])
def test_where_too_few_would_stay_nobody_does(average_risk: dict[str, float] | None) -> None:
    policy = open_policy(
        privacy={"k_anonymity": {"k": 3}, "average_risk": average_risk}, suppression_limit=1.0
    )
    first = anonymize({"policy": policy}, frame=FIRST)
    small = later((23, "a", 2, 2), (25, "b", 2, 2))
    for frame in (small, later((23, "a", 3, 3), (25, "b", 3, 3))):
        whole = frame is not small and average_risk is None  # 1/3 on average is too much for 1/4
        result = apply(first, frame=frame, enforce=True)
        assert result.df is not None
        assert len(result.df) == (len(frame) if whole else 0)
        assert result.decision.suppressed == len(frame) - len(result.df)


def test_a_document_opens_the_same_classes_as_its_result() -> None:
    first = anonymize({"policy": open_policy()}, frame=FIRST)
    one = apply(first, frame=NEW, enforce=True).df
    two = apply(first.document(), frame=NEW, enforce=True).df
    assert one is not None
    assert two is not None
    pd.testing.assert_frame_equal(one, two)


def test_groups_of_neighbours_and_averages_are_not_opened() -> None:
    policy = open_policy()
    policy["attributes"]["town"]["hierarchy"] = {"type": "order", "sizes": [2]}
    policy["attributes"]["town"] |= {"lowest_level": 1, "highest_level": 1}
    first = anonymize({"policy": policy}, frame=FIRST)
    for new, records in ((NEW, 7), (NEW[NEW["town"] != "c"], 7)):
        df = apply(first, frame=new, enforce=True).df
        assert df is not None
        assert df["town"].tolist() == ["a .. b"] * records  # nobody knows which group c is in


def test_more_is_not_suppressed_than_may_be() -> None:
    first = anonymize({"policy": open_policy()}, frame=FIRST)
    kept = apply(first, frame=NEW, enforce=True, suppress_at_most=0.42)
    assert kept.decision.suppressed == 7
    with pytest.raises(PromiseBrokenError) as caught:
        apply(first, frame=NEW, enforce=True, suppress_at_most=0.4)
    assert "7 records of 17 (41.2%) would be suppressed for ever" in str(caught.value)
    assert "7 are in a class that breaks a promise by itself" in str(caught.value)
    with pytest.raises(PromiseBrokenError, match="have values that no released class covers"):
        apply(first, frame=NEW, suppress_at_most=0.4)


def test_what_exceeds_the_limit_leaves_the_target(tmp_path: Path) -> None:
    first = anonymize({"policy": open_policy()}, frame=FIRST)
    target = tmp_path / "later.csv"
    target.write_text("the former one\n")
    with pytest.raises(PromiseBrokenError):
        apply(first, frame=NEW, target=str(target), enforce=True, suppress_at_most=0.1)
    assert target.read_text() == "the former one\n"


@pytest.mark.parametrize("share", [-0.1, 1.5, True, "half"])
def test_a_limit_is_a_share(share: Any) -> None:
    first = anonymize({"policy": open_policy()}, frame=FIRST)
    with pytest.raises(RequestError, match="suppress_at_most must be a share from 0 to 1"):
        apply(first, frame=NEW, suppress_at_most=share)
