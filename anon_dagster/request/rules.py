"""The rules that hierarchies are made by."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal, Self, get_args

from pydantic import BeforeValidator, Field, StringConstraints, field_validator, model_validator

from anon_dagster.request.date_formats import require_century, require_readable, require_told
from anon_dagster.request.locations import Safe
from anon_dagster.request.steps import require_nested_steps, require_nested_widths
from anon_dagster.request.strict import (
    COUNTRY,
    Character,
    Flag,
    StrictModel,
    ValueText,
    tree_of_texts,
)


class _HierarchyRule(StrictModel):
    other: ValueText | None = None
    """Label of the branch for values that the hierarchy lacks; without it they are an error."""


class TreeRule(_HierarchyRule):
    """A tree written out: nested mappings, or a CSV file with a line per value, leaf to root.

    Files of ARX are read as they are.
    """

    type: Literal["tree"] = "tree"
    nodes: Annotated[dict[str, Any] | None, BeforeValidator(tree_of_texts)] = None
    """Nested mappings from the most general label down; the lowest hold lists of values."""
    path: Annotated[str | None, Safe] = None
    separator: Character | None = None
    """Between the labels of a line; if left out, the one of ``,``, ``;``, tab and ``|`` with which
    most values of the column are found."""
    encoding: str = "utf-8"
    header: Flag = False

    @model_validator(mode="after")
    def _one_of_two(self) -> Self:
        if (self.nodes is None) == (self.path is None):
            raise ValueError("a tree needs either nodes or a path")
        return self

    @property
    def leaves(self) -> Iterator[str]:
        """The values that the nested mappings name."""
        return _leaves(self.nodes or {})


def _leaves(node: Any) -> Iterator[str]:
    if isinstance(node, Mapping):
        for label, below in node.items():
            yield from _leaves(below) if below is not None else [str(label)]
    elif isinstance(node, list | tuple):
        for below in node:
            yield from _leaves(below)
    elif node is not None:
        yield str(node)


class IntervalRule(_HierarchyRule):
    """Half-open intervals ``[a, b)`` of one width per level."""

    type: Literal["interval"] = "interval"
    widths: Annotated[tuple[Annotated[float, Field(gt=0)], ...], Field(min_length=1)]
    lower: float | None = None
    """Where the intervals start; multiples of the width if left out."""
    upper: float | None = None
    outside: Literal["error", "group", "clip"] = "error"
    """Beyond the bounds: an error, a group of its own per side, or the outermost interval."""

    @model_validator(mode="after")
    def _nested(self) -> Self:
        if self.lower is not None and self.upper is not None and self.lower >= self.upper:
            raise ValueError("lower must be below upper")
        require_nested_widths(self.widths)
        return self


class MaskRule(_HierarchyRule):
    """Characters, or parts between separators, replaced one level after another."""

    type: Literal["mask"] = "mask"
    side: Annotated[Literal["left", "right"], Field(alias="from")] = "right"
    character: Character = "*"
    levels: Annotated[int, Field(ge=1, le=1_000)] | None = None
    """How many levels mask something, before ``*``; if left out, as many as leave a character to
    the longest value."""
    per_level: Annotated[int, Field(ge=1)] = 1
    keep: Annotated[int, Field(ge=0)] | None = None
    """In place of levels: a single one that leaves so many characters at the other side."""
    parts: Character | None = None
    """What separates parts, as ``.`` in 10.2.3.4: levels, per_level and keep count whole parts
    then, and a part becomes a single character."""

    @model_validator(mode="after")
    def _one_of_two(self) -> Self:
        if self.keep is not None and (self.levels is not None or self.per_level > 1):
            raise ValueError("a mask has either levels or a number of characters to keep")
        if self.parts is not None and self.parts == self.character:
            raise ValueError("parts and character must differ, else no part could be told")
        return self


DateLevel = Literal["day", "month", "quarter", "half_year", "year", "5_years", "decade", "century"]


class DateRule(_HierarchyRule):
    """Calendar periods, labelled as ISO 8601 does (``2024-05``, ``2024-Q2``, ``2020/2024``)."""

    type: Literal["date"] = "date"
    levels: Annotated[tuple[DateLevel, ...], Field(min_length=1)] = ("month", "year", "decade")
    format: str | None = None
    """How a date is written, in the codes of strptime; ISO 8601 if left out. What it does not hold,
    a month or a day, no level can show."""
    two_digit_years_until: Annotated[int, Field(ge=100, le=9999)] | None = None
    """The last year that two digits (``%y``) can mean; the first one is 99 years earlier."""

    @field_validator("levels")
    @classmethod
    def _coarser(cls, levels: tuple[str, ...]) -> tuple[str, ...]:
        order = get_args(DateLevel)
        positions = [order.index(level) for level in levels]
        if positions != sorted(set(positions)):
            raise ValueError("levels must go from finer to coarser")
        return levels

    @model_validator(mode="after")
    def _told_by_its_format(self) -> Self:
        if self.format is not None:
            require_readable(self.format)
            require_told(self.levels, self.format)
        require_century(self.format, self.two_digit_years_until)
        return self


class RoundingRule(_HierarchyRule):
    """Numbers rounded to the nearest multiple of a step per level.

    Each step is an odd multiple of the one before it: with steps of 5 and 10 the numbers that
    become 15 would become 10 or 20 on the next level, and a label has one parent.
    """

    type: Literal["rounding"] = "rounding"
    steps: Annotated[tuple[Annotated[float, Field(gt=0)], ...], Field(min_length=1)] | None = None
    powers_of_ten: Literal[1] | None = None
    """The single step 10: a larger power of ten is an even multiple of a smaller one."""

    @model_validator(mode="after")
    def _one_of_two(self) -> Self:
        if (self.steps is None) == (self.powers_of_ten is None):
            raise ValueError("rounding needs either steps or powers_of_ten")
        if self.steps is not None and list(self.steps) != sorted(set(self.steps)):
            raise ValueError("steps must grow")
        require_nested_steps(self.steps or ())
        return self

    @field_validator("powers_of_ten", mode="before")
    @classmethod
    def _one_power(cls, powers: object) -> object:
        if isinstance(powers, int) and powers > 1:
            raise ValueError(
                "the numbers that are rounded to 50 have several nearest multiples of 100: round "
                "to a single power of ten (powers_of_ten: 1, or steps: [100]), to steps that are "
                "odd multiples (steps: [10, 50, 250]), or use intervals, which nest "
                "(type: interval, widths: [10, 100, 1000])"
            )
        return powers


class OrderRule(_HierarchyRule):
    """Groups of neighbours in the order of the values."""

    type: Literal["order"] = "order"
    sizes: Annotated[tuple[Annotated[int, Field(ge=2)], ...], Field(min_length=1)]
    """How many groups of the level below (values, at first) a group of each level joins."""
    order: tuple[ValueText, ...] | None = None
    """The values in their order; numbers by size and text by alphabet if left out."""


class FrequencyRule(_HierarchyRule):
    """The most frequent values kept, the others joined."""

    type: Literal["frequency"] = "frequency"
    keep: Annotated[tuple[Annotated[int, Field(ge=1)], ...], Field(min_length=1)]
    """How many of the most frequent values each level keeps."""
    rest: ValueText = "other"

    @field_validator("keep")
    @classmethod
    def _fewer(cls, keep: tuple[int, ...]) -> tuple[int, ...]:
        if list(keep) != sorted(set(keep), reverse=True):
            raise ValueError("each level must keep fewer values than the one before it")
        return keep


KnownTree = Literal[
    "country",
    "us_state",
    "city",
    "icd10",
    "education",
    "marital_status",
    "race",
    "religion",
    "blood_type",
    "employment",
    "occupation",
    "age_to_89",
    "birth_year",
    "us_zip3",
]


class KnownRule(_HierarchyRule):
    """A tree that needs no writing out: what a country, a diagnosis, a degree belongs to."""

    type: Literal["known"] = "known"
    tree: KnownTree
    country: Annotated[str, StringConstraints(pattern=COUNTRY)] | None = None
    """The ISO 3166 code of the country that cities are looked for in first."""
    year: Annotated[int | None, Field(ge=1900, le=9999)] = None
    """Of birth years: the year in which the release is used, by which nobody's year tells an age
    over 89."""
    small: tuple[Annotated[str, StringConstraints(pattern=r"^[0-9]{3}$")], ...] | None = None
    """Of ZIP codes: the first three digits of those that become 000, since 20,000 people or fewer
    live there; the 17 of the census of 2000 if left out."""

    @model_validator(mode="after")
    def _what_goes_with_the_tree(self) -> Self:
        if self.country is not None and self.tree != "city":
            raise ValueError("country goes with tree: city")
        if (self.year is not None) != (self.tree == "birth_year"):
            raise ValueError("year, in which the release is used, goes with tree: birth_year")
        if self.small is not None and self.tree != "us_zip3":
            raise ValueError("small goes with tree: us_zip3")
        return self


class SuppressRule(_HierarchyRule):
    """The value or nothing."""

    type: Literal["suppress"] = "suppress"


HierarchyRule = Annotated[
    TreeRule
    | IntervalRule
    | MaskRule
    | DateRule
    | RoundingRule
    | OrderRule
    | FrequencyRule
    | KnownRule
    | SuppressRule,
    Field(discriminator="type"),
]
