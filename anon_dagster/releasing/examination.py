"""The examination of a release for what nobody asked about, before it is published and after."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from anon_dagster.core.residual import Labelled
from anon_dagster.planning.decision import Decision
from anon_dagster.reading.counting import Count
from anon_dagster.releasing.recoder import Recoder, recoder
from anon_dagster.request import Policy
from anon_dagster.residual import Classes, Examiner, ResidualDisclosure, Subject
from anon_dagster.storage.fingerprints import Fingerprint
from anon_dagster.storage.sources import OpenSource, Part


def examiner_of(
    decision: Decision, source: OpenSource, writer: Recoder, *, attacks: bool = False
) -> Examiner:
    """Return who looks at a source and its release while they are read; see `examine_release`."""
    policy = _asked(decision.request.policy, attacks=attacks)
    subject = Subject(
        policy,
        tuple(writer.schema.names),
        tuple(name for name in source.columns if name not in source.skipped),
        (decision.request.decimal, decision.request.release_decimal),
    )
    released = decision.counted.records
    if not writer.keeps_suppressed:
        released -= decision.suppressed
    return Examiner(
        subject,
        _telling(decision.counted, subject.harmless),
        records=decision.counted.records,
        released=released,
    )


def _asked(policy: Policy, *, attacks: bool = False) -> Policy:
    if not attacks or policy.residual.intruder != "ignore":
        return policy
    rule = policy.residual.model_copy(update={"intruder": "warn"})
    return policy.model_copy(update={"residual": rule})


def classes_of(decision: Decision) -> Classes | None:
    """Return the tuples that are released, and how the class of each reads.

    Nothing where the class follows from the values by themselves: then it tells nothing else.
    """
    counted, solution = decision.counted, decision.solution
    if solution.levels is not None and decision.plan.clusters is None:
        return None
    shown = solution.classes >= 0
    if decision.request.policy.suppressed_records == "keep":
        shown[:] = True
    codes, classes = counted.table.codes[shown], solution.classes[shown]
    attributes: dict[str, Labelled] = {}
    for name, generalized in zip(
        decision.plan.quasi_identifiers, solution.generalized, strict=True
    ):
        of_class = np.append(generalized.codes, len(generalized.labels))  # class -1 is the last
        attributes[name] = Labelled(
            codes[:, counted.attributes.index(name)].astype(np.int64),
            of_class[classes].astype(np.int64),
            counted.columns[name].ordering.numbers,
            np.append(generalized.heights, 1.0),
        )
    sensitive = {
        name: (
            codes[:, counted.attributes.index(name)].astype(np.int64),
            counted.columns[name].ordering.numbers,
        )
        for name in decision.plan.sensitive
    }
    return Classes(attributes, sensitive, counted.table.counts[shown])


def _telling(counted: Count, names: Iterable[str]) -> list[str]:
    """Return columns in the order of how much they tell: how seldom two records agree."""

    def agreeing(name: str) -> float:
        counts = counted.columns[name].counts.astype(np.float64)
        return float(np.square(counts).sum())

    return sorted(names, key=agreeing)


def examine_release(
    decision: Decision,
    source: OpenSource,
    released: OpenSource,
    *,
    attacks: bool = False,
) -> ResidualDisclosure:
    """Find what a stored release tells although every promise holds.

    Source and release are read.

    Parameters
    ----------
    source
        What was counted, as it was opened for the count.
    released
        The release as it is stored.
    attacks
        Whether to carry out the attacks even where the policy does not ask for them.

    Raises
    ------
    SourceError
        If the source changed since it was counted.
    """
    writer = recoder(decision, source)
    examiner = examiner_of(decision, source, writer, attacks=attacks)
    for batch in _batches(source):
        examiner.see_source(batch, writer.paired)
    source.unchanged()
    records = 0
    for batch in _batches(released):
        examiner.see_release(batch)
        records += batch.num_rows
    return examiner.disclosure(classes_of(decision), records)


def _batches(source: OpenSource) -> Iterator[pa.RecordBatch]:
    for part in source.parts:
        yield from source.batches(part)


@dataclass(frozen=True, slots=True)
class Watched:
    """A source of which every batch that is read is shown to somebody else, too."""

    source: OpenSource
    see: Callable[[pa.RecordBatch], None]

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of the columns, in their order."""
        return self.source.columns

    @property
    def schema(self) -> pa.Schema:
        """The types of the columns."""
        return self.source.schema

    @property
    def skipped(self) -> Mapping[str, str]:
        """The columns that are not read."""
        return self.source.skipped

    @property
    def parts(self) -> tuple[Part, ...]:
        """What may be read independently of each other."""
        return self.source.parts

    @property
    def files(self) -> tuple[Fingerprint, ...]:
        """The versions of the files that were found."""
        return self.source.files

    @property
    def records(self) -> int | None:
        """About how many records there are."""
        return self.source.records

    def batches(self, part: Part) -> Iterator[pa.RecordBatch]:
        """Read a part, and show it."""
        for batch in self.source.batches(part):
            self.see(batch)
            yield batch

    def unchanged(self) -> None:
        """Raise a SourceError if a file is not the one that was opened."""
        self.source.unchanged()

    def advice(self) -> str:
        """Say what may be wrong with how it is read."""
        return self.source.advice()
