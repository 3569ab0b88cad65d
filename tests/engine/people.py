"""A table in several files, and policies of every kind that release it."""

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

RECORDS = 3_000
PARTS = 6
CANARY = "canary-7f3a91"


def people(seed: int = 1) -> pd.DataFrame:
    random = np.random.default_rng(seed)
    towns = [f"{number:05d}" for number in random.integers(10_000, 10_060, RECORDS)]
    return pd.DataFrame(
        {
            "person": [f"{CANARY} {number // 2}" for number in range(RECORDS)],
            "age": random.integers(18, 80, RECORDS),
            "town": towns,
            "sex": random.choice(["f", "m"], RECORDS),
            "weight": random.normal(70, 12, RECORDS).round(1),
            "illness": random.choice(list("abcdef"), RECORDS),
            "visits": random.integers(0, 40, RECORDS),
            "note": [f"{CANARY}{number}" for number in random.integers(0, 10**9, RECORDS)],
        }
    )


def stored(folder: Path, kind: str) -> Path:
    """Write the people into several files, each of which is a part."""
    folder.mkdir()
    for number in range(PARTS):
        part = people()[number * RECORDS // PARTS : (number + 1) * RECORDS // PARTS]
        if kind == "csv":
            part.to_csv(folder / f"part{number}.csv", index=False)
        else:
            part["illness"] = part["illness"].astype(
                pd.CategoricalDtype(list("fedcba"), ordered=True)
            )
            part.to_parquet(folder / f"part{number}.parquet")
    return folder


ROLES: dict[str, Any] = {
    "person": {"role": "direct_identifier"},
    "age": {"role": "quasi_identifier", "hierarchy": {"type": "interval", "widths": [5, 20]}},
    "town": {"role": "quasi_identifier", "hierarchy": {"type": "mask"}},
    "sex": {"role": "quasi_identifier", "hierarchy": {"type": "suppress"}},
    "weight": {"role": "non_sensitive"},
    "illness": {"role": "sensitive"},
    "visits": {"role": "non_sensitive"},
    "note": {"role": "non_sensitive"},
}
PRIVACY = {"k_anonymity": {"k": 4}, "l_diversity": [{"attribute": "illness", "l": 2}]}
PLAIN: dict[str, Any] = {"attributes": ROLES, "privacy": PRIVACY, "suppression_limit": 0.05}
AVERAGED = {"role": "quasi_identifier", "transformation": "microaggregation", "aggregate": "mean"}
POLICIES: dict[str, dict[str, Any]] = {
    "global": PLAIN,
    "kept": PLAIN | {"suppressed_records": "keep"},
    "local": PLAIN | {"recoding": "local", "release": {"numbers": "bounds"}},
    "pseudonyms": PLAIN
    | {
        "attributes": ROLES
        | {
            "person": {
                "role": "direct_identifier",
                "redaction": "pseudonym",
                "key_variable": "ANON_KEY_PEOPLE",
            }
        }
    },
    "averages": PLAIN
    | {
        "attributes": ROLES | {"weight": AVERAGED, "town": {"role": "non_sensitive"}},
        "privacy": {"k_anonymity": {"k": 4}},
    },
    "sample": PLAIN | {"sampling": {"fraction": 0.5, "seed": 3}},
    "persons": PLAIN | {"person": "person"},
    "persons drawn": PLAIN | {"person": "person", "sampling": {"fraction": 0.5, "seed": 3}},
    "some records": PLAIN | {"sampling": {"records": 1_234, "seed": 3}},
}


PRIVATE: dict[str, Any] = {
    "attributes": {
        "person": {"role": "direct_identifier"},
        "age": {
            "role": "quasi_identifier",
            "lowest_level": 1,
            "highest_level": 1,
            "hierarchy": {
                "other": "else",
                "type": "interval",
                "widths": [20],
                "lower": 0,
                "upper": 100,
                "outside": "clip",
            },
        },
        **{name: {"role": "direct_identifier"} for name in people().columns[2:]},
    },
    "privacy": {"differential_privacy": {"epsilon": 1, "delta": 0.001}},
    "suppression_limit": 1,
}


def asked(source: Path, target: Path, kind: str, policy: str, **more: Any) -> dict[str, Any]:
    return {
        "source": {"path": str(source), "format": kind},
        "target": {"path": str(target), "format": kind, **more},
        "policy": {
            "residual": {"repeated": "ignore"},  # it is released twice, to be compared
            **(POLICIES | {"private": PRIVATE})[policy],
        },
    }


def digests(target: Path) -> dict[str, str]:
    files = sorted(target.iterdir()) if target.is_dir() else [target]
    return {f.name: hashlib.sha256(f.read_bytes()).hexdigest() for f in files}


SEVERAL = {"single_file": False, "rows_per_file": 700}


def visits() -> pd.DataFrame:
    """Return visits of people, some of whom nobody knows."""
    random = np.random.default_rng(5)
    seen = pd.Timestamp("2020-01-01") + pd.to_timedelta(random.integers(0, 700, RECORDS), "D")
    who = random.integers(0, RECORDS // 4, RECORDS)
    return pd.DataFrame(
        {
            "who": [f"{CANARY}{number}" if number % 7 else None for number in who],
            "seen": seen.strftime("%Y-%m-%dT10:30:00"),
            "born": (pd.Timestamp("1950-01-01") + pd.to_timedelta(who * 9, "D")).strftime(
                "%Y-%m-%d"
            ),
        }
    )


VISITS: dict[str, Any] = {
    "person": "who",
    "derive": {"age": {"from": "born", "at": "seen", "unit": "years"}},
    "attributes": {
        "who": {"role": "direct_identifier"},
        "born": {"role": "direct_identifier"},
        "age": {"role": "quasi_identifier", "hierarchy": {"type": "interval", "widths": [10]}},
        "seen": {
            "role": "sensitive",
            "shift": {"weeks": 20, "key_variable": "ANON_KEY_PEOPLE"},
        },
    },
    "privacy": {"k_anonymity": {"k": 4}},
    "suppression_limit": 0.1,
}
