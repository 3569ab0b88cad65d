"""The JSON schema of evidence that goes with a release."""

from dataclasses import dataclass
from typing import Any, Literal

from pydantic import TypeAdapter

from anon_dagster.report.evidence import Evidence
from anon_dagster.report.evidence.document import FORMAT as FACTS_FORMAT
from anon_dagster.report.evidence.document import FORMAT_KEY as FACTS_FORMAT_KEY
from anon_dagster.report.handover.asked import Asked
from anon_dagster.report.handover.document import FORMAT, FORMAT_KEY, VARIANT


@dataclass(frozen=True)
class _Signature:
    algorithm: Literal["Ed25519"]
    public_key: str
    value: str


@dataclass(frozen=True)
class _Answer:
    framework: str
    place: str
    asks: str
    answered_by: list[str]
    not_answered: str


@dataclass(frozen=True)
class _HandedOver:
    asked: Asked
    facts: Evidence
    answers: list[_Answer]
    commitment: str | None


def schema() -> dict[str, Any]:
    """Return the JSON schema of a document, signed or not."""
    whole = TypeAdapter(_HandedOver).json_schema(mode="serialization")
    signature = TypeAdapter(_Signature).json_schema()
    facts = whole["$defs"]["Evidence"]
    facts["properties"] = {FACTS_FORMAT_KEY: {"const": FACTS_FORMAT}, **facts["properties"]}
    facts["required"] = [FACTS_FORMAT_KEY, *facts["required"]]
    fixed = {FORMAT_KEY: {"const": FORMAT}, "variant": {"const": VARIANT}}
    whole["properties"] = {**fixed, **whole["properties"], "signature": signature}
    whole["required"] = [*fixed, *whole["required"]]
    whole["additionalProperties"] = False
    return whole
