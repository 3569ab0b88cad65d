"""A proxy in front of a real S3 server, which can be told what goes wrong."""

import http.client
import re
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit

_OF_CONNECTIONS = {"connection", "keep-alive", "transfer-encoding", "content-length"}
_ETAG = re.compile(r"<ETag>(.*?)</ETag>")
ALWAYS = 1_000_000


@dataclass
class Fault:
    """What becomes of the next requests of a kind."""

    kind: str
    """HEAD, GET, LIST, PUT, COPY, POST, DELETE, VERSION (the deletion of one) or BULK."""
    status: int = 0
    """What is answered; 0: the connection is reset."""
    code: str = ""
    """What S3 calls it; a HEAD has no body that could tell."""
    times: int = ALWAYS
    after: int = 0
    """How many are let through before."""
    seconds: float = 0.0
    """How long the answer is kept back; with the status 200 it is the server's."""
    key: str = ""
    """What a key has to have in it."""

    def meets(self, kind: str, path: str) -> bool:
        """Tell whether a request is one of those, and count it."""
        if kind != self.kind or self.key not in path or self.times == 0:
            return False
        if self.after:
            self.after -= 1
            return False
        self.times -= 1
        return True


@dataclass
class FaultProxy:
    """Stands between a client and a server; without faults nobody notices."""

    upstream: str
    faults: list[Fault] = field(default_factory=list)
    requests: list[tuple[str, str]] = field(default_factory=list)
    """The kind and the path of all that was asked."""
    etags: dict[str, Callable[[str], str]] = field(default_factory=dict)
    """What becomes of the ETags in the answers to a kind of request."""
    expired: bool = False
    """Whether the credentials of everybody have expired."""
    guard: threading.Lock = field(default_factory=threading.Lock)
    port: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def fail(self, kind: str, status: int = 0, code: str = "", **more: object) -> None:
        """Let requests of a kind fail, see :class:`Fault`."""
        self.faults.append(Fault(kind, status, code, **more))  # type: ignore[arg-type]

    def mend(self) -> None:
        """Let everything go well again."""
        self.faults.clear()
        self.etags.clear()
        self.expired = False

    def asked(self, kind: str) -> int:
        """Return how many requests of a kind there were."""
        return sum(each == kind for each, _ in self.requests)

    def fault_of(self, kind: str, path: str) -> Fault | None:
        with self.guard:
            self.requests.append((kind, path))
            if self.expired:
                return Fault(kind, 400, "ExpiredToken")
            return next((f for f in self.faults if f.meets(kind, path)), None)


def weak(tag: str) -> str:
    return f"W/{tag}"


def other(tag: str) -> str:
    return re.sub(r"[0-9a-f]{32}", "0" * 32, tag)


def kind_of(method: str, target: str, *, copies: bool) -> str:
    """Say what a request asks for, as a person who knows S3 does."""
    address = urlsplit(target)
    asked = parse_qs(address.query, keep_blank_values=True)
    if method == "GET" and "list-type" in asked:
        return "LIST"
    if method == "POST" and "delete" in asked:
        return "BULK"
    if method == "PUT" and copies:
        return "COPY"
    if method == "DELETE" and "versionId" in asked:
        return "VERSION"
    return method


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    proxy: FaultProxy

    def handle_one_request(self) -> None:
        try:
            super().handle_one_request()
        except (ConnectionError, TimeoutError):  # the client went, or the server was killed
            self.close_connection = True

    def parse_request(self) -> bool:
        """Answer every method alike."""
        parsed = super().parse_request()
        if parsed:
            setattr(self, f"do_{self.command}", self._pass_on)
        return parsed

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def _pass_on(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        kind = kind_of(self.command, self.path, copies="x-amz-copy-source" in self.headers)
        fault = self.proxy.fault_of(kind, unquote(self.path))
        if fault is not None:
            time.sleep(fault.seconds)
            if fault.status != 200:
                self._fail(fault)
                return
        status, headers, content = self._ask(body)
        if change := self.proxy.etags.get(kind):
            headers = [(n, change(v) if n.lower() == "etag" else v) for n, v in headers]
            if kind == "LIST":
                text = _ETAG.sub(lambda m: f"<ETag>{change(m[1])}</ETag>", content.decode())
                content = text.encode()
        self._answer(status, headers, content)

    def _ask(self, body: bytes) -> tuple[int, list[tuple[str, str]], bytes]:
        address = urlsplit(self.proxy.upstream)
        asked = http.client.HTTPConnection(str(address.hostname), address.port, timeout=60)
        try:
            asked.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
            for name, value in self.headers.items():
                if name.lower() != "expect":
                    asked.putheader(name, value)
            asked.endheaders(body)
            answer = asked.getresponse()
            return answer.status, answer.getheaders(), answer.read()
        finally:
            asked.close()

    def _answer(self, status: int, headers: list[tuple[str, str]], content: bytes) -> None:
        self.send_response_only(status)
        length = next((v for n, v in headers if n.lower() == "content-length"), "0")
        for name, value in headers:
            if name.lower() not in _OF_CONNECTIONS:
                self.send_header(name, value)
        if status != 204:
            self.send_header(
                "Content-Length", length if self.command == "HEAD" else str(len(content))
            )
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def _fail(self, fault: Fault) -> None:
        if fault.status == 0:
            now = struct.pack("ii", 1, 0)
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, now)
            self.close_connection = True
            self.connection.close()
            raise ConnectionResetError
        text = f"<Error><Code>{fault.code}</Code><Message>Canary0815</Message></Error>"
        content = text.encode() if fault.code and self.command != "HEAD" else b""
        self._answer(fault.status, [("Content-Type", "application/xml")], content)


@contextmanager
def faults_before(url: str) -> Iterator[FaultProxy]:
    """Start a proxy in front of a server, and end it."""
    proxy = FaultProxy(url)
    handler = type("Handler", (_Handler,), {"proxy": proxy})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        server.daemon_threads = True
        server.block_on_close = False
        proxy.port = server.server_port
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield proxy
        finally:
            server.shutdown()
            thread.join()
