"""Examples of each command, which its help shows."""

from collections.abc import Mapping
from types import MappingProxyType

EXAMPLES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "init": (
            "anon init people.csv --output request.yaml",
            "anon init people.csv --preset safe-harbor --output request.yaml",
            "anon init '{path: people.csv, csv: {header: false, names: [age, sex]}}'",
        ),
        "validate": ("anon validate request.yaml", "anon validate request.yaml --source"),
        "verify": (
            "anon verify out.csv --request request.yaml",
            "anon verify out.csv --k 5 --quasi-identifiers age,zip --sensitive illness --l 2",
        ),
        "anonymize": ("anon anonymize request.yaml", "anon anonymize request.yaml --wait"),
        "measure": ("anon measure request.yaml --k 2 5 10 --wait --output grid.csv",),
        "detect": ("anon --json detect people.csv --mode classification --wait",),
        "auto": ("anon auto people.csv --seconds 10 --wait --output proposal.yaml",),
        "apply": (
            "anon apply ID later.csv --target later-out.csv --wait",
            "anon apply ID later.csv --target later-out.csv --hold two_people",
        ),
        "domains": ("anon domains", "anon domains --domains own.yaml"),
        "jobs": ("anon jobs", "anon --json jobs --limit 5"),
        "status": ("anon status ID",),
        "metadata": ("anon metadata ID",),
        "result": ("anon result ID --timeout 300", "anon result ID --output table.parquet"),
        "abort": ("anon abort ID",),
        "delete": ("anon delete ID", "anon delete ID --target"),
        "approve": ("anon approve ID",),
        "reject": ('anon reject ID --why "the ages are too fine"',),
        "exploratory": ("anon exploratory ID --output values.csv",),
        "risk": ("anon risk ID", "anon risk ID --details suda"),
        "utility": ("anon utility ID",),
        "residual": ("anon residual ID", "anon residual ID --attacks --timeout 600"),
        "report": ("anon report ID", "anon report ID --share --output shared.html"),
        "evidence": (
            "anon evidence write ID --share --output evidence.json",
            "anon evidence check evidence.json release.parquet",
        ),
        "hierarchy": ("anon hierarchy request.yaml age --output ages.json",),
        "audit": (
            "anon audit visits",
            "anon audit --versions a.parquet b.parquet --request request.yaml",
        ),
        "append": ("anon append visits",),
        "backup": ("anon backup backups/monday", "anon backup backups/dagster --folder .dagster"),
        "erase": ("anon erase visits --keys keys.txt",),
    }
)
"""By command."""


def of_command(name: str) -> str:
    """Return what the help of a command ends with."""
    shown = EXAMPLES.get(name, ())
    return "\n".join(["examples:", *(f"  $ {line}" for line in shown)]) if shown else ""
