"""Questions by HTTP, before servers that redirect, that are proxies, or that log what they hear."""

import logging
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from anon_dagster.http_client import HttpClient


@dataclass
class Served:
    """What a server heard, and where it is."""

    url: str = ""
    asked: list[tuple[str, str, str | None]] = field(default_factory=list)
    connections: set[object] = field(default_factory=set)


@pytest.fixture
def served() -> Iterator[Served]:
    heard = Served()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            heard.asked.append((self.command, self.path, self.headers["Authorization"]))
            heard.connections.add(self.client_address)
            status, _, place = self.path.removeprefix("/").partition("/")
            self.send_response(int(status) if status.isdigit() else 200)
            if place:
                self.send_header("Location", place.replace("HERE", heard.url))
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, *_: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True

    with Server(("127.0.0.1", 0), Handler) as server:
        heard.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield heard
        server.shutdown()
        thread.join()


@pytest.fixture
def client() -> Iterator[HttpClient]:
    client = HttpClient({"Authorization": "Bearer secret"})
    yield client
    client.close()


def test_all_questions_go_through_one_connection(client: HttpClient, served: Served) -> None:
    for _ in range(3):
        assert client.post(served.url, {}, seconds=10).content == b"{}"
    assert len(served.connections) == 1
    client.close()
    client.post(served.url, {}, seconds=10)
    assert len(served.connections) == 2


@pytest.mark.parametrize("status", [301, 307, 308])
def test_a_question_is_asked_again_where_it_is_sent_to(
    client: HttpClient, served: Served, status: int
) -> None:
    assert client.post(f"{served.url}/{status}/HERE/there", {}, seconds=10).status == 200
    assert served.asked[-1] == ("POST", "/there", "Bearer secret")


@pytest.mark.parametrize(
    "path", ["302/HERE/login", "303/HERE/done", "307/http://localhost:9/", "308/ftp://127.0.0.1/"]
)
def test_a_question_goes_to_no_other_host_and_to_no_login(
    client: HttpClient, served: Served, path: str
) -> None:
    assert client.post(f"{served.url}/{path}", {}, seconds=10).status == int(path[:3])
    assert len(served.asked) == 1


def test_a_circle_of_redirections_ends(client: HttpClient, served: Served) -> None:
    assert client.post(f"{served.url}/307//307/x", {}, seconds=10).status in {200, 307}
    assert len(served.asked) <= 6


def test_a_proxy_of_the_environment_is_asked_but_for_this_machine(
    client: HttpClient, served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "http_proxy"):
        monkeypatch.setenv(name, served.url)
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    assert client.post("http://deployment.invalid/graphql", {}, seconds=10).status == 200
    assert served.asked[-1][1] == "http://deployment.invalid/graphql"
    client.post(f"{served.url}/mine", {}, seconds=10)
    assert served.asked[-1][1] == "/mine"


@pytest.mark.parametrize("proxy", ["socks5://127.0.0.1:9", "no proxy", "http://127.0.0.1:9"])
def test_a_proxy_that_does_not_work_is_no_answer(
    client: HttpClient, monkeypatch: pytest.MonkeyPatch, proxy: str
) -> None:
    for name in ("HTTP_PROXY", "http_proxy"):
        monkeypatch.setenv(name, proxy)
    with pytest.raises(ConnectionError, match=r"^nobody answers$"):
        client.post("http://deployment.invalid/", {}, seconds=10)


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:1/secret", "http://secret:nan/", "secret", "", "http://[secret/"]
)
def test_what_goes_wrong_shows_no_address(client: HttpClient, url: str) -> None:
    with pytest.raises(ConnectionError) as caught:
        client.post(url, {}, seconds=10)
    assert "secret" not in f"{caught.value!r}{client!r}"
    assert caught.value.__suppress_context__


def test_a_header_that_is_none_shows_in_no_error(served: Served) -> None:
    client = HttpClient({"Authorization": "secret\nü"})
    with pytest.raises(ConnectionError, match=r"^nobody answers$"):
        client.post(served.url, {}, seconds=10)


def test_nothing_is_logged_of_the_address(
    client: HttpClient, served: Served, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    address = served.url.replace("://", "://ada:password@")
    client.post(f"{address}/secret?key=secret", {}, seconds=10)
    assert served.asked == [("POST", "/secret?key=secret", "Bearer secret")]
    assert "secret" not in caplog.text
    assert "password" not in caplog.text
