"""The page of domains: what detection tells columns to be."""

from anon_dagster import data_domains
from documentation.reference.markdown import code, table

HEAD = """# Domains

For whoever wonders what detection can tell: every domain, with invented examples and the role that its
columns get. `anon_dagster.data_domains()` gives the same table; domains of your own are told in
[detection](../detection.md#your-own).

"""


def page() -> str:
    """Return the page."""
    rows = [
        (code(name), row["description"], _examples(row["examples"]), code(row["role"]))
        for name, row in data_domains().iterrows()
    ]
    return HEAD + table(["domain", "is", "such as", "role"], rows)


def _examples(examples: object) -> str:
    listed = [examples] if isinstance(examples, str) else list(examples)  # type: ignore[call-overload]
    return ", ".join(code(str(each).replace("`", "'")) for each in listed)
