"""What detection took columns for, held against what a careful person would accept."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from anon_dagster.detection.domains import Role

LETTERS: dict[Role, str] = {
    "direct_identifier": "D",
    "quasi_identifier": "Q",
    "sensitive": "S",
    "non_sensitive": "N",
    "weight": "W",
}


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a column of a table was taken for."""

    table: str
    column: str
    accepted: tuple[Role, ...]
    """What a careful person would accept."""
    role: Role
    domain: str

    @property
    def right(self) -> bool:
        """Whether the role is accepted."""
        return self.role in self.accepted

    @property
    def given_away(self) -> bool:
        """Whether it would be published as it is, and no careful person would do so."""
        return self.role == "non_sensitive" and not self.right

    @property
    def kind(self) -> str:
        """What was taken for what, for instance ``Q/S taken for N``."""
        own = "/".join(LETTERS[role] for role in self.accepted)
        return f"{own} taken for {LETTERS[self.role]}"


@dataclass(frozen=True, slots=True)
class RoleScore:
    """How well one role is told."""

    role: Role
    found: int
    """Columns of this role and no other that got it."""
    true: int
    """Columns of this role and no other."""
    accepted: int
    """Columns that got this role, which is accepted for them."""
    named: int
    """Columns that got this role."""

    def __str__(self) -> str:
        recall = _share(self.found, self.true)
        precision = _share(self.accepted, self.named)
        return f"{self.role:18} recall {recall}  precision {precision}"


def right_share(judgements: Sequence[Judgement]) -> float:
    """Return the share of columns whose role is accepted, 0 to 1."""
    return sum(judgement.right for judgement in judgements) / len(judgements)


def role_scores(judgements: Sequence[Judgement]) -> Iterator[RoleScore]:
    """Measure each role: its recall on columns without a second one, its precision on all."""
    for role in LETTERS:
        true = [j for j in judgements if j.accepted == (role,)]
        named = [j for j in judgements if j.role == role]
        yield RoleScore(
            role,
            sum(j.right for j in true),
            len(true),
            sum(j.right for j in named),
            len(named),
        )


def overprotected(judgements: Sequence[Judgement]) -> tuple[int, int]:
    """Count harmless columns that were taken for quasi-identifiers, and all harmless ones."""
    harmless = [j for j in judgements if j.accepted == ("non_sensitive",)]
    return sum(j.role == "quasi_identifier" for j in harmless), len(harmless)


def misses(judgements: Sequence[Judgement]) -> dict[str, list[Judgement]]:
    """Return the columns whose role is not accepted, by kind, those given away first."""
    kinds = defaultdict(list)
    for judgement in judgements:
        if not judgement.right:
            kinds[judgement.kind].append(judgement)
    return dict(sorted(kinds.items(), key=lambda item: (item[0][-1] != "N", -len(item[1]))))


def report(judgements: Sequence[Judgement], *, names: bool) -> Iterator[str]:
    """Put the figures into lines, and the misses by kind: which columns, or in which domains."""
    wrongly, harmless = overprotected(judgements)
    given_away = sum(judgement.given_away for judgement in judgements)
    yield f"right {right_share(judgements):.3f}, given away {given_away} of {len(judgements)}"
    for score in role_scores(judgements):
        yield f"  {score}"
    yield f"  harmless taken for quasi-identifiers: {_share(wrongly, harmless)}"
    for kind, missed in misses(judgements).items():
        if names:
            told = [f"{j.table}.{j.column} [{j.domain}]" for j in missed]
        else:
            domains = Counter(j.domain for j in missed)
            told = [f"{domain} {count}" for domain, count in domains.most_common()]
        yield f"  {kind}: {len(missed)}: {', '.join(told)}"


def _share(part: int, whole: int) -> str:
    share = f"{part / whole:.2f}" if whole else "none"
    return f"{share} ({part}/{whole})"
