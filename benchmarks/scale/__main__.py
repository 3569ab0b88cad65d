"""What whole jobs cost beside a bare reading and writing of the same file, in one run.

Everything is a process of its own. CPU seconds are user and system; what is compared was measured
in this run. ``--full`` measures tables of ten and thirty million records, too.

Of each table these lines are printed, as CPU seconds and as multiples of the bare work:

- the phases of a whole job that looks for nothing residual, as its progress tells them;
- below ``count``, ``write`` and ``verify``, further in, what they are made of, each measured by
  itself: see :data:`benchmarks.scale.shares.MEANINGS`;
- ``residual``, the whole job without and with the examination of what is left;
- ``count+write`` of the first, and the whole job with that examination;
- the same counting by databases, where they are installed, beside ours, and whether all tuples,
  their counts, and the numbers of different values are the same.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from benchmarks._ending import end_when_told, run
from benchmarks.scale.rivals import RIVALS, is_installed
from benchmarks.scale.simulation import print_simulation, sending_seconds
from benchmarks.scale.tables import write_health, write_patients, write_wide

_MAKERS = {
    "patients": write_patients,
    "few": lambda path, records: write_patients(path, records, few=True),
    "wide": lambda path, records: write_wide(path, records, 300),
    "health": write_health,
}
_MEMORY = "512MiB"
"""What the engine may take where tables grow."""
_NOTHING = dict.fromkeys(("given_back", "alone", "outcome_in_pattern", "intruder"), "ignore")


@dataclass(frozen=True)
class Bench:
    """Runs work on tables in a folder."""

    folder: Path

    def table(self, kind: str, records: int, form: str) -> Path:
        """Return a table, made if there is none yet."""
        path = self.folder / f"{kind}-{records}.{form}"
        if not path.exists():
            _MAKERS[kind](path, records)
        return path

    def run(
        self,
        work: str,
        source: Path,
        *,
        threads: int = 1,
        memory: str | None = None,
        **options: object,
    ) -> dict[str, Any]:
        """Do some work in a process of its own; return what it cost."""
        target = self.folder / f"out{source.suffix}"
        command = [sys.executable, "-m", "benchmarks.scale.work"]
        command += [work, str(source), str(target), json.dumps(options)]
        given = "" if memory is None else f", memory: {memory}"
        environment = os.environ | {
            "ANON_ENGINE": f"{{type: local, threads: {threads}{given}}}",
            "POLARS_MAX_THREADS": str(threads),
        }
        done = run(command, env=environment, stdout=subprocess.PIPE)
        done.check_returncode()
        target.unlink(missing_ok=True)
        told: dict[str, Any] = json.loads(done.stdout)
        return told

    @cached_property
    def _bare(self) -> dict[Path, float]:
        return {}

    def bare(self, source: Path) -> float:
        """Return the CPU seconds of reading and writing a file, typed: the least of three."""
        if source not in self._bare:
            self._bare[source] = min(self.run("bare", source)["cpu"] for _ in range(3))
        return self._bare[source]


def main() -> None:
    """Measure, and print."""
    end_when_told()
    arguments = _arguments()
    if arguments.simulate:
        sending = sending_seconds()
        for kind in ("patients", "few"):
            print_simulation(int(3_000_000 * arguments.scale), sending, kind=kind)
        return
    with tempfile.TemporaryDirectory(prefix="anon-bench-") as folder:
        bench = Bench(Path(folder))
        for case in _CASES:
            print_ratios(bench, arguments.scale, case)
        _print_growth(bench, arguments.scale, [1, 3, *([10, 30] if arguments.full else [])])
        _print_threads(bench, arguments.scale)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.scale")
    parser.add_argument("--full", action="store_true", help="ten and thirty million records, too")
    parser.add_argument(
        "--simulate", action="store_true", help="only: replay measured parts for 2 to 200 workers"
    )
    parser.add_argument("--scale", type=float, default=1.0, help="of the numbers of records")
    return parser.parse_args()


_Case = tuple[str, int, str, Mapping[str, object]]
"""The kind of a table, its records, its form, and rules of the policy beside the usual ones."""
_CASES: tuple[_Case, ...] = (
    ("patients", 3_000_000, "parquet", {}),
    ("patients", 3_000_000, "csv", {}),
    ("health", 1_190_000, "csv", {"suppression_limit": 0.0}),
    ("wide", 100_000, "parquet", {}),
)


def print_ratios(bench: Bench, scale: float, case: _Case) -> None:
    """Print a whole job, share by share, as multiples of the bare reading and writing."""
    kind, records, form, policy = case
    source = bench.table(kind, int(records * scale), form)
    bare = bench.bare(source)
    told = bench.run("job", source, threads=1, kind=kind, policy=policy)
    blind = bench.run("job", source, threads=1, kind=kind, policy={**policy, "residual": _NOTHING})
    inner = bench.run(
        "shares", source, threads=1, kind=kind, policy={**policy, "residual": _NOTHING}
    )
    without = blind["phases"]
    print(f"\n{kind}, {int(records * scale):,} records, {form}: bare {bare:.2f} CPU s")
    if form == "csv":
        print(f"  read and written as text: {bench.run('bare_text', source)['cpu'] / bare:.1f}x")
    for name, seconds in without.items():
        _print_cost(name, seconds, bare)
        for share, part in inner["shares"].get(name, {}).items():
            _print_cost(f"  {share}", part, bare)
    _print_cost("residual", told["cpu"] - blind["cpu"], bare)
    _print_cost("count+write", without["count"] + without.get("write", 0.0), bare)
    _print_cost("whole job", told["cpu"], bare, f"peak {told['peak_mb']:,.0f} MB")
    _print_rivals(bench, source, inner, bare)


def _print_cost(name: str, seconds: float, bare: float, remark: str = "") -> None:
    line = f"  {name:<16}{seconds:>8.2f} CPU s{seconds / bare:>8.1f}x   {remark}"
    print(line.rstrip(), flush=True)


def _print_rivals(bench: Bench, source: Path, ours: dict[str, Any], bare: float) -> None:
    """Print what databases take for the counting, beside ours, and whether they count the same."""
    _print_cost("count: ours", sum(ours["shares"]["count"].values()), bare)
    for name in RIVALS:
        if not is_installed(name):
            print(f"  {f'count: {name}':<16}not installed; make bench-scale installs it")
            continue
        rival = bench.run("rival", source, name=name, attributes=ours["attributes"])
        same = "the same counts" if rival["tally"] == ours["tally"] else "OTHER COUNTS"
        _print_cost(f"count: {name}", rival["cpu"], bare, f"{same} ({rival['version']})")


def _print_growth(bench: Bench, scale: float, millions: list[int]) -> None:
    """Print how the cost of a million records grows with how many there are, in little memory."""
    print(f"\n{'records':>12} {'CPU s':>8} {'a million':>10} {'peak MB':>8}")
    for kind in ("patients", "few"):
        for many in millions:
            records = int(many * 1_000_000 * scale)
            source = bench.table(kind, records, "parquet")
            told = bench.run("job", source, memory=_MEMORY, kind=kind, policy={})
            each = told["cpu"] / records * 1e6
            print(
                f"{records:>12,} {told['cpu']:>8.1f} {each:>10.2f} {told['peak_mb']:>8,.0f}  {kind}"
            )
            if many > 3:
                source.unlink()


def _print_threads(bench: Bench, scale: float) -> None:
    """Print how much sooner two threads are done than one."""
    for form in ("parquet", "csv"):
        source = bench.table("patients", int(3_000_000 * scale), form)
        one, two = (bench.run("job", source, threads=n, kind="patients", policy={}) for n in (1, 2))
        print(
            f"\n{form}, 2 threads against 1: wall {one['wall'] / two['wall']:.2f}x sooner, ", end=""
        )
        print(f"CPU {two['cpu'] / one['cpu']:.2f}x", flush=True)


if __name__ == "__main__":
    main()
