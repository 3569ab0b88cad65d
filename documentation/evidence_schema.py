"""The schema of evidence as `docs/evidence.schema.json` has it; `make schema` writes it."""

from anon_dagster.report.handover.schema import schema
from documentation.outside import PROJECT
from documentation.request_schema import as_file, bare

FILE = PROJECT / "docs" / "evidence.schema.json"


def current() -> str:
    """Return the JSON schema of evidence that goes with a release, without titles and texts."""
    return as_file(bare(schema()))


if __name__ == "__main__":
    FILE.write_text(current(), encoding="utf-8")
