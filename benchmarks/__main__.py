"""Run the benchmarks of speed and memory, each in a process of its own, or those named.

Every other module in this folder whose name has no underscore in front is one, and so is every
folder that can be run; each runs alone with ``python -m benchmarks.NAME``. Those that take long, or
measure how good something is, have a target of their own.
"""

import sys
from pathlib import Path

from benchmarks._ending import end_when_told, run

BY_THEMSELVES = {"detection", "real", "scale"}
"""``make bench-detection``, ``make bench-real`` and ``make bench-scale``."""


def main() -> None:
    """Run the benchmarks."""
    end_when_told()
    folder = Path(__file__).parent
    modules = {file.stem for file in folder.glob("*.py") if file.stem[0] != "_"}
    modules |= {file.parent.name for file in folder.glob("*/__main__.py")}
    names = sys.argv[1:] or sorted(modules - BY_THEMSELVES)
    failed = [name for name in names if _run(name, folder.parent)]
    if failed:
        sys.exit(f"failed: {', '.join(failed)}")


def _run(name: str, project: Path) -> int:
    print(f"\n=== {name} ===", flush=True)
    return run([sys.executable, "-m", f"benchmarks.{name}"], cwd=project).returncode


if __name__ == "__main__":
    main()
