"""The schema of evidence as `docs/evidence.schema.json` has it; `make schema` writes it."""

from pathlib import Path

from anon_dagster.report.handover.schema import schema
from tests.request_schema import as_file

FILE = Path(__file__).resolve().parent.parent / "docs" / "evidence.schema.json"


def current() -> str:
    """Return the JSON schema of evidence that goes with a release, without titles and texts."""
    return as_file(schema())


if __name__ == "__main__":
    FILE.write_text(current(), encoding="utf-8")
