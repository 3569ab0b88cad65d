"""Whatever happens between ticks and runs, every version of a file is released once."""

import tempfile
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, rule

from anon_dagster.arrivals import Arrival, Inbox, Registry, RunState, State, Tick, plan_tick
from anon_dagster.errors import JobError
from anon_dagster.storage.listing import ListedFile
from tests.arrivals.test_tick import file, inbox


def decide(
    registry: Registry,
    files: Sequence[ListedFile],
    runs: dict[str, RunState],
    now: float,
    of: Inbox,
    *,
    listed: float | None = None,
) -> Tick:
    made = [Tick((), ())]

    def plan(known: Sequence[Arrival]) -> tuple[Arrival, ...]:
        states = {a.batch: runs.get(a.batch, RunState.MISSING) for a in known}
        made.append(plan_tick(files, known, runs=states, inbox=of, now=now))
        return made[-1].changed

    registry.decide(plan, listed=now if listed is None else listed)
    return made[-1]


class Deployment(RuleBasedStateMachine):
    """A folder, ticks of several daemons, and runs that end, die and are lost."""

    listings = Bundle("listings")

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory(prefix="arrivals-")
        self.registry = Registry(Path(self.folder.name), "people")
        self.inbox = inbox(files_per_run=2, files_per_tick=4, settle_seconds=0)
        self.now = 1_000_000.0
        self.there: dict[str, ListedFile] = {}
        self.versions = 0
        self.runs: dict[str, RunState] = {}
        self.uploads: Counter[tuple[str, str]] = Counter()
        self.released: Counter[tuple[str, str]] = Counter()
        self.died: Counter[tuple[str, str]] = Counter()
        self.target: dict[str, str] = {}

    def teardown(self) -> None:
        self.come_to_rest()
        self.folder.cleanup()

    @rule(name=st.sampled_from("abcde"))
    def put(self, name: str) -> None:
        self.versions += 1
        self.there[name] = ListedFile(f"/in/{name}.csv", str(self.versions), 1, self.now)
        self.uploads[f"/in/{name}.csv", str(self.versions)] += 1

    @rule(name=st.sampled_from("abcde"))
    def put_again(self, name: str) -> None:
        """Upload the same bytes, which have the same ETag."""
        self.now += 1
        if (former := self.there.get(name)) is not None:
            self.there[name] = replace(former, modified=self.now)
            self.uploads[former.path, former.version] += 1

    @rule(name=st.sampled_from("abcde"))
    def remove(self, name: str) -> None:
        self.there.pop(name, None)

    @rule(target=listings)
    def list_files(self) -> tuple[float, list[ListedFile]]:
        self.now += 1
        return self.now, list(self.there.values())

    @rule(listing=listings, launched=st.booleans())
    def tick(self, listing: tuple[float, list[ListedFile]], launched: bool) -> None:  # noqa: FBT001 (drawn)
        """Decide by a listing, old or new; the daemon may die before it launches anything."""
        self.now += 20
        listed, files = listing
        decided = decide(self.registry, files, self.runs, self.now, self.inbox, listed=listed)
        for batch in decided.batches if launched else ():
            self.runs.setdefault(batch.id, RunState.WORKING)

    @rule(share=st.integers(0, 3), dies=st.booleans(), published=st.booleans())
    def work(self, share: int, dies: bool, published: bool) -> None:  # noqa: FBT001 (drawn)
        """Let the oldest run release some of its files, and then end, or die at the next one."""
        working = [b for b, state in self.runs.items() if state is RunState.WORKING]
        for batch in working[:1]:
            given = self.registry.of_batch(batch)
            for arrival in given[:share]:
                self.release(arrival)
            if dies and given[share:]:
                taken = self.registry.begin(given[share])
                assert taken is not None
                self.died[taken.path, taken.version] += 1
                if published:
                    self.publish(taken)
            if dies or not given[share:]:
                self.runs[batch] = RunState.ENDED

    def release(self, arrival: Arrival) -> None:
        taken = self.registry.begin(arrival)
        assert taken is not None, "one run has a file"
        assert self.registry.begin(arrival) is None, "no other one gets it"
        current = self.there.get(taken.path[4:-4])
        if current is None or current.version != taken.version:
            assert self.registry.end(taken, replace(taken, state=State.GONE))
            return
        self.publish(taken)
        assert self.registry.end(taken, replace(taken, state=State.RELEASED))

    def publish(self, taken: Arrival) -> None:
        self.released[taken.path, taken.version] += 1
        self.target[taken.path] = taken.version

    @invariant()
    def no_upload_is_released_twice_unless_its_run_died(self) -> None:
        for version, times in self.released.items():
            assert times <= self.uploads[version] + self.died[version]

    @invariant()
    def a_file_is_with_one_run(self) -> None:
        busy = [a.path for a in self.registry.arrivals() if a.state.is_with_a_run]
        assert len(busy) == len(set(busy))

    def come_to_rest(self) -> None:
        """Let nothing happen any more but ticks and runs that do their work."""
        for _ in range(40):
            self.now += 9_999
            decided = decide(
                self.registry, list(self.there.values()), self.runs, self.now, self.inbox
            )
            for batch in decided.batches:
                self.runs.setdefault(batch.id, RunState.WORKING)
            for batch_id, state in list(self.runs.items()):
                if state is RunState.WORKING:
                    for arrival in self.registry.of_batch(batch_id):
                        self.release(arrival)
                    self.runs[batch_id] = RunState.ENDED
        known = {(a.path, a.version): a for a in self.registry.arrivals()}
        for found in self.there.values():
            assert known[found.path, found.version].modified == found.modified
            became = known[found.path, found.version].state
            if became is State.SET_ASIDE:
                assert self.died[found.path, found.version] >= 3
            else:
                assert became is State.RELEASED
                assert self.target[found.path] == found.version


TestDeployment = Deployment.TestCase


@pytest.fixture
def registry(tmp_path: Path) -> Registry:
    return Registry(tmp_path / "store", "people")


def test_ticks_at_the_same_time_give_a_file_to_one_run(registry: Registry) -> None:
    files = [file(f"f{n}") for n in range(40)]
    settings = inbox(files_per_run=3)

    def one(_: int) -> list[str]:
        decided = decide(registry, files, dict.fromkeys((), RunState.WORKING), 1e6, settings)
        changed = {a.path for a in decided.changed if a.state is State.GIVEN}
        return sorted(changed)

    with ThreadPoolExecutor(8) as threads:
        given = [path for paths in threads.map(one, range(8)) for path in paths]
    assert sorted(given) == sorted(f.path for f in files)


def test_runs_at_the_same_time_take_a_file_once(registry: Registry) -> None:
    decide(registry, [file("a")], {}, 1e6, inbox())
    (arrival,) = registry.arrivals()
    with ThreadPoolExecutor(8) as threads:
        taken = list(threads.map(lambda _: registry.begin(arrival), range(8)))
    assert sum(each is not None for each in taken) == 1


def test_an_older_listing_than_the_last_one_decides_nothing(registry: Registry) -> None:
    former, now = [file("a")], [replace(file("a"), version="2")]
    decide(registry, now, {}, 1_000.0, inbox(), listed=990.0)
    before = registry.arrivals()
    assert decide(registry, former, {}, 1_010.0, inbox(), listed=980.0) == Tick((), ())
    assert registry.arrivals() == before
    assert decide(registry, former, {}, 1_020.0, inbox(), listed=1_000.0).changed


def test_a_clock_that_is_set_back_stops_nothing(registry: Registry) -> None:
    decide(registry, [file("a")], {}, 1e6, inbox())
    assert decide(registry, [file("b")], {}, 1e6 - 86_400, inbox()).changed


def test_a_plan_that_fails_changes_nothing(registry: Registry) -> None:
    decide(registry, [file("a")], {}, 1e6, inbox())
    before = registry.arrivals()

    def broken(known: Sequence[Arrival]) -> list[Arrival]:
        raise JobError(f"{len(known)}")

    with pytest.raises(JobError):
        registry.decide(broken, listed=2e6)
    assert registry.arrivals() == before


def test_datasets_do_not_see_each_others_files(registry: Registry) -> None:
    decide(registry, [file("a")], {}, 1e6, inbox())
    other = Registry(registry.root, "others")
    assert other.arrivals() == []
    decide(other, [file("a")], {}, 1e6, inbox())
    assert len(registry.arrivals()) == len(other.arrivals()) == 1


def test_a_file_that_is_named_is_given_again_but_not_while_a_run_has_it(registry: Registry) -> None:
    found = file("a")
    (given,) = registry.give([found], "by-hand", now=1e6)
    with pytest.raises(JobError, match="1 of the files"):
        registry.give([found], "again", now=1e6)
    taken = registry.begin(given)
    assert taken is not None
    registry.end(taken, replace(taken, state=State.RELEASED))
    assert [a.batch for a in registry.give([found], "again", now=1e6)] == ["again"]


def test_a_batch_that_is_executed_again_gets_what_was_set_aside(registry: Registry) -> None:
    for given in registry.give([file("a"), file("b")], "batch", now=1e6):
        taken = registry.begin(given)
        assert taken is not None
        state = State.SET_ASIDE if given.path.endswith("a.csv") else State.RELEASED
        registry.end(taken, replace(taken, state=state, crashes=2))
    assert registry.of_batch("batch") == []
    (again,) = registry.reopen("batch")
    assert (again.path, again.state, again.crashes) == ("/in/a.csv", State.GIVEN, 0)


def test_only_the_owner_may_read_it(registry: Registry) -> None:
    decide(registry, [file("a")], {}, 1e6, inbox())
    assert registry.path.stat().st_mode & 0o777 == 0o600
