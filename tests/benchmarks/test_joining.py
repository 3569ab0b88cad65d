"""A release is joined to the records that it was made of."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from anon_dagster import anonymize
from benchmarks.real.joining import join, read_text


@pytest.mark.parametrize("recoding", ["global", "local"])
def test_every_released_record_stands_beside_its_own(tmp_path: Path, recoding: str) -> None:
    dice = np.random.default_rng(8)
    frame = pd.DataFrame(
        {
            "age": dice.integers(20, 60, 400),
            "sex": dice.choice(["f", "m", "x"], 400, p=[0.5, 0.49, 0.01]),
            "mark": dice.permutation(400) + 1_000,
        }
    )
    source, target = tmp_path / "source.csv", tmp_path / "release.csv"
    frame.to_csv(source, index=False)
    intervals = {"type": "interval", "widths": [10, 20]}
    attributes: dict[str, Any] = {
        "age": {"role": "quasi_identifier", "hierarchy": intervals},
        "sex": {"role": "quasi_identifier", "hierarchy": {"type": "suppress"}},
        "mark": {"role": "non_sensitive"},
    }
    privacy = {"k_anonymity": {"k": 5}}
    policy = {"attributes": attributes, "privacy": privacy, "recoding": recoding}
    request = {"source": {"path": str(source)}, "policy": policy | {"suppression_limit": 0.02}}
    anonymize({**request, "target": {"path": str(target)}})
    joined = join(source, request, target)
    assert len(joined.release) == len(read_text(target)) > 0
    assert joined.source["mark"].equals(joined.release["mark"])
    assert "age" in joined.generalized
    assert "mark" not in joined.generalized
    own = frame.set_index(frame["mark"].astype(str))["age"]
    assert joined.source["age"].astype(int).tolist() == own[joined.source["mark"]].tolist()
