"""The request: what is read, what each attribute is, what must hold, where the result goes."""

from anon_dagster.request.analysis import (
    MOST_COMBINATIONS,
    CombinationAnalysis,
    RiskAnalysis,
    SudaAnalysis,
)
from anon_dagster.request.arrivals import FILE, Arrivals
from anon_dagster.request.attributes import (
    Aggregate,
    Attribute,
    DirectIdentifier,
    QuasiIdentifier,
    Sensitive,
    Weight,
)
from anon_dagster.request.dates import DeriveRule, ShiftRule
from anon_dagster.request.locations import CsvOptions, Source, Target, format_of
from anon_dagster.request.objective import ObjectiveRule
from anon_dagster.request.policy import (
    HouseholdRule,
    Measurement,
    Policy,
    Request,
    TrajectoryRule,
)
from anon_dagster.request.privacy import (
    GUARDING,
    AlphaKAnonymityRule,
    BetaLikenessRule,
    DeltaDisclosureRule,
    DeltaPresenceRule,
    DifferentialPrivacyRule,
    GuardingRule,
    KMapRule,
    LDiversityRule,
    Privacy,
    TClosenessRule,
)
from anon_dagster.request.proposing import require_proposable
from anon_dagster.request.reading import (
    load_request,
    not_one_table,
    parse_policy,
    parse_request,
    parse_request_part,
    require_document,
)
from anon_dagster.request.residual import ResidualRule
from anon_dagster.request.rules import (
    DateLevel,
    DateRule,
    FrequencyRule,
    HierarchyRule,
    IntervalRule,
    KnownRule,
    KnownTree,
    MaskRule,
    OrderRule,
    RoundingRule,
    SuppressRule,
    TreeRule,
)
from anon_dagster.request.target_use import TargetUse

__all__ = [
    "FILE",
    "GUARDING",
    "MOST_COMBINATIONS",
    "Aggregate",
    "AlphaKAnonymityRule",
    "Arrivals",
    "Attribute",
    "BetaLikenessRule",
    "CombinationAnalysis",
    "CsvOptions",
    "DateLevel",
    "DateRule",
    "DeltaDisclosureRule",
    "DeltaPresenceRule",
    "DeriveRule",
    "DifferentialPrivacyRule",
    "DirectIdentifier",
    "FrequencyRule",
    "GuardingRule",
    "HierarchyRule",
    "HouseholdRule",
    "IntervalRule",
    "KMapRule",
    "KnownRule",
    "KnownTree",
    "LDiversityRule",
    "MaskRule",
    "Measurement",
    "ObjectiveRule",
    "OrderRule",
    "Policy",
    "Privacy",
    "QuasiIdentifier",
    "Request",
    "ResidualRule",
    "RiskAnalysis",
    "RoundingRule",
    "Sensitive",
    "ShiftRule",
    "Source",
    "SudaAnalysis",
    "SuppressRule",
    "TClosenessRule",
    "Target",
    "TargetUse",
    "TrajectoryRule",
    "TreeRule",
    "Weight",
    "format_of",
    "load_request",
    "not_one_table",
    "parse_policy",
    "parse_request",
    "parse_request_part",
    "require_document",
    "require_proposable",
]
