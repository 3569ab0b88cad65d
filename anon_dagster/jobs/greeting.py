"""How a client and the host of the jobs prove to each other that they know the key.

Neither waits for the other for ever: what listens at the address of a host that died, or what
connects to a host, may be anything, and say nothing.
"""

import os
import socket
import struct
from multiprocessing import AuthenticationError
from multiprocessing.connection import Connection, answer_challenge, deliver_challenge


def reached(address: tuple[str, int], key: bytes, *, seconds: int) -> Connection:
    """Return a connection to the host that listens at an address.

    Parameters
    ----------
    seconds
        How long each of its answers is waited for until it has proven that it is the host.

    Raises
    ------
    OSError, EOFError, AuthenticationError
        If nothing listens there, or something else does.
    """
    with socket.create_connection(address, timeout=seconds) as made:
        made.settimeout(None)
        connection = Connection(made.detach())
    try:
        _wait_at_most(connection, seconds)
        answer_challenge(connection, key)
        deliver_challenge(connection, key)
        _wait_at_most(connection, 0)
    except BaseException:
        connection.close()
        raise
    return connection


def knows(connection: Connection, key: bytes, *, seconds: int) -> bool:
    """Tell whether the other side proves in time that it knows the key, as we do."""
    try:
        _wait_at_most(connection, seconds)
        deliver_challenge(connection, key)
        answer_challenge(connection, key)
        _wait_at_most(connection, 0)
    except (AuthenticationError, EOFError, OSError):
        return False
    return True


def _wait_at_most(connection: Connection, seconds: int) -> None:
    """Let nobody wait longer for a part of what the other side says; 0: as long as it takes."""
    with socket.socket(fileno=os.dup(connection.fileno())) as same:
        same.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, struct.pack("ll", seconds, 0))
