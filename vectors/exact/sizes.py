"""What the sizes of classes promise, in the table and in the population that it is of.

References
----------
.. [1] L. Sweeney, "k-anonymity: a model for protecting privacy", International Journal of
   Uncertainty, Fuzziness and Knowledge-Based Systems 10(5), 2002.
.. [2] K. El Emam, "Guide to the De-Identification of Personal Health Information", CRC Press 2013.
.. [3] F. K. Dankar, K. El Emam, A. Neisa, T. Roffey, "Estimating the re-identification risk of
   clinical data sets", BMC Medical Informatics and Decision Making 12:66, 2012.
.. [4] M. E. Nergiz, M. Atzori, C. Clifton, "Hiding the presence of individuals from shared
   databases", SIGMOD 2007.
.. [5] K. El Emam, F. K. Dankar, "Protecting privacy using k-anonymity", Journal of the American
   Medical Informatics Association 15(5), 2008.
"""

from fractions import Fraction

from vectors.exact.numbers import poisson_tail_is_at_most
from vectors.exact.tables import Cell, Value, Vector, sizes_by_label


def average_risk(sizes: list[int]) -> Fraction:
    """Return the mean over records of 1 / class size: classes / records [2]_ (chapter 16)."""
    risks = [Fraction(1, size) * size for size in sizes]
    return sum(risks, Fraction(0)) / max(sum(sizes), 1)


def sample_uniqueness(sizes: list[int]) -> Fraction:
    """Return the share of the records that are alone in their class [3]_."""
    return Fraction(sum(size == 1 for size in sizes), max(sum(sizes), 1))


def population_uniqueness(sizes: list[int], population: int) -> Fraction:
    """Return the share of a population that is unique in it [3]_, where no estimate is needed.

    A table without unique records shows none; a census shows all there are.
    """
    unique = sum(size == 1 for size in sizes)
    assert unique == 0 or sum(sizes) == population, "all else would be an estimate"
    return Fraction(unique, max(population, 1))


def people_behind(vector: Vector) -> tuple[dict[tuple[Cell, ...], tuple[int, int]], int]:
    """Return the size and the people of each class, and the people who are behind none.

    Where the population tells whose its records are, people are different persons, and who has a
    record that reads as no class is behind none: all of it would have to be hers.
    """
    people = _people(vector)
    behind = {
        label: (size, len(people.get(label, set())))
        for label, size in sizes_by_label(vector).items()
    }
    absent = [who for label, some in people.items() if label not in behind for who in some]
    return behind, len(set(absent))


def _people(vector: Vector) -> dict[tuple[Cell, ...], set[Value]]:
    """Return who of the population reads so: a person, or a line of its table."""
    assert vector.population is not None, "the vector has a population"
    named = vector.population_person
    whose: list[Value]
    if named is None:
        whose, labels = list(range(len(vector.population))), list(vector.population)
    else:
        whose = vector.owners(named, [line[0] for line in vector.population])
        labels = [line[1:] for line in vector.population]
    people: dict[tuple[Cell, ...], set[Value]] = {}
    for who, label in zip(whose, labels, strict=True):
        people.setdefault(label, set()).add(who)
    return people


def is_k_map(vector: Vector, k: int) -> bool:
    """Tell whether k people of the population read as each class does [1]_."""
    behind, _ = people_behind(vector)
    return all(people >= k for _, people in behind.values())


def is_present(vector: Vector, lower: Fraction, upper: Fraction) -> bool:
    """Tell whether each person is in the table with a probability from lower to upper [4]_.

    Of the people who read as a class does, so many are in the table as the class has records; of
    those who read as none does, nobody is. More records than people are none of that population.
    """
    behind, absent = people_behind(vector)
    if absent and lower > 0:
        return False
    return all(lower * people <= n <= upper * people for n, people in behind.values())


def records_for(k: int, fraction: Fraction, significance: Fraction, *, truncated: bool) -> int:
    """Return how many records a class needs to stand for k people, by hypothesis test [5]_.

    The least s that k people show, or more, with a probability of at most ``significance``; k
    at most, since k records are of k people.
    """
    mean = fraction * k
    for size in range(1, k):
        if poisson_tail_is_at_most(size, mean, significance, truncated=truncated):
            return size
    return k
