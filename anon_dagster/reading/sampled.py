"""A sample of the records of a source, drawn anew in every reading, always the same."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from secrets import token_bytes

import pyarrow as pa

from anon_dagster.core.privacy import DifferentialPrivacy
from anon_dagster.core.sampling import Sampling, seeded
from anon_dagster.errors import Complaint, RequestError
from anon_dagster.reading.placed import PlacedSource
from anon_dagster.request import Policy
from anon_dagster.storage.sources import OpenSource, Part


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


def drawn(source: OpenSource, policy: Policy) -> SampledSource | None:
    """Return the sample of a source that a policy asks for, if it does.

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
    if asked.fraction is not None:
        sampling = Sampling.of_fraction(key, Fraction(str(asked.fraction)))
        return SampledSource(source, sampling)
    assert asked.records is not None, "a validated request gives a fraction or a number"
    records = SampledSource(source, Sampling(key, 0)).records
    if records < asked.records:
        problem = f"the source has {records:,} records only"
        raise RequestError([Complaint("policy.sampling.records", problem)])
    return SampledSource(source, Sampling.of_records(key, asked.records, records))


def drawn_again(source: OpenSource, sampling: Sampling | None) -> OpenSource:
    """Return the records of a source that were drawn before; all, if none were."""
    if sampling is None:
        return source
    return SampledSource(source, replace(sampling, records=0))  # as it was when they were counted
