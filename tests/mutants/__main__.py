"""``python -m tests.mutants``: change the code, and see which changes no test notices.

Without arguments all mutants are tried. ``--sample`` tries so many of them, drawn by ``--seed``.
"""

import argparse
import os
import random
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from math import inf
from tempfile import TemporaryDirectory

import pytest

from tests.mutants.equivalents import Equivalents
from tests.mutants.generation import Mutant, candidates, statement_lines
from tests.mutants.packages import PACKAGES, PROJECT, Package
from tests.mutants.trials import KILLED, Runner, trace, try_all

_ARGUED = "argued"


def main() -> int:
    """Try mutants, and print the score of each package and the survivors."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutants", description=__doc__)
    parser.add_argument("packages", nargs="*", help="names of packages, or parts of modules' paths")
    parser.add_argument("--sample", type=int, help="how many mutants; all if left out")
    parser.add_argument("--seed", default="", help="of the sample, such as a commit")
    parser.add_argument("--jobs", type=int, default=1, help="how many processes")
    parser.add_argument(
        "--seconds",
        type=float,
        default=inf,
        help="of tests, the likeliest first, for each mutant",
    )
    parser.add_argument("--least", type=float, default=0, help="fail below this score, in percent")
    asked = parser.parse_args()
    mutants = list(drawn(every_candidate(asked.packages), asked.sample, asked.seed))
    if not mutants:
        parser.error("no module has such a path")
    outcomes: list[tuple[Package, Mutant, str]] = []

    def work(runner: Runner, session: pytest.Session) -> None:
        outcomes.extend(tried(runner, session, mutants, seconds=asked.seconds))

    runner = Runner(work, asked.jobs)
    folders = sorted({folder for package, _ in mutants for folder in package.tests})
    options = ["-q", "-m", "not slow", "-p", "no:cacheprovider", "--hypothesis-profile=mutants"]
    options += ["-o", "tmp_path_retention_policy=none", "--no-header", "--no-summary"]
    options += ["--tb=no"]  # nobody reads how a test failed
    with TemporaryDirectory(prefix="mutants-") as root:
        os.environ["PYTEST_DEBUG_TEMPROOT"] = root  # other sessions of pytest clear what they share
        ended = pytest.main(
            [*options, *(f"tests/{folder}" for folder in folders)], plugins=[runner]
        )
    if not outcomes:
        return int(ended) or 1
    return int(report(outcomes) < asked.least)


def every_candidate(parts: Sequence[str]) -> list[tuple[Package, Mutant]]:
    """List what may be mutants: of all packages, or where the place, ``path:line:``, has a part."""
    return [
        (package, mutant)
        for package in PACKAGES
        for path in package.paths
        for mutant in candidates(path)
        if not parts
        or package.name in parts
        or any(part in f"{path}:{mutant.line}:" for part in parts)
    ]


def drawn(
    mutants: Sequence[tuple[Package, Mutant]], sample: int | None, seed: str
) -> Iterator[tuple[Package, Mutant]]:
    """Draw so many that differ from the code and from each other; the same seed, the same ones."""
    if sample is not None:
        mutants = random.Random(seed).sample(mutants, len(mutants))  # noqa: S311 (nobody's secret)
    different = ((package, m) for package, m in mutants if m.differs)
    seen: set[tuple[str, str]] = set()
    for package, mutant in different:
        key = str(mutant.path), mutant.code
        if len(seen) == sample:
            break
        if key not in seen:
            seen.add(key)
            yield package, mutant


def tried(
    runner: Runner,
    session: pytest.Session,
    mutants: Sequence[tuple[Package, Mutant]],
    *,
    seconds: float,
) -> list[tuple[Package, Mutant, str]]:
    """Try mutants with the tests that were collected."""
    equivalents = Equivalents.read()
    packages = {id(mutant): package for package, mutant in mutants}
    argued = [(p, m, _ARGUED) for p, m in mutants if m in equivalents]
    left = [(p, m) for p, m in mutants if m not in equivalents]
    paths = sorted({mutant.path for _, mutant in left})
    tests = trace(runner, session.items, paths)
    statements = {path: statement_lines(path) for path in paths}
    chosen = [
        (m, tests.of_lines(m.path, statements[m.path].get(m.line, [m.line]), p.tests))
        for p, m in left
    ]
    outcomes = argued
    for mutant, outcome in try_all(runner, tests, chosen, seconds=seconds):
        outcomes.append((packages[id(mutant)], mutant, outcome))
        if outcome != KILLED:
            old, new = mutant.lines
            place = f"{mutant.path.relative_to(PROJECT)}:{mutant.line}"
            print(f"{outcome}: {place} {mutant.operator}\n    - {old}\n    + {new}", flush=True)
    return outcomes


def report(outcomes: Sequence[tuple[Package, Mutant, str]]) -> float:
    """Print the score of each package, and return that of all, in percent."""
    print(f"\n{'package':<20}{'mutants':>9}{'argued':>9}{'killed':>9}{'left':>9}{'score':>9}")
    names = dict.fromkeys(package.name for package, _, _ in outcomes)
    score = 100.0
    for name in [*names, "all"]:
        counts = Counter(o for package, _, o in outcomes if name in {"all", package.name})
        of = counts.total() - counts[_ARGUED]
        score = 100 * counts[KILLED] / of if of else 100.0
        row = (counts.total(), counts[_ARGUED], counts[KILLED], of - counts[KILLED])
        print(f"{name:<20}" + "".join(f"{n:>9}" for n in row) + f"{score:>8.1f}%")
    return score


if __name__ == "__main__":
    sys.exit(main())
