"""What binds evidence that is handed over to the internal one, and tells nothing of it.

The internal evidence has the checksum of the source, its records and the whole request. An HMAC of
it, by a key of 256 bits that stays with the job, goes along: later the publisher can show the
internal evidence and the key to an auditor, who computes the same. Without the key nobody can try
out a source, not even who knows all of its records but one.
"""

import hmac
from collections.abc import Mapping
from secrets import token_hex
from typing import Any

from anon_dagster.report.canonical import canonical
from anon_dagster.report.handover.answers import internal_answers
from anon_dagster.report.handover.signing import SIGNATURE

KEY = "commitment_key"
"""Of the internal evidence: the key that it is committed to by."""


def internal_document(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Return the internal evidence: facts, what they answer, and a key that is its own."""
    return {**facts, "answers": internal_answers(), KEY: token_hex(32)}


def commitment(internal: Mapping[str, Any]) -> str:
    """Return what commits to internal evidence: an HMAC-SHA256 of it, without its signature."""
    told = {name: value for name, value in internal.items() if name not in {KEY, SIGNATURE}}
    return hmac.digest(bytes.fromhex(internal[KEY]), canonical(told), "sha256").hex()
