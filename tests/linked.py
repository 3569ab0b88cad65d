"""Small linked tables, requests of them, and what promises say of them by definition."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

QUASI = {"patients": ["age", "town"], "visits": ["ward", "day"]}
Tables = dict[str, pd.DataFrame]


def tables(seed: int = 1, *, persons: int = 60, rows: int = 200, values: int = 5) -> Tables:
    """Make patients, and visits of most of them; ``row`` tells records apart."""
    dice = np.random.default_rng(seed)
    patients = pd.DataFrame(
        {
            "who": [f"person {number}" for number in range(persons)],
            "age": 20 + 5 * dice.integers(0, values, persons),
            "town": [f"{10 + number}" for number in dice.integers(0, values, persons)],
            "blood": dice.choice(["A", "B", "0"], persons),
            "patient_row": np.arange(-persons, 0),  # from the end: no visit has such a number
        }
    )
    whose = dice.integers(0, max(persons * 5 // 6, 1), rows)
    visits = pd.DataFrame(
        {
            "who": patients["who"].to_numpy()[whose],
            "ward": dice.choice(["w1", "w2", "w3"], rows),
            "day": dice.integers(1, 1 + 2 * values, rows),
            "ill": [f"d{number}" for number in dice.integers(0, 4, rows)],
            "visit_row": np.arange(rows),
        }
    )
    return {"patients": patients, "visits": visits}


def panel(seed: int = 1, *, persons: int = 24, patterns: int = 3) -> Tables:
    """Make patients whose visits follow one of few patterns, of which one has none."""
    dice = np.random.default_rng(seed)
    made = tables(seed, persons=persons, rows=1, values=2)
    patients, visits = made["patients"], []
    kinds = [dice.integers(0, 3, dice.integers(1, 4)) for _ in range(patterns - 1)]
    kinds.append(np.zeros(0, dtype=np.int64))
    for who in patients["who"]:
        visits += [(who, f"w{ward}") for ward in kinds[dice.integers(patterns)]]
    frame = pd.DataFrame(visits, columns=["who", "ward"])
    frame["day"] = 1 + 8 * dice.integers(0, 2, len(frame))
    frame["ill"] = dice.choice(["d0", "d1"], len(frame))
    return {"patients": patients, "visits": frame.assign(visit_row=np.arange(len(frame)))}


def few_alike(patients: pd.DataFrame, visits: pd.DataFrame, k: int) -> bool:
    """Tell whether fewer than k patients share their labels and those of all of their visits."""
    own = visits.assign(label=visits[QUASI["visits"]].astype(str).agg("|".join, axis=1))
    steps = own.groupby("who")["label"].agg(lambda labels: "+".join(sorted(labels)))
    labels = patients[QUASI["patients"]].astype(str).agg("|".join, axis=1)
    trajectory = labels + "/" + patients["who"].map(steps).fillna("")
    return bool((trajectory.groupby(trajectory).transform("size") < k).any())


def request(**policy: Any) -> dict[str, Any]:
    """Ask for the release of both tables, with what is said of the policy of both."""
    patients = {
        "who": {"role": "direct_identifier"},
        "age": {"role": "quasi_identifier", "hierarchy": {"type": "interval", "widths": [10, 20]}},
        "town": {"role": "quasi_identifier", "hierarchy": {"type": "mask"}},
        "blood": {"role": "sensitive"},
        "patient_row": {"role": "non_sensitive"},
    }
    visits = {
        "who": {"role": "direct_identifier"},
        "ward": {"role": "quasi_identifier"},
        "day": {"role": "quasi_identifier", "hierarchy": {"type": "interval", "widths": [4, 8]}},
        "ill": {"role": "sensitive"},
        "visit_row": {"role": "non_sensitive"},
    }
    return {
        "tables": {
            "patients": {"policy": {"attributes": patients}},
            "visits": {
                "policy": {"attributes": visits},
                "join": {"to": "patients", "on": "who"},
            },
        },
        "policy": {"person": "who", "privacy": {"k_anonymity": {"k": 3}}, **policy},
    }


def breaking(frame: pd.DataFrame, labels: Sequence[str], privacy: dict[str, Any]) -> pd.Series:
    """Tell of each record whether its class breaks a promise, by definition, on sets of persons.

    Parameters
    ----------
    labels
        The columns that say how a class reads; ``who`` tells persons apart.
    """
    key = frame[list(labels)].astype("string").fillna("").agg("|".join, axis=1)
    key = key if len(labels) else pd.Series("", index=frame.index)
    persons_of = frame.groupby(key)["who"].transform("nunique")
    broken: pd.Series = persons_of < privacy["k_anonymity"]["k"]
    for rule in privacy.get("l_diversity", ()):
        if (name := rule["attribute"]) in frame:
            broken |= key.map(_spread(frame, key, name)) < rule["l"]
    for rule in privacy.get("alpha_k_anonymity", ()):
        if (name := rule["attribute"]) in frame:
            persons = frame["who"].groupby(key).nunique()
            most = _most(frame, key, name)
            broken |= key.map(persons < rule["k"]) | key.map(most / persons > rule["alpha"] + 1e-12)
    for rule in privacy.get("t_closeness", ()):
        if (name := rule["attribute"]) in frame:
            broken |= key.map(_distance(frame, key, name)) > rule["t"] + 1e-12
    return broken


def _most(frame: pd.DataFrame, key: pd.Series, name: str) -> pd.Series:
    """Count the persons of each class who have its most frequent value."""
    most: pd.Series = frame.groupby([key, frame[name]])["who"].nunique().groupby(level=0).max()
    return most


def _spread(frame: pd.DataFrame, key: pd.Series, name: str) -> pd.Series:
    """Return the l of each class: its values, or one more than the persons who lack some value."""
    values, persons = frame[name].groupby(key).nunique(), frame["who"].groupby(key).nunique()
    lacking = persons - _most(frame, key, name)
    return pd.Series(np.minimum(values, lacking + 1))


def _distance(frame: pd.DataFrame, key: pd.Series, name: str) -> pd.Series:
    """Return how far each class is from the table, in pairs and in shares of persons."""
    of_table = frame[["who", name]].drop_duplicates()[name].value_counts()
    far = {}
    for label, rows in frame.groupby(key):
        pairs = rows[["who", name]].drop_duplicates()[name].value_counts()
        pairs = pairs.reindex(of_table.index, fill_value=0)
        apart = (pairs / pairs.sum() - of_table / of_table.sum()).abs().sum() / 2
        shares = (pairs / rows["who"].nunique() - of_table / frame["who"].nunique()).abs().max()
        far[label] = max(apart, shares)
    return pd.Series(far)
