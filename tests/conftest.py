from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, settings

PROJECT = Path(__file__).resolve().parent.parent

# A busy machine is no failure: speed is the benchmarks' matter.
PATIENT = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True)
# The same examples every time; new ones are what `make fuzz` is for.
settings.register_profile("default", PATIENT, derandomize=True, max_examples=50)
settings.register_profile("fuzz", PATIENT, max_examples=2_000)
# A mutant is noticed or not: the smallest example that notices it is of no interest.
settings.register_profile(
    "mutants",
    PATIENT,
    derandomize=True,
    max_examples=50,
    phases=[Phase.explicit, Phase.generate],
    report_multiple_bugs=False,
)
settings.load_profile("default")


@pytest.fixture(scope="session")
def project_folder() -> Path:
    """The root of the project: the folder of its README, its data and its Makefile."""
    return PROJECT
