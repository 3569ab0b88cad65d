"""Questions by HTTP: one connection for all of them, through the proxies of the environment.

Neither an error nor a line of a log tells the address or a header: a secret may be in them.
"""

import json
import logging
import weakref
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import httpx

_FOLLOWED = frozenset({301, 307, 308})
"""Redirections that repeat the question elsewhere; with 302 and 303 it has been answered, or a
person is asked to log in."""
_REDIRECTIONS = 5
_IDLE = 2.0  # seconds; a server that closes idle connections waits longer, Dagster's five
_LOGGERS = ("httpx", "httpcore.connection", "httpcore.http11", "httpcore.proxy")
_LOOPBACK = ("all://127.0.0.1", "all://localhost", "all://[::1]")

_is_silent: ContextVar[bool] = ContextVar("_is_silent", default=False)


@dataclass(frozen=True, slots=True)
class Reply:
    """What a server answered."""

    status: int
    content: bytes


@dataclass
class HttpClient:
    """Posts documents; its connection is closed with it, or when it is forgotten.

    Parameters
    ----------
    headers
        Sent with every question.
    """

    headers: Mapping[str, str] = field(default_factory=dict, repr=False)

    def post(self, url: str, document: Mapping[str, Any], *, seconds: float) -> Reply:
        """Post a document as JSON; a redirection is followed on the same host alone.

        Parameters
        ----------
        seconds
            How long each part of the exchange may take.

        Raises
        ------
        ConnectionError
            If nobody answers, or the address is none.
        """
        import httpx

        body = json.dumps(document).encode()
        try:
            with _silence():
                address = httpx.URL(url).copy_with(username=None, password=None)
                for _ in range(1 + _REDIRECTIONS):
                    response = self._client.post(address, content=body, timeout=seconds)
                    elsewhere = _redirection(response)
                    if elsewhere is None:
                        break
                    address = elsewhere
        # The texts may quote a header or the address. Of a proxy by SOCKS, a package may lack.
        except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError, ImportError):
            raise ConnectionError("nobody answers") from None
        return Reply(response.status_code, response.content)

    def close(self) -> None:
        """Close the connection; the next question opens another one."""
        client = self.__dict__.pop("_client", None)
        if client is not None:
            client.close()

    @cached_property
    def _client(self) -> "httpx.Client":
        import ssl

        import httpx

        client = httpx.Client(
            headers={"Content-Type": "application/json", **self.headers},
            verify=ssl.create_default_context(),  # trusts whom the machine trusts
            limits=httpx.Limits(keepalive_expiry=_IDLE),
            mounts=dict.fromkeys(_LOOPBACK),  # no proxy reaches this machine's own servers
        )
        for name in _LOGGERS:
            logging.getLogger(name).addFilter(_is_to_be_logged)  # the same again changes nothing
        weakref.finalize(self, client.close)
        return client


def _redirection(response: "httpx.Response") -> "httpx.URL | None":
    """Return where a question is to be asked instead: of the same host, and no less safely."""
    if response.status_code not in _FOLLOWED or "location" not in response.headers:
        return None
    asked, elsewhere = response.url, response.url.join(response.headers["location"])
    is_same_host = elsewhere.host == asked.host
    return elsewhere if is_same_host and elsewhere.scheme in {asked.scheme, "https"} else None


@contextmanager
def _silence() -> Iterator[None]:
    """Keep httpx from logging the address of a question."""
    token = _is_silent.set(True)
    try:
        yield
    finally:
        _is_silent.reset(token)


def _is_to_be_logged(_: logging.LogRecord) -> bool:
    return not _is_silent.get()
