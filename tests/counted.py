"""Tables counted from DataFrames, as a release is."""

from collections.abc import Sequence
from typing import Any

import pandas as pd

from anon_dagster.reading.counting import Count, count
from anon_dagster.request import Policy
from anon_dagster.storage.sources import open_frame


def counted(frame: pd.DataFrame, attributes: Sequence[str], *, decimal: str = ".") -> Count:
    """Count a DataFrame over some of its columns."""
    return count(open_frame(frame), attributes, decimal=decimal)


def policy_of(
    roles: dict[str, str], *, privacy: dict[str, Any] | None = None, **rest: Any
) -> Policy:
    """Return a policy that says only the role of each attribute, and what must hold."""
    attributes = {name: {"role": role} for name, role in roles.items()}
    privacy = privacy or {"k_anonymity": {"k": 2}}
    return Policy.model_validate({"attributes": attributes, "privacy": privacy, **rest})
