"""A sample of the records of a source, drawn anew in every reading, always the same."""

import base64
from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from secrets import token_bytes

import numpy as np
import pyarrow as pa

from anon_dagster.core.privacy import DifferentialPrivacy
from anon_dagster.core.sampling import Sampling, seeded
from anon_dagster.errors import Complaint, RequestError
from anon_dagster.reading.persons import PERSON, WithPersons
from anon_dagster.reading.placed import PlacedSource
from anon_dagster.reading.scanning import records_of_parts
from anon_dagster.request import Policy
from anon_dagster.storage.sources import OpenSource, Part
from anon_dagster.storage.wrapped import WrappedSource


@dataclass(frozen=True, slots=True, eq=False)
class SampledSource(PlacedSource):
    """The drawn records of a source."""

    sampling: Sampling

    @property
    def parts(self) -> tuple[Part, ...]:
        """What may be read independently of each other; nobody knows how many are drawn of it."""
        return tuple(replace(part, records=None) for part in self.source.parts)

    @property
    def records(self) -> int:
        """How many records the source has, drawn or not; it is read for it unless it was."""
        return self.first_row_of(len(self.parts))

    def batches(self, part: Part) -> Iterator[pa.RecordBatch]:
        """Read the drawn records of a part."""
        number = self.parts.index(part)
        row = self.first_row_of(number)
        for batch in self.source.batches(self.source.parts[number]):
            chosen = self.sampling.chosen(row, batch.num_rows)
            yield batch.filter(pa.array(chosen))
            row += batch.num_rows
        self.note_end(number, row)


@dataclass(frozen=True, slots=True, eq=False)
class SampledPersons(WrappedSource):
    """The records of drawn persons: all of a person, or none."""

    sampling: Sampling
    named: OpenSource
    """The same source, whose records tell whose they are, by hashes that are drawn from."""

    @property
    def parts(self) -> tuple[Part, ...]:
        """What may be read independently of each other; nobody knows how many are drawn of it."""
        return tuple(replace(part, records=None) for part in self.source.parts)

    @property
    def records(self) -> int:
        """How many records the source has, drawn or not; it is read for it unless it was."""
        return sum(records_of_parts(self.source))

    def batches(self, part: Part) -> Iterator[pa.RecordBatch]:
        """Read the records of drawn persons."""
        number = self.parts.index(part)
        for batch in self.named.batches(self.source.parts[number]):
            hashes = batch.column(PERSON).to_numpy().view(np.uint64)
            drawn = np.zeros(len(hashes), dtype=np.bool_)
            if self.sampling.below:
                drawn = hashes <= np.uint64(self.sampling.below - 1)
            yield batch.select(batch.schema.names[:-1]).filter(pa.array(drawn))


def drawn(source: OpenSource, policy: Policy) -> SampledSource | SampledPersons | None:
    """Return the sample of a source that a policy asks for, if it does.

    Where promises are about persons, persons are drawn, each with all records.

    For differential privacy the operating system gives a new key each time, which nobody who reads
    the release may know.

    Raises
    ------
    RequestError
        If the source has fewer records than are to be drawn.
    """
    if secret := policy.privacy.differential_privacy:
        model = DifferentialPrivacy(Fraction(str(secret.epsilon)), Fraction(str(secret.delta)))
        return SampledSource(source, Sampling(token_bytes(32), model.below))
    asked = policy.sampling
    if asked is None:
        return None
    key = seeded(asked.seed)
    if policy.person is not None:
        assert asked.fraction is not None, "a validated request draws persons by a fraction"
        sampling = Sampling.of_fraction(key, Fraction(str(asked.fraction)))
        return _of_persons(source, sampling, policy)
    if asked.fraction is not None:
        sampling = Sampling.of_fraction(key, Fraction(str(asked.fraction)))
        return SampledSource(source, sampling)
    assert asked.records is not None, "a validated request gives a fraction or a number"
    records = SampledSource(source, Sampling(key, 0)).records
    if records < asked.records:
        problem = f"the source has {records:,} records only"
        raise RequestError([Complaint("policy.sampling.records", problem)])
    return SampledSource(source, Sampling.of_records(key, asked.records, records))


def drawn_again(source: OpenSource, sampling: Sampling | None, policy: Policy) -> OpenSource:
    """Return the records of a source that were drawn before; all, if none were."""
    if sampling is None:
        return source
    if policy.person is not None:
        return _of_persons(source, sampling, policy)
    return SampledSource(source, replace(sampling, records=0))  # as it was when they were counted


def _of_persons(source: OpenSource, sampling: Sampling, policy: Policy) -> SampledPersons:
    assert policy.person is not None, "persons are drawn"
    key = base64.b64encode(sampling.key[:12]).decode()  # not that of the job's hashes
    named = WithPersons(source, policy.person, key, policy.without_person == "own")
    return SampledPersons(source, sampling, named)
