"""From what a column is, and how far it singles people out, to its role.

The rules stand in :data:`RULES`, in the order in which they are asked; the first that knows an
answer gives it. Who takes a harmless column for one that is not loses some detail; who errs the
other way loses a secret. So doubt protects.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from anon_dagster.detection.classification import Verdict
from anon_dagster.detection.domains import Domain, Role
from anon_dagster.detection.evidence import percent
from anon_dagster.detection.headers import speaks
from anon_dagster.detection.name_words import Kind, explained, kinds_of
from anon_dagster.detection.profile import Profile
from anon_dagster.detection.separation import ALONE, Separation
from anon_dagster.detection.table_view import ALONE as BY_ITSELF
from anon_dagster.detection.table_view import TableView
from anon_dagster.detection.words import tokens
from anon_dagster.facts.vocabulary import words

_RARE, _RARE_NUMBERS = 0.2, 0.5
"""Share of records with a rare value from which texts, or numbers, single people out."""
_MANY = 50
"""Different texts that a plain category has at most."""
_FEW = 12
"""Answers on a scale, at most."""
_PERSONS = 20
"""Different numbers that stand for persons, at least."""
_STATES = 10
"""Marks of what became of a person, at most."""
_LETTERS = 3
"""Letters that stand for what became of a person, at most: ``A`` and ``D``."""
_FEWEST_COUNTS = 4
_CERTAIN, _FIRM = 0.9, 0.7
_NEARLY_ALL = 0.95

UNKNOWN = "nothing tells what it means, so it may be known to others"
"""The reason of a column that is protected for want of a better one."""

Answer = tuple[Role, str]
"""A role, and why."""


@dataclass(frozen=True, slots=True)
class Case:
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
    def plain(self) -> bool:
        """Whether the column has so few values, or so common ones, that it may be left as it is."""
        return not self.rare and (self.profile.numeric or self.profile.distinct <= _MANY)

    @property
    def firm(self) -> bool:
        """Whether the values themselves say what the column is."""
        return self.verdict.value_score >= _FIRM

    def kind(self, *roles: Role) -> Kind | None:
        """Return what weighs most of what its name speaks of, of some roles."""
        return next((kind for kind in self.kinds if kind.role in roles), None)


def assign_role(
    verdict: Verdict,
    domain: Domain,
    profile: Profile,
    measured: Separation,
    table: TableView = BY_ITSELF,
) -> Answer:
    """Return the role of a column, and why."""
    kinds = tuple(k for k in kinds_of(profile.name) if k.topic is None or k.topic in table.topics)
    case = Case(verdict, domain, profile, measured, table, kinds)
    return next(answer for rule in RULES if (answer := rule(case)) is not None)


# -- the rules -----------------------------------------------------------------------------


def _identifies(case: Case) -> Answer | None:
    """Names, contacts, numbers of states, keys, free text; and texts that differ in each record."""
    profile = case.profile
    answers = 1 < profile.distinct <= _FEW < profile.present
    if case.domain.role == "direct_identifier" and (case.verdict.value_score or not answers):
        return "direct_identifier", "names or reaches a person by itself"
    share = profile.distinct_share
    unlike = not profile.numeric and share >= _NEARLY_ALL and profile.present >= _PERSONS
    if unlike and (case.domain.role is None or (_harmless(case) and not case.firm)):
        return "direct_identifier", f"{percent(share)} of the values differ"
    return None


def _harmless(case: Case) -> bool:
    return case.domain.role == "non_sensitive"


def _constant(case: Case) -> Answer | None:
    if case.verdict.domain == "constant" and case.verdict.value_score > _CERTAIN:
        return "non_sensitive", "the same in all records"
    return None


def _harmless_by_values(case: Case) -> Answer | None:
    """Judge times of day, currencies and answers on a scale, where the values say so firmly."""
    if not _harmless(case) or not case.firm:
        return None
    private = case.kind("sensitive") is not None
    known = case.kind("quasi_identifier") is not None
    name = case.verdict.domain
    agreed = name == "rating" and (case.profile.numeric or case.profile.share(_AGREEMENT.match))
    if name == "rating" and not agreed and speaks(case.profile.name):
        return None
    if name in _TOLD_BY_VALUES or (agreed and not private) or not (private or known):
        return ("non_sensitive", _REASONS["non_sensitive"]) if name not in _TOLD_BY_DATA else None
    return None


_AGREEMENT = re.compile(
    r".*(agree|satisf|recommend|likely|stimm|zufrieden|acuerdo|accord|soddisf|concord|eens|tevreden)",
    re.IGNORECASE,
)
"""What answers hold that say how far somebody agrees, or is content."""
_TOLD_BY_VALUES = frozenset({"time", "weekday", "currency", "bic"})
_TOLD_BY_DATA = frozenset({"amount", "constant"})


def _part_of_a_date(case: Case) -> Answer | None:
    others = case.table.parts.get(case.profile.name)
    if others is None:
        return None
    return "quasi_identifier", f"a part of a date, with {' and '.join(others)}"


def _numbers_a_person(case: Case) -> Answer | None:
    """Judge numbers of persons, which repeat where persons have several records."""
    profile = case.profile
    coded = profile.span.whole if profile.numeric else profile.mean_words < 2
    if profile.name in case.table.persons:
        return "direct_identifier", "it stands for a person: sex or origin never differ within it"
    if not coded or profile.distinct <= _PERSONS or case.verdict.domain in _NO_NUMBERS:
        return None
    if case.kinds and all(kind.name in {"person", "family", "life"} for kind in case.kinds):
        if any(kind.name == "person" for kind in case.kinds):
            return "direct_identifier", "its name says that it numbers persons"
    return None


_NO_NUMBERS = frozenset({"date", "date_of_birth", "timestamp", "year", "age", "amount", "income"})


def _known_by_values(case: Case) -> Answer | None:
    """Judge what the values say firmly and others know: ages, sexes, places."""
    named = case.verdict.name_score or case.verdict.value_score >= _CERTAIN
    contradicted = not named and case.kind("sensitive") is not None
    if case.domain.role == "quasi_identifier" and case.firm and not contradicted:
        return "quasi_identifier", _REASONS["quasi_identifier"]
    return None


def _private(case: Case) -> Answer | None:
    """Judge what is a person's own affair, by name or by domain."""
    kind = case.kind("sensitive")
    if kind is not None:
        return "sensitive", kind.reason
    if case.domain.role == "sensitive" and not _arm(case):
        return "sensitive", _REASONS["sensitive"]
    return None


def _arm(case: Case) -> bool:
    """Tell whether a treatment is an arm of an experiment: the table holds nothing of health."""
    assigned = bool(case.kinds) and case.kinds[0].name == "experiment"
    return assigned and not case.verdict.value_score and "care" not in case.table.topics


def _status(case: Case) -> Answer | None:
    """Judge marks and words of what became of a person: dead, paid, in a column ``status``."""
    profile = case.profile
    spoken = not profile.numeric and profile.within(words("outcome")) > _CERTAIN
    named = tokens(profile.name)[-1:] == tokens("status") and not case.kinds
    few = 1 < profile.distinct <= _STATES
    counted = profile.numeric and profile.span.whole and profile.span.most < _STATES
    marks = counted or (profile.distinct <= _LETTERS and max(profile.lengths) <= 2)
    if few and ((named and (spoken or marks)) or (spoken and not case.firm)):
        return "sensitive", "what became of a person, as its values or its name say"
    return None


def _battery(case: Case) -> Answer | None:
    if case.profile.name not in case.table.batteries:
        return None
    count = case.table.batteries[case.profile.name]
    return "sensitive", f"one of {count} answers on the same scale, which are a person's own"


def _money(case: Case) -> Answer | None:
    if case.verdict.domain != "amount":
        return None
    thing = next((kind for kind in case.kinds if kind.name == "thing"), None)
    if thing is None:
        known = case.kind("quasi_identifier", "direct_identifier")
        if known is not None and not case.verdict.name_score and not case.firm:
            return None
        return "sensitive", "sums of money; whether they are private is for a person to say"
    if case.rare:
        return "quasi_identifier", _rarity(case)
    return "non_sensitive", thing.reason


def _offered(case: Case) -> bool:
    return case.profile.name in case.table.offered or any(k.name == "offer" for k in case.kinds)


def _in_an_offer(case: Case) -> Answer | None:
    if not _offered(case) or not case.plain:
        return None
    return "non_sensitive", "it describes what is offered, not who answered"


def _about_things(case: Case) -> Answer | None:
    """Judge what speaks of things, of an offer or of a study rather than of the person."""
    kind = next((kind for kind in case.kinds if kind.role != "quasi_identifier"), None)
    if kind is not None and kind is case.kinds[0] and kind.name == "work_time" and not case.plain:
        return "sensitive", "how long somebody works, so exactly that it singles people out"
    if not case.plain or kind is None or kind is not case.kinds[0]:
        return None
    if kind.name not in _OF_THEIR_OWN and not _all_harmless(case):
        return None
    if kind.role != "non_sensitive" or (kind.name in _ASSIGNED and case.profile.distinct > _FEW):
        return None
    return "non_sensitive", kind.reason


_ASSIGNED = frozenset({"experiment", "procedure"})
_OF_THEIR_OWN = frozenset({"contentment", "offer", "pastime"})
"""Kinds that hold whatever else a name speaks of: satisfaction with a job or a family."""


def _all_harmless(case: Case) -> bool:
    harmless = all(k.role == "non_sensitive" or k.name == "person" for k in case.kinds)
    by_domain = case.domain.role in {None, "non_sensitive"} or _arm(case)
    return harmless and by_domain and explained(case.profile.name)


def _crowd(case: Case) -> Answer | None:
    """Judge counts of the people of a unit: ``students`` of a class, ``employees`` of a firm."""
    counted = case.profile.numeric and case.profile.span.whole and case.profile.distinct > _FEW
    if counted and case.plain and _PLURAL.search(case.profile.name.casefold()):
        return "non_sensitive", "it counts the people of a class, a firm or the like"
    return None


_PLURAL = re.compile(
    r"(students|pupils|employees|customers|passengers|members|teachers|inhabitants|beds|alumnos|"
    r"estudiantes|empleados|eleves|élèves|etudiants|studenti|alunni|alunos|schülerzahl|leerlingen)$"
)


def _known_by_name(case: Case) -> Answer | None:
    """Judge what the name says that others know; a name keeps its protection whatever the values."""
    kind = case.kind("quasi_identifier", "direct_identifier")
    if kind is not None:
        return "quasi_identifier", kind.reason if kind.role == "quasi_identifier" else _NUMBERED
    if case.domain.role == "quasi_identifier":
        return "quasi_identifier", _REASONS["quasi_identifier"]
    return None


_NUMBERED = "its name speaks of a person"


def _harmless_domain(case: Case) -> Answer | None:
    """Judge domains that tell little, where the values say so as well: a name may be mistaken."""
    if case.domain.role != "non_sensitive":
        return None
    verdict, profile = case.verdict, case.profile
    if verdict.domain == "constant":
        return None
    if verdict.domain == "rating":
        named = verdict.name_score > _FIRM or not (profile.numeric or speaks(profile.name))
        assured = named and _on_a_scale(profile)
    else:
        month = verdict.domain == "month" and verdict.name_score > _FIRM
        assured = verdict.value_score > 0 or (month and profile.distinct <= _FEW)
    return ("non_sensitive", _REASONS["non_sensitive"]) if assured else None


def _on_a_scale(profile: Profile) -> bool:
    """Tell whether nearly all records hold one of few values, a few slips aside."""
    common = profile.counts[profile.counts >= _SLIP * profile.present]
    return len(common) <= _FEW and common.sum() >= _NEARLY_ALL * profile.present


_SLIP = 0.005


def _says_more_than_it_holds(case: Case) -> Answer | None:
    if case.verdict.named is None:
        return None
    said = case.verdict.named.replace("_", " ")
    return "quasi_identifier", f"its name says {said}, although its values do not look like it"


def _singles_out(case: Case) -> Answer | None:
    if case.rare:
        return "quasi_identifier", _rarity(case)
    if not case.plain:
        return (
            "quasi_identifier",
            f"{case.profile.distinct} different texts single people out",
        )
    return None


def _among_findings(case: Case) -> Answer | None:
    if "medical" in case.table.topics:
        return "sensitive", "a finding, as it seems: most of the table is about health"
    return None


def _among_opinions(case: Case) -> Answer | None:
    few = case.profile.distinct <= _FEW and case.verdict.name_score == 0
    if "politics" in case.table.topics and few and speaks(case.profile.name):
        return "sensitive", "an answer, as it seems, in a table about what people think"
    return None


def _of_no_person(case: Case) -> Answer | None:
    if not case.table.people:
        return "non_sensitive", "nothing in the table speaks of people"
    alone = case.table is BY_ITSELF and not speaks(case.profile.name)
    if alone and case.profile.numeric and _counts(case.profile):
        return "non_sensitive", "it counts something, from 0 on"
    return None


def _unknown(_: Case) -> Answer:
    return "quasi_identifier", UNKNOWN


RULES: tuple[Callable[[Case], Answer | None], ...] = (
    _identifies,
    _constant,
    _status,
    _harmless_by_values,
    _part_of_a_date,
    _numbers_a_person,
    _in_an_offer,
    _known_by_values,
    _private,
    _battery,
    _money,
    _about_things,
    _crowd,
    _known_by_name,
    _harmless_domain,
    _among_findings,
    _among_opinions,
    _says_more_than_it_holds,
    _singles_out,
    _of_no_person,
    _unknown,
)

_REASONS = {
    "quasi_identifier": "known to others, and singles people out together with more",
    "sensitive": "what nobody may learn of a person",
    "non_sensitive": "tells little of a person and to few",
}


def _counts(profile: Profile) -> bool:
    """Tell whether numbers count things: from 0 on, without a gap at first; codes begin at 1."""
    padded = profile.matched(r"0\d+") > 0
    if profile.span.least != 0 or not profile.span.whole or padded:
        return False
    numbers = np.unique(profile.numbers[~np.isnan(profile.numbers)])
    return len(numbers) >= _FEWEST_COUNTS and bool(numbers[_FEWEST_COUNTS - 1] < _FEWEST_COUNTS)


def _rarity(case: Case) -> str:
    return (
        f"{percent(case.measured.rare)} of the records hold a value that fewer than {ALONE} share"
    )
