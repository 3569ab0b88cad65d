"""A year of files that add up to one release: who waits, what is lost, what it costs, who is safe.

200,000 people come in 365 files. Their places and illnesses drift, some files are late, some are
sent again, and every month some people are erased. The deltas are read as anybody would read them,
and plain pandas counts whom an attacker could narrow down who knows a person's quasi-identifiers,
and in which delta the person is. ``--files N`` lets fewer files come.
"""

import argparse
import os
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from statistics import mean, median
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from anon_dagster.continuous import Kind, Line, Stream, append_file, audit, erase
from anon_dagster.operations.anonymize import anonymize
from anon_dagster.request import parse_request
from benchmarks._ending import end_when_told

PEOPLE, FILES, FIRST = 200_000, 365, 20_000
"""So many people, in so many files, the first of which has so many."""
K, L = 5, 2
ILLNESSES, PLACES = 10, 40
DAY = 86_400.0
_LABELS = ["age", "place", "sex"]
_RECODINGS = ("global", "local")


def main() -> None:
    """Print a block for each recoding."""
    asked = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    asked.add_argument("--files", type=int, default=FILES, help="how many files come")
    asked.add_argument("--recoding", choices=_RECODINGS, nargs="+", default=_RECODINGS)
    given = asked.parse_args()
    for recoding in given.recoding:
        with tempfile.TemporaryDirectory() as folder:
            print(_told(_Year(Path(folder), recoding, given.files)), flush=True)


@dataclass
class _Year:
    """A stream while its files come."""

    folder: Path
    recoding: str
    files: int
    lines: list[Line] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    frames: list[pd.DataFrame] = field(default_factory=list)
    erased: int = 0
    taken_back: list[pd.DataFrame] = field(default_factory=list)
    """What disappeared from deltas at each erasure."""

    @property
    def policy(self) -> dict[str, Any]:
        """What is promised."""
        ages = {"type": "interval", "widths": [5, 10, 20, 40]}
        return {
            "attributes": {
                "id": {"role": "direct_identifier"},
                "age": {"role": "quasi_identifier", "hierarchy": ages},
                "place": {"role": "quasi_identifier", "hierarchy": {"type": "mask"}},
                "sex": {"role": "quasi_identifier"},
                "illness": {"role": "sensitive"},
            },
            "person": "id",
            "recoding": self.recoding,
            "suppression_limit": 0.02,
            "privacy": {
                "k_anonymity": {"k": K},
                "l_diversity": {"attribute": "illness", "l": L},
            },
        }

    @property
    def stream(self) -> Stream:
        """What is asked of it."""
        target = {"path": f"{self.folder}/out/{{delta}}.parquet"}
        arrivals = {"mode": "append", "target": target, "wait_at_most": "60d"}
        source = {"path": f"{self.folder}/in/*.parquet"}
        document = {"source": source, "arrivals": arrivals, "policy": self.policy}
        return Stream("year", parse_request(document), self.folder / ".anon")

    def run(self) -> None:
        """Let all files come."""
        (self.folder / "in").mkdir()
        for number, frame in enumerate(days(self.files)):
            path = self.folder / "in" / f"{number:03d}.parquet"
            frame.to_parquet(path, index=False)
            when = 1.7e9 + number * DAY - (9 * DAY if number % 23 == 22 else 0.0)  # some are late
            os.utime(path, (when, when))
            begun = time.process_time()
            self.lines.append(append_file(self.stream, str(path)))
            self.seconds.append(time.process_time() - begun)
            self.frames.append(frame)
            if number % 50 == 49:
                again = self.folder / "in" / f"{number:03d}-again.parquet"
                again.write_bytes(path.read_bytes())
                assert append_file(self.stream, str(again)).kind is Kind.SET_ASIDE
            if number % 30 == 29:
                self._erase(number)

    def _erase(self, number: int) -> None:
        draw = np.random.default_rng(number)
        known = pd.concat(self.frames)["id"]
        before = self.deltas()
        keys = draw.choice(known.to_numpy(), 5, replace=False)
        erase(self.stream, pa.table({"id": keys}))
        self.erased += len(keys)
        after = self.deltas()
        for name, own in before.items():
            if name not in after or len(after[name]) < len(own):
                left = after.get(name, own.head(0))
                self.taken_back.append(_difference(own, left))

    def deltas(self) -> dict[int, pd.DataFrame]:
        """Read the deltas as they lie there."""
        stored = (delta for delta in self.stream.ledger.deltas() if delta.target)
        return {delta.number: pd.read_parquet(delta.target).astype(str) for delta in stored}


def days(files: int) -> Iterator[pd.DataFrame]:
    """Draw the files of a year: places and illnesses drift."""
    draw, first = np.random.default_rng(7), 0
    rest = (PEOPLE - FIRST) // max(FILES - 1, 1)
    for number in range(files):
        size = FIRST if number == 0 else int(draw.poisson(rest))
        moved = number / FILES
        places = np.minimum(draw.exponential(PLACES / 5, size), PLACES - 1)
        illness = (draw.zipf(1.6 + 0.4 * moved, size) - 1 + int(3 * moved)) % ILLNESSES
        yield pd.DataFrame(
            {
                "id": np.arange(first, first + size),
                "age": np.clip(draw.gamma(6, 8, size).astype(int), 0, 99),
                "place": (1_000 + (places + 10 * moved).astype(int) % PLACES).astype(str),
                "sex": draw.choice(["f", "m"], size),
                "illness": np.char.add("x", illness.astype(str)),
            }
        )
        first += size


def _difference(one: pd.DataFrame, other: pd.DataFrame) -> pd.DataFrame:
    """Return the records of a table that another one lacks, as often as it does."""
    names = list(one.columns)
    counts = one.value_counts(names).sub(other.value_counts(names), fill_value=0)
    left = counts[counts > 0].astype(int).rename("records").reset_index()
    return left.loc[left.index.repeat(left["records"]), names]


# -- what came of it -----------------------------------------------------------------------


def _told(year: _Year) -> str:
    year.run()
    read = sum(line.read for line in year.lines)
    last = year.stream.last
    expired = sum(line.expired for line in year.lines)
    deltas = year.deltas()
    whole = pd.concat(deltas.values())
    records = pd.concat(year.frames)
    at_once = anonymize({"policy": {**year.policy}}, frame=records.astype({"age": int}))
    assert at_once.df is not None
    lost = _loss(whole, records, read)
    lost_at_once = _loss(at_once.df.astype(str), records, read)
    tenth = max(len(year.seconds) // 10, 1)
    first, final = median(year.seconds[1 : tenth + 1]), median(year.seconds[-tenth:])
    found = audit(year.stream)
    few = sum(_narrowed(delta) for delta in deltas.values())
    few_of_blocks = sum(_narrowed(block) for block in year.taken_back)
    versions = sorted({line.version for line in year.lines})
    lines = (
        f"{year.recoding}: {len(year.lines):,} files, {read:,} records, versions {versions}",
        f"  waiting at the end   {last.waiting / read:7.2%}   expired {expired / read:.2%}",
        f"  delay                {_delay(year):7.2f}   files on average",
        f"  loss                 {lost:7.3f}   at once {lost_at_once:.3f}",
        f"  CPU seconds a file   {mean(year.seconds[1:]):7.3f}   {first:.3f} to {final:.3f}",
        f"  erased               {year.erased:7,}   {len(year.taken_back)} deltas written anew",
        f"  below {K} candidates or {L} values: {few:,} of {len(whole):,} people in deltas",
        f"    and {few_of_blocks:,} of those taken back",
        f"  audit: {'every claim holds' if found.holds else found}",
    )
    return "\n".join(lines)


def _narrowed(table: pd.DataFrame) -> int:
    """Count the records whose class has fewer than k of them, or fewer than l values."""
    classes = table.groupby(_LABELS)["illness"]
    return int(((classes.transform("size") < K) | (classes.transform("nunique") < L)).sum())


def _loss(released: pd.DataFrame, records: pd.DataFrame, read: int) -> float:
    """Return how much of the domains the labels cover on average; who is not released counts 1."""
    shares = pd.DataFrame({name: _covered(released[name], records[name]) for name in _LABELS})
    return float((shares.mean(axis=1).sum() + (read - len(released))) / read)


def _covered(labels: pd.Series, values: pd.Series) -> pd.Series:
    """Return which share of the other values each label covers, (records,)."""
    domain = sorted(values.astype(str).unique())
    steps = max(len(domain) - 1, 1)
    return labels.map({label: (_values_in(label, domain) - 1) / steps for label in labels.unique()})


def _values_in(label: str, domain: list[str]) -> int:
    if label == "*":
        return len(domain)
    if "*" in label:
        return sum(value.startswith(label.rstrip("*")) for value in domain)
    low, dash, high = label.partition("-")
    if dash:
        return max(sum(int(low) <= int(value) <= int(high) for value in domain), 1)
    return 1


def _delay(year: _Year) -> float:
    """Return how many files later people were released than they came, on average."""
    waited = sum(line.waiting for line in year.lines)
    released = sum(line.released for line in year.lines)
    return waited / max(released, 1)


if __name__ == "__main__":
    end_when_told()
    main()
