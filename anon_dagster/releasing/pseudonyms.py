"""Keyed pseudonyms: a person reads the same everywhere, and only who has the key knows who it is.

The key comes from the environment of the process that writes the release. It is part of no
request, message, metadata or file.
"""

import hmac
import os
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from secrets import token_bytes

import pyarrow as pa

from anon_dagster.engine import in_use
from anon_dagster.errors import ClusterError, Complaint, RequestError
from anon_dagster.request import DirectIdentifier, Policy

_SHORTEST = 16
"""A key of fewer bytes could be guessed."""
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
    if problem := _lacks(identifier, environment):
        raise RequestError(problem)
    keyed = hmac.new(environment[identifier.key_variable].encode(), digestmod="sha256")
    keyed.update(identifier.scope.encode() + b"\0")

    def pseudonym(value: str | None) -> str | None:
        if value is None:
            return None
        digest = keyed.copy()
        digest.update(value.encode())
        return digest.hexdigest()[:_DIGITS]

    return lambda values: pa.array(map(pseudonym, values.to_pylist()), pa.string())


def require_keys(policy: Policy, environment: Mapping[str, str] = os.environ) -> None:
    """Find out before the work whether there is a key for every pseudonym.

    Raises
    ------
    RequestError
        Naming every variable that has no fit key.
    """
    if problems := list(_problems(policy, environment)):
        raise RequestError(problems)


def require_keys_everywhere(policy: Policy) -> None:
    """Find out before the work whether every process of the engine has the same keys.

    A key never travels: each process proves that it has it, by what it makes of a random text.

    Raises
    ------
    ClusterError
        Naming every variable that has another key on a worker, or none.
    """
    engine = in_use()
    variables = tuple(sorted({each.key_variable for each in _pseudonymous(policy).values()}))
    if not (engine.is_cluster and variables):
        return
    prove = partial(_proofs, variables, token_bytes(32))
    own, found = prove(), engine.everywhere(prove)
    differing = [n for i, n in enumerate(variables) if any(p[i] != own[i] for p in found)]
    if differing:
        raise ClusterError(
            "pseudonyms are made by the workers of the cluster, which have another key than this "
            f"process, or none: set {', '.join(differing)} in the environment of all of them"
        )


def _proofs(variables: tuple[str, ...], challenge: bytes) -> tuple[bytes, ...]:
    return tuple(
        hmac.digest(os.environ.get(variable, "").encode(), challenge, "sha256")
        for variable in variables
    )


def _pseudonymous(policy: Policy) -> dict[str, DirectIdentifier]:
    return {
        name: attribute
        for name, attribute in policy.attributes.items()
        if isinstance(attribute, DirectIdentifier) and attribute.redaction == "pseudonym"
    }


def _problems(policy: Policy, environment: Mapping[str, str]) -> Iterator[Complaint]:
    for name, attribute in _pseudonymous(policy).items():
        if problem := _lacks(attribute, environment):
            yield Complaint(f"policy.attributes.{name}.key_variable", problem)


def _lacks(identifier: DirectIdentifier, environment: Mapping[str, str]) -> str | None:
    variable = identifier.key_variable
    if len(environment.get(variable, "").encode()) >= _SHORTEST:
        return None
    return (
        f"pseudonyms need a key: set {variable} to at least {_SHORTEST} secret characters in the "
        "environment of the process that runs the job"
    )
