"""Secret keys: they come from the environment of each process, and travel nowhere.

A key is part of no request, message, metadata or file.
"""

import hmac
import os
from collections.abc import Iterator, Mapping
from functools import partial
from secrets import token_bytes

from anon_dagster.engine import in_use
from anon_dagster.errors import ClusterError, Complaint, RequestError
from anon_dagster.request import DirectIdentifier, Policy

_SHORTEST = 16
"""A key of fewer bytes could be guessed."""
_PSEUDONYMS, _SHIFTS = "pseudonyms", "shifted dates"


def secret_key(variable: str, use: str, environment: Mapping[str, str] = os.environ) -> bytes:
    """Return the key that a variable of the environment holds.

    Parameters
    ----------
    use
        What is made with it, for the message.

    Raises
    ------
    RequestError
        If the key is missing or too short.
    """
    if problem := _lacks(variable, use, environment):
        raise RequestError(problem)
    return environment[variable].encode()


def require_keys(policy: Policy, environment: Mapping[str, str] = os.environ) -> None:
    """Find out before the work whether there is a key for every pseudonym and shifted date.

    Raises
    ------
    RequestError
        Naming every variable that has no fit key.
    """
    problems = [
        Complaint(f"policy.attributes.{place}.key_variable", problem)
        for place, use, variable in _used(policy)
        if (problem := _lacks(variable, use, environment))
    ]
    if problems:
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
    used = list(_used(policy))
    variables = tuple(sorted({variable for _, _, variable in used}))
    if not (engine.is_cluster and variables):
        return
    prove = partial(_proofs, variables, token_bytes(32))
    own, found = prove(), engine.everywhere(prove)
    differing = [n for i, n in enumerate(variables) if any(p[i] != own[i] for p in found)]
    if differing:
        made = " and ".join(dict.fromkeys(use for _, use, name in used if name in differing))
        raise ClusterError(
            f"{made} are made by the workers of the cluster, which have another key than this "
            f"process, or none: set {', '.join(differing)} in the environment of all of them"
        )


def _proofs(variables: tuple[str, ...], challenge: bytes) -> tuple[bytes, ...]:
    return tuple(
        hmac.digest(os.environ.get(variable, "").encode(), challenge, "sha256")
        for variable in variables
    )


def _used(policy: Policy) -> Iterator[tuple[str, str, str]]:
    """Give each place of a policy that uses a key: where, what for, and the variable of it."""
    for name, attribute in policy.attributes.items():
        if isinstance(attribute, DirectIdentifier) and attribute.redaction == "pseudonym":
            yield name, _PSEUDONYMS, attribute.key_variable
    for name, rule in policy.shifted.items():
        yield f"{name}.shift", _SHIFTS, rule.key_variable


def _lacks(variable: str, use: str, environment: Mapping[str, str]) -> str | None:
    if len(environment.get(variable, "").encode()) >= _SHORTEST:
        return None
    return (
        f"{use} need a key: set {variable} to at least {_SHORTEST} secret characters in the "
        "environment of the process that runs the job"
    )
