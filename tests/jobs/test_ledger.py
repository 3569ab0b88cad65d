from dataclasses import replace
from pathlib import Path

from anon_dagster.jobs.ledger import Entry, Ledger

ENTRY = Entry(
    job_id="a-1",
    kind="anonymize",
    dataset="people",
    request="0123456789ab",
    user="",
    status="completed",
    started=1.5,
    ended=2.5,
    promises="k = 5",
    risk={"k": 5.0, "maxProbabilityIdentification": 0.2},
    utility={"infoLoss": 0.25},
    target="out/people.parquet",
    checksum="00",
)


def test_a_line_is_read_as_it_was_written(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path)
    later = replace(ENTRY, job_id="a-2", status="failed", ended=3.0, risk={}, utility={})
    assert ledger.write(later)
    assert ledger.write(ENTRY)
    assert ledger.entries() == [ENTRY, later]


def test_a_job_has_one_line_however_often_it_is_written(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path)
    assert [ledger.write(ENTRY), ledger.write(ENTRY)] == [True, False]
    assert ledger.entries() == [ENTRY]


def test_a_store_without_jobs_has_an_empty_ledger(tmp_path: Path) -> None:
    assert Ledger(tmp_path).entries() == []
    assert not list(tmp_path.iterdir())


def test_only_the_owner_may_read_the_ledger(tmp_path: Path) -> None:
    Ledger(tmp_path / "store").write(ENTRY)
    assert (tmp_path / "store" / "ledger.sqlite").stat().st_mode & 0o777 == 0o600
