"""What a table is about, as the names of its columns say together."""

from collections.abc import Iterable, Iterator, Mapping

from anon_dagster.detection.classification import Verdict
from anon_dagster.detection.name_words import kind_names, pieces_of

_MEDICAL = frozenset({"diagnosis", "icd10", "medication", "drug_code", "medical_record_number"})
_OF_PEOPLE = frozenset(
    {
        *("full_name", "given_name", "family_name", "email", "phone", "ssn", "sex", "race", "age"),
        *("date_of_birth", "marital_status", "education", "occupation", "religion"),
        *("nationality", "language", "income"),
    }
)
"""Domains that only people have."""
_PERSONAL = frozenset(
    {
        *("person", "life", "family", "origin", "schooling", "working_life", "looks", "mind"),
        *("health", "habit", "intimate", "offence", "politics", "belief", "ability", "outcome"),
    }
)
"""Kinds of names that only people have."""
_THINGS = frozenset({"thing", "count"})
_CARE = frozenset({"health", "habit", "intimate", "outcome"})
_SUMS = frozenset({"money", "ledger", "outcome"})
_CREDIT = frozenset(
    {
        *("loan", "credit", "debt", "balance", "card", "limit", "asset", "deny", "default"),
        *("borrow", "mortgage", "delinq", "revol", "lien", "dti", "fico", "borrower", "networth"),
        *("interest", "maturity", "reject", "approve", "mortg", "cosign", "pubrec", "lender"),
    }
)
"""Words that only tables about credit have several of."""
_EVENTS = frozenset({"statu", "stat", "delta", "cen", "event", "death", "died", "relapse"})
_FOLLOWED = frozenset({"time", "futime", "stime", "survtime", "tstart", "tstop", "followup"})
_CHOICES = frozenset({"choice", "chosen", "mode", "alternative", "choiceid", "alt"})
_NUMBERED = frozenset({"id"})
_PRICES = frozenset({"price", "cost", "fare", "pric", "gcost", "vcost"})
_FEWEST, _SHARE, _ANYWAY = 3, 0.2, 6
"""Columns that make a table one about health or credit: at least so many, and of the table so
large a share; or so many of however many."""


def topics(verdicts: Mapping[str, Verdict]) -> Iterator[str]:
    """Yield what a table is about.

    ``care`` if anything in it speaks of health, ``medical`` if much of it does, ``credit`` if much
    of it speaks of what is owed; ``politics``, ``offence`` and ``ability`` if several columns do;
    ``choice`` if a choice stands beside prices.
    """
    kinds = {name: kind_names(name) for name in verdicts}
    enough = max(_FEWEST, min(_SHARE * len(verdicts), _ANYWAY))
    ill = {name for name, verdict in verdicts.items() if _of_health(verdict, kinds[name])}
    if ill:
        yield "care"
    with_cares = len(ill | {name for name in verdicts if kinds[name] & _CARE})
    if (len(ill) > 1 and with_cares >= enough) or (ill and _followed_up(verdicts)):
        yield "medical"
    for topic in ("politics", "offence", "ability"):
        if sum(topic in kinds[name] for name in verdicts) > 1:
            yield topic
    words = {name: frozenset(pieces_of(name)) for name in verdicts}
    priced = any(spoken & _PRICES for spoken in words.values())
    if priced and any(
        spoken & _CHOICES and spoken <= _CHOICES | _NUMBERED for spoken in words.values()
    ):
        yield "choice"
    owing = sum(bool(_CREDIT & set(pieces_of(name))) for name in verdicts)
    if owing > 1 and sum(bool(kinds[name] & _SUMS) for name in verdicts) > enough:
        yield "credit"


def _of_health(verdict: Verdict, kinds: frozenset[str]) -> bool:
    return "health" in kinds or (verdict.domain in _MEDICAL and "experiment" not in kinds)


def _followed_up(names: Iterable[str]) -> bool:
    """Tell whether it is said what became of people, and how long that took."""
    words = [frozenset(pieces_of(name)) for name in names]
    return any(w & _EVENTS for w in words) and any(w & _FOLLOWED for w in words)


def may_be_of_people(verdicts: Mapping[str, Verdict]) -> bool:
    """Tell whether anything in a table speaks of people, or hardly anything of things."""
    things = 0
    for name, verdict in verdicts.items():
        kinds = kind_names(name)
        if verdict.domain in _OF_PEOPLE or kinds & _PERSONAL:
            return True
        things += bool(kinds & _THINGS)
    return things < _FEWEST
