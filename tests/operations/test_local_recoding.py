"""Local recoding through the whole chain."""

import numpy as np
import pandas as pd
import pytest

from anon_dagster import anonymize


@pytest.mark.parametrize("labels", ["nodes", "ranges"])
@pytest.mark.parametrize("seed", range(4))
def test_allowing_suppression_loses_no_more(seed: int, labels: str) -> None:
    random = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "age": np.where(random.random(600) < 0.4, np.nan, random.integers(0, 90, 600)),
            "visits": random.geometric(0.1, 600),
            "town": random.choice(list("abcdef"), 600),
        }
    )
    interval = {"type": "interval", "widths": [5, 10, 50]}
    number = {"role": "quasi_identifier", "hierarchy": interval, "local_labels": labels}
    policy = {
        "attributes": {"age": number, "visits": number, "town": {"role": "quasi_identifier"}},
        "privacy": {"k_anonymity": {"k": 5}},
    }
    losses = []
    for recoding, limit in (("global", 0.05), ("local", 0), ("local", 0.05)):
        changes = {"recoding": recoding, "suppression_limit": limit}
        result = anonymize({"policy": policy | changes}, frame=frame)
        losses.append(result.decision.solution.proof.loss)
    assert losses[2] <= min(losses[:2])
