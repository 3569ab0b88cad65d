"""What whole jobs cost beside a bare reading and writing of the same file, in one run.

Everything is a process of its own. CPU seconds are user and system; what is compared was measured
in this run. ``--full`` measures tables of ten and thirty million records, too.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

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
        environment = os.environ | {"ANON_ENGINE": f"{{type: local, threads: {threads}{given}}}"}
        done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, check=True)  # noqa: S603
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
    arguments = _arguments()
    if arguments.simulate:
        sending = sending_seconds()
        for kind in ("patients", "few"):
            print_simulation(int(3_000_000 * arguments.scale), sending, kind=kind)
        return
    with tempfile.TemporaryDirectory(prefix="anon-bench-") as folder:
        bench = Bench(Path(folder))
        _print_ratios(bench, arguments.scale)
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


def _print_ratios(bench: Bench, scale: float) -> None:
    """Print the whole jobs, phase by phase, as multiples of the bare reading and writing."""
    cases: list[tuple[str, int, str, dict[str, object]]] = [
        ("patients", 3_000_000, "parquet", {}),
        ("patients", 3_000_000, "csv", {}),
        ("health", 1_190_000, "csv", {"suppression_limit": 0.0}),
        ("wide", 100_000, "parquet", {}),
    ]
    for kind, records, form, policy in cases:
        source = bench.table(kind, int(records * scale), form)
        bare = bench.bare(source)
        told = bench.run("job", source, threads=1, kind=kind, policy=policy)
        blind = bench.run(
            "job", source, threads=1, kind=kind, policy={**policy, "residual": _NOTHING}
        )
        without = blind["phases"]
        read_and_written = without["count"] + without.get("write", 0.0)
        print(f"\n{kind}, {int(records * scale):,} records, {form}: bare {bare:.2f} CPU s")
        if form == "csv":
            print(
                f"  read and written as text: {bench.run('bare_text', source)['cpu'] / bare:.1f}x"
            )
        for name, seconds in without.items():
            print(f"  {name:<12}{seconds:>8.2f} CPU s{seconds / bare:>8.1f}x")
        residual = told["cpu"] - blind["cpu"]
        print(f"  {'residual':<12}{residual:>8.2f} CPU s{residual / bare:>8.1f}x")
        print(
            f"  {'count+write':<12}{read_and_written:>8.2f} CPU s{read_and_written / bare:>8.1f}x"
        )
        print(f"  {'whole job':<12}{told['cpu']:>8.2f} CPU s{told['cpu'] / bare:>8.1f}x", end="")
        print(f"   peak {told['peak_mb']:,.0f} MB", flush=True)


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
