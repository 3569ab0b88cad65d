"""A page that is opened in a browser, and of which no file is left.

It is served once, to this machine alone, at an address that nobody can guess.
"""

import secrets
import webbrowser
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread

from anon_dagster.errors import TargetError

SECONDS = 60.0
"""How long the browser is waited for."""
_HEADERS = {
    "Content-Type": "text/html; charset=utf-8",
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; img-src data:",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


def open_page(page: bytes, *, seconds: float = SECONDS) -> None:
    """Show a page in the browser of this machine; return once it has it.

    Raises
    ------
    TargetError
        If there is no browser, or it does not ask for the page in time.
    """
    with _served(page) as (address, is_read):
        if not webbrowser.open(address):
            raise TargetError(
                "there is no browser here to open the report in: write it to a file by --output"
            )
        if not is_read.wait(seconds):
            raise TargetError(
                f"the browser did not ask for the report within {seconds:g} seconds: write it to a "
                "file by --output"
            )


@contextmanager
def _served(page: bytes) -> Iterator[tuple[str, Event]]:
    """Serve a page at a secret address; give that, and what tells that it was read."""
    path, is_read = f"/{secrets.token_urlsafe(24)}", Event()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if not secrets.compare_digest(self.path.encode(), path.encode()) or is_read.is_set():
                self.send_error(HTTPStatus.NOT_FOUND)
                return
            self.send_response(HTTPStatus.OK)
            for name, value in _HEADERS.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(page)))
            self.end_headers()
            self.wfile.write(page)
            is_read.set()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = False  # the page is sent whole before the server ends
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}{path}", is_read
        finally:
            server.shutdown()
            thread.join()
