"""Build a release and check it: ``make release-check``. What passes is left in ``dist/``."""

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from release_check.building import build_twice, digest
from release_check.contents import check_contents
from release_check.describing import check_changelog, version_of
from release_check.failing import CheckFailedError
from release_check.installing import install, try_out
from release_check.pinned import UnavailableError, environment
from release_check.tools import audit, check_metadata, write_bill

PROJECT = Path(__file__).resolve().parents[1]


def checks(work: Path) -> Iterator[str]:
    """Check one thing after the other, and say what came out."""
    built = build_twice(PROJECT, work)
    yield f"built from two folders, the same bytes: {digest(built.wheel)}  {built.wheel.name}"
    yield check_contents(PROJECT, built)
    version = version_of(built.wheel)
    yield check_changelog((PROJECT / "CHANGELOG.md").read_text(encoding="utf-8"), version)
    fresh = install(built.wheel, PROJECT / "requirements.lock", work / "fresh")
    yield try_out(fresh, version)
    tools = environment(Path(__file__).with_name("requirements.txt"))
    yield check_metadata(tools, built)
    bill = work / f"anon_dagster-{version}.cdx.json"
    yield write_bill(tools, fresh, bill)
    yield audit(tools, fresh)
    yield _kept(built.wheel, built.sdist, bill)


def _kept(*files: Path) -> str:
    folder = PROJECT / "dist"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    for file in files:
        shutil.copy2(file, folder)
    return f"{len(files)} files in {folder.name}/"


def main() -> int:
    """Print a line for each check; 1 if one fails."""
    with TemporaryDirectory(prefix="release-check-") as work:
        try:
            for line in checks(Path(work)):
                print(line, flush=True)
        except (CheckFailedError, UnavailableError) as error:
            print(f"release-check: {error}", file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
