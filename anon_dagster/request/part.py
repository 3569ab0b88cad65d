"""What all parts of a request have in common."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

Character = Annotated[str, StringConstraints(min_length=1, max_length=1)]
Share = Annotated[float, Field(ge=0, le=1)]
SUPPRESSED = "*"


class Part(BaseModel):
    """A part of a request: frozen, and strict about what it does not know."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", allow_inf_nan=False, populate_by_name=True
    )
