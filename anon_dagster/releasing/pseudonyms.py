"""Keyed pseudonyms: a person reads the same everywhere, and only who has the key knows who it is.

The key is that of the process that writes the release, see :mod:`anon_dagster.reading.keys`.
"""

import hmac
import os
from collections.abc import Callable, Mapping

import pyarrow as pa

from anon_dagster.reading.keys import secret_key
from anon_dagster.request import DirectIdentifier

_DIGITS = 32
"""Hexadecimal digits of a pseudonym: 128 bits, so that no two persons are expected to share one."""


def pseudonymizer(
    identifier: DirectIdentifier, environment: Mapping[str, str] = os.environ
) -> Callable[[pa.StringArray], pa.StringArray]:
    """Return what turns identifiers into pseudonyms, by HMAC-SHA256 [1]_.

    Missing identifiers stay missing. The same key and scope give the same pseudonyms in every job.

    Raises
    ------
    RequestError
        If the key is missing or too short.

    References
    ----------
    .. [1] H. Krawczyk, M. Bellare, R. Canetti, "HMAC: keyed-hashing for message authentication",
       RFC 2104, 1997.
    """
    key = secret_key(identifier.key_variable, "pseudonyms", environment)
    keyed = hmac.new(key, digestmod="sha256")
    keyed.update(identifier.scope.encode() + b"\0")

    def pseudonym(value: str | None) -> str | None:
        if value is None:
            return None
        digest = keyed.copy()
        digest.update(value.encode())
        return digest.hexdigest()[:_DIGITS]

    return lambda values: pa.array(map(pseudonym, values.to_pylist()), pa.string())
