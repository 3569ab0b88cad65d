import json
import logging
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from anon_dagster.jobs.ledger import Entry
from anon_dagster.jobs.webhook import WEBHOOK, post

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


def test_the_webhook_is_told_of_a_job(webhook: tuple[str, list[Any]]) -> None:
    url, taken = webhook
    assert post(ENTRY, {WEBHOOK: f"{url}/jobs?key=1"})
    assert taken == [ENTRY.document()]


def test_a_webhook_that_does_not_take_it_is_no_error(
    webhook: tuple[str, list[Any]],
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    url, _ = webhook
    assert not post(ENTRY, {WEBHOOK: f"{url}/refuse"})
    assert not post(ENTRY, {WEBHOOK: "http://127.0.0.1:1/secret"})
    assert not post(ENTRY, {WEBHOOK: "http://secret:nan/"})
    assert post(ENTRY, {})
    assert "/refuse" not in caplog.text
    assert "secret" not in caplog.text
    assert capfd.readouterr() == ("", "")
