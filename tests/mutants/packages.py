"""What is mutated, and the tests that have to notice."""

from dataclasses import dataclass
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True)
class Package:
    """Some modules, and their own fast tests."""

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


PACKAGES = (
    Package(
        "core/audit",
        ("core/audit/*.py",),
        ("core/audit", "verification", "vectors/test_vectors.py"),
    ),
    Package("core/privacy", ("core/privacy/*.py",), ("core/privacy",)),
    Package("verification", ("verification/*.py",), ("verification", "vectors/test_vectors.py")),
    Package("releasing", ("releasing/*.py",), ("releasing",)),
    Package(
        "storage/targets",
        ("storage/targets/*.py", "storage/moving.py", "storage/globs.py"),
        ("storage/test_targets.py", "storage/test_s3.py", "storage/test_special_files.py"),
    ),
)
