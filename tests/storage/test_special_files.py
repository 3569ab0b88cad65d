"""A request reads tables: no pipe, no device, no other server, nothing a process says of itself."""

import os
import socket
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

import anon_dagster
from anon_dagster import AnonError, RequestError
from anon_dagster.defs.application import solution_of
from anon_dagster.defs.resources import JobStore
from anon_dagster.storage.addresses import SCHEMES

POLICY: dict[str, Any] = {
    "attributes": {"x": {"role": "quasi_identifier"}},
    "privacy": {"k_anonymity": {"k": 2}},
}


def of_source(path: str) -> dict[str, Any]:
    return {"source": {"path": path, "format": "csv"}, "policy": POLICY}


def read_as_source(path: str) -> None:
    anon_dagster.anonymize(of_source(path))


def read_as_one_of_several(path: str) -> None:
    source = {"path": ["table.csv", path], "format": "csv"}
    anon_dagster.anonymize({"source": source, "policy": POLICY})


def read_as_tree(path: str) -> None:
    attributes = {"x": {"role": "quasi_identifier", "hierarchy": {"type": "tree", "path": path}}}
    policy = {**POLICY, "attributes": attributes}
    anon_dagster.anonymize({"source": {"path": "table.csv"}, "policy": policy})


def read_as_population(path: str) -> None:
    policy = {**POLICY, "population": {"path": path, "format": "csv"}}
    anon_dagster.anonymize({"source": {"path": "table.csv"}, "policy": policy})


def read_as_request(path: str) -> None:
    anon_dagster.anonymize(Path(path))


def detect(path: str) -> None:
    anon_dagster.detect({"path": path, "format": "csv"})


READERS = (
    read_as_source, read_as_one_of_several, read_as_tree, read_as_population, read_as_request,
    detect,
)  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "table.csv").write_text("x\n1\n1\n")
    os.mkfifo(tmp_path / "pipe")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind("socket")
    (tmp_path / "link.csv").symlink_to("/proc/self/environ")
    (tmp_path / "of_link.csv").symlink_to("link.csv")
    (tmp_path / "processes").symlink_to("/proc")
    (tmp_path / "parts").mkdir()
    (tmp_path / "parts" / "1.csv").write_text("x\n1\n1\n")
    (tmp_path / "parts" / "2.csv").symlink_to("/proc/self/environ")
    return tmp_path


SPECIAL = (
    "/proc/self/environ", "/proc/thread-self/cmdline", "/proc/../proc/self/environ", "/sys/kernel",
    "/dev/zero", "/dev/stdin", "/dev/fd/0", "pipe", "socket", "link.csv", "of_link.csv",
    "processes/self/environ",
)  # fmt: skip


@pytest.mark.parametrize("read", READERS)
def test_what_is_no_file_is_refused_wherever_a_file_is_read(
    read: Callable[[str], None], folder: Path
) -> None:
    del folder
    for path in SPECIAL:
        with pytest.raises(AnonError, match=r"belongs to the system|a pipe, a socket or a device"):
            read(path)


@pytest.mark.parametrize("path", ["file:///proc/self/environ", "/proc/self/env*", "parts", "pip?"])
def test_a_folder_a_glob_or_an_url_lead_to_it_no_better(path: str, folder: Path) -> None:
    del folder
    for read in (read_as_source, read_as_population, detect):
        with pytest.raises(AnonError):
            read(path)


def test_a_solution_is_read_of_no_such_place(folder: Path) -> None:
    link = folder / "solution.json"
    link.symlink_to("/proc/self/environ")
    with pytest.raises(RequestError, match="belongs to the system"):
        solution_of(JobStore(root=folder), str(link))


def test_links_and_urls_to_files_are_read(folder: Path) -> None:
    (folder / "fine.csv").symlink_to("table.csv")
    for path in ("fine.csv", "../" + folder.name + "/fine.csv", f"file://{folder}/table.csv"):
        assert anon_dagster.anonymize(of_source(path)).df is not None


class _Table(BaseHTTPRequestHandler):
    asked = 0

    def do_GET(self) -> None:
        type(self).asked += 1
        self._head()
        self.wfile.write(b"x\n1\n1\n")

    do_HEAD = do_GET  # noqa: N815 (the name that the server looks for)

    def _head(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "6")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[str]:
    _Table.asked = 0
    with HTTPServer(("127.0.0.1", 0), _Table) as running:
        Thread(target=running.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{running.server_port}/table.csv"
        running.shutdown()


def test_another_server_is_asked_only_if_the_deployment_allows_it(
    server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(SCHEMES, raising=False)
    for read in (read_as_source, read_as_population, read_as_tree, detect):
        with pytest.raises(AnonError):
            read(server)
    with pytest.raises(AnonError, match=r"http:// are not allowed here.*ANON_SCHEMES"):
        read_as_source(server)
    assert _Table.asked == 0
    monkeypatch.setenv(SCHEMES, "sftp, http")
    pytest.importorskip("aiohttp")
    read_as_source(server)
    assert _Table.asked


@pytest.mark.parametrize(
    "path", ["ftp://h/t.csv", "zip://t.csv::http://h/z", "s3://b/x::http://h/"]
)
def test_other_schemes_and_addresses_within_addresses_are_refused(path: str) -> None:
    with pytest.raises(AnonError, match=r"not allowed here|within addresses"):
        read_as_source(path)
