"""All that is known of a column when its role is decided, and what the rules of roles ask of it."""

from dataclasses import dataclass

from anon_dagster.detection.classification import Verdict
from anon_dagster.detection.domains import Domain, Role
from anon_dagster.detection.evidence import percent
from anon_dagster.detection.headers import speaks
from anon_dagster.detection.name_words import Kind
from anon_dagster.detection.profile import Profile
from anon_dagster.detection.separation import ALONE, Separation
from anon_dagster.detection.table_view import TableView
from anon_dagster.discreet import Discreet

FEW = 12
"""Answers on a scale, at most."""
CERTAIN = 0.9
"""How far values, or a name, say so beyond doubt."""
FIRM = 0.7
"""How far values must say so to outweigh a name."""
_RARE, _RARE_NUMBERS = 0.2, 0.5
"""Share of records with a rare value from which texts, or numbers, single people out."""
_MANY = 50
"""Different texts that a plain category has at most."""

Answer = tuple[Role, str]
"""A role, and why."""


@dataclass(frozen=True, slots=True)
class Case(Discreet):
    """All that is known of a column when its role is decided."""

    verdict: Verdict
    domain: Domain
    profile: Profile
    measured: Separation
    table: TableView
    kinds: tuple[Kind, ...]
    """What its name speaks of, what weighs most first."""

    @property
    def rare(self) -> bool:
        """Whether so many records have a rare value that the column singles people out."""
        return self.measured.rare >= (_RARE_NUMBERS if self.profile.numeric else _RARE)

    @property
    def rarity(self) -> str:
        """How many records have a rare value, in words."""
        share = percent(self.measured.rare)
        return f"{share} of the records hold a value that fewer than {ALONE} share"

    @property
    def plain(self) -> bool:
        """Whether the values are so few, or so common, that they may be left as they are."""
        return not self.rare and (self.profile.numeric or self.profile.distinct <= _MANY)

    @property
    def firm(self) -> bool:
        """Whether the values themselves say what the column is."""
        return self.verdict.value_score >= FIRM

    @property
    def speaks(self) -> bool:
        """Whether its name has a word that could say something."""
        return speaks(self.profile.name)

    @property
    def harmless(self) -> bool:
        """Whether columns of its domain tell little of a person."""
        return self.domain.role == "non_sensitive"

    @property
    def treatment(self) -> bool:
        """Whether its name speaks of a treatment as an arm of an experiment, not as care."""
        assigned = bool(self.kinds) and self.kinds[0].name == "experiment"
        return assigned and not self.verdict.value_score and "care" not in self.table.topics

    def kind(self, *roles: Role) -> Kind | None:
        """Return what weighs most of what its name speaks of, of some roles."""
        return next((kind for kind in self.kinds if kind.role in roles), None)

    def speaks_of(self, name: str) -> Kind | None:
        """Return a kind if its name speaks of it."""
        return next((kind for kind in self.kinds if kind.name == name), None)
