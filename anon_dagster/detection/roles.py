"""From what a column is, and how far it singles people out, to its role."""

import numpy as np

from anon_dagster.detection.classification import Verdict
from anon_dagster.detection.domains import Domain, Role
from anon_dagster.detection.evidence import percent
from anon_dagster.detection.headers import speaks, tokens
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
_PRIVATE = frozenset(
    """
    political politic politik politica politique party partei partido partito partyid vote voted
    votintent voter ideology polview union sindicato syndicat gewerkschaft orientation sexuality
    lgbt gay lesbian crime criminal convicted conviction offense offence arrest prison inmate felony
    delito straftat welfare benefit ssi snap medicaid foodstamp afdc bankruptcy delinquent genetic
    genotype gene hiv abuse violence affair sexual lab glucose hba1c cholesterol chol cholestoral hdl
    arrear default defaulted credit fico creditscore delinquency foreclosure chapter13
    ldl triglyceride trig creatinine creat hemoglobin haemoglobin hgb bilirubin bili albumin platelet
    insulin cortisol ferritin bmi bp sbp dbp systolic diastolic pressure trestbp thalach pulse heartrate
    urea sodium potassium alt ast ldh crp psa tsh wbc rbc egfr glycemia glucemia blutzucker blutdruck
    cholesterin colesterol colesterolo tension glycemie symptom dose comorbidity prognosis biopsy
    """.split()  # noqa: SIM905 (read as a text)
)
"""Words of names of what nobody else may learn: opinions, offences, measurements of the body."""
_OBSERVED = frozenset("height stature ht hght estatura altezza taille hair haircolor eye".split())  # noqa: SIM905
"""Words of names of what anybody can see of a person."""
_HARMLESS = frozenset(
    """
    product produkt producto produit prodotto plan tarif tier segment gruppe status state channel kanal
    method methode metodo mode type typ tipo contract payment category kategorie categoria categorie
    class version model brand marke marca color colour size store shop service internet streaming
    device browser os platform campaign source queue priority severity ticket topic subject course
    kurs curso cours housing delivery shipping warehouse item sku unit flight seat airline ship cabin
    coupon promo currency survey answer antwort wave batch shift question quarter term session
    newsletter option setting format language_code http contact outcome poutcome result_code game
    vehicle fuel transmission engine species breed variety station route weather season event
    """.split()  # noqa: SIM905 (read as a text)
)
"""Words of names of things, dealings and procedures rather than of people."""
_FEW = 12
"""Answers on a scale, at most."""
_ANSWERS = 30
"""Whole numbers that answers are coded with, at most."""
_FEWEST_COUNTS = 4
_CERTAIN = 0.9
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
    is a quasi-identifier, and so are answers that nothing tells the meaning of: who takes a harmless
    column for one that is not loses some detail, who errs the other way loses a secret. A
    near-unique column is never released as it is.
    """
    if verdict.domain == "amount":
        return _money(profile, measured)
    role = domain.role
    if role == "non_sensitive" and not _assured(verdict, profile):
        role = None
    if role is not None:
        return role, _REASONS[role]
    return _by_data(verdict, profile, measured)


def _assured(verdict: Verdict, profile: Profile) -> bool:
    """Tell whether values say what makes a column harmless: a name alone may be mistaken."""
    if verdict.domain == "constant":
        return verdict.value_score > _CERTAIN
    if verdict.domain == "rating" and profile.numeric:
        return verdict.name_score > 0
    return verdict.value_score > 0 or (verdict.name_score > 0 and profile.distinct <= _FEW)


def _money(profile: Profile, measured: Separation) -> tuple[Role, str]:
    named = set(tokens(profile.name))
    if named & _OF_A_PERSON:
        return "sensitive", "a sum that is a person's own affair"
    if named & _OF_A_THING:
        if measured.rare >= _RARE_NUMBERS:
            return "quasi_identifier", _rare(measured)
        return "non_sensitive", "the price of a thing"
    return "sensitive", "sums of money; whether they are private is for a person to say"


def _by_data(verdict: Verdict, profile: Profile, measured: Separation) -> tuple[Role, str]:
    """Choose the role of a column whose domain leaves it open, in the order of the harm."""
    texts = not profile.numeric
    named = set(tokens(profile.name))
    if texts and profile.distinct_share >= 0.95 and profile.present >= 20:
        return "direct_identifier", f"{percent(profile.distinct_share)} of the values differ"
    if by_name := _by_words(named):
        return by_name
    if measured.rare >= (_RARE if texts else _RARE_NUMBERS):
        return "quasi_identifier", _rare(measured)
    if texts and profile.distinct > _MANY:
        return "quasi_identifier", f"{profile.distinct} different texts single people out"
    if verdict.name_score == 0 and not named & _HARMLESS and _may_be_of_people(profile):
        return "quasi_identifier", "nothing tells what it means, so it may be known to others"
    return "non_sensitive", _REASONS["non_sensitive"]


def _by_words(named: set[str]) -> tuple[Role, str] | None:
    if named & _PRIVATE:
        return "sensitive", "its name speaks of what is a person's own affair"
    if named & _OBSERVED:
        return "quasi_identifier", "anybody can see it"
    return None


def _may_be_of_people(profile: Profile) -> bool:
    """Tell whether values may be answers or traits: words, codes; without a name any number."""
    if not profile.numeric:
        return True
    if _counts(profile):
        return False
    few = profile.span.whole and profile.distinct <= _ANSWERS
    return few or not speaks(profile.name)


def _counts(profile: Profile) -> bool:
    """Tell whether numbers count things: from 0 on, without a gap at first; codes begin at 1."""
    padded = profile.matched(r"0\d+") > 0
    if profile.span.least != 0 or not profile.span.whole or padded:
        return False
    numbers = np.unique(profile.numbers[~np.isnan(profile.numbers)])
    return len(numbers) >= _FEWEST_COUNTS and bool(numbers[_FEWEST_COUNTS - 1] < _FEWEST_COUNTS)


def _rare(measured: Separation) -> str:
    return f"{percent(measured.rare)} of the records hold a value that fewer than {ALONE} share"
