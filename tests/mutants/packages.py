"""What is mutated, and the tests that have to notice."""

from dataclasses import dataclass
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True)
class Package:
    """Some modules, and the fast tests that are about them."""

    name: str
    modules: tuple[str, ...]
    """Patterns below the package of the project."""
    tests: tuple[str, ...]
    """Folders and files below the project's tests."""

    @property
    def paths(self) -> list[Path]:
        """The modules."""
        root = PROJECT / "anon_dagster"
        return sorted(path for pattern in self.modules for path in root.glob(pattern))


_OF_PEOPLE = (
    "operations/test_person_promises.py",
    "operations/test_persons.py",
    "operations/test_people.py",
    "operations/test_households.py",
    "operations/test_linked.py",
    "operations/test_weights.py",
    "operations/test_many_values.py",
    "operations/test_missing.py",
)
"""Tests of the library that let it meet persons, people of a population, and linked tables."""

PACKAGES = (
    Package(
        "core/audit",
        ("core/audit/*.py",),
        ("core/audit", "core/privacy", "verification", "vectors/test_vectors.py"),
    ),
    Package("core/privacy", ("core/privacy/*.py",), ("core/privacy",)),
    Package(
        "verification",
        ("verification/*.py",),
        ("verification", "vectors/test_vectors.py", *_OF_PEOPLE),
    ),
    Package(
        "releasing",
        ("releasing/*.py",),
        ("releasing", "operations/test_numbers.py", "approval/test_approval.py", *_OF_PEOPLE),
    ),
    Package(
        "storage/targets",
        ("storage/targets/*.py", "storage/moving.py", "storage/globs.py"),
        (
            "storage/test_targets.py",
            "storage/test_failing_targets.py",
            "storage/test_s3.py",
            "storage/test_special_files.py",
            "storage/test_sources.py",
            "storage/test_versions.py",
            "storage/test_delta_targets.py",
            "databases/test_targets.py",
            "databases/test_iceberg.py",
            "approval/test_approval.py",
        ),
    ),
)
