"""Releases as anonymeter takes them, and its environment."""

import json
import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from release_check.pinned import UnavailableError, environment
from tests.jury.bundled import Release

_HERE = Path(__file__).parent
_PROGRAM = _HERE / "anonymeter_attacks.py"


@dataclass(frozen=True, slots=True)
class Attack:
    """What an attack achieved: shares of the people who were attacked."""

    attacks: int
    hits: int  # of those who were released
    control: float  # success with those who were held back
    guessing: float
    risk: float  # beyond the control
    low: float  # of an interval of 95 %
    high: float

    @property
    def success(self) -> float:
        return self.hits / self.attacks if self.attacks else 0.0


def anonymeters_python() -> Path:
    """Return the Python of an environment that has anonymeter."""
    try:
        return environment(_HERE / "requirements.txt")
    except UnavailableError as error:
        pytest.skip(f"anonymeter cannot be had: {error}")


def attack(releases: Mapping[str, Release], folder: Path) -> dict[str, dict[str, Attack]]:
    """Let anonymeter attack releases of one table, by name."""
    some = next(iter(releases.values()))
    table = some.table
    for name, people in (("inside", some.inside), ("outside", some.outside)):
        once = people.drop_duplicates(
            [table.owner, *table.names]
        )  # a person, not each of her visits
        _spelled(some, once, table.serial).to_csv(folder / f"{name}.csv", index=False)
    for name, release in releases.items():
        _spelled(release, release.released).to_csv(folder / f"{name}.csv", index=False)
    halves = [[level for name in half for level in _levels(some, name)] for half in table.halves]
    trial = {"halves": halves, "secrets": dict(table.secrets), "releases": list(releases)}
    (folder / "trial.json").write_text(json.dumps(trial), encoding="utf-8")
    done = subprocess.run(
        [str(anonymeters_python()), str(_PROGRAM), str(folder)],
        capture_output=True,
        check=False,
        env={name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ},
    )
    assert done.returncode == 0, done.stderr.decode(errors="replace")[-2000:]
    told: dict[str, dict[str, dict[str, Any]]] = json.loads(done.stdout)
    return {
        name: {kind: Attack(**rates) for kind, rates in attacks.items()}
        for name, attacks in told.items()
    }


def _spelled(release: Release, rows: pd.DataFrame, *more: str) -> pd.DataFrame:
    """Spell quasi-identifiers out, level by level, beside the sensitive values as they are."""
    levels = [column.spelled(rows[name], name) for name, column in release.columns.items()]
    others = rows[[*release.table.secrets, *more]].reset_index(drop=True)
    return pd.concat([*levels, others], axis=1)


def _levels(release: Release, name: str) -> list[str]:
    column = release.columns[name]
    return list(column.spelled(pd.Series(list(column.paths)), name).columns.astype(str))
