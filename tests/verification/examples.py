"""Small released tables and policies about them."""

from typing import Any

import pandas as pd

from anon_dagster.request import Policy
from anon_dagster.verification import Promise, Verification
from tests.counted import policy_of

ROLES = {"zip": "quasi_identifier", "age": "quasi_identifier", "illness": "sensitive"}
K2 = {"k_anonymity": {"k": 2}}


def illness(**rule: Any) -> dict[str, Any]:
    kind = "t_closeness" if "t" in rule else "l_diversity"
    return {kind: [{"attribute": "illness", **rule}]}


def asking(privacy: dict[str, Any], **rest: Any) -> Policy:
    return policy_of(ROLES, privacy=privacy, **rest)


def table(classes: list[list[Any]]) -> pd.DataFrame:
    """Return a table of classes, each with its sensitive values."""
    rows = [(f"z{i % 2}", f"a{i}", value) for i, held in enumerate(classes) for value in held]
    return pd.DataFrame(rows, columns=["zip", "age", "illness"])


def only(verification: Verification) -> Promise:
    assert len(verification.promises) == 1
    return verification.promises[0]
