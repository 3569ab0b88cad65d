"""Small random problems, and the plain search of a whole lattice, the oracle of every search."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import product

import numpy as np
from numpy.typing import NDArray

from anon_dagster.core.codes import Codes
from anon_dagster.core.evaluation import evaluate
from anon_dagster.core.frequency import FrequencyTable
from anon_dagster.core.hierarchy import Hierarchy
from anon_dagster.core.objectives import (
    TIE,
    Ambiguity,
    ArithmeticMean,
    AttributeWise,
    AverageClassSize,
    CertaintyPenalty,
    Discernibility,
    GeometricMean,
    Height,
    KullbackLeibler,
    Maximum,
    NonUniformEntropy,
    Objective,
    Precision,
)
from anon_dagster.core.population import Population
from anon_dagster.core.privacy import (
    AlphaDeassociation,
    AverageRisk,
    BetaLikeness,
    DeltaDisclosure,
    DeltaPresence,
    DistinctLDiversity,
    EnhancedBetaLikeness,
    EntropyLDiversity,
    EqualTCloseness,
    EquivalenceClasses,
    EstimatedKMap,
    HierarchicalTCloseness,
    KAnonymity,
    KMap,
    OrderedTCloseness,
    PrivacyModel,
    RecursiveLDiversity,
    SampleUniqueness,
    TableModel,
)
from anon_dagster.core.problem import Problem


@dataclass(frozen=True, slots=True)
class NoMultipleOfThree(PrivacyModel):
    """A model of which nothing is known: classes that join may break it or mend it."""

    def holds(self, classes: EquivalenceClasses) -> NDArray[np.bool_]:
        verdict: NDArray[np.bool_] = classes.sizes % 3 != 0
        return verdict

    def __str__(self) -> str:
        return "no multiple of three"


VALUES = 5
"""Values of the sensitive attribute."""
TREE = Hierarchy.from_labels([list("abcde"), list("11223"), list("xxyyy"), ["*"] * VALUES])
MODELS: dict[str, tuple[PrivacyModel, ...]] = {
    "k": (KAnonymity(3),),
    "distinct l": (DistinctLDiversity(0, 2),),
    "entropy l": (EntropyLDiversity(0, Fraction(2)),),
    "recursive l": (RecursiveLDiversity(0, Fraction(3, 2), 2),),
    "t, equal": (EqualTCloseness(0, Fraction(2, 5)),),
    "t, ordered": (OrderedTCloseness(0, Fraction(1, 4), np.array([3, 0, 4, 1, 2])),),
    "t, hierarchical": (
        HierarchicalTCloseness(0, Fraction(3, 10), TREE, np.arange(VALUES, dtype=np.int32)),
    ),
    "k and distinct l": (KAnonymity(2), DistinctLDiversity(0, 3)),
    "k and t": (KAnonymity(3), EqualTCloseness(0, Fraction(1, 2))),
    "k, entropy l and t": (
        KAnonymity(2),
        EntropyLDiversity(0, Fraction(3, 2)),
        OrderedTCloseness(0, Fraction(1, 2), np.arange(VALUES)),
    ),
    "two sensitive attributes": (
        KAnonymity(2),
        DistinctLDiversity(0, 2),
        EqualTCloseness(1, Fraction(1, 2)),
    ),
    "alpha and k": (KAnonymity(2), AlphaDeassociation(0, Fraction(3, 5))),
    "alpha of some values": (KAnonymity(2), AlphaDeassociation(0, Fraction(1, 2), (0, 3))),
    "delta": (DeltaDisclosure(0, Fraction(2)),),
    "delta of values present": (
        KAnonymity(2),
        DeltaDisclosure(0, Fraction(3, 2), present_only=True),
    ),
    "beta": (BetaLikeness(0, Fraction(1)),),
    "enhanced beta": (KAnonymity(2), EnhancedBetaLikeness(0, Fraction(2))),
    "nothing monotone": (NoMultipleOfThree(),),
    "map": (KMap(4),),
    "map and distinct l": (KMap(3), DistinctLDiversity(0, 2)),
    "estimated map": (EstimatedKMap(9, Fraction(1, 5), Fraction(1, 10)),),
    "presence at most": (DeltaPresence(Fraction(0), Fraction(2, 3)),),
    "presence within": (DeltaPresence(Fraction(1, 4), Fraction(3, 4)),),
    "presence and k": (KAnonymity(2), DeltaPresence(Fraction(1, 3), Fraction(1))),
    "the second attribute only": (RecursiveLDiversity(1, Fraction(2), 2),),
}


OBJECTIVES: dict[str, Objective] = {
    **{
        str(objective): objective
        for objective in (
            AttributeWise(metric, aggregate)
            for metric in (CertaintyPenalty(), Precision(), NonUniformEntropy())
            for aggregate in (ArithmeticMean(), GeometricMean(), Maximum())
        )
    },
    "discernibility": Discernibility(),
    "average class size": AverageClassSize(),
    "divergence": KullbackLeibler(),
    "ambiguity": Ambiguity(),
    "height": Height(),
}
MOSTLY_TRIED = (
    "weighted mean of the normalized certainty penalty",
    "weighted geometric mean of the loss of precision",
    "weighted maximum of the non-uniform entropy",
    "discernibility",
    "ambiguity",
)
"""One objective of each way to add up, and of each kind; the slow tests try all."""


TABLE_MODELS: tuple[tuple[TableModel, ...], ...] = (
    *((),) * 7,
    (AverageRisk(Fraction(1, 10)),),
    (SampleUniqueness(Fraction(1, 20)),),
    (AverageRisk(Fraction(1, 3)), SampleUniqueness(Fraction(0))),
)


@dataclass(frozen=True, slots=True)
class Answer:
    """What the plain search finds: no levels where no candidate is feasible."""

    levels: tuple[int, ...] | None
    loss: float
    fewest: int
    """Records that the candidate with the least suppression suppresses."""
    broken: bool
    """Whether a candidate within the limit fails for what its suppression does."""


def brute_force(problem: Problem) -> Answer:
    """Evaluate every candidate."""
    ranges = [
        range(low, high + 1) for low, high in zip(problem.lowest, problem.highest, strict=True)
    ]
    every = {levels: evaluate(problem, levels) for levels in product(*ranges)}
    feasible = {levels: e.loss for levels, e in every.items() if e.feasible}
    least = min(feasible.values(), default=np.inf)
    fewest = min(e.suppressed for e in every.values())
    ties = [levels for levels, loss in feasible.items() if loss <= least + TIE]
    within = fewest <= min(problem.most_suppressed, max(problem.records - 1, 0))
    return Answer(min(ties, default=None), least, fewest, not feasible and within)


def random_problem(seed: int, models: Sequence[PrivacyModel]) -> Problem:
    """Return a problem of a few dozen records and up to some hundred candidates."""
    dice = np.random.default_rng(seed)
    attributes, rows = int(dice.integers(1, 5)), int(dice.integers(1, 120))
    hierarchies = tuple(_random_hierarchy(dice) for _ in range(attributes))
    columns = [_random_column(dice, h.leaves, rows) for h in hierarchies]
    columns += [_random_column(dice, VALUES, rows) for _ in range(2)]
    counts = dice.integers(1, dice.choice([2, 4, 2**40]), rows)
    sizes = [*(h.leaves for h in hierarchies), VALUES, VALUES]
    table = FrequencyTable.of(np.stack(columns, axis=1), counts, sizes)
    lowest, highest = zip(*(_random_range(dice, h.levels) for h in hierarchies), strict=True)
    limit = dice.choice([0, 0, 0.05, 0.1, 0.2, 0.5, 1])
    return Problem(
        codes=Codes.of(table.codes.array[:, :attributes]),
        sensitive=Codes.of(table.codes.array[:, attributes:]),
        counts=table.counts,
        hierarchies=hierarchies,
        sensitive_sizes=(VALUES, VALUES),
        weights=_random_weights(dice, attributes),
        lowest=lowest,
        highest=highest,
        models=tuple(models),
        population=_random_population(dice, table, hierarchies) if _counts(models) else None,
        most_suppressed=int(limit * table.records),
        keeps_suppressed=bool(dice.integers(2)),
        table_models=TABLE_MODELS[dice.integers(len(TABLE_MODELS))],
        suppression_cost=Fraction(str(dice.choice([1, 1, 1, 0, 0.3, 0.7, 0.95, 2, 10]))),
    )


def with_objective(problem: Problem, objective: Objective) -> Problem:
    """Return a problem with another objective; where suppression has no cost to choose, it is 1."""
    cost = problem.suppression_cost if objective.costs_suppression else Fraction(1)
    return replace(problem, objective=objective, suppression_cost=cost)


def _counts(models: Sequence[PrivacyModel]) -> bool:
    return any(isinstance(model, KMap | DeltaPresence) for model in models)


def _random_population(
    dice: np.random.Generator, table: FrequencyTable, hierarchies: Sequence[Hierarchy]
) -> Population:
    """Return the people of a table, several times some of them, and others besides."""
    width, others = len(hierarchies), int(dice.integers(0, 60))
    columns = [_random_column(dice, h.leaves, others) for h in hierarchies]
    codes = np.concatenate([table.codes.array[:, :width], np.stack(columns, axis=1)])
    counts = np.concatenate(
        [table.counts * dice.integers(1, 5, len(table)), dice.integers(1, 4, others)]
    )
    people = FrequencyTable.of(codes, counts, [h.leaves for h in hierarchies])
    return Population(people.codes, people.counts)


def _random_hierarchy(dice: np.random.Generator) -> Hierarchy:
    leaves = int(dice.integers(1, 9))
    rows = [dice.permutation(leaves)]
    for _ in range(int(dice.integers(0, 4))):
        groups = max(1, int(rows[-1].max() + 1) // 2 + int(dice.integers(0, 2)))
        rows.append(dice.integers(0, groups, rows[-1].max() + 1)[rows[-1]])
    return Hierarchy.from_labels([[f"{level}.{v}" for v in row] for level, row in enumerate(rows)])


def _random_column(dice: np.random.Generator, size: int, rows: int) -> NDArray[np.int32]:
    shares = dice.dirichlet(np.full(size, dice.choice([0.3, 3.0])))
    return dice.choice(size, rows, p=shares).astype(np.int32)


def _random_range(dice: np.random.Generator, levels: int) -> tuple[int, int]:
    if dice.random() < 0.6:
        return 0, levels - 1
    low, high = sorted(dice.integers(0, levels, 2).tolist())
    return low, high


def _random_weights(dice: np.random.Generator, attributes: int) -> tuple[float, ...]:
    if dice.random() < 0.5:
        return (1.0,) * attributes
    weights = dice.choice([0.0, 0.3, 0.5, 1.0, 2.0], attributes)
    weights[dice.integers(attributes)] = 1.0
    return tuple(weights.tolist())
