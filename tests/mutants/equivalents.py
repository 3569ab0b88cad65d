"""Mutants that no test can notice, each with the reason."""

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass

from tests.mutants.generation import Mutant
from tests.mutants.packages import PROJECT

FILE = PROJECT / "tests" / "mutants" / "equivalents.toml"


@dataclass(frozen=True, slots=True)
class Equivalents:
    """Changes that change nothing: anywhere, or of a line of a module."""

    anywhere: Sequence[tuple[str, str]]
    lines: frozenset[tuple[str, str, str]]

    @classmethod
    def read(cls) -> "Equivalents":
        """Read what is argued."""
        document = tomllib.loads(FILE.read_text(encoding="utf-8"))
        anywhere, lines = document["anywhere"], document["line"]
        assert all(entry["why"] for entry in [*anywhere, *lines]), "an argument is a reason"
        return cls(
            [(entry["was"], new) for entry in anywhere for new in entry["is"]],
            frozenset((e["module"], e["was"], new) for e in lines for new in e["is"]),
        )

    def __contains__(self, mutant: Mutant) -> bool:
        """Tell whether a mutant is argued."""
        old, new = mutant.lines
        if any(new in _replaced_once(old, was, now) for was, now in self.anywhere):
            return True
        module = mutant.path.relative_to(PROJECT / "anon_dagster").as_posix()
        return (module, old, new) in self.lines


def _replaced_once(line: str, was: str, now: str) -> set[str]:
    """Return a line with a text replaced in any one of its places."""
    pieces = line.split(was)
    return {
        was.join(pieces[:place]) + now + was.join(pieces[place:]) for place in range(1, len(pieces))
    }
