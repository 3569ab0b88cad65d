"""A job keeps to the memory that it is given."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

_JOB = """
import resource, sys
import numpy as np, pyarrow as pa, pyarrow.parquet as pq
from anon_dagster import anonymize

folder, records, room = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
dice = np.random.default_rng(0)
names = {f"q{n}": dice.integers(0, 40, records) for n in range(5)}
ids = pa.array(np.char.add("P", np.arange(records).astype(str)))
pq.write_table(pa.table(names | {"id": ids, "note": ids}), f"{folder}/in.parquet",
               row_group_size=100_000)
del names, ids
pa.default_memory_pool().release_unused()
with open("/proc/self/statm") as sizes:
    used = int(sizes.read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (used + room, used + room))
quasi = {"role": "quasi_identifier", "hierarchy": {"type": "interval", "widths": [5, 10, 20]}}
attributes = {f"q{n}": quasi for n in range(5)}
attributes |= {"id": {"role": "direct_identifier"}, "note": {"role": "non_sensitive"}}
residual = dict.fromkeys(("given_back", "alone", "outcome_in_pattern", "intruder"), "ignore")
result = anonymize({
    "source": {"path": f"{folder}/in.parquet"},
    "target": {"path": f"{folder}/out.parquet"},
    "policy": {"attributes": attributes, "privacy": {"k_anonymity": {"k": 5}},
               "suppression_limit": 0.05, "residual": residual},
})
assert result.release.verification.holds
print(result.release.count.records)
"""
_ROOM = 700 * 2**20


@pytest.mark.slow
@pytest.mark.skipif(
    sys.platform != "linux", reason="only Linux keeps a process to an address space"
)
def test_a_job_ends_well_in_a_small_address_space(tmp_path: Path) -> None:
    records = 1_500_000
    told = subprocess.run(
        [sys.executable, "-c", _JOB, str(tmp_path), str(records), str(_ROOM)],
        env=os.environ
        | {
            "ANON_ENGINE": "{type: local, threads: 1, memory: 64MiB}",
            "ARROW_DEFAULT_MEMORY_POOL": "system",
            "TMPDIR": str(tmp_path),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert told.returncode == 0, told.stderr[-2_000:]
    assert int(told.stdout) <= records
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.parquet", "out.parquet"]
