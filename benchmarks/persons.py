"""What it costs to count persons instead of records: the count, the search, and the memory.

Three million visits of 600,000 people: age, town, day, department, and a diagnosis. Each line is a
process of its own, which tells its peak of memory. Seconds are those of CPU, without imports.
"""

import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from anon_dagster.operations.preparation import count_records, open_table
from anon_dagster.planning.deciding import decide
from anon_dagster.planning.plan import plan
from anon_dagster.request import parse_request
from benchmarks._ending import end_when_told

PEOPLE, VISITS = 600_000, 3_000_000
TOWNS, DAYS, DEPARTMENTS, DIAGNOSES = 400, 1_000, 20, 40
PROMISES: dict[str, dict[str, Any]] = {
    "k": {"k_anonymity": {"k": 5}},
    "k and distinct l": {
        "k_anonymity": {"k": 5},
        "l_diversity": {"attribute": "diagnosis", "l": 3},
    },
}
AIMS = {"count": 1.5, "search": 2.5, "peak": 1.15}
"""Times what it costs by records that it may cost by persons."""


def main() -> None:
    """Print a line for each promise and each way of counting."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "visits.parquet"
        _alone([str(path)])  # or every other process would begin with the peak of this one
        print(f"{VISITS:,} records of {PEOPLE:,} persons")
        print(f"{'promise':20}{'counted':10}{'count':>8}{'search':>8}{'MB':>7}{'evaluated':>11}")
        for promise in PROMISES:
            lines = [_line(path, promise, counted) for counted in ("records", "persons")]
            ratios = (
                f"{lines[1][each] / lines[0][each]:.2f} ({aim:g})" for each, aim in AIMS.items()
            )
            print(f"{'':20}{'ratio':10}", "  ".join(ratios), flush=True)


def visits() -> pd.DataFrame:
    """Return visits of persons, whose age and town stay, and whose days and departments do not."""
    dice = np.random.default_rng(7)
    who = dice.integers(0, PEOPLE, VISITS)
    ages = np.minimum(dice.gamma(6, 8, PEOPLE).astype(np.int64), 100)
    towns = np.minimum(dice.exponential(TOWNS / 5, PEOPLE).astype(np.int64), TOWNS - 1)
    days = np.datetime64("2021-01-01") + dice.integers(0, DAYS, VISITS)
    diagnoses = np.minimum(dice.exponential(6, VISITS).astype(np.int64), DIAGNOSES - 1)
    return pd.DataFrame(
        {
            "who": who,
            "age": ages[who],
            "town": (10_000 + 7 * towns[who]).astype(str),
            "day": days.astype("datetime64[s]").astype(str),
            "department": np.char.add("D", dice.integers(0, DEPARTMENTS, VISITS).astype(str)),
            "diagnosis": np.char.add("X", diagnoses.astype(str)),
        }
    ).assign(day=lambda frame: frame["day"].str[:10])


def request_of(path: str, promise: str, counted: str) -> dict[str, Any]:
    """Ask for a promise of records, or of persons."""
    ages = {"type": "interval", "widths": [5, 10, 20, 40]}
    days = {"type": "date", "levels": ["month", "quarter", "year"]}
    attributes: dict[str, Any] = {
        "who": {"role": "direct_identifier"},
        "age": {"role": "quasi_identifier", "hierarchy": ages},
        "town": {"role": "quasi_identifier", "hierarchy": {"type": "mask"}},
        "day": {"role": "quasi_identifier", "hierarchy": days},
        "department": {"role": "quasi_identifier"},
        "diagnosis": {"role": "sensitive"},
    }
    policy = {
        "attributes": attributes,
        "privacy": PROMISES[promise],
        "suppression_limit": 0.02,
        "person": "who" if counted == "persons" else None,
    }
    return {"source": {"path": path}, "policy": policy}


def _line(path: Path, promise: str, counted: str) -> dict[str, float]:
    told: dict[str, float] = json.loads(_alone([str(path), promise, counted]))
    print(
        f"{promise:20}{counted:10}{told['count']:8.2f}{told['search']:8.2f}{told['peak']:7.0f}"
        f"{told['evaluated']:11,.0f}",
        flush=True,
    )
    return told


def _alone(arguments: list[str]) -> str:
    """Run a step in a process of its own; return what it prints."""
    command = [sys.executable, "-m", "benchmarks.persons", *arguments]
    return subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout  # noqa: S603


def measured(path: str, promise: str, counted: str) -> dict[str, float]:
    """Count the visits and search; return seconds, megabytes, and the candidates evaluated."""
    request = parse_request(request_of(path, promise, counted))
    start = time.process_time()
    count = count_records(request, open_table(request))
    counted_at = time.process_time()
    planned = plan(request, count)
    planned_at = time.process_time()
    solution = decide(planned)
    return {
        "count": counted_at - start,
        "search": time.process_time() - planned_at,
        "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "evaluated": solution.proof.evaluated,
    }


if __name__ == "__main__":
    end_when_told()
    if len(sys.argv) == 2:  # the path alone
        visits().to_parquet(sys.argv[1], index=False)
    elif sys.argv[1:]:
        print(json.dumps(measured(*sys.argv[1:])))
    else:
        main()
