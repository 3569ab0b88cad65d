"""Rules that protect a column: it names a person, others know it, or nobody may learn it."""

import re
from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from anon_dagster.detection.case import CERTAIN, FEW, FIRM, Answer, Case
from anon_dagster.detection.evidence import percent
from anon_dagster.detection.profile import Profile
from anon_dagster.detection.words import tokens
from anon_dagster.facts.vocabulary import words

UNKNOWN = "nothing tells what it means, so it may be known to others"
"""The reason of a column that is protected for want of a better one."""
_KNOWN = "known to others, and singles people out together with more"
_PRIVATE = "what nobody may learn of a person"
_NEARLY_ALL = 0.95
_YES_AND_NO = 2
_PERSONS = 20
"""Different numbers that stand for persons, at least."""
_STATES, _LETTERS = 10, 3
"""Numbers, and letters such as ``A`` and ``D``, that say what became of a person, at most."""
_COMPUTED = frozenset({"number", "amount"})
"""Domains of numbers that may be computed."""
_ON_BOTH_SIDES = 0.05  # share of the records
_LOGARITHM = re.compile(r"(ln|log)[_. ]?[a-z]", re.IGNORECASE)
_BESIDE_PERSONS = frozenset({"person", "family", "life"})
_NO_NUMBERS = frozenset({"date", "date_of_birth", "timestamp", "year", "age", "amount", "income"})


# -- direct identifiers ----------------------------------------------------------------------


def identifies(case: Case) -> Answer | None:
    """Names, contacts, numbers of states, keys, free text; and texts that differ in each record."""
    profile = case.profile
    few_answers = 1 < profile.distinct <= FEW < profile.present
    if case.domain.role == "direct_identifier" and (case.verdict.value_score or not few_answers):
        return "direct_identifier", "names or reaches a person by itself"
    share = profile.distinct_share
    unlike = not profile.numeric and share >= _NEARLY_ALL and profile.present >= _PERSONS
    if unlike and (case.domain.role is None or (case.harmless and not case.firm)):
        return "direct_identifier", f"{percent(share)} of the values differ"
    return None


def numbers_a_person(case: Case) -> Answer | None:
    """Numbers of persons, which repeat where persons have several records."""
    profile = case.profile
    if profile.name in case.table.persons:
        return "direct_identifier", "it stands for a person, who has several records"
    coded = profile.span.whole if profile.numeric else profile.mean_words < 2
    if not coded or profile.distinct <= _PERSONS or case.verdict.domain in _NO_NUMBERS:
        return None
    if case.speaks_of("person") and all(kind.name in _BESIDE_PERSONS for kind in case.kinds):
        return "direct_identifier", "its name says that it numbers persons"
    return None


# -- sensitive attributes --------------------------------------------------------------------


def private(case: Case) -> Answer | None:
    """What is a person's own affair, by its name or its domain."""
    kind = case.kind("sensitive")
    if kind is not None and not (kind.name == "money" and _holds_kinds(case.profile)):
        return "sensitive", kind.reason
    if case.domain.role == "sensitive" and not case.treatment:
        return "sensitive", _PRIVATE
    return None


def _holds_kinds(profile: Profile) -> bool:
    """Tell whether several words name kinds of a thing, such as insurers: no sum, nor whether."""
    spelled = profile.share(lambda value: not any(map(str.isdigit, value)))
    return not profile.numeric and profile.distinct > _YES_AND_NO and spelled > FIRM


def became(case: Case) -> Answer | None:
    """Marks and words of what became of a person: dead, paid; in a column ``status`` or any other."""
    profile = case.profile
    spoken = not profile.numeric and profile.within(words("outcome")) > CERTAIN
    named = tokens(profile.name)[-1:] == tokens("status") and not case.kinds
    counted = profile.numeric and profile.span.whole and profile.span.most < _STATES
    lettered = profile.distinct <= _LETTERS and max(profile.lengths, default=0) <= 2
    few = 1 < profile.distinct <= _STATES
    open_ = case.domain.role is None or not case.firm
    if few and ((named and (spoken or counted or lettered)) or (spoken and open_)):
        return "sensitive", "what became of a person, as its values or its name say"
    return None


def among_fellows(case: Case) -> Answer | None:
    """Answers to questions alike, events beside their times, parts of what somebody has."""
    name, table = case.profile.name, case.table
    if name in table.batteries:
        count = table.batteries[name]
        return "sensitive", f"one of {count} answers alike, which are a person's own"
    if name in table.events:
        return "sensitive", "what became of a person, beside how long that took"
    if name in table.shares:
        return "sensitive", "a share of a whole, as others add up to it, which is a person's own"
    return None


def money(case: Case) -> Answer | None:
    """Sums of money, but prices of things."""
    if case.verdict.domain != "amount":
        return None
    thing = case.speaks_of("thing")
    if thing is not None:
        return ("quasi_identifier", case.rarity) if case.rare else ("non_sensitive", thing.reason)
    known = case.kind("quasi_identifier", "direct_identifier") is not None
    # A name that says another domain is wrong; one that says nothing known may be of a thing.
    unheard_of = case.speaks and case.verdict.named is None
    if (known or unheard_of) and not case.verdict.name_score and not case.firm:
        return None
    return "sensitive", "sums of money; whether they are private is for a person to say"


def exact_working_time(case: Case) -> Answer | None:
    """How long somebody works, if that singles people out."""
    if case.kinds and case.kinds[0].name == "work_time" and not case.plain:
        return "sensitive", "how long somebody works, so exactly that it singles people out"
    return None


def among_findings(case: Case) -> Answer | None:
    """Whatever else is in a table about health."""
    if "medical" in case.table.topics:
        return "sensitive", "a finding, as it seems: most of the table is about health"
    return None


def among_others_alike(case: Case) -> Answer | None:
    """Whatever else is in a table of measurements, or about what people think, can, owe or did."""
    if case.profile.name in case.table.measurements:
        return "sensitive", "a measurement, as it seems: the table holds many of them"
    if case.verdict.name_score and case.verdict.domain != "rating":
        return None
    for topic, (about, holds) in _ALIKE.items():
        if topic in case.table.topics and holds(case):
            return (
                "sensitive",
                f"it seems to belong to the rest of the table, which is about {about}",
            )
    return None


_ALIKE: Mapping[str, tuple[str, Callable[[Case], bool]]] = {
    "politics": (
        "what people think",
        lambda case: case.speaks and case.profile.distinct <= FEW,
    ),
    "credit": (
        "what is owed",
        lambda case: case.profile.numeric and case.profile.distinct > _YES_AND_NO,
    ),
    "ability": (
        "tests and grades",
        lambda case: case.profile.numeric and case.profile.distinct > FEW,
    ),
    "offence": ("offences", lambda _: True),
    "care": ("health", lambda case: case.verdict.domain == "rating"),
}
"""What of a table is about the same as the rest of it, where nothing else tells."""


def computed(case: Case) -> Answer | None:
    """Scores, logarithms and differences, which nobody knows of another.

    What others know of a person, they count from 0 on: years, children, kilograms.
    """
    profile = case.profile
    if case.verdict.domain not in _COMPUTED or not profile.numeric or case.kinds or not case.speaks:
        return None
    if all(_holds_many(profile, side) for side in (profile.numbers < 0, profile.numbers > 0)):
        return "sensitive", "numbers above and below 0: a score, a logarithm or a difference"
    if _LOGARITHM.match(profile.name) and not profile.span.whole:
        return "sensitive", "a logarithm, as its name says, which is taken of sums and results"
    return None


def _holds_many(profile: Profile, chosen: NDArray[np.bool_]) -> bool:
    """Tell whether chosen values, (values,), are several and of many records: no mark for none."""
    share = profile.counts[chosen].sum() / profile.present
    return int(chosen.sum()) > _YES_AND_NO and bool(share >= _ON_BOTH_SIDES)


# -- quasi-identifiers -----------------------------------------------------------------------


def part_of_a_date(case: Case) -> Answer | None:
    """Year, month and day of one date, which are told together."""
    others = case.table.parts.get(case.profile.name)
    if others is None:
        return None
    return "quasi_identifier", f"a part of a date, with {' and '.join(others)}"


def known_by_values(case: Case) -> Answer | None:
    """What the values say firmly and others know: ages, sexes, places."""
    supported = case.verdict.name_score > 0 or case.verdict.value_score >= CERTAIN
    contradicted = not supported and case.kind("sensitive") is not None
    if case.domain.role == "quasi_identifier" and case.firm and not contradicted:
        return "quasi_identifier", _KNOWN
    return None


def known_by_name(case: Case) -> Answer | None:
    """What others know by its name, whatever the values are."""
    kind = case.kind("quasi_identifier")
    if kind is not None:
        return "quasi_identifier", kind.reason
    if case.speaks_of("person") is not None:
        return "quasi_identifier", "its name speaks of a person"
    if case.domain.role == "quasi_identifier":
        return "quasi_identifier", _KNOWN
    return None


def says_more_than_it_holds(case: Case) -> Answer | None:
    """What a name says of a person, although the values do not fit."""
    if case.verdict.named is None:
        return None
    said = case.verdict.named.replace("_", " ")
    return "quasi_identifier", f"its name says {said}, although its values do not look like it"


def singles_out(case: Case) -> Answer | None:
    """What many records have to themselves."""
    if case.rare:
        return "quasi_identifier", case.rarity
    if not case.plain:
        return (
            "quasi_identifier",
            f"{case.profile.distinct} different texts single people out",
        )
    return None


def unknown(_: Case) -> Answer:
    """All that is left: doubt protects."""
    return "quasi_identifier", UNKNOWN
