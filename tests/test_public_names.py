"""What others build on: names that are neither lost nor added by oversight."""

import re
import tomllib
from pathlib import Path
from types import ModuleType

import pytest

import anon_dagster
from anon_dagster.client import AnonClient, AnonJob, JobResult
from documentation import evidence_schema, request_schema

NAMES = {
    *(
        "AnonError",
        "ClusterError",
        "DisclosureError",
        "HierarchyError",
        "JobError",
        "PromiseBrokenError",
        "RequestError",
    ),
    *("SchemaMismatchError", "SourceError", "StoreAccessError", "StoreUnavailableError"),
    "TargetError",
    *("UnreachableError", "AnonResult", "AppliedResult", "Detection", "Progress", "Proposal"),
    *("Request", "__version__", "anonymize", "apply", "auto_anonymize", "classify_columns"),
    *(
        "data_domains",
        "detect",
        "export_hierarchy",
        "labels",
        "load_request",
        "measure",
        "parse_request",
        "plots",
    ),
    *("propose_hierarchies", "risk_per_record", "verify"),
    *("VersionsAudit", "audit_versions", "EvidenceCheck", "EvidenceError", "check_evidence"),
    *("Anonymize", "ReleaseIOManager", "build_anonymized_assets"),
    *("Finding", "ResidualDisclosure", "examine_residual", "EngineSettings"),
    *("Audit", "Claim", "Erasure", "Line", "append", "audit", "erase"),
}
METHODS: dict[type, set[str]] = {
    AnonClient: {
        *("anonymize", "apply", "auto_anonymize", "close", "data_domains", "detect", "job"),
        *("decide", "examine_residual"),
        *("jobIds", "job_ids", "jobs", "measure"),
    },
    AnonJob: {
        *(
            "abort",
            "delete",
            "exploratoryStats",
            "exploratory_statistics",
            "plot",
            "exploratory_summary",
            "follow",
            "id",
        ),
        *("metadata", "result", "riskStat", "risk_details", "risk_per_record", "risk_statistics"),
        *("approve", "evidence", "reject", "report", "residual"),
        *("status", "utilityStat", "utility_statistics", "wait"),
    },
    JobResult: {
        "arrow",
        "checksum",
        "df",
        "frame",
        "notes",
        "paths",
        "picture",
        "proposal",
        "residual",
        "tables",
    },
}


@pytest.fixture(scope="module")
def documentation(project_folder: Path) -> str:
    pages = [project_folder / "README.md", *sorted((project_folder / "docs").glob("*.md"))]
    return "\n".join(page.read_text(encoding="utf-8") for page in pages)


def test_the_names_of_the_package_are_these() -> None:
    assert set(anon_dagster.__all__) == NAMES
    assert all(getattr(anon_dagster, name) is not None for name in NAMES)


@pytest.mark.parametrize("kind", METHODS)
def test_the_methods_of_clients_and_jobs_are_these(kind: type) -> None:
    assert {name for name in dir(kind) if not name.startswith("_")} == METHODS[kind]


def test_every_public_name_is_documented(documentation: str) -> None:
    names = NAMES.union(*METHODS.values())
    assert {name for name in names if not re.search(rf"[`.]{name}\b", documentation)} == set()


@pytest.mark.parametrize("schema", [request_schema, evidence_schema])
def test_the_schemas_of_documents_are_current(schema: ModuleType) -> None:
    assert schema.FILE.read_text(encoding="utf-8") == schema.current(), (
        "run `make schema`, and say so in the changelog"
    )


def test_the_version_is_that_of_the_project(project_folder: Path) -> None:
    project = tomllib.loads((project_folder / "pyproject.toml").read_text(encoding="utf-8"))
    assert anon_dagster.__version__ == project["project"]["version"]
