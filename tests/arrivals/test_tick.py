"""What a tick decides, of listings and of what is known alone."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest

from anon_dagster.arrivals import Arrival, Inbox, RunState, State, Tick, plan_tick
from anon_dagster.arrivals.inbox import _printable
from anon_dagster.arrivals.tick import disagreed, tried_again
from anon_dagster.request import parse_request
from anon_dagster.storage.listing import ListedFile

NOW = 1_000_000.0
POLICY: dict[str, Any] = {
    "attributes": {"age": {"role": "quasi_identifier"}},
    "privacy": {"k_anonymity": {"k": 2}},
}


def inbox(place: str = "/in/*.csv", target: str = "/out/{file}.csv", **settings: object) -> Inbox:
    return Inbox(
        parse_request(
            {
                "source": {"path": place, "format": "csv"},
                "policy": POLICY,
                "arrivals": {"target": {"path": target}, "settle_seconds": 30, **settings},
            }
        )
    )


def file(name: str, version: str = "1", age: float = 100.0) -> ListedFile:
    return ListedFile(f"/in/{name}.csv", version, 10, NOW - age)


def tick(
    found: Sequence[ListedFile],
    known: Sequence[Arrival] = (),
    runs: Mapping[str, RunState] | None = None,
    now: float = NOW,
    of: Inbox | None = None,
) -> Tick:
    return plan_tick(found, known, runs=runs or {}, inbox=of or inbox(), now=now)


def names(decided: Tick) -> list[list[str]]:
    return [
        [a.path.rpartition("/")[2].removesuffix(".csv") for a in batch.arrivals]
        for batch in decided.batches
    ]


def only(decided: Tick) -> Arrival:
    (changed,) = decided.changed
    return changed


def given(name: str = "a", state: State = State.GIVEN, **changes: object) -> Arrival:
    arrival = replace(Arrival.of(file(name), now=NOW - 60), state=state, batch="b1")
    return replace(arrival, **changes)  # type: ignore[arg-type]


def test_a_new_file_is_given_to_a_run() -> None:
    decided = tick([file("a")])
    assert names(decided) == [["a"]]
    assert only(decided).state is State.GIVEN


def test_a_file_that_is_known_is_left_alone() -> None:
    released = given(state=State.RELEASED)
    assert tick([file("a")], [released]) == Tick((), ())


def test_a_changed_file_is_another_one() -> None:
    decided = tick([file("a", "2")], [given(state=State.RELEASED)])
    assert names(decided) == [["a"]]
    assert {(a.version, a.state) for a in decided.changed} == {
        ("1", State.GONE),
        ("2", State.GIVEN),
    }


def test_a_former_version_that_comes_back_is_released_again() -> None:
    known = [given(state=State.GONE), given(version="2", state=State.RELEASED)]
    assert names(tick([file("a", "1")], known)) == [["a"]]


@pytest.mark.parametrize("state", [State.SET_ASIDE, State.RELEASED, State.GONE])
def test_the_same_bytes_uploaded_again_are_released_again(state: State) -> None:
    former = given(state=state, failures=4, crashes=2, disagreements=2, reason="broken")
    later = file("a", age=90)
    decided = tick([later], [former])
    assert names(decided) == [["a"]]
    fresh = only(decided)
    assert (fresh.version, fresh.modified) == (former.version, later.modified)
    assert (fresh.failures, fresh.crashes, fresh.disagreements, fresh.reason) == (0, 0, 0, "")
    first = tick([file("a")]).batches[0]
    assert decided.batches[0].id != first.id, "its run is not taken for the former one"


@pytest.mark.parametrize("state", [State.GIVEN, State.RUNNING])
def test_what_is_uploaded_again_waits_for_the_run_that_has_it(state: State) -> None:
    later = file("a", age=90)
    working = {"b1": RunState.WORKING}
    assert tick([later], [given(state=state)], working) == Tick((), ())
    assert names(tick([later], [given(state=State.RELEASED)], working)) == [["a"]]


@pytest.mark.parametrize("age", [100.0, 99.5, 400.0])
def test_a_time_that_is_no_later_is_no_other_upload(age: float) -> None:
    assert tick([file("a", age=age)], [given(state=State.RELEASED)]) == Tick((), ())


def test_a_file_that_its_store_never_gives_as_it_lists_it_is_set_aside() -> None:
    once = disagreed(given(), "another one", NOW)
    assert (once.state, once.not_before > NOW) == (State.WAITING, True)
    thrice = disagreed(disagreed(once, "another one", NOW), "another one", NOW)
    assert thrice.state is State.SET_ASIDE
    assert "3 times" in thrice.reason
    assert tick([file("a")], [thrice]) == Tick((), ())


def test_what_was_released_stays_so_when_its_file_is_removed() -> None:
    assert tick([], [given(state=State.RELEASED)]) == Tick((), ())


def test_a_file_that_may_still_grow_is_left_alone_until_it_lies_still() -> None:
    growing = tick([file("a", age=10)])
    assert only(growing).state is State.SEEN
    assert names(growing) == []
    assert names(tick([file("a", age=10)], growing.changed, now=NOW + 25)) == [["a"]]


def test_a_file_that_grew_meanwhile_waits_anew() -> None:
    seen = tick([file("a", "1", age=10)]).changed
    assert names(tick([file("a", "2", age=0)], seen, now=NOW + 25)) == []


def test_a_file_of_the_future_waits_from_when_it_was_seen() -> None:
    seen = tick([file("a", age=-9_999)])
    assert only(seen).state is State.SEEN
    assert names(tick([file("a", age=-9_999)], seen.changed, now=NOW + 31)) == [["a"]]


def test_an_object_appears_whole() -> None:
    fresh = ListedFile("s3://in/a.csv", "1", 10, NOW)
    decided = tick([fresh], of=inbox("s3://in/*.csv", "s3://out/{file}.csv"))
    assert len(decided.batches) == 1


def test_the_oldest_come_first_and_a_run_takes_a_batch() -> None:
    files = [file(f"f{age}", age=age) for age in (50, 90, 70, 60, 80)]
    decided = tick(files, of=inbox(files_per_run=2))
    assert names(decided) == [["f90", "f80"], ["f70", "f60"], ["f50"]]


def test_no_more_are_given_to_runs_than_a_tick_may() -> None:
    files = [file(f"f{age}", age=age) for age in range(50, 60)]
    few = inbox(files_per_tick=3)
    first = tick(files, of=few)
    assert names(first) == [["f59", "f58", "f57"]]
    working = dict.fromkeys((b.id for b in first.batches), RunState.WORKING)
    assert names(tick(files, first.changed, working, of=few)) == []
    done = [replace(a, state=State.RELEASED) if a.batch else a for a in first.changed]
    assert names(tick(files, done, of=few)) == [["f56", "f55", "f54"]]


def test_the_room_that_a_run_leaves_file_by_file_is_filled_by_whole_batches() -> None:
    files = [file(f"f{age}", age=age) for age in range(50, 60)]
    few = inbox(files_per_run=3, files_per_tick=6)
    known = tick(files, of=few).changed
    sizes = []
    for done in (1, 2, 3, 4, 5, 6, 7, 8, 9, 10):  # released one by one, a tick after each
        given_out = sorted((a for a in known if a.batch), key=lambda a: (a.modified, a.path))
        now = {a.path: replace(a, state=State.RELEASED) for a in given_out[:done]}
        known = tuple(now.get(a.path, a) for a in known)
        decided = tick(files, known, of=few)
        sizes += [len(batch.arrivals) for batch in decided.batches]
        changed = {a.path: a for a in decided.changed}
        known = tuple(changed.get(a.path, a) for a in known)
    assert {a.state for a in known} == {State.RELEASED}
    assert sizes == [3, 1]  # after two threes: the last one is all that was left


def test_two_versions_of_a_file_are_never_with_runs_at_the_same_time() -> None:
    running = given(state=State.RUNNING)
    decided = tick([file("a", "2")], [running], {"b1": RunState.WORKING})
    assert names(decided) == []
    assert only(decided).state is State.WAITING
    after = [replace(running, state=State.RELEASED), *decided.changed]
    assert names(tick([file("a", "2")], after)) == [["a"]]


def test_a_batch_whose_run_was_never_made_is_launched_by_its_name_again() -> None:
    decided = tick([file("a"), file("b")])
    (batch,) = decided.batches
    again = tick([file("a"), file("b")], decided.changed, {batch.id: RunState.MISSING})
    assert again.changed == ()
    assert [b.id for b in again.batches] == [batch.id]
    assert set(again.batches[0].arrivals) == set(batch.arrivals)


def test_a_run_that_another_tick_launches_is_none_that_failed() -> None:
    assert tick([file("a")], [given(state=State.RUNNING)], {}) == Tick((), ())


def test_files_that_a_dead_run_did_not_come_to_wait_for_their_next_try() -> None:
    decided = tick([file("a")], [given()], {"b1": RunState.ENDED})
    assert (only(decided).state, only(decided).crashes) == (State.WAITING, 0)
    assert only(decided).failures == 0, "it is not to blame"
    later = tick([file("a")], decided.changed, now=NOW + 31)
    assert names(later) == [["a"]]
    assert later.batches[0].id != "b1"


@pytest.mark.parametrize("state", [RunState.ENDED, RunState.MISSING])
def test_a_file_that_its_run_died_of_gets_a_run_of_its_own(state: RunState) -> None:
    decided = tick([file("a"), file("b")], [given(state=State.RUNNING), given("b")], {"b1": state})
    crashed = next(a for a in decided.changed if a.path.endswith("a.csv"))
    assert (crashed.state, crashed.crashes) == (State.WAITING, 1)
    known = {a.path: a for a in (given("b"), *decided.changed)}
    ended = tick([file("a"), file("b")], list(known.values()), {"b1": RunState.ENDED})
    known |= {a.path: a for a in ended.changed}
    later = tick([file("a"), file("b")], list(known.values()), now=NOW + 9_999)
    assert sorted(names(later)) == [["a"], ["b"]]


def test_a_file_that_runs_keep_dying_of_is_set_aside() -> None:
    running = given(state=State.RUNNING, crashes=2)
    decided = tick([file("a")], [running], {"b1": RunState.ENDED})
    assert only(decided).state is State.SET_ASIDE
    assert tick([file("a")], decided.changed, now=NOW + 9_999) == Tick((), ())


def test_the_files_of_an_aborted_run_are_set_aside() -> None:
    known = [given(), given("b", state=State.RUNNING)]
    decided = tick([file("a"), file("b")], known, {"b1": RunState.ABORTED})
    assert {a.state for a in decided.changed} == {State.SET_ASIDE}


def test_a_file_that_was_set_aside_runs_again_when_it_is_replaced() -> None:
    aside = given(state=State.SET_ASIDE, reason="it lacks a column")
    assert names(tick([file("a")], [aside])) == []
    assert names(tick([file("a", "2")], [aside])) == [["a"]]


def test_tries_come_further_and_further_apart() -> None:
    arrival, waits = given(), []
    for _ in range(9):
        arrival = tried_again(arrival, "the store did not answer", NOW)
        waits.append(arrival.not_before - NOW)
    assert waits == [30, 60, 120, 240, 480, 960, 1920, 3600, 3600]


def test_a_file_that_is_removed_before_its_turn_is_forgotten() -> None:
    assert only(tick([], [given(state=State.WAITING)])).state is State.GONE


def test_a_file_that_failed_gets_a_run_of_its_own_and_keeps_no_other_from_its_turn() -> None:
    failing = replace(given("a"), state=State.WAITING, failures=1)
    known = [failing, *(replace(given(n), state=State.WAITING) for n in "bcd")]
    decided = tick([file(n) for n in "abcd"], known)
    assert sorted(names(decided)) == [["a"], ["b", "c", "d"]]


@pytest.mark.parametrize("name", ["M\udcfcller", "a::b"])
def test_a_file_that_cannot_be_asked_for_by_its_name_is_set_aside(name: str) -> None:
    odd = _printable(ListedFile(f"/in/{name}.csv", "1", 10, NOW - 100))
    aside = only(tick([odd]))
    assert aside.state is State.SET_ASIDE
    assert "rename it" in aside.reason
    assert aside.path.encode()
    assert tick([odd], [aside]) == Tick((), ())


def test_the_release_of_a_file_never_replaces_that_of_another_one() -> None:
    twins = [file("a"), ListedFile("/in/a.csv.gz", "1", 10, NOW - 100)]
    decided = tick(twins, of=inbox("/in/*"))
    states = {a.path: a.state for a in decided.changed}
    assert states == {"/in/a.csv": State.GIVEN, "/in/a.csv.gz": State.SET_ASIDE}
    aside = next(a for a in decided.changed if a.state is State.SET_ASIDE)
    assert "/in/a.csv" in aside.reason


def test_a_key_names_a_version_and_holds_for_a_path_and_a_partition() -> None:
    odd = [ListedFile(p, v, 1, 0) for p in ("/in/ä b,c.csv", "/in/x/ä b,c.csv") for v in ("1", "2")]
    keys = [Arrival.of(each, now=0).key for each in odd]
    assert len(set(keys)) == 4
    assert all(key.replace("_", "a").replace("-", "a").replace(".", "a").isalnum() for key in keys)


@pytest.mark.parametrize(
    ("place", "path", "target"),
    [
        ("/in", "/in/2024/a.csv.gz", "/out/2024/a.parquet"),
        ("/in/*/*.csv", "/in/2024/a.csv", "/out/2024/a.parquet"),
        ("/in/a.b.parquet", "/in/a.b.parquet", "/out/a.b.parquet"),
        ("s3://in/x", "s3://in/x/y/a.PARQUET", "/out/y/a.parquet"),
        ("/in/*", "/in/a.xlsx", "/out/a.parquet"),
        ("/in/*.zsav", "/in/a.zsav", "/out/a.parquet"),
    ],
)
def test_a_release_goes_where_its_file_lies(place: str, path: str, target: str) -> None:
    assert inbox(place, "/out/{file}.parquet").target_of(path) == target


def test_the_request_of_a_file_is_that_of_the_dataset_for_one_file() -> None:
    request = inbox("/in/*").request_of("/in/a.csv")
    assert request.source is not None
    assert request.target is not None
    assert (request.source.path, request.target.path) == ("/in/a.csv", "/out/a.csv")
    assert request.policy == inbox().request.policy


# -- files that add up -----------------------------------------------------------------------


def adding_up(**settings: object) -> Inbox:
    policy = {
        "attributes": {**POLICY["attributes"], "id": {"role": "direct_identifier"}},
        "person": "id",
        "privacy": POLICY["privacy"],
    }
    arrivals = {"target": {"path": "/out/{delta}.csv"}, "mode": "append", **settings}
    source = {"path": "/in/*.csv", "format": "csv"}
    return Inbox(parse_request({"source": source, "policy": policy, "arrivals": arrivals}))


@pytest.mark.parametrize("state", [State.GIVEN, State.RUNNING])
def test_of_files_that_add_up_one_run_has_some_at_a_time_the_oldest_first(state: State) -> None:
    of = adding_up(files_per_run=2)
    found = [file(name, age=100 + age) for name, age in zip("abcde", (3, 1, 2, 9, 4), strict=True)]
    first = tick(found, of=of)
    assert names(first) == [["d", "e"]]
    known = [replace(each, state=state) for each in first.changed if each.batch]
    known += [each for each in first.changed if not each.batch]
    assert names(tick(found, known, of=of)) == []
    done = [replace(each, state=State.READ) if each.batch else each for each in known]
    assert names(tick(found, done, of=of)) == [["a", "c"]]


def test_a_file_that_failed_is_alone_with_its_run_also_where_files_add_up() -> None:
    known = [
        replace(tried_again(given("a"), "down", NOW - 100), not_before=0.0),
        replace(Arrival.of(file("b", age=200), now=NOW), state=State.WAITING),
    ]
    found = [file("a"), file("b", age=200)]
    assert names(tick(found, known, of=adding_up())) == [["b"]]
    assert names(tick(found[:1], known[:1], of=adding_up())) == [["a"]]


def test_files_that_add_up_have_no_targets_that_could_collide() -> None:
    found = [file("a"), replace(file("a"), path="/in/sub/a.csv")]
    assert State.SET_ASIDE not in {each.state for each in tick(found, of=adding_up()).changed}


def test_a_file_that_was_read_stays_so_when_it_is_removed_and_another_version_is_new() -> None:
    known = [given("a", state=State.READ)]
    assert tick([], known, of=adding_up()).changed == ()
    changed = tick([file("a", "2")], known, of=adding_up()).changed
    assert {each.version: each.state for each in changed} == {"1": State.GONE, "2": State.GIVEN}
