"""The request: what is read, what each attribute is, what must hold, where the result goes."""

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from fractions import Fraction
from math import floor
from pathlib import Path
from typing import Annotated, Any, Literal, Self, TypeVar, get_args

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    TypeAdapter,
    ValidationError,
    field_validator,
    model_validator,
)

from anon_dagster.documents import load_yaml
from anon_dagster.errors import Problem, RequestError

Character = Annotated[str, StringConstraints(min_length=1, max_length=1)]
Share = Annotated[float, Field(ge=0, le=1)]
SUPPRESSED = "*"
_CRON = r"^(@(hourly|daily|weekly|monthly|yearly)|\S+( \S+){4})$"
_P = TypeVar("_P", bound=BaseModel)


class _Part(BaseModel):
    model_config = ConfigDict(
        frozen=True, extra="forbid", allow_inf_nan=False, populate_by_name=True
    )


# -- source and target ---------------------------------------------------------------------


class CsvOptions(_Part):
    """How a CSV file is written."""

    separator: Character = ","
    decimal: Character = "."
    quote: Character = '"'
    escape: Character | None = None
    """Escapes a quote within quotes; without it a quote is doubled."""
    encoding: str = "utf-8"
    header: bool = True
    names: tuple[str, ...] | None = None
    """Names of the columns; with a header they replace it."""
    missing: tuple[str, ...] = ("",)
    """Unquoted tokens that mean a missing value; the first one is written."""

    @model_validator(mode="after")
    def _names_need_no_header(self) -> Self:
        if not self.header and self.names is None:
            raise ValueError("names are needed where there is no header")
        if self.names is not None and len(set(self.names)) < len(self.names):
            raise ValueError("names must differ from each other")
        if self.separator in (self.quote, self.decimal):
            raise ValueError("the separator must differ from the quote and the decimal mark")
        return self


Format = Literal["csv", "parquet"]
_SECRET = re.compile(
    r"://[^/@:]*:(?!\d+/)[^@]*@|[?&](x-amz-[a-z-]+|sig|signature|token|key)=", re.IGNORECASE
)
_COPIES = re.compile(r"(^|::)(simplecache|filecache|blockcache)::")


def _without_secrets(paths: Any) -> Any:
    for path in (paths,) if isinstance(paths, str) else paths or ():
        if _SECRET.search(path):
            raise ValueError(
                "credentials do not belong into a path: the environment, a profile or the role of "
                "the machine has them"
            )
        if _COPIES.search(path):
            raise ValueError("a cache would keep the records in temporary files; leave it out")
    return paths


_Safe = AfterValidator(_without_secrets)


class Source(_Part):
    """Where the records are: a file, a list of files, a glob, or a folder of part files."""

    path: Annotated[str | Annotated[tuple[str, ...], Field(min_length=1)], _Safe]
    format: Format | None = None
    """Told by the ending of the first file if left out."""
    csv: CsvOptions = CsvOptions()

    @property
    def format_found(self) -> Format | None:
        """The format, named or told by the ending."""
        return self.format or format_of(self.path if isinstance(self.path, str) else self.path[0])


class Target(_Part):
    """Where the release goes; it appears there whole or not at all."""

    path: Annotated[str, _Safe]
    format: Format | None = None
    compression: Literal["none", "snappy", "zstd", "gzip"] | None = None
    single_file: bool = True
    rows_per_file: Annotated[int, Field(ge=1)] = 1_000_000
    """How many records a part file holds at most if ``single_file`` is false."""
    csv: CsvOptions = CsvOptions()

    @property
    def format_found(self) -> Format | None:
        """The format, named or told by the ending."""
        return self.format or format_of(self.path)


# -- hierarchies ---------------------------------------------------------------------------


class _HierarchyRule(_Part):
    other: str | None = None
    """Label of the branch for values that the hierarchy lacks; without it they are an error."""


class TreeRule(_HierarchyRule):
    """A tree written out: nested mappings, or a CSV file with a line per value, leaf to root."""

    type: Literal["tree"] = "tree"
    nodes: dict[str, Any] | None = None
    """Nested mappings from the most general label down; the lowest hold lists of values."""
    path: Annotated[str | None, _Safe] = None
    separator: Character = ","
    encoding: str = "utf-8"
    header: bool = False

    @model_validator(mode="after")
    def _one_of_two(self) -> Self:
        if (self.nodes is None) == (self.path is None):
            raise ValueError("a tree needs either nodes or a path")
        return self


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
        for narrow, wide in zip(self.widths, self.widths[1:], strict=False):
            ratio = Fraction(str(wide)) / Fraction(str(narrow))
            if ratio <= 1 or ratio.denominator != 1:
                raise ValueError("each width must be a whole multiple of the one before it")
        return self


class MaskRule(_HierarchyRule):
    """Characters replaced one level after another."""

    type: Literal["mask"] = "mask"
    side: Annotated[Literal["left", "right"], Field(alias="from")] = "right"
    character: Character = "*"
    levels: Annotated[int, Field(ge=1)] | None = None
    """How many levels mask something, before ``*``; if left out, as many as leave a character to
    the longest value."""
    per_level: Annotated[int, Field(ge=1)] = 1


DateLevel = Literal["day", "month", "quarter", "half_year", "year", "5_years", "decade", "century"]


class DateRule(_HierarchyRule):
    """Calendar periods, labelled as ISO 8601 does (``2024-05``, ``2024-Q2``, ``2020/2024``)."""

    type: Literal["date"] = "date"
    levels: Annotated[tuple[DateLevel, ...], Field(min_length=1)] = ("month", "year", "decade")
    format: str | None = None
    """How a date is written, in the codes of strptime; ISO 8601 if left out."""

    @field_validator("levels")
    @classmethod
    def _coarser(cls, levels: tuple[str, ...]) -> tuple[str, ...]:
        order = get_args(DateLevel)
        places = [order.index(level) for level in levels]
        if places != sorted(set(places)):
            raise ValueError("levels must go from finer to coarser")
        return levels


class RoundingRule(_HierarchyRule):
    """Numbers rounded to multiples of a step per level."""

    type: Literal["rounding"] = "rounding"
    steps: Annotated[tuple[Annotated[float, Field(gt=0)], ...], Field(min_length=1)] | None = None
    powers_of_ten: Annotated[int, Field(ge=1, le=18)] | None = None
    """As many levels, with the steps 10, 100, 1000 …"""

    @model_validator(mode="after")
    def _one_of_two(self) -> Self:
        if (self.steps is None) == (self.powers_of_ten is None):
            raise ValueError("rounding needs either steps or powers_of_ten")
        if self.steps is not None and list(self.steps) != sorted(set(self.steps)):
            raise ValueError("steps must grow")
        return self


class OrderRule(_HierarchyRule):
    """Groups of neighbours in the order of the values."""

    type: Literal["order"] = "order"
    sizes: Annotated[tuple[Annotated[int, Field(ge=2)], ...], Field(min_length=1)]
    """How many groups of the level below (values, at first) a group of each level joins."""
    order: tuple[str, ...] | None = None
    """The values in their order; numbers by size and text by alphabet if left out."""


class FrequencyRule(_HierarchyRule):
    """The most frequent values kept, the others joined."""

    type: Literal["frequency"] = "frequency"
    keep: Annotated[tuple[Annotated[int, Field(ge=1)], ...], Field(min_length=1)]
    """How many of the most frequent values each level keeps."""
    rest: str = "other"

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
]


class KnownRule(_HierarchyRule):
    """A tree that needs no writing out: what a country, a diagnosis, a degree belongs to."""

    type: Literal["known"] = "known"
    tree: KnownTree
    country: Annotated[str, StringConstraints(pattern="^[A-Z]{2}$")] | None = None
    """The ISO 3166 code of the country that cities are looked for in first."""

    @model_validator(mode="after")
    def _country_of_cities(self) -> Self:
        if self.country is not None and self.tree != "city":
            raise ValueError("country goes with tree: city")
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


# -- attributes ----------------------------------------------------------------------------


class DirectIdentifier(_Part):
    """Names a person by itself; never released."""

    role: Literal["direct_identifier"]
    redaction: Literal["drop", "constant", "pseudonym"] = "drop"
    constant: str = SUPPRESSED
    key_variable: Annotated[str, StringConstraints(pattern="^ANON_KEY(_[A-Z0-9_]+)?$")] = "ANON_KEY"
    """The environment variable that holds the key of pseudonyms; see
    :mod:`anon_dagster.pseudonyms`."""
    scope: str = ""
    """Sets pseudonyms apart that one key makes for different purposes."""


Aggregate = Literal["mean", "geometric_mean", "median", "mode", "range", "set"]


class QuasiIdentifier(_Part):
    """Singles people out together with others; transformed."""

    role: Literal["quasi_identifier"]
    importance: Annotated[float, Field(ge=0)] = 1.0
    hierarchy: HierarchyRule | None = None
    """The obvious one for the values if left out."""
    lowest_level: Annotated[int, Field(ge=0)] = 0
    highest_level: Annotated[int, Field(ge=0)] | None = None
    transformation: Literal["generalization", "microaggregation"] = "generalization"
    aggregate: Aggregate | None = None
    """What a microaggregated group of values is replaced by."""
    groups: Literal["classes", "mdav"] = "classes"
    """Of microaggregation: the equivalence classes, or clusters of k near records, made by MDAV
    of all attributes that ask for it."""
    local_labels: Literal["nodes", "ranges", "sets"] = "nodes"
    """How ``recoding: local`` writes the values of a class: as a node of the hierarchy, as their
    range (numbers and dates), or one by one."""

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.highest_level is not None and self.lowest_level > self.highest_level:
            raise ValueError("lowest_level must not be above highest_level")
        if (self.aggregate is None) != (self.transformation == "generalization"):
            raise ValueError("aggregate goes with transformation: microaggregation")
        if self.groups == "mdav" and self.aggregate is None:
            raise ValueError("groups: mdav goes with transformation: microaggregation")
        if self.local_labels != "nodes" and self.lowest_level:
            raise ValueError("lowest_level goes with local_labels: nodes")
        return self


class Sensitive(_Part):
    """What nobody may learn of a person; kept, and guarded by a privacy model."""

    role: Literal["sensitive"]
    hierarchy: HierarchyRule | None = None
    """Needed by the hierarchical distance of t-closeness only."""


class NonSensitive(_Part):
    """Kept as it is."""

    role: Literal["non_sensitive"]


Attribute = Annotated[
    DirectIdentifier | QuasiIdentifier | Sensitive | NonSensitive, Field(discriminator="role")
]


# -- privacy models ------------------------------------------------------------------------


class KAnonymityRule(_Part):
    """See :class:`anon_dagster.core.privacy.KAnonymity`."""

    k: Annotated[int, Field(ge=2)]


class LDiversityRule(_Part):
    """See :mod:`anon_dagster.core.privacy.l_diversity`."""

    attribute: str
    l: Annotated[float, Field(gt=1)]  # noqa: E741 (the name the model goes by)
    variant: Literal["distinct", "entropy", "recursive"] = "distinct"
    c: Annotated[float, Field(gt=0)] | None = None

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if (self.c is None) == (self.variant == "recursive"):
            raise ValueError("c goes with variant: recursive")
        if self.variant != "entropy" and self.l != int(self.l):
            raise ValueError("l must be a whole number for this variant")
        return self


class TClosenessRule(_Part):
    """See :mod:`anon_dagster.core.privacy.t_closeness`."""

    attribute: str
    t: Share
    distance: Literal["equal", "ordered", "hierarchical"] = "equal"


class AlphaKAnonymityRule(_Part):
    """See :class:`anon_dagster.core.privacy.AlphaDeassociation`."""

    attribute: str
    alpha: Annotated[float, Field(gt=0, lt=1)]
    k: Annotated[int, Field(ge=2)]
    guarded: Annotated[tuple[str, ...], Field(min_length=1)] | None = None
    """The values that are guarded, as the source writes them; all if left out."""


class DeltaDisclosureRule(_Part):
    """See :class:`anon_dagster.core.privacy.DeltaDisclosure`."""

    attribute: str
    delta: Annotated[float, Field(gt=0)]
    compare: Literal["all", "present"] = "all"
    """Whether every class must hold every value, or only those that it holds are compared."""


class BetaLikenessRule(_Part):
    """See :mod:`anon_dagster.core.privacy.beta_likeness`."""

    attribute: str
    beta: Annotated[float, Field(gt=0)]
    variant: Literal["basic", "enhanced"] = "basic"


GuardingRule = (
    AlphaKAnonymityRule | LDiversityRule | TClosenessRule | DeltaDisclosureRule | BetaLikenessRule
)
GUARDING = (
    "alpha_k_anonymity",
    "l_diversity",
    "t_closeness",
    "delta_disclosure",
    "beta_likeness",
)
"""The models that guard a sensitive attribute, by their names in a request."""


class AverageRiskRule(_Part):
    """See :class:`anon_dagster.core.privacy.AverageRisk`."""

    risk: Annotated[float, Field(gt=0, lt=1)]


class SampleUniquenessRule(_Part):
    """See :class:`anon_dagster.core.privacy.SampleUniqueness`."""

    share: Annotated[float, Field(ge=0, lt=1)]


class Privacy(_Part):
    """What the release must satisfy, all of it."""

    k_anonymity: KAnonymityRule | None = None
    average_risk: AverageRiskRule | None = None
    sample_uniqueness: SampleUniquenessRule | None = None
    alpha_k_anonymity: tuple[AlphaKAnonymityRule, ...] = ()
    l_diversity: tuple[LDiversityRule, ...] = ()
    t_closeness: tuple[TClosenessRule, ...] = ()
    delta_disclosure: tuple[DeltaDisclosureRule, ...] = ()
    beta_likeness: tuple[BetaLikenessRule, ...] = ()

    @property
    def guarding(self) -> tuple[GuardingRule, ...]:
        """The rules that guard a sensitive attribute."""
        return tuple(rule for model in GUARDING for rule in getattr(self, model))

    @field_validator(*GUARDING, mode="before")
    @classmethod
    def _one_is_a_list(cls, value: Any) -> Any:
        return [value] if isinstance(value, Mapping) else value


# -- policy and request --------------------------------------------------------------------


class SearchBudget(_Part):
    """What the search may spend; the same seed and steps give the same release.

    It stops then with the best that it found, and says how much better another might be.
    """

    steps: Annotated[int, Field(ge=1)] = 5_000
    """Candidates to evaluate."""
    seconds: Annotated[float, Field(gt=0)] | None = None
    """A release that depends on the speed of the machine; left out, there is no such limit."""
    seed: Annotated[int, Field(ge=0)] = 0


class Policy(_Part):
    """What each attribute is and what must hold; serves any source with these attributes."""

    attributes: Annotated[dict[str, Attribute], Field(min_length=1)]
    privacy: Privacy
    suppression_limit: Share = 0.0
    """Share of the records that may be suppressed: at most ⌊limit · records⌋ of them."""
    suppression_cost: Annotated[float, Field(ge=0, le=10)] = 1.0
    """What a suppressed record counts in the objective; 1: as much as a fully generalized one.
    Less prefers suppression to generalization, more avoids it. The reported loss counts 1."""
    suppressed_records: Literal["drop", "keep"] = "drop"
    """Left out of the release, or kept with every quasi-identifier at ``*``."""
    recoding: Literal["global", "local"] = "global"
    search: SearchBudget | None = None
    """Left out, up to five million candidates are searched until the optimum is proven, and
    more of them with the default budget."""
    risk_threshold: Annotated[float, Field(gt=0, le=1)] = 0.1
    population: Annotated[int, Field(ge=1)] | Source | None = None
    """Size of the population, or a table of it, for the journalist's risk."""

    def names(self, role: str) -> tuple[str, ...]:
        """Return the names of the attributes of one role, in the order of the request."""
        return tuple(name for name, a in self.attributes.items() if a.role == role)

    @property
    def quasi_identifiers(self) -> dict[str, QuasiIdentifier]:
        """The attributes that are transformed, in the order of the request."""
        return {n: a for n, a in self.attributes.items() if isinstance(a, QuasiIdentifier)}

    def most_suppressed(self, records: int) -> int:
        """Return how many of so many records may be suppressed."""
        return floor(Fraction(str(self.suppression_limit)) * records)


class Measurement(_Part):
    """Configurations to compare: every combination of the values that are given."""

    k: tuple[Annotated[int, Field(ge=2)], ...] = ()
    l: tuple[Annotated[float, Field(gt=1)], ...] = ()  # noqa: E741 (the name the model goes by)
    """For every l-diversity of the policy."""
    t: tuple[Share, ...] = ()
    """For every t-closeness of the policy."""
    alpha: tuple[Annotated[float, Field(gt=0, lt=1)], ...] = ()
    """For every (alpha, k)-anonymity of the policy."""
    delta: tuple[Annotated[float, Field(gt=0)], ...] = ()
    """For every delta-disclosure privacy of the policy."""
    beta: tuple[Annotated[float, Field(gt=0)], ...] = ()
    """For every beta-likeness of the policy."""
    suppression_limit: tuple[Share, ...] = ()
    suppression_cost: tuple[Annotated[float, Field(ge=0, le=10)], ...] = ()
    recoding: tuple[Literal["global", "local"], ...] = ()
    lowest_level: dict[str, tuple[Annotated[int, Field(ge=0)], ...]] = {}
    """By quasi-identifier."""
    highest_level: dict[str, tuple[Annotated[int, Field(ge=0)], ...]] = {}
    """By quasi-identifier."""
    best: Annotated[int, Field(ge=1)] = 1
    """How many of the best candidates of each configuration; of local recoding there is one."""


class Request(_Part):
    """All of it: source, target, policy."""

    source: Source | None = None
    """Left out if the records are handed over as a DataFrame."""
    target: Target | None = None
    """Left out if the release stays with the job."""
    policy: Policy
    measurement: Measurement | None = None
    """What ``measure`` compares."""

    @property
    def inputs(self) -> tuple[str, ...]:
        """Every path that is read: of the source, the trees and the population."""
        return tuple(_input_paths(self.model_dump(include={"source", "policy"})))

    @property
    def decimal(self) -> str:
        """The decimal mark of numbers that the source holds as text."""
        return self.source.csv.decimal if self.source else "."

    @property
    def release_decimal(self) -> str:
        """The decimal mark of numbers that the target holds as text."""
        return self.target.csv.decimal if self.target else "."

    schedule: Annotated[str, StringConstraints(pattern=_CRON)] | None = None
    """When a declared dataset is anonymized anew, as cron has it: ``0 3 * * *``, every day at 3."""

    @property
    def fingerprint(self) -> str:
        """Twelve hexadecimal digits that tell one request from another."""
        document = self.model_dump(mode="json", by_alias=True)
        text = json.dumps(document, sort_keys=True, ensure_ascii=False)
        return hashlib.sha256(text.encode()).hexdigest()[:12]


def parse_request(document: Mapping[str, Any], *, folder: Path | None = None) -> Request:
    """Validate a request whole.

    Parameters
    ----------
    document
        The request as nested mappings, as YAML gives them.
    folder
        What relative paths in the document are relative to; the working directory if left out.

    Raises
    ------
    RequestError
        With every problem of the document, each with its path in it.
    """
    if not isinstance(document, Mapping):
        raise RequestError("a request is a mapping with the keys source, target and policy")
    problems = []
    request = None
    try:
        request = Request.model_validate(dict(document))
    except ValidationError as error:
        problems += _problems(error)
    problems += list(_cross_problems(document))
    if problems or request is None:
        raise RequestError(problems) from None
    return request if folder is None else _anchored(request, folder)


def parse_policy(document: Mapping[str, Any]) -> Policy:
    """Validate a policy by itself; see :func:`parse_request`."""
    return parse_request({"policy": document}).policy


def parse_request_part(kind: type[_P], document: Mapping[str, Any], path: str) -> _P:
    """Validate a part of a request by itself, such as a source or a measurement.

    Raises
    ------
    RequestError
        With every problem of it.
    """
    try:
        return kind.model_validate(dict(document))
    except ValidationError as error:
        raise RequestError(_problems(error, path)) from None


def load_request(path: str | Path) -> Request:
    """Read a request from a YAML file; relative paths in it start at the file's folder.

    Raises
    ------
    RequestError
        If the file cannot be read, is not YAML, has a key twice, or is not a valid request.
    """
    file = Path(path)
    return parse_request(load_yaml(file), folder=file.parent.resolve())


def _problems(error: ValidationError, *path: str) -> list[Problem]:
    """Tell each place once: of what may be of several types, each type complains of its own."""
    told: dict[str, list[str]] = {}
    for each in error.errors(include_url=False, include_input=False):
        problem = _problem({**each, "loc": (*path, *each["loc"])})
        told.setdefault(problem.path, []).append(problem.message)
    deepest = [p for p in told if not any(other.startswith(f"{p}.") for other in told)]
    return [Problem(path, " or ".join(dict.fromkeys(told[path]))) for path in deepest]


def _problem(error: Mapping[str, Any]) -> Problem:
    unions = {"str", "int", "Source", "function-after[_one_of_two(), TreeRule]"}
    steps = [str(s) for s in error["loc"] if str(s) not in unions]
    steps = [s for s in steps if not s.startswith(("tuple[", "constrained-"))]
    message = error["msg"].removeprefix("Value error, ")
    if error["type"] == "extra_forbidden":
        message = "unknown key"
    if steps[-1:] == ["[key]"]:
        steps, message = steps[:-1], "a name is text: put it in quotes"
    return Problem(".".join(_without_tags(steps)), message)


def _without_tags(steps: list[str]) -> list[str]:
    """Drop the names of the union members that pydantic puts into a path."""
    roles = {"direct_identifier", "quasi_identifier", "sensitive", "non_sensitive"}
    kinds = {"tree", "interval", "mask", "date", "rounding", "order", "frequency", "suppress"}
    kinds.add("known")
    kept: list[str] = []
    for place, step in enumerate(steps):
        after_attribute = place == 3 and steps[:2] == ["policy", "attributes"]
        after_hierarchy = place > 0 and steps[place - 1] == "hierarchy"
        if (after_attribute and step in roles) or (after_hierarchy and step in kinds):
            continue
        kept.append(step)
    return kept


# -- what one field cannot know by itself ---------------------------------------------------
# Checked on whatever part of the document is valid, so that it is reported together with the
# rest, not after it has been mended.


def _cross_problems(document: Mapping[str, Any]) -> Iterator[Problem]:
    policy = _mapping(document, "policy")
    named = _mapping(policy, "attributes")
    attributes = {str(name): _document(value) for name, value in named.items()}
    if isinstance(policy.get("privacy"), Mapping | Privacy):
        yield from _privacy_problems(_mapping(policy, "privacy"), attributes)
    found = [_valid(_ATTRIBUTE, value) for value in named.values()]
    weights = [a.importance for a in found if isinstance(a, QuasiIdentifier)]
    if weights and not any(weights):
        yield Problem("policy.attributes", "at least one importance must be above 0")
    for key in ("source", "target"):
        yield from _format_problems(key, _mapping(document, key))


def _privacy_problems(
    privacy: Mapping[str, Any], attributes: Mapping[str, Mapping[str, Any]]
) -> Iterator[Problem]:
    if not any(privacy.get(model) for model in Privacy.model_fields):
        yield Problem("policy.privacy", "at least one privacy model must be asked for")
    clustered = any(attribute.get("groups") == "mdav" for attribute in attributes.values())
    if clustered and not privacy.get("k_anonymity"):
        yield Problem("policy.privacy.k_anonymity", "groups: mdav needs the k of its clusters")
    for model in GUARDING:
        rules = privacy.get(model)
        rules = rules if isinstance(rules, list | tuple) else [rules]
        for place, rule in enumerate(map(_document, rules)):
            path = f"policy.privacy.{model}.{place}"
            yield from _rule_problems(path, rule, attributes)


def _rule_problems(
    path: str, rule: Mapping[str, Any], attributes: Mapping[str, Mapping[str, Any]]
) -> Iterator[Problem]:
    name = rule.get("attribute")
    if not isinstance(name, str):
        return
    attribute = attributes.get(name)
    if attribute is None:
        yield Problem(f"{path}.attribute", "not among policy.attributes")
    elif attribute.get("role") in {"direct_identifier", "quasi_identifier", "non_sensitive"}:
        yield Problem(f"{path}.attribute", "its role must be sensitive")
    elif rule.get("distance") == "hierarchical" and not attribute.get("hierarchy"):
        yield Problem(f"{path}.distance", "the attribute needs a hierarchy for it")


def _format_problems(key: str, place: Mapping[str, Any]) -> Iterator[Problem]:
    path = place.get("path")
    first = path[0] if isinstance(path, list | tuple) and path else path
    if isinstance(first, str) and not place.get("format") and format_of(first) is None:
        yield Problem(f"{key}.format", "not told by the ending of the path: say csv or parquet")


def format_of(path: str) -> Format | None:
    """Tell the format from the ending of a path; ``None`` if it does not."""
    name = path.lower().removesuffix(".gz")
    if name.endswith((".csv", ".tsv", ".txt")):
        return "csv"
    return "parquet" if name.endswith((".parquet", ".pq")) else None


_ATTRIBUTE: TypeAdapter[Any] = TypeAdapter(Attribute)
_T = TypeVar("_T")


def _mapping(document: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    return _document(document.get(key))


def _document(value: Any) -> Mapping[str, Any]:
    """Return what may be a document, or a part of a request that was validated already."""
    if isinstance(value, BaseModel):
        return value.model_dump(by_alias=True)
    return value if isinstance(value, Mapping) else {}


def _valid(adapter: TypeAdapter[_T], value: Any) -> _T | None:
    try:
        return adapter.validate_python(value)
    except ValidationError:
        return None


# -- relative paths ------------------------------------------------------------------------


def _anchored(request: Request, folder: Path) -> Request:
    """Make every relative local path of a request absolute."""
    document = request.model_dump(by_alias=True)
    for holder in _path_holders(document):
        path = holder["path"]
        holder["path"] = (
            _absolute(path, folder)
            if isinstance(path, str)
            else [_absolute(each, folder) for each in path]
        )
    return Request.model_validate(document)


def _path_holders(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        if isinstance(value.get("path"), str | list | tuple):
            yield value
        for key, each in value.items():
            if key != "nodes":
                yield from _path_holders(each)


def _input_paths(document: Mapping[str, Any]) -> Iterator[str]:
    for holder in _path_holders(document):
        path = holder["path"]
        yield from (path,) if isinstance(path, str) else path


def _absolute(path: str, folder: Path) -> str:
    return path if "://" in path else str(folder / Path(path).expanduser())
