"""The risk of every record: what its class and its special uniqueness are.

Records are addressed by their place: those of the source (of a sample those that were drawn) in the
order in which they are read, those of the release in the order in which they are stored. The two
orders differ, and nothing here says which released record belongs to which of the source. It tells
of single persons all the same, and is kept where the job keeps its records.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from anon_dagster.core.frequency import FrequencyTable
from anon_dagster.core.keys import TupleIndex, group
from anon_dagster.core.risk.special_uniques import dis_scores, special_uniques
from anon_dagster.discreet import Discreet
from anon_dagster.errors import SourceChangedError
from anon_dagster.planning.decision import Decision
from anon_dagster.reading.counting import Count, tuples_of
from anon_dagster.request import Policy, RiskAnalysis
from anon_dagster.storage.sources import OpenSource


@dataclass(frozen=True, slots=True)
class RecordRisks(Discreet, shown=("source.shape", "release.shape")):
    """A row per record.

    ``row``, its place from 0; ``class_size``, how many records agree in all quasi-identifiers;
    ``prosecutor_risk``, 1 / class size; and with SUDA ``suda_score``, ``dis_score`` (missing where
    the sampling fraction is not known), and ``smallest_msu``, how many attributes suffice to
    single it out (0: not so many as were looked for).
    """

    source: pd.DataFrame
    """Has ``released_class_size``, too: of the class that it is released in, 0 if suppressed."""
    release: pd.DataFrame


@dataclass(frozen=True, slots=True, eq=False)
class TupleRisks(Discreet):
    """The risk of the records of each distinct tuple of a table."""

    count: Count
    columns: dict[str, NDArray[Any]]  # (tuples,) each

    def tables(self, table: OpenSource) -> Iterator[pa.Table]:
        """Give the risk of the records of a table that was counted, batch by batch.

        Raises
        ------
        SourceChangedError
            If it is no longer as it was counted.
        """
        index = TupleIndex.of(self.count.table.codes, self.count.table.sizes)
        row = 0
        for part in table.parts:
            for batch in table.batches(part):
                tuples = tuples_of(self.count, index, batch)
                if lacking := int((tuples < 0).sum()):
                    raise SourceChangedError(
                        f"the table changed since it was counted: {lacking} records were not "
                        "there; run the job again"
                    )
                rows = np.arange(row, row + len(tuples))
                risks = {name: values[tuples] for name, values in self.columns.items()}
                yield pa.table({"row": rows, **risks})
                row += len(tuples)
        table.unchanged()

    def frame(self, table: OpenSource) -> pd.DataFrame:
        """Return the risk of the records of a table that was counted; see :meth:`tables`."""
        risks = pa.concat_tables([self.schema.empty_table(), *self.tables(table)])
        frame: pd.DataFrame = risks.to_pandas()
        return frame

    @property
    def schema(self) -> pa.Schema:
        """The columns that there are for each record."""
        kinds = {name: pa.from_numpy_dtype(v.dtype) for name, v in self.columns.items()}
        return pa.schema({"row": pa.int64(), **kinds})


def source_risks(
    decision: Decision, analysis: RiskAnalysis, people: int | None = None
) -> TupleRisks:
    """Measure the records of a source.

    Parameters
    ----------
    people
        The size of the population, if it is known.
    """
    classes = decision.solution.classes
    released = classes >= 0
    sizes = np.zeros(int(classes.max(initial=-1)) + 1, dtype=np.int64)
    np.add.at(sizes, classes[released], decision.counted.table.counts[released])
    released_sizes = np.zeros(len(classes), dtype=np.int64)
    released_sizes[released] = sizes[classes[released]]
    counted, policy = decision.counted, decision.request.policy
    measured = _columns(
        counted, policy, analysis, _fraction(counted.records, counted, analysis, people)
    )
    return TupleRisks(counted, {**measured, "released_class_size": released_sizes})


def release_risks(
    decision: Decision, stored: Count, analysis: RiskAnalysis, people: int | None = None
) -> TupleRisks:
    """Measure the records of a release as it is stored; see :func:`source_risks`.

    Suppressed records that stay with ``*`` are a class like any other here.
    """
    fraction = _fraction(stored.records, decision.counted, analysis, people)
    return TupleRisks(stored, _columns(stored, decision.request.policy, analysis, fraction))


def _fraction(
    records: int, source: Count, analysis: RiskAnalysis, people: int | None
) -> float | None:
    asked = None if analysis.suda is None else analysis.suda.sampling_fraction
    if asked is not None:
        return asked * records / max(source.records, 1)
    return None if people is None else records / max(people, 1)


def _columns(
    counted: Count, policy: Policy, analysis: RiskAnalysis, fraction: float | None
) -> dict[str, NDArray[Any]]:
    """Return the measures of each distinct tuple, (tuples,) each, by the name of their column."""
    positions = [a for a, n in enumerate(counted.attributes) if n in policy.quasi_identifiers]
    table, codes = counted.table, counted.table.codes.select(positions)
    sizes = [table.sizes[a] for a in positions]
    groups = group(codes.columns, sizes, len(codes))
    classes = FrequencyTable(codes.take(groups.first), groups.sums(table.counts), tuple(sizes))
    columns: dict[str, NDArray[Any]] = {
        "class_size": classes.counts,
        "prosecutor_risk": 1 / classes.counts,
    }
    if analysis.suda is not None:
        uniques = special_uniques(classes, largest=analysis.suda.largest)
        nothing = np.full(len(classes), np.nan)
        columns |= {
            "suda_score": uniques.scores,
            "dis_score": nothing if fraction is None else dis_scores(uniques, fraction),
            "smallest_msu": uniques.smallest,
        }
    return {name: values[groups.ids] for name, values in columns.items()}
