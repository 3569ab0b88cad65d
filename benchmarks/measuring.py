"""What a hundred configurations cost on one reading of Adult, against a hundred jobs.

Reads count how often every record of the source was read; a job also writes its release and reads
that again.
"""

import os
import sys
import tempfile
import time
from itertools import product
from pathlib import Path
from typing import Any

from anon_dagster import Progress, anonymize, measure
from benchmarks._ending import end_when_told

ADULT = Path(os.environ.get("ANON_SHARED", Path(__file__).parents[2] / "shared")) / "data/adult"
KS = (2, 3, 4, 5, 6, 7, 8, 10, 12, 15, 20, 25, 30, 35, 40, 50, 60, 70, 80, 100)
LIMITS = (0.0, 0.01, 0.02, 0.04, 0.1)
RECORDS = 30_162


class Reader:
    """Counts the records that are read from the source."""

    def __init__(self) -> None:
        self.records = 0
        self._last = 0

    def __call__(self, progress: Progress) -> None:
        """Add the records that were read since the last call."""
        if progress.phase not in {"count", "write"}:
            return
        self.records += progress.done - (self._last if progress.done > self._last else 0)
        self._last = progress.done


def request(k: int, limit: float, target: str | None = None) -> dict[str, Any]:
    """Ask for a k and a suppression limit."""
    columns = (ADULT / "adult.csv").open().readline().strip().split(";")
    tree = {"type": "tree", "separator": ";"}
    attributes = {
        name: {
            "role": "quasi_identifier",
            "hierarchy": {**tree, "path": str(ADULT / f"adult_hierarchy_{name}.csv")},
        }
        for name in columns
    }
    document: dict[str, Any] = {
        "source": {"path": str(ADULT / "adult.csv"), "csv": {"separator": ";"}},
        "policy": {
            "attributes": attributes,
            "privacy": {"k_anonymity": {"k": k}},
            "suppression_limit": limit,
        },
    }
    return document | ({"target": {"path": target}} if target else {})


def main() -> None:
    """Print both, and their ratio."""
    end_when_told()
    if not ADULT.exists():
        print("Adult is not at hand; ANON_SHARED names the folder that has it")
        return
    anonymize(request(5, 0.04))  # warm up
    together, apart = Reader(), Reader()
    begun = time.process_time()
    table = measure(
        request(5, 0.04), measurement={"k": KS, "suppression_limit": LIMITS}, on_progress=together
    )
    measured = time.process_time() - begun
    begun = time.process_time()
    losses = []
    with tempfile.TemporaryDirectory() as folder:
        for k, limit in product(KS, LIMITS):
            result = anonymize(request(k, limit, f"{folder}/out.parquet"), on_progress=apart)
            losses.append(result.utility.loc["infoLoss", "release"])
    single = time.process_time() - begun
    if losses != table["infoLoss"].tolist():
        sys.exit("a configuration was measured otherwise than its job came out")
    print(f"{'':<28}{'reads':>8}{'CPU s':>9}")
    print(f"{'100 configurations, measured':<28}{together.records / RECORDS:>8.0f}{measured:>9.2f}")
    print(f"{'100 jobs':<28}{apart.records / RECORDS:>8.0f}{single:>9.2f}")
    print(f"{'ratio':<28}{'':>8}{single / measured:>8.1f}x")
    print(f"{int(table['frontier'].sum())} configurations are on the frontier of risk and utility")


if __name__ == "__main__":
    main()
