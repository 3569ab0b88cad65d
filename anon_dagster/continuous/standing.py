"""How far a continuous release has come, in counts."""

from dataclasses import dataclass
from datetime import UTC, datetime

from anon_dagster.continuous.stream import Stream
from anon_dagster.errors import counted


@dataclass(frozen=True, slots=True)
class Standing:
    """What came of all records by the end of a step."""

    deltas: int
    released: int
    """Records that are in deltas now, of those up to the step."""
    waiting: int
    waiting_people: int
    """Whose the waiting ones are; 0 where nobody is named."""
    oldest: float
    """When the first of them came, in seconds since the epoch; 0 if nobody waits."""
    expired: int
    loss: float
    """Of all deltas together, a record that waits or is expired counting as 1."""

    @property
    def who_waits(self) -> str:
        """Say who waits, and since when."""
        if not self.waiting:
            return "nobody waits"
        people = f" of {_people(self.waiting_people)}" if self.waiting_people else ""
        verb = "waits" if self.waiting == 1 else "wait"
        since = datetime.fromtimestamp(self.oldest, UTC).strftime("%Y-%m-%d %H:%M UTC")
        told = f"{counted(self.waiting, 'record')}{people} {verb} for others"
        return f"{told}, the oldest since {since}"


def _people(number: int) -> str:
    return "1 person" if number == 1 else f"{number:,} people"


def standing(stream: Stream, *, step: int | None = None) -> Standing:
    """Tell how far a release has come: by the end of a step, or until now."""
    done = [line for line in stream.ledger.lines() if step is None or line.number <= step]
    sizes = {delta.number: delta.records for delta in stream.ledger.deltas()}
    released = [(sizes[line.number], line.loss) for line in done if line.number in sizes]
    waiting, people, oldest = (
        (done[-1].waiting, done[-1].waiting_people, done[-1].oldest) if done else (0, 0, 0.0)
    )
    expired = sum(line.expired for line in done)
    records = sum(size for size, _ in released)
    whole = records + waiting + expired
    lost = sum(size * loss for size, loss in released) + waiting + expired
    return Standing(
        deltas=sum(size > 0 for size, _ in released),
        released=records,
        waiting=waiting,
        waiting_people=people,
        oldest=oldest,
        expired=expired,
        loss=lost / whole if whole else 0.0,
    )
