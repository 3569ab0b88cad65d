"""Statistics as JSON documents."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import pandas as pd


def statistics_document(statistics: "pd.DataFrame") -> dict[str, Any]:
    """Return statistics as JSON holds them without loss."""
    columns = {
        str(column): [value.item() if isinstance(value, np.generic) else value for value in values]
        for column, values in statistics.items()
    }
    index = {"name": statistics.index.name, "values": list(statistics.index)}
    # A list: Dagster sorts the keys of what it is shown.
    types = [[str(column), str(kind)] for column, kind in statistics.dtypes.items()]
    return {"index": index, "columns": columns, "types": types}


def statistics_of(document: Mapping[str, Any]) -> "pd.DataFrame":
    """Return the statistics that a document holds."""
    import pandas as pd

    index = pd.Index(document["index"]["values"], name=document["index"]["name"])
    types = dict(document["types"])
    frame = pd.DataFrame(document["columns"], index=index, columns=list(types), dtype=object)
    return frame.astype(types)
