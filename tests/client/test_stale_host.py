"""A client that finds the address of a host that died starts a new one, whoever listens there."""

import json
import socket
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from threading import Thread

import pytest

from anon_dagster.client.embedded import EmbeddedDeployment
from anon_dagster.jobs.file_names import HOST_ADDRESS


@contextmanager
def listening(answer: Callable[[socket.socket], object]) -> Iterator[int]:
    """Listen as another program does, which took the port since; yield it."""
    held: list[socket.socket] = []

    def accept(listener: socket.socket) -> None:
        while True:
            try:
                held.append(listener.accept()[0])
                answer(held[-1])
            except OSError:
                return

    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        thread = Thread(target=accept, args=(listener,), daemon=True)
        thread.start()
        yield int(listener.getsockname()[1])
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()
    for each in held:
        each.close()


@contextmanager
def nobody() -> Iterator[int]:
    """Give a port that nobody listens at."""
    with socket.socket() as once:
        once.bind(("127.0.0.1", 0))
        port = int(once.getsockname()[1])
    yield port


@contextmanager
def unaccepted() -> Iterator[int]:
    """Listen as a program does that has stopped to accept, and has as many waiting as it may."""
    with closing(socket.create_server(("127.0.0.1", 0), backlog=0)) as listener:
        port = int(listener.getsockname()[1])
        with closing(socket.create_connection(("127.0.0.1", port))):
            yield port


OTHERS = {
    "nobody": nobody,
    "silent": lambda: listening(lambda _: None),
    "closing": lambda: listening(lambda each: each.close()),
    "talking": lambda: listening(lambda each: each.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")),
    "challenging": lambda: listening(
        lambda each: each.sendall(b"\0\0\0\x20#CHALLENGE#{sha256}0123456789ab")
    ),
    "deaf": unaccepted,
}


def deployment(folder: Path, port: int) -> EmbeddedDeployment:
    """Return what finds the address of a host that died."""
    store = folder / "store"
    store.mkdir()
    stale = {"address": ["127.0.0.1", port], "key": "00" * 32}
    (store / HOST_ADDRESS).write_text(json.dumps(stale), encoding="utf-8")
    return EmbeddedDeployment(folder / "home", store)


@pytest.mark.parametrize("other", OTHERS)
def test_what_listens_where_a_host_died_is_no_host(tmp_path: Path, other: str) -> None:
    with OTHERS[other]() as port:
        assert deployment(tmp_path, port).stop(), "there is none that could be stopped"


@pytest.mark.parametrize("address", ["", "[]", "{}", '{"address": 1, "key": "00"}', '{"key": 1}'])
def test_an_address_that_cannot_be_read_is_none(tmp_path: Path, address: str) -> None:
    asked = deployment(tmp_path, 9)
    (asked.store / HOST_ADDRESS).write_text(address, encoding="utf-8")
    assert asked.stop()


@pytest.mark.slow
@pytest.mark.parametrize("other", ["nobody", "silent"])
def test_a_new_host_is_started_where_the_former_one_died(tmp_path: Path, other: str) -> None:
    with OTHERS[other]() as port:
        asked = deployment(tmp_path, port)
        assert asked.records(1) == []
        told = json.loads((asked.store / HOST_ADDRESS).read_text(encoding="utf-8"))
        assert told["address"][1] != port
        assert asked.stop()
