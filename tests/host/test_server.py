"""Who connects to the host of the jobs and says nothing keeps nobody else waiting."""

import json
import socket
from collections.abc import Iterator
from multiprocessing import AuthenticationError
from multiprocessing.connection import Client
from pathlib import Path
from threading import Thread
from typing import Any

import dagster as dg
import pytest

from anon_dagster.host import server
from anon_dagster.host.folders import HostFolders
from anon_dagster.host.queue import Queue
from anon_dagster.host.server import Server
from anon_dagster.jobs.file_names import HOST_ADDRESS

SECONDS = 30


@pytest.fixture
def told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Any]]:
    """Serve a folder, and give what its clients are told."""
    monkeypatch.setattr(server, "_PATIENCE", 1)
    folders = HostFolders(tmp_path / "home", tmp_path / "store")
    folders.make()
    with dg.DagsterInstance.ephemeral() as instance:
        serving = Server(Queue(folders, instance))
        thread = Thread(target=serving.serve, args=(SECONDS,))
        thread.start()
        address = folders.store / HOST_ADDRESS
        while not address.exists():
            thread.join(0.01)
        yield json.loads(address.read_text(encoding="utf-8"))
        serving.stopping.set()
        thread.join()


def asked(told: dict[str, Any]) -> Any:
    """Ask as a client does, and return the answer; fail if there is none in time."""
    with Client(tuple(told["address"]), authkey=bytes.fromhex(told["key"])) as connection:
        connection.send_bytes(json.dumps({"method": "stop", "arguments": {}}).encode())
        assert connection.poll(SECONDS), "no answer"
        return json.loads(connection.recv_bytes())


def test_a_client_is_answered_beside_connections_that_say_nothing(told: dict[str, Any]) -> None:
    strangers = [socket.create_connection(tuple(told["address"])) for _ in range(5)]
    strangers[0].sendall(b"\0\0")  # not even the length of a message
    assert asked(told) == {"answer": True}
    for stranger in strangers:
        stranger.close()


def test_a_connection_that_says_nothing_is_closed_after_a_while(told: dict[str, Any]) -> None:
    with socket.create_connection(tuple(told["address"]), timeout=SECONDS) as stranger:
        said = b"".join(iter(lambda: stranger.recv(1024), b""))  # until it is closed
    assert b"CHALLENGE" in said


def test_who_does_not_know_the_key_is_not_answered(told: dict[str, Any]) -> None:
    with pytest.raises(AuthenticationError):
        Client(tuple(told["address"]), authkey=bytes(32))
    assert asked(told) == {"answer": True}
