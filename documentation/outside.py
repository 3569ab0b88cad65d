"""Files that lie beside `docs/`, and where each is on the site."""

from collections.abc import Mapping
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent

PLACES: Mapping[str, str] = {
    "README.md": "index.md",
    "CHANGELOG.md": "changelog.md",
    "CONTRIBUTING.md": "contributing.md",
    "SECURITY.md": "security.md",
    "LICENSE": "license.txt",
    "data/README.md": "datasets.md",
    "vectors/README.md": "vectors.md",
    "data/patients/request.yaml": "data/patients.yaml",
    "data/visits/request.yaml": "data/visits.yaml",
    "data/visits/linked.yaml": "data/linked.yaml",
}
"""By path in the project, the path on the site."""
