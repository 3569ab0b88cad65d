"""Rules that leave a column as it is: it tells little of a person and to few.

Each asks for more than a name: values that say so firmly, words that are all known, or a table that
speaks of no person. What single records have to themselves is never exempt.
"""

import re

import numpy as np

from anon_dagster.detection.case import CERTAIN, FEW, FIRM, Answer, Case
from anon_dagster.detection.name_words import explained
from anon_dagster.detection.profile import Profile

_LITTLE = "tells little of a person and to few"
_NEARLY_ALL, _SLIP = 0.95, 0.005  # shares of the records
_FEWEST_COUNTS = 4
_BY_VALUES = frozenset({"time", "weekday", "currency", "bic"})
"""Domains whose values tell little, whatever the column is called."""
_BY_DATA = frozenset({"amount", "constant"})
"""Domains that are judged by rules of their own."""
_AGREEMENT = re.compile(
    r".*(agree|satisf|recommend|likely|stimm|zufrieden|acuerdo|accord|soddisf|concord|eens|tevreden)",
    re.IGNORECASE,
)
"""What answers hold that say how far somebody agrees, or is content."""
_PRIVATE_TOPICS = frozenset({"politics", "care"})
_ASSIGNED = frozenset({"experiment", "procedure"})
"""Kinds that have few values: arms, rounds."""
_OF_THEIR_OWN = frozenset({"contentment", "offer", "pastime"})
"""Kinds that hold whatever else a name speaks of: satisfaction with a job or a family."""
_PEOPLE_OF_A_UNIT = re.compile(
    r"(students|pupils|employees|customers|passengers|members|teachers|inhabitants|beds|alumnos|"
    r"estudiantes|empleados|eleves|élèves|etudiants|studenti|alunni|alunos|schülerzahl|leerlingen)$"
)


def constant(case: Case) -> Answer | None:
    """Exempt one value in all records."""
    if case.verdict.domain == "constant" and case.verdict.value_score > CERTAIN:
        return "non_sensitive", "the same in all records"
    return None


def harmless_by_values(case: Case) -> Answer | None:
    """Exempt times of day, currencies and answers on a scale, where the values say so firmly."""
    name = case.verdict.domain
    if not case.harmless or not case.firm or name in _BY_DATA or _is_an_opinion(case):
        return None
    private = case.kind("sensitive") is not None
    if name == "rating":
        of_content = case.profile.numeric or case.profile.share(_AGREEMENT.match) > 0
        exempt = not private and (of_content or not case.speaks)
    else:
        known = case.kind("quasi_identifier") is not None
        exempt = name in _BY_VALUES or not (private or known)
    return ("non_sensitive", _LITTLE) if exempt else None


def in_an_offer(case: Case) -> Answer | None:
    """Exempt what a job or the like asks for, and what else is said of it."""
    offered = case.profile.name in case.table.offered or case.speaks_of("offer") is not None
    if offered and case.plain:
        return "non_sensitive", "it describes what is offered, not who answered"
    return None


def about_things(case: Case) -> Answer | None:
    """Exempt what speaks of things, of a study or of contentment, and of nothing else."""
    kind = case.kinds[0] if case.kinds else None
    if kind is None or kind.role != "non_sensitive" or not case.plain:
        return None
    if kind.name not in _OF_THEIR_OWN and not _speaks_of_nothing_else(case):
        return None
    if kind.name in _ASSIGNED and case.profile.distinct > FEW:
        return None
    return "non_sensitive", kind.reason


def _speaks_of_nothing_else(case: Case) -> bool:
    harmless = all(k.role == "non_sensitive" or k.name == "person" for k in case.kinds)
    by_domain = case.domain.role is None or case.harmless or case.treatment
    return harmless and by_domain and explained(case.profile.name)


def counts_people_of_a_unit(case: Case) -> Answer | None:
    """Exempt ``students`` of a class, ``employees`` of a firm."""
    counted = case.profile.numeric and case.profile.span.whole and case.profile.distinct > FEW
    if counted and case.plain and _PEOPLE_OF_A_UNIT.search(case.profile.name.casefold()):
        return "non_sensitive", "it counts the people of a class, a firm or the like"
    return None


def harmless_domain(case: Case) -> Answer | None:
    """Exempt domains that tell little, where the values say so as well: a name may be mistaken."""
    if not case.harmless or case.verdict.domain in _BY_DATA or _is_an_opinion(case):
        return None
    named, few = case.verdict.name_score > FIRM, case.profile.distinct <= FEW
    if case.verdict.domain == "rating":
        unnamed_words = not case.profile.numeric and not case.speaks
        exempt = (named or unnamed_words) and _is_on_a_scale(case.profile)
    elif case.verdict.domain == "month":
        exempt = case.verdict.value_score > 0 or (named and few)
    else:
        exempt = case.verdict.value_score > 0
    return ("non_sensitive", _LITTLE) if exempt else None


def _is_an_opinion(case: Case) -> bool:
    """Tell whether an answer on a scale is of a table about politics or health."""
    return case.verdict.domain == "rating" and bool(_PRIVATE_TOPICS & case.table.topics)


def _is_on_a_scale(profile: Profile) -> bool:
    """Tell whether nearly all records hold one of few values, a few slips aside."""
    common = profile.counts[profile.counts >= _SLIP * profile.present]
    return len(common) <= FEW and int(common.sum()) >= _NEARLY_ALL * profile.present


def of_an_alternative(case: Case) -> Answer | None:
    """Exempt what people may choose between: the time, the comfort of a train."""
    offered = case.profile.name in case.table.alternatives and case.domain.role is None
    of_things = all(kind.role == "non_sensitive" for kind in case.kinds)
    if offered and of_things and case.profile.numeric and case.plain:
        return "non_sensitive", "it describes what could be chosen, not who chose"
    return None


def of_no_person(case: Case) -> Answer | None:
    """Exempt what is left in a table of things; and counts whose name says nothing."""
    if not case.table.people:
        return "non_sensitive", "the table speaks of things, and of no person"
    if not case.speaks and case.profile.numeric and _counts(case.profile):
        return "non_sensitive", "it counts something, from 0 on"
    return None


def _counts(profile: Profile) -> bool:
    """Tell whether numbers count things: from 0 on, without a gap at first; codes begin at 1."""
    padded = profile.matched(r"0\d+") > 0
    if profile.span.least != 0 or not profile.span.whole or padded:
        return False
    numbers = np.unique(profile.numbers[~np.isnan(profile.numbers)])
    return len(numbers) >= _FEWEST_COUNTS and bool(numbers[_FEWEST_COUNTS - 1] < _FEWEST_COUNTS)
