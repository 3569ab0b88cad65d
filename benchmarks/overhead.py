"""What the main job costs beyond Dagster itself: its CPU against an empty job of five assets.

Aim: at most 5 s of CPU more, for 10,000 records.
"""

import resource
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks._ending import end_when_told, run

PROJECT = Path(__file__).parents[1]
EMPTY = """
from pathlib import Path
import dagster as dg
names = [f"asset_{n}" for n in range(5)]
def empty(name, before):
    @dg.asset(name=name, deps=[before] if before else [])
    def nothing() -> None: ...
    return nothing
assets = [empty(name, before) for name, before in zip(names, [None, *names])]
defs = dg.Definitions(
    assets, jobs=[dg.define_asset_job("job")], executor=dg.in_process_executor
)
quiet = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
with dg.DagsterInstance.from_config(str(Path.cwd())) as instance:
    job = defs.resolve_job_def("job")
    assert job.execute_in_process(instance=instance, run_config=quiet).success
"""


def cpu_seconds(folder: Path, *command: str) -> float:
    """Run Python and return the CPU time of it and of all that it started."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    run([sys.executable, *command], cwd=folder, stdout=subprocess.DEVNULL).check_returncode()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> None:
    """Measure both, each once to warm up and three times in earnest."""
    end_when_told()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        shutil.copy(PROJECT / "dagster.yaml", folder)
        shutil.copytree(PROJECT / "data", folder / "data")
        times = {
            label: min(cpu_seconds(folder, *command) for _ in range(4))
            for label, command in {
                "five empty assets": ("-c", EMPTY),
                "the demo, 10,000 records": ("-m", "anon_dagster.demos.patients"),
            }.items()
        }
    for label, seconds in times.items():
        print(f"{label:<26} {seconds:6.2f} s CPU")
    empty, demo = times.values()
    print(f"{'difference':<26} {demo - empty:6.2f} s CPU (aim: at most 5)")


if __name__ == "__main__":
    main()
