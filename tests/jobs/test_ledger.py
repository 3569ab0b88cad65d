import json
import threading
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from anon_dagster.jobs.ledger import WEBHOOK, Entry, Ledger, post

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


@pytest.fixture
def webhook() -> Iterator[tuple[str, list[Any]]]:
    taken: list[Any] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            taken.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(500 if self.path == "/refuse" else 204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}", taken
        server.shutdown()
        thread.join()


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


def test_the_webhook_is_told_of_a_job(webhook: tuple[str, list[Any]]) -> None:
    url, taken = webhook
    assert post(ENTRY, {WEBHOOK: f"{url}/jobs?key=1"})
    assert taken == [ENTRY.document()]


def test_a_webhook_that_does_not_take_it_is_no_error(
    webhook: tuple[str, list[Any]], capfd: pytest.CaptureFixture[str]
) -> None:
    url, _ = webhook
    assert not post(ENTRY, {WEBHOOK: f"{url}/refuse"})
    assert not post(ENTRY, {WEBHOOK: "http://127.0.0.1:1/secret"})
    assert not post(ENTRY, {WEBHOOK: "http://secret:nan/"})
    assert post(ENTRY, {})
    assert capfd.readouterr() == ("", "")
