"""The check of a release finds what it is there to find."""

import re
from pathlib import Path
from typing import Any

import pytest

from release_check.building import require_same
from release_check.contents import check_sdist, check_wheel
from release_check.describing import check_changelog
from release_check.failing import CheckFailedError
from release_check.installing import versions_in
from release_check.pinned import UnavailableError, make
from release_check.tools import NOT_CHECKED, judged

PACKAGE = {"anon_dagster/__init__.py", "anon_dagster/py.typed", "anon_dagster/facts/words.yaml"}
INFO = "anon_dagster-0.1.0.dist-info"
WHEEL = PACKAGE | {
    f"{INFO}/{name}" for name in ("METADATA", "RECORD", "entry_points.txt", "licenses/LICENSE")
}
SDIST = PACKAGE | {
    *("CHANGELOG.md", "LICENSE", "PKG-INFO", "README.md", "SECURITY.md"),
    *("pyproject.toml", ".gitignore", "docs/risk.md"),
}


def test_a_wheel_and_an_sdist_that_are_right_pass() -> None:
    check_wheel(WHEEL, PACKAGE)
    check_sdist(SDIST, PACKAGE)


@pytest.mark.parametrize("missing", sorted(PACKAGE | {f"{INFO}/licenses/LICENSE"}))
def test_what_a_wheel_lacks_is_found(missing: str) -> None:
    with pytest.raises(CheckFailedError, match=r"the wheel (lacks|has no)"):
        check_wheel(WHEEL - {missing}, PACKAGE)


@pytest.mark.parametrize(
    "stray", ["tests/test_x.py", "anon_dagster/scratch.py", "data/patients/patients.csv", ".env"]
)
def test_what_has_no_place_in_a_release_is_found(stray: str) -> None:
    with pytest.raises(CheckFailedError, match=f"such as {stray}"):
        check_wheel(WHEEL | {stray}, PACKAGE)
    with pytest.raises(CheckFailedError, match=f"such as {stray}"):
        check_sdist(SDIST | {stray}, PACKAGE)


@pytest.mark.parametrize("missing", sorted(SDIST - {"docs/risk.md"}))
def test_what_an_sdist_lacks_is_found(missing: str) -> None:
    with pytest.raises(CheckFailedError, match="the sdist lacks 1 files"):
        check_sdist(SDIST - {missing}, PACKAGE)


def test_two_builds_that_differ_are_found(tmp_path: Path) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    one.write_bytes(b"a")
    other.write_bytes(b"a")
    require_same("the wheel", one, other, "twice")
    other.write_bytes(b"b")
    with pytest.raises(CheckFailedError, match="the wheel differs, built twice"):
        require_same("the wheel", one, other, "twice")


@pytest.mark.parametrize(
    ("changelog", "version"),
    [
        ("## Unreleased\n", "0.1.0"),
        ("## Unreleased\n\n## 0.1.0 (2026-01-02)\n", "0.2.0"),
        ("## [0.2.0] - 2026-01-02\n\n## [0.1.0] - 2025-01-02\n", "0.2.0"),
        ("## 0.10.0\n## 0.9.0\n", "0.10.0"),
    ],
)
def test_a_version_that_the_changelog_tells_passes(changelog: str, version: str) -> None:
    assert version in check_changelog(changelog, version)


@pytest.mark.parametrize(
    ("changelog", "version", "said"),
    [
        ("# Changelog\n", "0.1.0", "no heading"),
        ("## Unreleased\n## 0.1.0\n", "0.1.0", "no newer"),
        ("## 0.1.0\n", "0.2.0", "built is 0.2.0"),
        ("## 0.2.0\n## 0.1.0\n", "0.1.0", "built is 0.1.0"),
        ("## 0.1.0\n## 0.2.0\n", "0.2.0", "newest version first"),
        ("## 0.2.0\n## Unreleased\n", "0.2.0", "newest version first"),
    ],
)
def test_a_version_that_the_changelog_does_not_tell_is_found(
    changelog: str, version: str, said: str
) -> None:
    with pytest.raises(CheckFailedError, match=said):
        check_changelog(changelog, version)


def package(name: str, *weaknesses: str) -> dict[str, Any]:
    return {"name": name, "version": "1", "vulns": [{"id": each} for each in weaknesses]}


def test_a_known_weakness_stops_a_release() -> None:
    with pytest.raises(CheckFailedError, match=r"1 packages have known weaknesses: b \(X-1, X-2\)"):
        judged([package("a"), package("b", "X-1", "X-2")])


def test_silence_about_weaknesses_is_not_taken_for_none() -> None:
    unknown = {"name": "a", "skip_reason": "not found"}
    assert judged([unknown, unknown]) == NOT_CHECKED
    assert judged([]) == NOT_CHECKED
    assert judged([package("a"), unknown]) == "no known weakness of 1 packages, 1 unknown"


def test_the_versions_of_a_lock_are_constraints_with_their_markers() -> None:
    lock = (
        'a==1.0 \\\n    --hash=sha256:00\nb==2 ; sys_platform == "win32" \\\n    --hash=sha256:1\n'
    )
    assert versions_in(lock) == 'a==1.0\nb==2 ; sys_platform == "win32"\n'


def test_an_environment_that_cannot_be_had_is_left_in_no_half(tmp_path: Path) -> None:
    home = tmp_path / "tools"
    with pytest.raises(UnavailableError, match="tools cannot be installed"):
        make(home, "--no-index", "no-such-package-anywhere")
    assert not home.exists()


@pytest.mark.parametrize("folder", ["release_check", "tests/jury"])
def test_tools_of_others_are_pinned_by_hash(folder: str, project_folder: Path) -> None:
    pins = (project_folder / folder / "requirements.txt").read_text(encoding="utf-8")
    entries = re.split(r"^(?=[\w.-]+==)", pins, flags=re.MULTILINE)[1:]
    assert entries
    assert all("--hash=sha256:" in entry for entry in entries)
    assert "://" not in pins
    asked = (project_folder / folder / "requirements.in").read_text(encoding="utf-8").split()
    assert all(re.search(rf"^{name}==", pins, flags=re.MULTILINE) for name in asked)
