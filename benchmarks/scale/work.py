"""One piece of work in a process of its own; prints what it cost as JSON."""

import json
import resource
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq

from anon_dagster import anonymize
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


def main() -> None:
    """Do what the arguments say: the work, the source, the target, and options as JSON."""
    name, source, target, options = sys.argv[1:]
    begun = time.monotonic()
    if name == "job":
        seconds = job(Path(source), Path(target), **json.loads(options))
    else:
        seconds = {"bare": bare, "bare_text": bare_text}[name](Path(source), Path(target))
    used = resource.getrusage(resource.RUSAGE_SELF)
    told = {
        "phases": seconds,
        "cpu": sum(seconds.values()),
        "wall": time.monotonic() - begun,
        "peak_mb": used.ru_maxrss / 1024,
    }
    print(json.dumps(told))


if __name__ == "__main__":
    main()
