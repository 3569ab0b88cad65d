"""What the configuration of a run may hold: texts and numbers as they stand there.

Dagster looks for ``{env: NAME}`` wherever a text, a whole number or a flag is expected. Whoever may
launch a run could read the environment of the deployment by it, whose variables are credentials: in
a path that is not found, in a flag that is none. It does not look into what may be anything.
"""

from math import inf
from typing import Annotated, Any, NoReturn, cast

import dagster as dg
from pydantic import AfterValidator, ValidationInfo


def _text(value: object, info: ValidationInfo) -> str:
    return value if isinstance(value, str) else _refuse(info, "a text")


def _texts(value: object, info: ValidationInfo) -> list[str]:
    is_list = isinstance(value, list) and all(isinstance(each, str) for each in value)
    return cast("list[str]", value) if is_list else _refuse(info, "a list of texts")


def _flag(value: object, info: ValidationInfo) -> bool:
    return value if isinstance(value, bool) else _refuse(info, "true or false")


def _whole(value: object, info: ValidationInfo) -> int:
    is_whole = isinstance(value, int) and not isinstance(value, bool)
    return cast("int", value) if is_whole else _refuse(info, "a whole number")


def _refuse(info: ValidationInfo, expected: str) -> NoReturn:
    """Say what is expected; not by a ValueError, of which pydantic would quote the input."""
    raise dg.Failure(
        f"{info.field_name} in the configuration of the run must be {expected}, as it stands there",
        allow_retries=False,
    )


def between(least: float, most: float = inf) -> AfterValidator:
    """Return what refuses a number out of bounds; one that is left out is none."""
    bounds = f"{least:g} or more" if most == inf else f"from {least:g} to {most:g}"

    def require(value: float | None, info: ValidationInfo) -> float | None:
        return value if value is None or least <= value <= most else _refuse(info, bounds)

    return AfterValidator(require)


Text = Annotated[Any, AfterValidator(_text)]
"""A text."""
Texts = Annotated[Any, AfterValidator(_texts)]
"""A list of texts."""
Flag = Annotated[Any, AfterValidator(_flag)]
"""Yes or no."""
Whole = Annotated[Any, AfterValidator(_whole)]
"""A whole number."""
