"""What a request and a count must not be planned for."""

from typing import Any

import pandas as pd
import pytest

from anon_dagster import HierarchyError, anonymize


def released(values: list[str], **rule: Any) -> pd.DataFrame:
    hierarchical = {"distance": "hierarchical", "attribute": "ill", "t": 1}
    policy = {
        "attributes": {
            "town": {"role": "quasi_identifier", **rule},
            "ill": {"role": "sensitive", "hierarchy": {"type": "suppress"}},
        },
        "privacy": {"k_anonymity": {"k": 2}, "t_closeness": hierarchical},
    }
    frame = pd.DataFrame({"town": values, "ill": ["*", "x"] * (len(values) // 2)})
    result = anonymize({"policy": policy}, frame=frame).df
    assert result is not None
    return result


def test_a_star_is_refused_of_what_is_generalized_and_taken_of_what_is_not() -> None:
    assert set(released(["a", "a", "b", "b"])["ill"]) == {"*", "x"}
    with pytest.raises(HierarchyError, match=r"town: a value of the column \(2 records\)"):
        released(["a", "a", "*", "*"])


@pytest.mark.parametrize("aggregate", ["mode", "set"])
def test_a_star_is_refused_of_what_is_aggregated(aggregate: str) -> None:
    with pytest.raises(HierarchyError, match="town"):
        released(["a", "a", "*", "*"], transformation="microaggregation", aggregate=aggregate)


def test_the_obvious_hierarchy_joins_rare_values_under_a_name_of_none() -> None:
    rare = [f"town {number}" for number in range(30)]
    frame = released(["other"] * 30 + rare)
    assert (frame["town"] == "other").sum() in {0, 30}
