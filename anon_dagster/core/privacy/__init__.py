"""Privacy models: what a release promises, each with its paper."""

from anon_dagster.core.privacy.alpha_deassociation import AlphaDeassociation
from anon_dagster.core.privacy.beta_likeness import BetaLikeness, EnhancedBetaLikeness
from anon_dagster.core.privacy.classes import EquivalenceClasses, Histogram
from anon_dagster.core.privacy.delta_disclosure import DeltaDisclosure
from anon_dagster.core.privacy.delta_presence import DeltaPresence
from anon_dagster.core.privacy.differential_privacy import DifferentialPrivacy
from anon_dagster.core.privacy.households import HouseholdAnonymity
from anon_dagster.core.privacy.k_anonymity import KAnonymity
from anon_dagster.core.privacy.k_map import EstimatedKMap, KMap
from anon_dagster.core.privacy.l_diversity import (
    DistinctLDiversity,
    EntropyLDiversity,
    RecursiveLDiversity,
)
from anon_dagster.core.privacy.model import Monotone, PrivacyModel
from anon_dagster.core.privacy.of_persons import of_persons
from anon_dagster.core.privacy.present_values import OfPresentValues
from anon_dagster.core.privacy.support_share import SupportShare
from anon_dagster.core.privacy.t_closeness import (
    EqualTCloseness,
    HierarchicalTCloseness,
    OrderedTCloseness,
)
from anon_dagster.core.privacy.table_risk import (
    AverageRisk,
    PopulationUniqueness,
    SampleUniqueness,
    TableModel,
)

__all__ = [
    "AlphaDeassociation",
    "AverageRisk",
    "BetaLikeness",
    "DeltaDisclosure",
    "DeltaPresence",
    "DifferentialPrivacy",
    "DistinctLDiversity",
    "EnhancedBetaLikeness",
    "EntropyLDiversity",
    "EqualTCloseness",
    "EquivalenceClasses",
    "EstimatedKMap",
    "HierarchicalTCloseness",
    "Histogram",
    "HouseholdAnonymity",
    "KAnonymity",
    "KMap",
    "Monotone",
    "OfPresentValues",
    "OrderedTCloseness",
    "PopulationUniqueness",
    "PrivacyModel",
    "RecursiveLDiversity",
    "SampleUniqueness",
    "SupportShare",
    "TableModel",
    "of_persons",
]
