"""What a release says of itself: its version, and what changed."""

import re
from pathlib import Path

from packaging.version import Version

from release_check.failing import CheckFailedError

_HEADING = re.compile(r"^## (?:Unreleased|\[?(?P<version>\d[^\]\s]*)\]?.*)$", re.MULTILINE)


def check_changelog(changelog: str, version: str) -> str:
    """Hold a changelog against the version that is built.

    The newest heading is that of the version, or ``Unreleased``: then the version must be newer
    than every one that has a heading.

    Raises
    ------
    CheckFailedError
        If they disagree.
    """
    headings = [match["version"] for match in _HEADING.finditer(changelog)]
    if not headings:
        raise CheckFailedError("CHANGELOG.md has no heading of a version, nor Unreleased")
    released = [Version(heading) for heading in headings if heading is not None]
    if released != sorted(set(released), reverse=True) or None in headings[1:]:
        raise CheckFailedError("CHANGELOG.md does not have the newest version first")
    if headings[0] is not None:
        if released[0] != Version(version):
            raise CheckFailedError(f"CHANGELOG.md ends with {headings[0]}, built is {version}")
        return f"{version} is the newest of the changelog"
    if released and released[0] >= Version(version):
        raise CheckFailedError(
            f"CHANGELOG.md has unreleased changes, but {version} is no newer than its {released[0]}"
        )
    return f"{version} is yet to be released"


def version_of(wheel: Path) -> str:
    """Return the version in the name of a wheel."""
    return wheel.name.split("-")[1]
