"""What all parts of a request have in common."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

Character = Annotated[str, StringConstraints(min_length=1, max_length=1)]
Share = Annotated[float, Field(ge=0, le=1)]
SUPPRESSED = "*"
CRON = r"^(@(hourly|daily|weekly|monthly|yearly)|\S+( \S+){4})$"
KEY_VARIABLE = r"^ANON_KEY(_[A-Z0-9_]+)?$"
COUNTRY = r"^[A-Z]{2}$"


class StrictModel(BaseModel):
    """A part of a request: frozen, and strict about what it does not know."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", allow_inf_nan=False, populate_by_name=True
    )


def document(value: Any) -> Mapping[str, Any]:
    """Return what may be a document, or a part of a request that was validated already."""
    if isinstance(value, BaseModel):
        return value.model_dump(by_alias=True)
    return value if isinstance(value, Mapping) else {}
