"""A first proposal of roles, from counts alone."""

import pandas as pd

from anon_dagster.counting import count
from anon_dagster.detection import detect
from anon_dagster.storage.sources import open_frame


def propose(frame: pd.DataFrame) -> pd.DataFrame:
    return detect(count(open_frame(frame), ()))


def test_roles_follow_from_how_many_values_differ() -> None:
    proposal = propose(
        pd.DataFrame(
            {
                "ssn": [f"s{n}" for n in range(100)],
                "sex": ["f", "m"] * 50,
                "country": ["x"] * 100,
                "wage": [n + 0.5 for n in range(100)],
            }
        )
    )
    assert proposal["role"].to_dict() == {
        "ssn": "direct_identifier",
        "sex": "quasi_identifier",
        "country": "non_sensitive",
        "wage": "quasi_identifier",
    }


def test_nothing_but_counts_and_shares_is_told() -> None:
    proposal = propose(pd.DataFrame({"name": ["Zeisig", "Amsel", None]}))
    assert "Zeisig" not in proposal.to_string()
    assert proposal[["distinct", "missing"]].to_numpy().tolist() == [[2, 1]]


def test_a_table_without_records_has_a_proposal() -> None:
    assert len(propose(pd.DataFrame({"a": pd.Series([], dtype="str")}))) == 1
