"""A vector as it is stored: what vectors/README.md says of its format."""

import csv
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from anon_dagster.errors import SourceError

BESIDE_THE_PACKAGE = Path(__file__).parent.parent.parent / "vectors" / "data"


@dataclass(frozen=True, slots=True)
class StoredVector:
    """A table and what is promised of it, with the right answers."""

    path: Path
    document: Mapping[str, Any]

    @property
    def name(self) -> str:
        """What the vector is called."""
        return str(self.document["name"])

    @property
    def table(self) -> Path:
        """Where its table is."""
        return self.path.parent / str(self.document["table"])

    @property
    def population(self) -> Path | None:
        """Where the table of its population is, if it has one."""
        name = self.document.get("population")
        return None if name is None else self.path.parent / str(name)

    @property
    def header(self) -> list[str]:
        """The columns of its table."""
        return self._lines()[0]

    @property
    def rows(self) -> list[list[str]]:
        """The cells of its table."""
        return self._lines()[1:]

    def _lines(self) -> list[list[str]]:
        with self.table.open(encoding="utf-8", newline="") as file:
            return list(csv.reader(file))

    @property
    def promises(self) -> list[Mapping[str, Any]]:
        """What is promised."""
        return list(self.document["promises"])

    def models(self) -> list[str]:
        """Return the model of each promise, in words."""
        whose = ", persons" if "person" in self.document else ""
        return [model_of(promise) + whose for promise in self.promises]

    @property
    def answers(self) -> list[bool]:
        """Whether each promise holds, in truth."""
        return [bool(promise["holds"]) for promise in self.promises]


def model_of(promise: Mapping[str, Any]) -> str:
    """Return a promise's model with its kind."""
    kinds = ("variant", "distance", "estimator")
    kind = " ".join(str(promise[key]) for key in kinds if key in promise)
    return f"{promise['model']} {kind}".strip()


def stored_vectors(folder: Path) -> Iterator[StoredVector]:
    """Read all vectors of a folder, in the order of their names.

    Raises
    ------
    SourceError
        If there are none.
    """
    paths = sorted(folder.rglob("*.json"))
    if not paths:
        raise SourceError(
            f"there are no vectors in {folder}; name the folder of the project's vectors/data"
        )
    for path in paths:
        yield StoredVector(path, json.loads(path.read_text(encoding="utf-8")))
