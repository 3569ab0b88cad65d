"""What promises are called, and what they say in plain words: the one place for both.

A name is short and technical, as messages, verifications and statistics show it; a sentence says
the same to who has not read the papers, as reports do. Numbers are those of the request.
"""

from fractions import Fraction

Number = int | float | Fraction

IDENTIFIERS = "direct identifiers are gone"
WEIGHTS = "survey weights are gone"
MASKED = "identifiers are masked"
NUMBERS = "numbers follow from labels"
SUPPRESSION = "the suppression limit"
PERSONS = "the promises about persons"


def _plain(number: Number) -> str:
    """Return a count with all its digits, any other number with six at most."""
    return str(number) if isinstance(number, int) else f"{float(number):g}"


def guarding(name: str, attribute: str | None) -> str:
    """Return the name of a promise with the attribute that it guards, if it guards one."""
    return f"{name} of {attribute}" if attribute else name


# -- sizes of classes ----------------------------------------------------------------------


def k_anonymity(k: int) -> str:
    """Name k-anonymity."""
    return f"{k}-anonymity"


def explain_k_anonymity(k: int, *, persons: bool = False) -> str:
    """Say k-anonymity in plain words, of records or of persons."""
    if persons:
        return f"behind records alike there are at least {k} different persons"
    return f"every released record has at least {k - 1} others alike"


def explain_persons(names: str) -> str:
    """Say that promises are about persons, whom some attributes name."""
    return f"all of this is about persons, not records: {names} tells whose a record is"


def household_anonymity(k: int) -> str:
    """Name the promise about the households of a class."""
    return f"{k} households in each class"


def explain_household_anonymity(k: int) -> str:
    """Say the promise about households in plain words."""
    return f"records alike are of at least {k} different households"


def trajectories(k: int, by: str | None = None) -> str:
    """Name the promise about all records of a person together.

    Parameters
    ----------
    by
        What links them in the release, if it is measured by that.
    """
    return f"{k} persons of each trajectory{f' (by {by})' if by else ''}"


def explain_linked() -> str:
    """Say in plain words what linked tables promise."""
    return (
        "all of this is promised of the release by its own columns; of the records of a table that "
        "joins another one it is also promised with the columns of that one beside them"
    )


def explain_trajectories(k: int) -> str:
    """Say the promise about all records of a person together in plain words."""
    return f"the records of a person, taken together, read like those of at least {k - 1} others"


def differential_privacy(epsilon: Number, delta: Number) -> str:
    """Name (ε, δ)-differential privacy."""
    return f"({_plain(epsilon)}, {_plain(delta)})-differential privacy"


def explain_differential_privacy(epsilon: Number, delta: Number) -> str:
    """Say differential privacy in plain words."""
    return (
        "the release would be much the same without any one person: "
        f"{differential_privacy(epsilon, delta)}, by a secret random sample"
    )


# -- the release as a whole ----------------------------------------------------------------


def average_risk(risk: Number) -> str:
    """Name the bound of the average risk."""
    return f"average risk of at most {_plain(risk)}"


def explain_average_risk(risk: Number) -> str:
    """Say the bound of the average risk in plain words."""
    return (
        f"records are given to the right person with a chance of at most {_plain(risk)} on average"
    )


def sample_uniqueness(share: Number) -> str:
    """Name the bound of the share of unique records."""
    return f"at most a share of {_plain(share)} of unique records"


def explain_sample_uniqueness(share: Number) -> str:
    """Say the bound of the share of unique records in plain words."""
    return f"at most a share of {_plain(share)} of the records is like no other"


def population_uniqueness(share: Number, estimator: str) -> str:
    """Name the bound of the share of people who are unique, by an estimator."""
    return f"at most a share of {_plain(share)} of unique people ({estimator})"


def explain_population_uniqueness(share: Number) -> str:
    """Say the bound of the share of people who are unique in plain words."""
    return f"at most a share of {_plain(share)} of the population is estimated to be unique in it"


# -- the population ------------------------------------------------------------------------


def k_map(k: int) -> str:
    """Name k-map, people being counted."""
    return f"{k}-map"


def estimated_k_map(k: int, needed: int | None = None) -> str:
    """Name k-map, people being estimated.

    Parameters
    ----------
    needed
        How many records a class needs for it, if that is to be said.
    """
    return f"{k}-map (estimated{'' if needed is None else f' from {needed} records'})"


def explain_k_map(k: int, *, estimated: bool) -> str:
    """Say k-map in plain words."""
    how = "are likely to read as" if estimated else "read as"
    return f"at least {k} people of the population {how} each released record does"


def delta_presence(lower: Number, upper: Number) -> str:
    """Name δ-presence."""
    return f"({_plain(lower)}, {_plain(upper)})-presence"


def explain_delta_presence(lower: Number, upper: Number) -> str:
    """Say δ-presence in plain words."""
    return (
        "that a person of the population is in the release has a probability from "
        f"{_plain(lower)} to {_plain(upper)}"
    )


# -- sensitive attributes ------------------------------------------------------------------


def l_diversity(variant: str, l: Number, c: Number | None = None) -> str:  # noqa: E741 (the model's name)
    """Name l-diversity: distinct, entropy or recursive, which alone has a ``c``."""
    return f"{variant} {_plain(l) if c is None else f'({_plain(c)},{_plain(l)})'}-diversity"


def of_present_values(name: str) -> str:
    """Name a promise about the records that have a value."""
    return f"{name} (missing values aside)"


def explain_l_diversity(variant: str, l: Number, attribute: str) -> str:  # noqa: E741
    """Say l-diversity in plain words."""
    kind = {"distinct": "different", "entropy": "effective", "recursive": "well-spread"}
    return (
        f"among records alike there are at least {_plain(l)} {kind[variant]} values of {attribute}"
    )


def t_closeness(t: Number, distance: str, whose: str | None = None) -> str:
    """Name t-closeness by a distance.

    Parameters
    ----------
    whose
        The table whose distribution is compared with, if that is to be said.
    """
    return f"{_plain(t)}-closeness ({distance} distance){f' to the {whose}' if whose else ''}"


def explain_t_closeness(t: Number, distance: str, attribute: str) -> str:
    """Say t-closeness in plain words."""
    return (
        f"among records alike {attribute} is spread as in the whole table, within {_plain(t)} "
        f"({distance} distance)"
    )


def alpha_deassociation(alpha: Number) -> str:
    """Name what alpha-k-anonymity asks for besides k-anonymity."""
    return f"{_plain(alpha)}-deassociation"


def alpha_k_anonymity(alpha: Number, k: int) -> str:
    """Name alpha-k-anonymity."""
    return f"({_plain(alpha)},{k})-anonymity"


def explain_alpha_k_anonymity(alpha: Number, k: int, attribute: str, *, some: bool) -> str:
    """Say alpha-k-anonymity in plain words.

    Parameters
    ----------
    some
        Whether only some of the values are guarded.
    """
    return (
        f"among at least {k} records alike no {'guarded ' if some else ''}value of {attribute} "
        f"has a share above {_plain(alpha)}"
    )


def delta_disclosure(delta: Number, *, present_only: bool, whose: str | None = None) -> str:
    """Name δ-disclosure privacy.

    Parameters
    ----------
    present_only
        Whether only the values that a class holds are compared.
    whose
        The table whose distribution is compared with, if that is to be said.
    """
    name, of = f"{_plain(delta)}-disclosure privacy", "of the values present"
    if whose is None:
        return f"{name} ({of})" if present_only else name
    return f"{name}{f' {of}' if present_only else ''} beside the {whose}"


def explain_delta_disclosure(delta: Number, attribute: str, *, present_only: bool) -> str:
    """Say δ-disclosure privacy in plain words."""
    return (
        f"records alike tell of {attribute} less than {_plain(delta)} bits beyond what the whole "
        f"table tells{' (of the values present)' if present_only else ''}"
    )


def beta_likeness(variant: str, beta: Number, whose: str | None = None) -> str:
    """Name β-likeness: basic or enhanced.

    Parameters
    ----------
    whose
        The table whose distribution is compared with, if that is to be said.
    """
    return f"{variant} {_plain(beta)}-likeness{f' to the {whose}' if whose else ''}"


def explain_beta_likeness(variant: str, beta: Number, attribute: str) -> str:
    """Say β-likeness in plain words."""
    return (
        f"among records alike no value of {attribute} is likelier than in the whole table by more "
        f"than {_plain(beta)} times ({variant})"
    )
