"""Replay a seed of the simulation, step by step, or try many."""

import argparse
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from tests.simulation.simulate import simulate

_AT_ONCE = 50  # seeds that a process tries before it tells of them


def main() -> int:
    """Print what happens in a seed, or which of many fail."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("seed", type=int, help="the seed, or the first of several")
    parser.add_argument("--seeds", type=int, default=1, help="how many are tried")
    parser.add_argument("--jobs", type=int, default=1, help="how many processes try them")
    asked = parser.parse_args()
    if asked.seeds == 1:
        return replay(asked.seed)
    seeds = range(asked.seed, asked.seed + asked.seeds)
    parts = [seeds[first : first + _AT_ONCE] for first in range(0, len(seeds), _AT_ONCE)]
    failed = 0
    with ProcessPoolExecutor(asked.jobs) as pool:
        for errors in pool.map(tried, parts):
            failed += len(errors)
            for seed, error in errors.items():
                print(f"seed {seed}: {error}", flush=True)
    print(f"{asked.seeds - failed:,} of {asked.seeds:,} seeds held")
    return int(failed > 0)


def replay(seed: int) -> int:
    """Print each step of a seed, and what did not hold."""
    with tempfile.TemporaryDirectory(prefix="simulation-") as folder:
        outcome = simulate(Path(folder).resolve(), seed)
    print("\n".join(outcome.trace))
    print(f"seed {seed}: {outcome.error or 'all held'}")
    return int(bool(outcome.error))


def tried(seeds: Sequence[int]) -> dict[int, str]:
    """Return what did not hold, by seed."""
    with tempfile.TemporaryDirectory(prefix="simulation-") as folder:
        outcomes = [simulate(Path(folder).resolve(), seed) for seed in seeds]
    return {each.seed: each.error for each in outcomes if each.error}


if __name__ == "__main__":
    sys.exit(main())
