"""Run the benchmarks of speed and memory, each in a process of its own, or those named.

Every other module in this folder whose name has no underscore in front is one, and so is every
folder that can be run; each runs alone with ``python -m benchmarks.NAME``. Those that measure how
good something is have a target of their own.
"""

import subprocess
import sys
from pathlib import Path

OF_QUALITY = {"detection", "real"}
"""``make bench-detection`` and ``make bench-real``."""


def main() -> None:
    """Run the benchmarks."""
    folder = Path(__file__).parent
    modules = {file.stem for file in folder.glob("*.py") if file.stem[0] != "_"}
    modules |= {file.parent.name for file in folder.glob("*/__main__.py")}
    names = sys.argv[1:] or sorted(modules - OF_QUALITY)
    failed = [name for name in names if _run(name, folder.parent)]
    if failed:
        sys.exit(f"failed: {', '.join(failed)}")


def _run(name: str, project: Path) -> int:
    print(f"\n=== {name} ===", flush=True)
    command = [sys.executable, "-m", f"benchmarks.{name}"]
    return subprocess.run(command, cwd=project, check=False).returncode  # noqa: S603 (our own)


if __name__ == "__main__":
    main()
