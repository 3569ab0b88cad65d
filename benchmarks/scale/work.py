"""One piece of work in a process of its own; prints what it cost as JSON."""

import json
import resource
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq

from anon_dagster import anonymize
from benchmarks._ending import end_when_told
from benchmarks.scale.rivals import count_by, tally_of
from benchmarks.scale.shares import shares
from benchmarks.scale.tables import request_for


def bare(source: Path, target: Path) -> dict[str, float]:
    """Read a file typed, as a whole, and write it again."""
    begun = time.process_time()
    if source.suffix == ".csv":
        pa.csv.write_csv(pa.csv.read_csv(str(source)), str(target))
    else:
        pq.write_table(pq.read_table(str(source)), str(target), compression="zstd")
    return {"bare": time.process_time() - begun}


def bare_text(source: Path, target: Path) -> dict[str, float]:
    """Read a CSV file as text, and write it again."""
    with source.open(encoding="utf-8") as lines:
        names = lines.readline().strip().replace('"', "").split(",")
    text = pa.csv.ConvertOptions(column_types=dict.fromkeys(names, pa.string()))
    begun = time.process_time()
    pa.csv.write_csv(pa.csv.read_csv(str(source), convert_options=text), str(target))
    return {"bare": time.process_time() - begun}


class Phases:
    """Adds up the CPU seconds of each phase of a job, by its progress."""

    def __init__(self) -> None:
        """Begin with the opening of the source."""
        self.seconds: dict[str, float] = {}
        self._phase, self._begun = "open", time.process_time()

    def enter(self, phase: str) -> None:
        """Let another phase begin, if it is another one."""
        if phase == self._phase:
            return
        now = time.process_time()
        self.seconds[self._phase] = self.seconds.get(self._phase, 0.0) + now - self._begun
        self._phase, self._begun = phase, now


def job(source: Path, target: Path, kind: str, policy: Mapping[str, Any]) -> dict[str, float]:
    """Anonymize a table, and measure what a report shows of it."""
    phases = Phases()
    result = anonymize(
        request_for(kind, source, target, policy),
        on_progress=lambda progress: phases.enter(progress.phase),
    )
    phases.enter("statistics")
    assert result.release.verification.holds
    assert len(result.risk)
    assert len(result.utility)
    assert len(result.exploratory.summary)
    phases.enter("end")
    return phases.seconds


def measured_shares(
    source: Path, target: Path, kind: str, policy: Mapping[str, Any]
) -> dict[str, Any]:
    """Measure what the phases of a job are made of; tell what was counted, to be compared."""
    found, counted = shares(source, target, kind, policy)
    return {
        "shares": found,
        "attributes": counted.attributes,
        "tally": asdict(tally_of(counted)),
    }


def rival(source: Path, target: Path, name: str, attributes: Sequence[str]) -> dict[str, Any]:
    """Let a database count a table, and tell what it found."""
    del target
    seconds, version, tally = count_by(name, source, attributes)
    return {"cpu": seconds, "version": version, "tally": asdict(tally)}


def timed(seconds: Mapping[str, float]) -> dict[str, Any]:
    """Tell the phases of some work, and their sum."""
    return {"phases": seconds, "cpu": sum(seconds.values())}


_WORK: Mapping[str, Callable[..., dict[str, Any]]] = {
    "bare": lambda *paths: timed(bare(*paths)),
    "bare_text": lambda *paths: timed(bare_text(*paths)),
    "job": lambda *paths, **options: timed(job(*paths, **options)),
    "shares": measured_shares,
    "rival": rival,
}


def main() -> None:
    """Do what the arguments say: the work, the source, the target, and options as JSON."""
    end_when_told()
    name, source, target, options = sys.argv[1:]
    begun = time.monotonic()
    told = _WORK[name](Path(source), Path(target), **json.loads(options))
    told |= {
        "wall": time.monotonic() - begun,
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }
    print(json.dumps(told))


if __name__ == "__main__":
    main()
