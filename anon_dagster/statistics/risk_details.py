"""Risk in detail: which attributes single out whom, and what attacks come to."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, fields
from math import ceil, nan
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from anon_dagster.core.frequency import FrequencyTable
from anon_dagster.core.problem import Problem
from anon_dagster.core.risk.attacks import Attack, inference, linkability, singling_out
from anon_dagster.core.risk.separation import Separation, class_sizes, left_out, separation_of
from anon_dagster.core.risk.separation import separations as all_separations
from anon_dagster.core.risk.special_uniques import (
    SpecialUniques,
    dis_scores,
    intrusion_success,
    special_uniques,
)
from anon_dagster.core.solution import Solution
from anon_dagster.discreet import Discreet
from anon_dagster.request import MOST_COMBINATIONS, Policy, RiskAnalysis, SudaAnalysis
from anon_dagster.request.analysis import combinations_up_to

_KNOWN = (1, 2, 3)  # attributes that an attacker singles out by


@dataclass(frozen=True, slots=True)
class RiskDetails(Discreet):
    """Tables of names and numbers; ``None`` is what was not asked for."""

    suda: pd.DataFrame | None = None
    """Indexed by ``statistic``; ``source`` and ``release``: ``unique_records``;
    ``special_uniques``, those with a minimal sample unique (MSU); ``msus(k)``, MSUs of k
    attributes; ``highest_score``; where the sampling fraction is known ``intrusion_success``, the
    DIS of the file, and ``highest_dis``. See :mod:`anon_dagster.core.risk.special_uniques`."""
    suda_contributions: pd.DataFrame | None = None
    """Indexed by ``attribute``; ``source`` and ``release``: the share of all scores that MSUs with
    the attribute give, 0 to 1. An MSU counts for each of its attributes."""
    combinations: pd.DataFrame | None = None
    """Indexed by ``attributes``, those that single out most records first: ``size``; of
    ``source_…`` and ``release_…`` its ``distinction`` and ``separation`` (0 to 1, see
    :mod:`anon_dagster.core.risk.separation`), its ``unique`` records, and those
    ``above_threshold``."""
    contributions: pd.DataFrame | None = None
    """Indexed by ``without``, an attribute that an attacker does not know, or ``(none)``; of
    ``source_…`` and ``release_…`` the ``average`` and ``highest`` risk (0 to 1), the ``unique``
    records, and those ``above_threshold``."""
    attacks: pd.DataFrame | None = None
    """Indexed by ``attack``; of ``source_…`` and ``release_…`` the ``success``, that of the
    ``control`` group, the ``naive`` guess, and the ``risk`` with the ends ``low`` and ``high`` of
    its interval, all 0 to 1. See :mod:`anon_dagster.core.risk.attacks`."""

    @property
    def tables(self) -> dict[str, pd.DataFrame]:
        """What was asked for, by name."""
        frames = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: frame for name, frame in frames.items() if frame is not None}


@dataclass(frozen=True, slots=True, eq=False)
class Tables:
    """The quasi-identifiers of the source, and as they are released."""

    source: FrequencyTable
    release: FrequencyTable

    @classmethod
    def of(cls, problem: Problem, solution: Solution, *, sensitive: bool = False) -> "Tables":
        """Return the records of a problem, and those that a solution releases.

        Parameters
        ----------
        sensitive
            Whether the sensitive attributes are in it, too; they follow the quasi-identifiers.
        """
        guarded = (problem.sensitive if sensitive else problem.sensitive.select(())).array
        sizes = problem.sensitive_sizes if sensitive else ()
        leaves = [hierarchy.leaves for hierarchy in problem.hierarchies]
        source = FrequencyTable.of(
            np.concatenate([problem.codes.array, guarded], axis=1),
            problem.counts,
            [*leaves, *sizes],
        )
        kept = solution.classes >= 0
        codes = np.concatenate([_labels(solution, kept), guarded[kept]], axis=1)
        labels = [len(generalized.labels) for generalized in solution.generalized]
        release = FrequencyTable.of(codes, problem.counts[kept], [*labels, *sizes])
        return cls(source, release)

    def __iter__(self) -> Iterator[FrequencyTable]:
        yield from (self.source, self.release)


def _labels(solution: Solution, kept: NDArray[np.bool_]) -> NDArray[np.int32]:
    """Return the label of each released tuple in each quasi-identifier."""
    classes = solution.classes[kept]
    columns = [generalized.codes[classes] for generalized in solution.generalized]
    return np.stack(columns, axis=1) if columns else np.zeros((len(classes), 0), dtype=np.int32)


def risk_details(
    problem: Problem,
    solution: Solution,
    policy: Policy,
    analysis: RiskAnalysis,
    *,
    people: int | None = None,
) -> RiskDetails:
    """Examine what is asked for, of the source and of the release.

    Only released records count: suppressed ones are out, also where they stay with ``*``.

    Parameters
    ----------
    people
        The size of the population, if it is known.
    """
    tables, names = Tables.of(problem, solution), tuple(policy.quasi_identifiers)
    below = class_size_at_risk(policy)
    suda: dict[str, pd.DataFrame] = {}
    if analysis.suda is not None:
        suda = _suda(tables, names, analysis.suda, people)
    combined = None
    if analysis.combinations is not None:
        combined = _combinations(tables, names, analysis.combinations.largest, below)
    return RiskDetails(
        **suda,
        combinations=combined,
        contributions=_contributions(tables, names, below) if analysis.contributions else None,
        attacks=_attacks(problem, solution, policy) if analysis.attacks else None,
    )


def class_size_at_risk(policy: Policy) -> int:
    """Return the size below which the records of a class are above the threshold of risk."""
    return ceil(1 / policy.threshold)


# -- special uniques -----------------------------------------------------------------------


def sampling_fraction(
    table: FrequencyTable, tables: Tables, asked: SudaAnalysis, people: int | None
) -> float | None:
    """Return the share of the population that a table holds; ``None`` if it is not known."""
    if not tables.source.records:
        return None
    if asked.sampling_fraction is not None:
        return asked.sampling_fraction * table.records / tables.source.records
    return None if people is None else table.records / people


def _suda(
    tables: Tables, names: tuple[str, ...], asked: SudaAnalysis, people: int | None
) -> dict[str, pd.DataFrame]:
    """Score the special uniques of both tables: the two tables of :class:`RiskDetails` on them."""
    uniques = [special_uniques(table, largest=asked.largest) for table in tables]
    fractions = [sampling_fraction(table, tables, asked, people) for table in tables]
    columns = [dict(_suda_statistics(u, f)) for u, f in zip(uniques, fractions, strict=True)]
    statistics = pd.DataFrame(
        {n: pd.Series(c, dtype=object) for n, c in zip(_BOTH, columns, strict=True)}
    )
    shares = [u.contributions.sum(axis=0) / (u.scores.sum() or 1.0) for u in uniques]
    contributions = pd.DataFrame(
        dict(zip(_BOTH, shares, strict=True)), index=pd.Index(names, name="attribute")
    )
    return {
        "suda": statistics.rename_axis("statistic"),
        "suda_contributions": contributions,
    }


def _suda_statistics(uniques: SpecialUniques, fraction: float | None) -> Iterator[tuple[str, Any]]:
    yield "unique_records", int(np.count_nonzero(uniques.table.counts == 1))
    yield "special_uniques", int(np.count_nonzero(uniques.smallest))
    for k, number in enumerate(uniques.msus.sum(axis=0).tolist(), start=1):
        yield f"msus({k})", number
    yield "highest_score", float(uniques.scores.max(initial=0.0))
    known = fraction is not None
    yield "intrusion_success", intrusion_success(uniques.table, fraction or 0.0) if known else nan
    highest = dis_scores(uniques, fraction).max(initial=0.0) if fraction else nan
    yield "highest_dis", float(highest)


# -- separation ----------------------------------------------------------------------------

_BOTH = ("source", "release")
_FIGURES: dict[str, Callable[[Separation], float]] = {
    "average": lambda s: s.distinction,
    "highest": lambda s: 1 / s.smallest if s.smallest else nan,
    "unique": lambda s: s.unique,
    "above_threshold": lambda s: s.rare,
}


def _beside(figures: Mapping[str, list[Any]], table: str) -> dict[str, list[Any]]:
    return {f"{table}_{name}": values for name, values in figures.items()}


def _combinations(tables: Tables, names: tuple[str, ...], largest: int, below: int) -> pd.DataFrame:
    """Measure every combination of up to so many attributes in both tables, the worst first."""
    columns: dict[str, list[Any]] = {}
    for name, table in zip(_BOTH, tables, strict=True):
        measured = dict(all_separations(table, largest=largest, below=below))
        columns |= _beside(
            {
                "distinction": [s.distinction for s in measured.values()],
                "separation": [s.separation for s in measured.values()],
                "unique": [s.unique for s in measured.values()],
                "above_threshold": [s.rare for s in measured.values()],
            },
            name,
        )
    attributes = pd.Index([", ".join(names[a] for a in combination) for combination in measured])
    frame = pd.DataFrame(columns, index=attributes.rename("attributes"))
    frame.insert(0, "size", [len(combination) for combination in measured])
    most_first = ["source_unique", "source_separation"]
    return frame.sort_values(most_first, ascending=False, kind="stable")


def _contributions(tables: Tables, names: tuple[str, ...], below: int) -> pd.DataFrame:
    columns: dict[str, list[Any]] = {}
    for name, table in zip(_BOTH, tables, strict=True):
        everything = separation_of(class_sizes(table, range(len(names))), below=below)
        measured = [everything, *left_out(table, below=below)]
        columns |= _beside({key: [f(s) for s in measured] for key, f in _FIGURES.items()}, name)
    return pd.DataFrame(columns, index=pd.Index(["(none)", *names], name="without"))


# -- attacks -------------------------------------------------------------------------------


def _attacks(problem: Problem, solution: Solution, policy: Policy) -> pd.DataFrame:
    plain, guarded = (Tables.of(problem, solution, sensitive=s) for s in (False, True))
    columns: dict[str, list[Any]] = {}
    index: list[str] = []
    for name, of_plain, of_guarded in zip(_BOTH, plain, guarded, strict=True):
        attacks = dict(_attacked(of_plain, of_guarded, policy))
        index = list(attacks)
        columns |= _beside(_results(attacks.values()), name)
    return pd.DataFrame(columns, index=pd.Index(index, name="attack"))


def _attacked(
    plain: FrequencyTable, guarded: FrequencyTable, policy: Policy
) -> Iterator[tuple[str, Attack]]:
    """Carry out every attack on a table, without and with its sensitive attributes."""
    known, sensitive = tuple(policy.quasi_identifiers), policy.names("sensitive")
    width = len(known) + len(sensitive)
    few = {n for n in _KNOWN if combinations_up_to(width, n) <= MOST_COMBINATIONS and n < width}
    for number in sorted({*few, width}):
        yield f"singling_out({number} known)", singling_out(guarded, number)
    yield "linkability", linkability(plain)
    for secret, name in enumerate((*known, *sensitive)):
        others = [a for a in range(len(known)) if a != secret]
        yield f"inference({name})", inference(guarded, others, secret)


def _results(attacks: Iterable[Attack]) -> dict[str, list[float]]:
    listed = list(attacks)
    return {
        "success": [attack.success for attack in listed],
        "control": [attack.control for attack in listed],
        "naive": [attack.naive for attack in listed],
        "risk": [attack.risk for attack in listed],
        "low": [attack.interval[0] for attack in listed],
        "high": [attack.interval[1] for attack in listed],
    }
