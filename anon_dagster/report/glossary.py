"""What figures and words of a report mean, in plain words: the one place for both."""

from typing import NamedTuple


class Meaning(NamedTuple):
    """What a figure is called for people, and what it says."""

    title: str
    says: str


_FIGURES = {
    "records": Meaning("records", "how many records there are"),
    "suppressed": Meaning("suppressed records", "records that were left out, or read * throughout"),
    "classes": Meaning(
        "classes", "groups of records that read alike in all that an attacker may know"
    ),
    "smallest_class": Meaning(
        "smallest class", "the fewest records that read alike: what hides the least hidden one"
    ),
    "largest_class": Meaning("largest class", "the most records that read alike"),
    "unique_records": Meaning("unique records", "records that read like no other"),
    "prosecutor_highest": Meaning(
        "most exposed record", "the chance to pick the right record of the least hidden person"
    ),
    "prosecutor_average": Meaning(
        "average record", "the mean of that chance over all records: how many of all guesses hit"
    ),
    "prosecutor_above_threshold": Meaning(
        "records above the threshold", "how many records have a chance above the threshold"
    ),
    "journalist_highest": Meaning(
        "most exposed record", "the same chance where nobody knows who is in the release"
    ),
    "journalist_average": Meaning("average record", "the mean of it over all records"),
    "journalist_above_threshold": Meaning(
        "records above the threshold", "how many records have a chance above the threshold"
    ),
    "marketer_average": Meaning(
        "records found", "the share of all records that such an attacker gives to the right person"
    ),
    "person_highest": Meaning(
        "most exposed person", "the chance to pick the right one of the persons who read alike"
    ),
    "person_average": Meaning("average person", "the mean of that chance over the persons"),
    "person_above_threshold": Meaning(
        "persons above the threshold", "how many persons have a chance above the threshold"
    ),
    "k": Meaning(
        "k reached", "how many records, or persons where these count, read alike at least"
    ),
    "lowest_risk": Meaning("best hidden record", "the chance for a record of the largest class"),
    "avgRecordIdentification": Meaning("average risk", "the same as the prosecutor's average"),
    "maxProbabilityIdentification": Meaning("highest risk", "the same as the prosecutor's highest"),
    "riskAboveThreshold": Meaning("records above the threshold", "the same as the prosecutor's"),
    "infoLoss": Meaning(
        "information loss", "how far labels are from values on average: 0 nothing, 1 all is lost"
    ),
    "ambiguity": Meaning("ambiguity", "how many original records a released one may stand for"),
    "average_class_size": Meaning("average class size", "released records by classes"),
    "discernibility": Meaning("discernibility", "the squared sizes of classes: alike is costly"),
    "generalization_intensity": Meaning(
        "generalization intensity", "how high labels stand in their hierarchies: 0 values, 1 all *"
    ),
    "non_uniform_entropy": Meaning("non-uniform entropy", "bits per record that labels hide"),
    "kl_divergence": Meaning(
        "divergence", "bits by which the table that the release makes believe differs from the real"
    ),
    "height": Meaning("height", "the sum of the levels"),
}

_OF_ATTRIBUTES = {
    "distinct_l": "the fewest different values of it in a class",
    "entropy_l": "the least effective number of values of it in a class",
    "recursive_c": "how far its most frequent value outweighs the rare ones, in the worst class",
    "t_equal": "how far its values in the worst class are from those of the whole release",
    "t_ordered": "the same distance, along the order of its values",
    "t_hierarchical": "the same distance, along its hierarchy",
    "microaggregation_error": "the share of its variance that its averages lose",
    "accuracy": "the share of records of which a model tells it right",
    "majority_accuracy": "the same of guessing the most frequent value",
    "relative_accuracy": "what was learned beyond guessing: 1 as from the source, 0 nothing",
}
"""What is measured of single attributes: ``distinct_l(diagnosis)``."""

TERMS = (
    (
        "quasi-identifier",
        "an attribute that others may know of a person, such as her age: it is generalized",
    ),
    ("sensitive attribute", "what nobody should learn of a person by the release"),
    ("class", "the records that read alike in every quasi-identifier"),
    ("k-anonymity", "every class has k records at least: nobody's record can be told from k - 1"),
    ("l-diversity", "every class has l well-spread sensitive values: who is in it tells little"),
    ("t-closeness", "in every class the sensitive values are spread nearly as in the whole table"),
    ("generalization", "a value is replaced by a label that stands for several, such as [20, 30)"),
    ("suppression", "a record is left out, or every quasi-identifier of it reads *"),
    (
        "prosecutor",
        "an attacker who knows that a person is in the release, and looks for her record",
    ),
    ("journalist", "one who does not know it, and wants to show that anybody at all can be found"),
    ("marketer", "one who compares a whole list of people with it, and counts the hits"),
    ("threshold", "the chance of being found that is held to be acceptable"),
    ("loss", "how far the labels are from the values: 0 nothing is lost, 1 everything reads *"),
    ("residual disclosure", "what the release tells although every promise holds"),
)

THRESHOLDS = (
    (
        "0.33 to 0.05 (3 to 20 records alike)",
        (
            "usual from trusted recipients to the public: K. El Emam, Guide to the "
            "De-Identification of Personal Health Information, 2013"
        ),
    ),
    (
        "0.09 (12 records alike)",
        (
            "clinical data in public: European Medicines Agency, guidance on Policy 0070; Health "
            "Canada, public release of clinical information"
        ),
    ),
    ("0.091 (11 records alike)", "the cell size of tables of CMS (United States)"),
)
"""Risks that are in use, and by whom."""

ATTACKERS = {
    "prosecutor": "who knows that a person is in the release",
    "journalist": "who does not know who is in it, and compares with the population",
    "marketer": "who compares a whole list of people with it",
    "person": "where a person may have several records",
}


def meaning(name: str) -> Meaning:
    """Return what a statistic means; one that is not here speaks for itself."""
    found = _FIGURES.get(name)
    if found is not None:
        return found
    kind, _, of = name.partition("(")
    title = f"{kind.replace('_', ' ')} of {of.removesuffix(')')}" if of else kind.replace("_", " ")
    return Meaning(title, _OF_ATTRIBUTES.get(kind, ""))
