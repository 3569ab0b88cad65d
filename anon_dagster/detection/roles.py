"""From what a column is, and how far it singles people out, to its role."""

from anon_dagster.detection.classification import Verdict
from anon_dagster.detection.domains import Domain, Role
from anon_dagster.detection.evidence import percent
from anon_dagster.detection.headers import tokens
from anon_dagster.detection.profile import Profile
from anon_dagster.detection.separation import ALONE, Separation

_RARE, _RARE_NUMBERS = 0.2, 0.5
"""Share of records with a rare value from which texts, or numbers, single people out."""
_MANY = 50
"""Different texts that a plain category has at most."""
_OF_A_PERSON = frozenset(
    """
    balance saving loan debt credit capital mortgage wealth worth account limit gain loss saldo
    kontostand kredit schulden deuda prestamo ahorro solde dette pret conto mutuo debito divida
    emprestimo donation premium claim billing benefit
    """.split()  # noqa: SIM905 (read as a text)
)
"""Words of names that make a sum of money a private one."""
_OF_A_THING = frozenset(
    """
    price cost fare fee precio coste preis kosten prix cout prezzo costo preco custo unit shipping
    """.split()  # noqa: SIM905 (read as a text)
)
"""Words of names that make it the price of a thing."""
_REASONS = {
    "direct_identifier": "names or reaches a person by itself",
    "quasi_identifier": "known to others, and singles people out together with more",
    "sensitive": "what nobody may learn of a person",
    "non_sensitive": "tells little of a person and to few",
}


def assign_role(
    verdict: Verdict, domain: Domain, profile: Profile, measured: Separation
) -> tuple[Role, str]:
    """Return the role of a column, and why.

    What a domain says holds; where it leaves the role to the data, a column whose values are rare
    is a quasi-identifier. A near-unique column is never released as it is.
    """
    if verdict.domain == "amount":
        return _money(profile, measured)
    if domain.role is not None:
        return domain.role, _REASONS[domain.role]
    return _by_data(verdict, profile, measured)


def _money(profile: Profile, measured: Separation) -> tuple[Role, str]:
    named = set(tokens(profile.name))
    if named & _OF_A_PERSON:
        return "sensitive", "a sum that is a person's own affair"
    if named & _OF_A_THING:
        if measured.rare >= _RARE_NUMBERS:
            return "quasi_identifier", _rare(measured)
        return "non_sensitive", "the price of a thing"
    if profile.distinct <= _MANY:
        return "non_sensitive", "sums that many records share"
    return "sensitive", "sums of money; whether they are private is for a person to say"


def _by_data(verdict: Verdict, profile: Profile, measured: Separation) -> tuple[Role, str]:
    texts = verdict.domain in {"category", "text"}
    if texts and profile.distinct_share >= 0.95 and profile.present >= 20:
        return "direct_identifier", f"{percent(profile.distinct_share)} of the values differ"
    if measured.rare >= (_RARE if texts else _RARE_NUMBERS):
        return "quasi_identifier", _rare(measured)
    if texts and profile.distinct > _MANY:
        return "quasi_identifier", f"{profile.distinct} different texts single people out"
    return "non_sensitive", _REASONS["non_sensitive"]


def _rare(measured: Separation) -> str:
    return f"{percent(measured.rare)} of the records hold a value that fewer than {ALONE} share"
