"""Files that come in through a real S3 server, behind a proxy that makes faults."""

from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest
from s3fs import S3FileSystem

from anon_dagster.arrivals import State
from anon_dagster.storage.stores import s3_system
from tests.defs.test_arriving import SENSOR, Place, let_them_be_tried, people, placed, request
from tests.defs.test_arriving_s3 import put, require_all_released, wait_for_another_second
from tests.deployment import failure
from tests.fault_proxy import FaultProxy, faults_before, other, weak
from tests.object_store import BUCKET, SECRET, ObjectStore, served

pytestmark = pytest.mark.slow

FILES = 3


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ObjectStore]:
    with served(tmp_path_factory.mktemp("server")) as server:
        yield server


@pytest.fixture
def store(server: ObjectStore) -> ObjectStore:
    """The server, empty, reached by no proxy."""
    for key in server.objects():
        server.client().rm_file(f"{BUCKET}/{key}")
    return server


@pytest.fixture
def proxy(store: ObjectStore, monkeypatch: pytest.MonkeyPatch) -> Iterator[FaultProxy]:
    """Give what stands between the deployment and the server."""
    with faults_before(store.url) as proxy:
        for name, value in {**store.environment, "AWS_ENDPOINT_URL": proxy.url}.items():
            monkeypatch.setenv(name, value)
        S3FileSystem.clear_instance_cache()
        yield proxy
        S3FileSystem.clear_instance_cache()


@pytest.fixture
def place(tmp_path: Path, proxy: FaultProxy, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    assert proxy.port
    monkeypatch.chdir(tmp_path)
    document = request(tmp_path)
    document["source"]["path"] = f"s3://{BUCKET}/new/*.csv"
    document["arrivals"]["target"]["path"] = f"s3://{BUCKET}/out/{{file}}.csv"
    with placed(tmp_path, document) as there:
        yield there


# -- what a store lists, and what it gives -----------------------------------------------------


@pytest.mark.parametrize("kinds", [["HEAD"], ["LIST"], ["GET", "HEAD"]], ids="-".join)
def test_files_with_weak_etags_are_released_once(
    place: Place, store: ObjectStore, proxy: FaultProxy, kinds: list[str]
) -> None:
    proxy.etags = dict.fromkeys(kinds, weak)
    for number in range(2):
        put(store, f"f{number}", number)
    assert [result.success for result in place.tick()] == [True]
    assert place.tick() == []
    require_all_released(place, store, 2)


@pytest.mark.parametrize("fault", ["another version", "nothing"])
def test_a_file_that_is_never_given_as_it_is_listed_is_counted_and_set_aside(
    place: Place, store: ObjectStore, proxy: FaultProxy, fault: str
) -> None:
    put(store, "a")
    if fault == "nothing":
        proxy.fail("HEAD", 404, key="new/a.csv")
    else:
        proxy.etags = {"HEAD": other}
    for tried in range(3):
        (result,) = place.tick()
        said = failure(result)
        assert f"its store lists it, and gives {fault} when it is asked for it" in said
        assert ("3 times" in said) == (tried == 2)
        let_them_be_tried(place)
    assert place.states() == {"a.csv": State.SET_ASIDE}
    assert place.tick() == []
    assert not any(key.startswith("out/") for key in store.objects())
    assert "3 times" in place.ledger()["a.csv"].reason
    proxy.mend()
    wait_for_another_second()
    put(store, "a")  # the same bytes
    assert [each.success for each in place.tick()] == [True]
    require_all_released(place, store, 1)


def test_a_file_whose_readings_never_agree_is_set_aside(
    place: Place, store: ObjectStore, proxy: FaultProxy
) -> None:
    put(store, "a")
    proxy.etags = {"GET": other}
    for _ in range(3):
        (result,) = place.tick()
        assert "changed while it was read" in failure(result)
        let_them_be_tried(place)
    assert place.states() == {"a.csv": State.SET_ASIDE}
    assert place.tick() == []


def test_a_file_that_was_replaced_before_its_turn_gives_way_to_its_successor(
    place: Place, store: ObjectStore
) -> None:
    put(store, "a")
    ticked = place.deployment.tick(SENSOR)
    put(store, "a", 1)
    assert [each.success for each in place.deployment.run_all(ticked)] == [True]
    assert place.states() == {}
    assert [each.success for each in place.tick()] == [True]
    require_all_released(place, store, 1)


# -- denials -----------------------------------------------------------------------------------

DENIALS = [
    ("HEAD", 400, "ExpiredToken", "new/f1"),
    ("HEAD", 403, "AccessDenied", "new/f1"),
    ("GET", 400, "InvalidToken", "new/f1"),
    ("GET", 403, "RequestTimeTooSkewed", "new/f1"),
    ("PUT", 403, "AccessDenied", "out/.f1"),
    ("COPY", 400, "ExpiredToken", "out/f1"),
]


@pytest.mark.parametrize("denial", DENIALS, ids=lambda denial: f"{denial[0]}-{denial[2]}")
def test_credentials_that_expire_in_the_middle_of_a_run_set_nothing_aside(
    place: Place, store: ObjectStore, proxy: FaultProxy, denial: tuple[str, int, str, str]
) -> None:
    for number in range(FILES):
        put(store, f"f{number}", number)
    kind, status, code, key = denial
    proxy.fail(kind, status, code, key=key)
    (result,) = place.tick()
    said = failure(result)
    assert "will be tried again" in said
    assert "denies access" in said
    assert "set aside" not in said
    assert "Canary0815" not in said
    assert SECRET not in said
    states = place.states()
    assert states == {"f0.csv": State.RELEASED, **dict.fromkeys(list(states)[1:], State.WAITING)}
    proxy.expired = True
    let_them_be_tried(place)
    with pytest.raises(dg.Failure, match="denies access"):
        place.tick()
    assert place.states() == states
    proxy.mend()
    assert all(result.success for result in place.tick())
    require_all_released(place, store, FILES)


def test_a_file_that_alone_is_denied_keeps_no_other_waiting(
    place: Place, store: ObjectStore, proxy: FaultProxy
) -> None:
    for number in range(FILES):
        put(store, f"f{number}", number)
    proxy.fail("HEAD", 403, key="new/f0.csv")
    place.tick()
    let_them_be_tried(place)
    place.tick()
    states = place.states()
    assert states.pop("f0.csv") is State.WAITING
    assert set(states.values()) == {State.RELEASED}


# -- what passes -------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["HEAD", "LIST", "GET", "PUT", "COPY", "DELETE"])
@pytest.mark.parametrize("fault", [(503, "SlowDown"), (0, "")], ids=["busy", "reset"])
def test_a_fault_that_passes_is_not_noticed(
    place: Place, store: ObjectStore, proxy: FaultProxy, kind: str, fault: tuple[int, str]
) -> None:
    put(store, "a")
    proxy.fail(kind, *fault, times=2)
    (result,) = place.tick()
    assert result.success, failure(result)
    require_all_released(place, store, 1)


def test_a_store_that_stays_busy_is_tried_later(
    place: Place, store: ObjectStore, proxy: FaultProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(s3_system, "_PAUSES", (0.0,))
    for number in range(2):
        put(store, f"f{number}", number)
    proxy.fail("HEAD", 503, key="new/f0")
    (result,) = place.tick()
    assert "2 will be tried again" in failure(result)
    assert "too much to do" in failure(result)
    proxy.mend()
    let_them_be_tried(place)
    assert all(result.success for result in place.tick())
    require_all_released(place, store, 2)


# -- the same bytes again ------------------------------------------------------------------------


def test_a_file_that_was_set_aside_runs_when_the_same_bytes_are_uploaded_again(
    place: Place, store: ObjectStore
) -> None:
    broken = people().drop(columns="sex").to_csv(index=False).encode()
    for _ in range(2):
        store.client().pipe(f"{BUCKET}/new/a.csv", broken)
        (result,) = place.tick()
        assert "no column sex" in failure(result)
        assert place.tick() == []
        wait_for_another_second()


def test_a_file_that_was_released_and_is_uploaded_again_is_released_anew(
    place: Place, store: ObjectStore
) -> None:
    released = []
    for _ in range(2):
        put(store, "a")
        assert [result.success for result in place.tick()] == [True]
        released.append(store.client().cat(f"{BUCKET}/out/a.csv"))
        store.client().rm_file(f"{BUCKET}/out/a.csv")
        assert place.tick() == []
        wait_for_another_second()
    assert released[0] == released[1]
    assert len(place.ledger()) == 1
