"""What a tick of a sensor decides: a plain function of what lies there and what is known."""

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum

from anon_dagster.arrivals.arrival import Arrival, State
from anon_dagster.arrivals.inbox import Inbox
from anon_dagster.request import Arrivals
from anon_dagster.storage.listing import ListedFile

_CRASHES = 3
"""How often a run may end without an answer before its file is held to be the cause."""
_DISAGREEMENTS = 3
"""How often a store may give something else than what it lists."""
_FIRST_WAIT, _LONGEST_WAIT = 30.0, 3_600.0  # seconds; doubled each time


class RunState(Enum):
    """What became of the run that a batch was given to."""

    MISSING = "missing"
    WORKING = "working"
    ABORTED = "aborted"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class Batch:
    """The files of one run, oldest first."""

    id: str
    """The same for the same files in the same try: the run key."""
    arrivals: tuple[Arrival, ...]


@dataclass(frozen=True, slots=True)
class Tick:
    """What a tick decided."""

    changed: tuple[Arrival, ...]
    """As they stand now; those that nothing changed for are left out."""
    batches: tuple[Batch, ...]
    """Those to be launched, and those whose launch never came about."""


def plan_tick(
    found: Iterable[ListedFile],
    known: Sequence[Arrival],
    *,
    runs: Mapping[str, RunState],
    inbox: Inbox,
    now: float,
) -> Tick:
    """Decide which files are given to runs.

    Parameters
    ----------
    found
        What lies there.
    known
        Every version of a file that was ever seen.
    runs
        What became of each batch that has files; one that is not told of is at work.
    now
        Seconds since the epoch.
    """
    files = {f.path: f for f in found}
    before = {(a.path, a.version): a for a in known}
    after = {key: _reconciled(each, runs, now) for key, each in before.items()}
    after = {key: _still_there(each, files.get(each.path)) for key, each in after.items()}
    for file in files.values():
        key = (file.path, file.version)
        each = after.get(key) or _new(file, inbox, now)
        if each.state is State.GONE or _is_uploaded_again(each, file):
            # With its former batch, or the next one would be taken for the one that it had.
            each = replace(_new(file, inbox, now), seen=each.seen, batch=each.batch)
        after[key] = _settled(each, inbox, now)
    if not inbox.adds_up:
        after |= _collisions(after.values(), inbox.target_of)
    batches = tuple(_batches(after.values(), inbox.settings, now))
    after |= {(a.path, a.version): a for batch in batches for a in batch.arrivals}
    lost = _unlaunched(known, runs)
    changed = tuple(each for key, each in after.items() if before.get(key) != each)
    return Tick(changed, (*lost, *batches))


def _new(file: ListedFile, inbox: Inbox, now: float) -> Arrival:
    arrival = Arrival.of(file, now=now)
    reason = inbox.refusal(file.path)
    return replace(arrival, state=State.SET_ASIDE, reason=reason) if reason else arrival


def _is_uploaded_again(arrival: Arrival, file: ListedFile) -> bool:
    """Tell whether the same bytes were uploaded again, which have the same ETag.

    In whole seconds: not every answer of a store tells more.
    """
    later = int(file.modified) > int(arrival.modified)
    return later and not arrival.state.is_with_a_run


def tried_again(arrival: Arrival, reason: str, now: float) -> Arrival:
    """Return a file that waits for its next try, longer each time."""
    wait = min(_FIRST_WAIT * 2**arrival.failures, _LONGEST_WAIT)
    return replace(
        arrival,
        state=State.WAITING,
        failures=arrival.failures + 1,
        not_before=now + wait,
        reason=reason,
    )


def given_back(arrival: Arrival, reason: str, now: float) -> Arrival:
    """Return a file that its run did not come to, through no fault of the file."""
    return replace(arrival, state=State.WAITING, not_before=now + _FIRST_WAIT, reason=reason)


def _reconciled(arrival: Arrival, runs: Mapping[str, RunState], now: float) -> Arrival:
    """Take a file back from a run that is over."""
    if not arrival.state.is_with_a_run:
        return arrival
    match runs.get(arrival.batch, RunState.WORKING):
        case RunState.ABORTED:
            return replace(arrival, state=State.SET_ASIDE, reason="its run was aborted")
        case RunState.ENDED if arrival.state is State.GIVEN:
            return given_back(arrival, "its run ended before it came to it", now)
        case RunState.ENDED | RunState.MISSING if arrival.state is State.RUNNING:
            return crashed(arrival, now)
    return arrival


def crashed(arrival: Arrival, now: float) -> Arrival:
    """Return a file whose run ended while it was at it, of its own weight or by chance."""
    crashes = arrival.crashes + 1
    if crashes >= _CRASHES:
        reason = f"{crashes} of its runs ended while they were at it; is it too large?"
        return replace(arrival, state=State.SET_ASIDE, crashes=crashes, reason=reason)
    again = tried_again(arrival, "its run ended while it was at it", now)
    return replace(again, crashes=crashes)


def disagreed(arrival: Arrival, reason: str, now: float) -> Arrival:
    """Return a file of which its store lists another version than it gives: for now, or for ever.

    Parameters
    ----------
    reason
        What was found instead of the version that is listed.
    """
    times = arrival.disagreements + 1
    if times >= _DISAGREEMENTS:
        reason = f"{reason}, {times} times; upload it again, or see what stands before the store"
        return replace(arrival, state=State.SET_ASIDE, disagreements=times, reason=reason)
    return replace(tried_again(arrival, reason, now), disagreements=times)


def _still_there(arrival: Arrival, file: ListedFile | None) -> Arrival:
    """Drop a version that is not there any more and that no run has.

    What is done stays so when its file is removed; should another version come and the
    former one again, its release is made again.
    """
    if arrival.state.is_with_a_run or arrival.state is State.GONE:
        return arrival
    if file is None and arrival.state.is_done:
        return arrival
    if file is not None and file.version == arrival.version:
        return arrival
    reason = "it was removed" if file is None else "another version replaced it"
    return replace(arrival, state=State.GONE, reason=reason)


def _settled(arrival: Arrival, inbox: Inbox, now: float) -> Arrival:
    """Let a file wait for its turn once it lies still.

    A time of change that lies in the future is a clock's mistake: then it counts since when this
    version is known.
    """
    if arrival.state is not State.SEEN:
        return arrival
    since = arrival.modified if arrival.modified <= now else arrival.seen
    if inbox.appears_whole or now - since >= inbox.settings.settle_seconds:
        return replace(arrival, state=State.WAITING)
    return arrival


def _collisions(
    arrivals: Iterable[Arrival], target_of: Callable[[str], str]
) -> dict[tuple[str, str], Arrival]:
    """Set files aside whose releases would overwrite that of another file, but for the first."""
    owners: dict[str, str] = {}
    aside = {}
    current = [a for a in arrivals if a.state is not State.GONE]
    for each in sorted(current, key=lambda a: (a.seen, a.path)):
        target = target_of(each.path)
        owner = owners.setdefault(target, each.path)
        if owner != each.path and each.state in {State.SEEN, State.WAITING}:
            reason = f"its release would replace that of {owner}: both go to {target}"
            aside[each.path, each.version] = replace(each, state=State.SET_ASIDE, reason=reason)
    return aside


def _batches(arrivals: Iterable[Arrival], settings: Arrivals, now: float) -> Iterable[Batch]:
    """Give the oldest files that may be tried to runs; one that failed gets a run of its own.

    While more wait than may be at work, only whole batches are given: the room that files leave
    one by one is not filled one by one, for a run costs more than a file.
    """
    arrivals = list(arrivals)
    busy = {a.path for a in arrivals if a.state.is_with_a_run}
    free = [a for a in arrivals if a.state is State.WAITING and a.not_before <= now]
    free = sorted((a for a in free if a.path not in busy), key=lambda a: (a.modified, a.path))
    size = settings.files_per_run
    room = max(0, settings.files_per_tick - len(busy))
    if busy and room < len(free):
        room -= room % size
    free = free[:room]
    suspects = [[a] for a in free if a.crashes or a.failures]
    others = [a for a in free if not (a.crashes or a.failures)]
    groups = [others[first : first + size] for first in range(0, len(others), size)]
    for group in _one_at_a_time([*groups, *suspects], settings, busy):
        batch = _id(group)
        yield Batch(batch, tuple(replace(a, state=State.GIVEN, batch=batch) for a in group))


def _one_at_a_time(
    groups: list[list[Arrival]], settings: Arrivals, busy: set[str]
) -> list[list[Arrival]]:
    """Of files that add up let one run at a time have some, those whose turn comes first."""
    if settings.mode != "append":
        return groups
    return [] if busy else sorted(groups, key=lambda g: (g[0].modified, g[0].path))[:1]


def _id(group: Iterable[Arrival]) -> str:
    """Name a batch; a file that is tried again makes it another one."""
    members = "\n".join(f"{a.key} {a.failures} {a.batch}" for a in group)
    return hashlib.sha256(members.encode()).hexdigest()[:16]


def _unlaunched(known: Sequence[Arrival], runs: Mapping[str, RunState]) -> list[Batch]:
    """Return the batches that were given out and whose run was never made."""
    given = [a for a in known if a.state is State.GIVEN]
    lost = dict.fromkeys(a.batch for a in given if runs.get(a.batch) is RunState.MISSING)
    return [Batch(batch, tuple(a for a in given if a.batch == batch)) for batch in lost]
