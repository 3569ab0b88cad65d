"""What a release is worth: its values, its risks and its utility, each beside the source's."""

from anon_dagster.statistics.exploratory import ExploratoryStatistics, exploratory_statistics
from anon_dagster.statistics.risk import PopulationTable, risk_statistics
from anon_dagster.statistics.risk_details import RiskDetails, risk_details
from anon_dagster.statistics.utility import utility_statistics

__all__ = [
    "ExploratoryStatistics",
    "PopulationTable",
    "RiskDetails",
    "exploratory_statistics",
    "risk_details",
    "risk_statistics",
    "utility_statistics",
]
