"""Whatever is promised, by whatever recoding: the deltas keep it, and the audit finds that out."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from anon_dagster.continuous import Kind, audit, erase
from anon_dagster.continuous.given_keys import keys_of
from tests.continuous.streams import ATTRIBUTES, append_frame, people, stream_at
from tests.parameters import slow_but

_TREE = {"type": "tree", "nodes": {"chronic": ["a", "b", "c"], "acute": ["d", "e", "f"]}}
_GUARDING: list[dict[str, Any]] = [
    {"l_diversity": {"attribute": "illness", "l": 3}},
    {"l_diversity": {"attribute": "illness", "l": 2, "variant": "entropy"}},
    {"l_diversity": {"attribute": "illness", "l": 2, "variant": "recursive", "c": 2}},
    {"t_closeness": {"attribute": "illness", "t": 0.4}},
    {"t_closeness": {"attribute": "illness", "t": 0.4, "distance": "hierarchical"}},
    {"t_closeness": {"attribute": "stay", "t": 0.3, "distance": "ordered"}},
    {"alpha_k_anonymity": {"attribute": "illness", "alpha": 0.7, "k": 4}},
    {"beta_likeness": {"attribute": "illness", "beta": 3}},
    {"beta_likeness": {"attribute": "illness", "beta": 3, "variant": "enhanced"}},
    {"delta_disclosure": {"attribute": "illness", "delta": 6}},
]


@pytest.mark.parametrize("seed", slow_but({"3"}, map(str, range(24)), range(24)))
def test_every_promise_is_kept_by_every_delta_and_by_what_is_left_of_it(
    tmp_path: Path, seed: int
) -> None:
    draw = np.random.default_rng(seed)
    person = draw.random() < 0.7
    observer = "union" if draw.random() < 0.2 else "delta"
    attributes = {
        **ATTRIBUTES,
        "illness": {"role": "sensitive", "hierarchy": _TREE},
        "stay": {"role": "sensitive"},
        "age": {
            **ATTRIBUTES["age"],
            "local_labels": str(draw.choice(["nodes", "ranges"])),
        },
    }
    policy = {
        "attributes": attributes,
        "person": "id" if person else None,
        "recoding": str(draw.choice(["global", "local"])),
        "privacy": {"k_anonymity": {"k": int(draw.integers(2, 6))}, **_GUARDING[seed % 10]},
    }
    never = {} if person else {"people_return": "never"}
    stream = stream_at(tmp_path, policy=policy, observer=observer, **never)
    released = 0
    for day, size in enumerate((240, 60, 60)):
        frame = people(draw, 1_000 * day, size).assign(stay=draw.integers(1, 9, size))
        line = append_frame(stream, tmp_path, f"day{day}", frame)
        assert line.kind is Kind.FILE, line.reason
        released += line.released
    found = audit(stream, seed=seed)
    assert found.holds, str(found)
    if person and observer == "delta":
        erase(stream, keys_of(("id",), [str(key) for key in draw.choice(2_060, 40)]))
        found = audit(stream, seed=seed)
        assert found.holds, str(found)
    assert released
