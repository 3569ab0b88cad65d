"""A release that waits is published as it was measured, whole, once, and by whom it may be."""

import shutil
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from anon_dagster import anonymize, apply
from anon_dagster.errors import (
    BusyError,
    DisclosureError,
    JobError,
    JobKindError,
    JobStateError,
    PromiseBrokenError,
    RequestError,
    TargetError,
)
from anon_dagster.jobs import holding
from anon_dagster.jobs.approval import approve, take_over
from anon_dagster.jobs.folder import JobFolder
from anon_dagster.jobs.former import former_releases
from anon_dagster.jobs.holding import hold_of, reject
from anon_dagster.releasing.publication import checksum_of
from anon_dagster.storage.listing import resolve
from tests.approval.waiting import (
    CANARY,
    PEOPLE,
    POLICY,
    fresh,
    held,
    held_later,
    linked_request,
    request,
)
from tests.operations.test_audit import request_of
from tests.releasing.test_repeated import MORE

FORMATS: dict[str, dict[str, Any]] = {
    "people.csv": {},
    "people.csv.gz": {"csv": {"separator": ";"}},
    "people.parquet": {"compression": "gzip"},
    "people.parquet.gz": {},
    "people*[1].csv": {},
    "parts": {"format": "csv", "single_file": False, "rows_per_file": 7},
    "parts.csv.gz": {"single_file": False, "rows_per_file": 7},
}


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return tmp_path / ".anon"


def state(job: JobFolder) -> str:
    hold = hold_of(job)
    assert hold is not None
    return hold.state


@pytest.mark.parametrize("name", FORMATS)
def test_what_waits_is_published_byte_for_byte(tmp_path: Path, store: Path, name: str) -> None:
    target = tmp_path / "out" / name
    asked = request(tmp_path, **{"path": str(target), **FORMATS[name]})
    job = held(store, asked)
    waiting = job.load_release()
    assert not target.parent.exists()
    files = waiting["source"]["path"]
    assert {Path(each).stat().st_mode & 0o777 for each in files} == {0o600}
    assert (job.path / "held").stat().st_mode & 0o077 == 0

    told = approve(job, fresh(store), person="Bob")
    take_over(job, told)
    assert (told.state, told.requested_by, told.decided_by) == ("approved", "Ann", "Bob")
    published = job.load_release()
    assert checksum_of(published["source"]["path"]) == published["checksum"] == waiting["checksum"]
    assert all(str(target) in path for path in published["source"]["path"])

    without = {**asked, "target": {**asked["target"], "hold": False}}
    shutil.rmtree(target.parent)
    plain = anonymize(without)
    assert plain.release.checksum == published["checksum"]
    assert [Path(p).name for p in plain.release.paths] == [
        Path(p).name for p in published["source"]["path"]
    ]


def test_what_waits_is_no_former_release_until_it_is_approved(tmp_path: Path, store: Path) -> None:
    first = held(store, request(tmp_path))
    second = held(store, request(tmp_path, path=str(tmp_path / "other.csv")))
    assert former_releases(second) == []
    take_over(first, approve(first, fresh(store), person=""))
    (former,) = former_releases(second)
    assert first.job_id in former.name


@pytest.mark.parametrize(
    ("asked_by", "approved_by", "may"),
    [
        ("Ann", "Bob", True),
        ("Ann", "Ann", False),
        ("Ann", " aNN\u200b", False),
        ("Ann Lee", "ann\tlee", False),
        ("STRASSE", "straße", False),
        ("ﬁnn", "FINN", False),
        ("Ann", "A\ufe0fnn\u3164\u034f\u2800", False),
        ("", "Bob", False),
        ("Ann", "", False),
        ("", "", False),
        ("\u0000 ", "Bob", False),
    ],
)
def test_it_takes_two_people_who_are_known(
    tmp_path: Path, store: Path, asked_by: str, approved_by: str, *, may: bool
) -> None:
    job = held(store, request(tmp_path, hold="two_people"), by=asked_by)
    if may:
        assert approve(job, fresh(store), person=approved_by).state == "approved"
        return
    with pytest.raises(JobStateError, match="takes two people"):
        approve(job, fresh(store), person=approved_by)
    assert state(job) == "awaiting approval"
    assert not (tmp_path / "out").exists()
    assert reject(job, person=approved_by, why="not needed").state == "rejected"


def test_one_person_is_enough_if_nothing_else_is_said(tmp_path: Path, store: Path) -> None:
    job = held(store, request(tmp_path))
    assert approve(job, fresh(store), person="Ann").decided_by == "Ann"


def test_what_was_changed_since_it_was_measured_is_not_published(
    tmp_path: Path, store: Path
) -> None:
    job = held(store, request(tmp_path))
    (file,) = (job.path / "held").iterdir()
    file.write_bytes(file.read_bytes().replace(b"illness 0", b"illness 1"))
    with pytest.raises(PromiseBrokenError, match="was changed or damaged"):
        approve(job, fresh(store), person="Bob")
    assert state(job) == "awaiting approval"
    assert list((tmp_path / "out").iterdir()) == []


def test_a_promise_is_measured_again_and_not_believed(tmp_path: Path, store: Path) -> None:
    job = held(store, request(tmp_path))
    _forge(job, rows=2)
    with pytest.raises(PromiseBrokenError, match=r"alike|class"):
        approve(job, fresh(store), person="Bob")
    assert list((tmp_path / "out").iterdir()) == []


def test_a_source_that_is_gone_keeps_nobody_from_approving(tmp_path: Path, store: Path) -> None:
    job = held(store, request(tmp_path))
    (tmp_path / "people.csv").unlink()
    assert approve(job, fresh(store), person="Bob").state == "approved"
    assert (tmp_path / "out" / "people.csv").is_file()


def test_a_target_that_cannot_be_replaced_any_more_is_left(tmp_path: Path, store: Path) -> None:
    job = held(store, request(tmp_path))
    (tmp_path / "out" / "people.csv" / "sub").mkdir(parents=True)
    with pytest.raises(TargetError, match="is a folder"):
        approve(job, fresh(store), person="Bob")
    assert state(job) == "awaiting approval"


@pytest.mark.parametrize("leads", ["out", "out/people.csv"])
def test_a_target_that_leads_to_the_source_by_now_is_left(
    tmp_path: Path, store: Path, leads: str
) -> None:
    job, source = held(store, request(tmp_path)), tmp_path / "people.csv"
    before = source.read_bytes()
    place = tmp_path / leads
    place.parent.mkdir(exist_ok=True)
    place.symlink_to(tmp_path if leads == "out" else source)
    with pytest.raises(TargetError, match="is also a source"):
        approve(job, fresh(store), person="Bob")
    assert source.read_bytes() == before
    assert state(job) == "awaiting approval"


def test_who_deletes_a_job_meanwhile_does_not_take_the_lock_of_who_decides(
    tmp_path: Path, store: Path
) -> None:
    job = held(store, request(tmp_path))
    with holding.deciding(job):
        job.empty()
        with pytest.raises(BusyError):
            holding.discard(job, "its job was deleted")
    holding.discard(job, "its job was deleted")
    assert state(job) == "discarded"


@pytest.mark.parametrize(
    "damage",
    [{"two_people": "no"}, {"requested_by": 7}, {"since": "Zeisig"}, {"seen": 5}, {"state": []}],
)
def test_what_cannot_be_what_became_of_a_release_decides_nothing(
    tmp_path: Path, store: Path, damage: dict[str, Any]
) -> None:
    job = held(store, request(tmp_path))
    job.save_document("hold.json", job.load_document("hold.json") | damage)
    with pytest.raises(JobError, match=r"damaged|no state") as failed:
        approve(job, fresh(store), person="Bob")
    assert CANARY not in str(failed.value)


def test_it_is_decided_once(tmp_path: Path, store: Path) -> None:
    job = held(store, request(tmp_path))
    with holding.deciding(job), pytest.raises(BusyError, match="somebody is deciding"):
        approve(job, fresh(store), person="Bob")
    reject(job, person="Bob", why="not this year")
    with pytest.raises(JobStateError, match="is rejected already by Bob"):
        approve(job, fresh(store), person="Bob")
    with pytest.raises(JobStateError, match="is rejected already by Bob"):
        reject(job, person="Ann", why="again")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("why", ["", " \n", "x" * 2_001, "Zeisig \udcff"])
def test_a_rejection_has_a_reason_that_is_a_text_of_bounded_length(
    tmp_path: Path, store: Path, why: str
) -> None:
    job = held(store, request(tmp_path))
    with pytest.raises(JobStateError, match="nothing was decided"):
        reject(job, person="Bob", why=why)
    assert state(job) == "awaiting approval"


def test_a_job_that_holds_nothing_has_nothing_to_decide(tmp_path: Path, store: Path) -> None:
    job = held(store, request(tmp_path, hold=False))
    assert hold_of(job) is None
    with pytest.raises(JobKindError, match=r"no target\.hold"):
        approve(job, fresh(store), person="Bob")
    with pytest.raises(JobError, match="there is no job"):
        approve(fresh(store), fresh(store), person="Bob")


# -- other releases of the same people ---------------------------------------------------------


def _release(tmp_path: Path, people: pd.DataFrame, name: str, repeated: str) -> dict[str, Any]:
    policy = request_of("local")["policy"]
    policy["residual"] |= {"repeated": repeated}
    return request(tmp_path, people=people, policy=policy, path=str(tmp_path / name))


def _two(tmp_path: Path, store: Path, *, repeated: str = "warn") -> tuple[JobFolder, JobFolder]:
    """Hold two releases that tell more together than either: some people came between."""
    one = held(store, _release(tmp_path, MORE[:150], "one.csv", repeated))
    return one, held(store, _release(tmp_path, MORE, "two.csv", repeated))


@pytest.mark.parametrize(
    ("repeated", "told"), [("warn", r"came after .* run the job again"), ("refuse", "by policy")]
)
def test_the_second_of_two_held_releases_is_examined_with_the_first(
    tmp_path: Path, store: Path, repeated: str, told: str
) -> None:
    one, two = _two(tmp_path, store, repeated=repeated)
    assert not two.load_residual().former
    take_over(one, approve(one, fresh(store), person="Bob"))
    with pytest.raises(DisclosureError, match=told):
        approve(two, fresh(store), person="Bob")
    assert state(two) == "awaiting approval"
    assert not (tmp_path / "two.csv").exists()


def test_what_nobody_can_examine_any_more_is_not_published(tmp_path: Path, store: Path) -> None:
    one, two = _two(tmp_path, store)
    take_over(one, approve(one, fresh(store), person="Bob"))
    (tmp_path / "people.csv").write_text("name,age,town,illness\n", "utf-8")
    with pytest.raises(DisclosureError, match="nobody can tell what all tell together"):
        approve(two, fresh(store), person="Bob")
    assert state(two) == "awaiting approval"


def test_what_a_report_tells_of_former_releases_is_approved_with_it(
    tmp_path: Path, store: Path
) -> None:
    one, _ = _two(tmp_path, store)
    take_over(one, approve(one, fresh(store), person="Bob"))
    again = held(store, _release(tmp_path, MORE, "one.csv", "warn"))
    assert again.load_residual().of("repeated")
    (tmp_path / "people.csv").unlink()  # nothing is new, so nothing is read
    assert approve(again, fresh(store), person="Bob").state == "approved"


# -- persons, linked tables, later records -----------------------------------------------------


def test_promises_about_persons_are_measured_with_whose_the_records_are(
    tmp_path: Path, store: Path
) -> None:
    people = pd.concat([PEOPLE, PEOPLE[::2]])
    job = held(store, request(tmp_path, people=people, policy={**POLICY, "person": "name"}))
    assert approve(job, fresh(store), person="Bob").state == "approved"


def test_linked_tables_are_approved_together_or_not(tmp_path: Path, store: Path) -> None:
    job = held(store, linked_request(tmp_path))
    out = tmp_path / "out"
    assert not out.exists()
    (out / "visits.csv").mkdir(parents=True)
    with pytest.raises(TargetError, match="is a folder"):
        approve(job, fresh(store), person="Bob")
    assert [each.name for each in out.iterdir()] == ["visits.csv"]
    (out / "visits.csv").rmdir()
    take_over(job, approve(job, fresh(store), person="Bob"))
    assert sorted(each.name for each in out.iterdir()) == ["patients.csv", "visits.csv"]
    for folder in (job, *(JobFolder(store, job.job_id, key) for key in job.files())):
        release = folder.load_release()
        assert checksum_of(release["source"]["path"]) == release["checksum"]


@pytest.mark.parametrize("recoding", ["global", "local"])
def test_later_records_wait_and_are_judged_again(
    tmp_path: Path, store: Path, recoding: str
) -> None:
    policy = {**POLICY, "recoding": recoding, "suppression_limit": 0.3}
    first = held(store, request(tmp_path, policy=policy, hold=False))
    PEOPLE[:9].to_csv(tmp_path / "later.csv", index=False)
    target = tmp_path / "out" / "later.parquet"
    job = held_later(store, first, tmp_path / "later.csv", target)
    assert not target.exists()
    (tmp_path / "later.csv").unlink()
    take_over(job, approve(job, fresh(store), person="Bob"))
    assert checksum_of([str(target)]) == job.load_release()["checksum"]

    PEOPLE[:9].to_csv(tmp_path / "later.csv", index=False)
    other = held_later(store, first, tmp_path / "later.csv", tmp_path / "out" / "other.csv")
    _forge(other, rows=2)
    with pytest.raises(PromiseBrokenError):
        approve(other, fresh(store), person="Bob")


def _forge(job: JobFolder, *, rows: int) -> None:
    """Let only some records wait, and the job believe that it measured these."""
    (file,) = (job.path / "held").iterdir()
    file.write_text("".join(file.read_text("utf-8").splitlines(keepends=True)[:rows]), "utf-8")
    job.save_document("release.json", job.load_release() | {"checksum": checksum_of([str(file)])})


# -- the library -------------------------------------------------------------------------------


def test_a_call_of_the_library_has_nowhere_to_wait(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match=r"target\.hold: a release waits with its job"):
        anonymize(request(tmp_path))
    first = anonymize(request(tmp_path, hold=False))
    place = {"path": str(tmp_path / "later.csv"), "hold": True}
    with pytest.raises(RequestError, match=r"target\.hold"):
        apply(first, source=str(tmp_path / "people.csv"), target=place)
    with pytest.raises(RequestError, match=r"target\.hold"):
        anonymize(linked_request(tmp_path))
    assert not (tmp_path / "later.csv").exists()


def test_no_message_of_a_decision_holds_a_cell(tmp_path: Path, store: Path) -> None:
    job = held(store, request(tmp_path))
    (file,) = (job.path / "held").iterdir()
    file.write_bytes(file.read_bytes()[:-20] + CANARY.encode())
    with pytest.raises(PromiseBrokenError) as failed:
        approve(job, fresh(store), person="Bob")
    assert CANARY not in str(failed.value) + repr(hold_of(job))
    assert failed.value.__cause__ is None
    assert resolve(str(file)) == [str(file)]
