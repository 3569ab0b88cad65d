"""Tools of others on a release: its metadata, the list of its parts, and known weaknesses."""

import json
import subprocess
from pathlib import Path
from typing import Any

from release_check.building import Built
from release_check.failing import CheckFailedError

NOT_CHECKED = "advisories cannot be reached, not checked"


def check_metadata(python: Path, built: Built) -> str:
    """Let twine check what an index would refuse.

    Raises
    ------
    CheckFailedError
        If it would.
    """
    words = ["check", "--strict", str(built.wheel), str(built.sdist)]
    done = _run(python.parent / "twine", *words)
    if done.returncode:
        raise CheckFailedError(f"the metadata is not valid: {done.stdout}")
    return "the metadata is valid"


def write_bill(python: Path, fresh: Path, target: Path) -> str:
    """Let CycloneDX list all parts of a fresh environment, in a form that is the same each time.

    Raises
    ------
    CheckFailedError
        If it cannot, or the list lacks the project itself.
    """
    words = ["environment", "--of", "JSON", "--output-reproducible", "-o", str(target)]
    done = _run(python.parent / "cyclonedx-py", *words, str(fresh))
    if done.returncode:
        raise CheckFailedError(f"no SBOM can be made: {done.stderr}")
    parts = json.loads(target.read_bytes())["components"]
    if "anon-dagster" not in {part["name"] for part in parts}:
        raise CheckFailedError("the SBOM lacks anon-dagster itself")
    return f"{target.name} lists {len(parts)} packages"


def audit(python: Path, fresh: Path) -> str:
    """Let pip-audit ask for known weaknesses of what a fresh environment has.

    Raises
    ------
    CheckFailedError
        If there are some.
    """
    (packages,) = fresh.parent.parent.glob("lib/python*/site-packages")
    words = ["--path", str(packages), "--format", "json", "--progress-spinner", "off"]
    done = _run(python.parent / "pip-audit", *words, "--timeout", "10")
    try:
        asked = json.loads(done.stdout)["dependencies"]
    except (ValueError, KeyError):
        return NOT_CHECKED
    return judged(asked)


def judged(packages: list[dict[str, Any]]) -> str:
    """Say what pip-audit found of each package.

    Raises
    ------
    CheckFailedError
        If some have a known weakness.
    """
    answered = [package for package in packages if "skip_reason" not in package]
    weak = [
        f"{p['name']} ({', '.join(v['id'] for v in p['vulns'])})" for p in answered if p["vulns"]
    ]
    if weak:
        raise CheckFailedError(f"{len(weak)} packages have known weaknesses: {'; '.join(weak)}")
    if not answered:
        return NOT_CHECKED
    return f"no known weakness of {len(answered)} packages, {len(packages) - len(answered)} unknown"


def _run(program: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([str(program), *words], capture_output=True, text=True, check=False)
