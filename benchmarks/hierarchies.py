"""What it costs to plan hierarchies of very many distinct values.

Aims: a million values in at most 1.5 s of CPU and 500 MB; a tree of twenty levels over a hundred
thousand values in at most a second.
"""

import json
import resource
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from anon_dagster.core.frequency import FrequencyTable
from anon_dagster.planning.plan import plan
from anon_dagster.reading.columns import column_count
from anon_dagster.reading.counting import Count
from anon_dagster.request import Request
from anon_dagster.storage.values import Kinds

PROJECT = Path(__file__).parents[1]
VALUES, LEAVES, LEVELS = 1_000_000, 100_000, 20
Work = tuple[list[str], dict[str, Any]]
"""The distinct values of a column, and the rule of its hierarchy."""


def codes(_: Path) -> Work:
    """Return codes of seven digits, of which every level masks one more."""
    return [f"{n * 7919 % 10_000_000:07d}" for n in range(VALUES)], {"type": "mask"}


def moments(_: Path) -> Work:
    """Return moments of thirty years."""
    first = np.datetime64("1990-01-01T00:00:00")
    texts = np.datetime_as_string(first + np.arange(VALUES) * np.timedelta64(937, "s"))
    return texts.tolist(), {"type": "date", "levels": ["day", "month", "year", "decade"]}


def whole_numbers(_: Path) -> Work:
    """Return multiples of seven."""
    return [str(7 * n) for n in range(VALUES)], {"type": "interval", "widths": [10, 100, 1000]}


def decimals(_: Path) -> Work:
    """Return amounts of money."""
    texts = [f"{7 * n / 100:.2f}" for n in range(VALUES)]
    return texts, {"type": "interval", "widths": [10, 100, 1000]}


def dates(_: Path) -> Work:
    """Return days of a format, from the year 1 on."""
    days = np.datetime_as_string(np.datetime64("0001-01-01") + np.arange(0, 3 * VALUES, 3)).tolist()
    rule = {"type": "date", "format": "%d.%m.%Y", "levels": ["month", "year", "century"]}
    return [f"{day[8:]}.{day[5:7]}.{day[:4]}" for day in days], rule


def nested(_: Path) -> Work:
    """Return a tree as nested mappings, in which every node has two below it while there are."""
    values = [f"v{n:06d}" for n in range(LEAVES)]

    def node(first: int, end: int, depth: int) -> dict[str, Any] | list[str]:
        if not depth:
            return values[first:end]
        middle = (first + end + 1) // 2 if end - first > 1 else end
        parts = [(first, middle), (middle, end)]
        return {f"{depth}:{a}": node(a, b, depth - 1) for a, b in parts if a < b}

    return values, {"type": "tree", "nodes": node(0, LEAVES, LEVELS - 2)}


def lines(folder: Path) -> Work:
    """Return a tree as a file with a column for each level."""
    values = [f"v{n:06d}" for n in range(LEAVES)]
    rows = [
        ",".join([value, *(f"{level}:{n >> level}" for level in range(1, LEVELS - 1))])
        for n, value in enumerate(values)
    ]
    path = folder / "tree.csv"
    path.write_text("\n".join(rows), encoding="utf-8")
    return values, {"type": "tree", "path": str(path)}


WORK: dict[str, Callable[[Path], Work]] = {
    "codes, masked": codes,
    "moments, in periods": moments,
    "whole numbers, in intervals": whole_numbers,
    "decimals, in intervals": decimals,
    "dates of a format, in periods": dates,
    "a nested tree": nested,
    "a tree in a file": lines,
}


def main() -> None:
    """Print what each costs, in a process of its own."""
    if len(sys.argv) > 1:
        print(json.dumps(_planned(sys.argv[1])))
        return
    print(f"{'planned':<32}{'values':>10}{'CPU s':>8}{'MB':>7}")
    for name in WORK:
        done = subprocess.run(  # noqa: S603 (our own)
            [sys.executable, "-m", "benchmarks.hierarchies", name],
            cwd=PROJECT,
            check=True,
            capture_output=True,
            text=True,
        )
        told = json.loads(done.stdout)
        print(f"{name:<32}{told['values']:>10,}{told['cpu']:>8.2f}{told['mb']:>7.0f}")


def _planned(name: str) -> dict[str, float]:
    """Plan one of the columns; tell the seconds of CPU, and by how much memory grew at most."""
    with tempfile.TemporaryDirectory() as folder:
        texts, rule = WORK[name](Path(folder))
        attribute = {"role": "quasi_identifier", "hierarchy": rule}
        document = {
            "source": {"path": "none.csv"},
            "policy": {"attributes": {"a": attribute}, "privacy": {"k_anonymity": {"k": 2}}},
        }
        request, count = Request.model_validate(document), _counted(texts)
        del texts
        memory, seconds = _resident(), _seconds()
        _forget_peak()
        plan(request, count)
        seconds = _seconds() - seconds
        grown = _resident("VmHWM") - memory
    return {"values": count.records, "cpu": seconds, "mb": grown}


def _counted(texts: list[str]) -> Count:
    """Count a column of different values, and find out what they mean, as a job does."""
    values, ones = pa.array(texts), np.ones(len(texts), dtype=np.int64)
    column = column_count(values, ones, Kinds.of(values))
    positions = np.arange(len(texts), dtype=np.int32)[:, None]
    table = FrequencyTable.of(positions, ones, [len(texts)])
    return Count({"a": column}, ("a",), table).understood()


def _seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _resident(of: str = "VmRSS") -> float:
    """Return the memory of this process, or its peak, in MB; Linux tells it."""
    status = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    told = dict(line.split(":", 1) for line in status)
    return int(told[of].split()[0]) / 1024


def _forget_peak() -> None:
    """Let the peak of memory begin again."""
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")


if __name__ == "__main__":
    main()
