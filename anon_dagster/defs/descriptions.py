"""What jobs do, where Dagster lists them: in a sentence, and by a configuration to start from."""

from textwrap import dedent

_REQUEST = """
    ops:
      adhoc__request:
        config:
          request: {file: data/patients/request.yaml}
"""
_ENGINE = """
    resources:
      anon_engine:
        config: {threads: 4}
"""
_JOB = """
    ops:
      adhoc__%s:
        config: {job: 7a1c6c3e-0000-4000-8000-000000000000}
"""
_KINDS = {
    "anonymize": "Anonymizes a table, proves what was promised on the release as it is stored, and "
    "publishes it.",
    "measure": "Counts a table once, and says what other configurations would cost and protect. "
    "Nothing is released.",
    "detect": "Proposes what each column of a table is, for a person to check. Nothing is "
    "released.",
}
_STEPS = {
    "apply": (
        "Releases later records, recoded by the solution of a finished job.",
        """
        ops:
          adhoc__application:
            config: {solution: 7a1c6c3e-0000-4000-8000-000000000000, source: {path: later.csv}}
        """,
    ),
    "auto_anonymize": (
        "Proposes a request for a table that nobody described. Nothing is released.",
        """
        ops:
          adhoc__proposal:
            config: {source: data/patients/patients.csv}
        """,
    ),
    "residual": (
        "Examines the release of a finished job again: what it tells although every promise holds.",
        _JOB % "examined",
    ),
    "approve": ("Publishes a release that waits, proven again.", _JOB % "approved"),
    "reject": ("Discards a release that waits.", _JOB % "rejected"),
    "verify": (
        "Measures the promises of a request on a table that was released, by whomever.",
        """
        ops:
          adhoc__verified:
            config:
              request: {file: data/patients/request.yaml}
              released: released.csv
        """,
    ),
}
_BY_ITSELF = "It takes its request from the file of the dataset; how it works may be said:"


def of_graph(kind: str, dataset: str) -> str:
    """Describe a job of the graph, of a dataset or of any other request."""
    if dataset:
        return with_example(f"{_KINDS[kind]} {_BY_ITSELF}", _ENGINE)
    return with_example(f"{_KINDS[kind]} The request is given in the launchpad:", _REQUEST)


def of_step(kind: str) -> str:
    """Describe a job beside the graph."""
    return with_example(*_STEPS[kind])


def of_chore(text: str) -> str:
    """Describe a job that needs nothing, but may be told how it works."""
    return with_example(text, _ENGINE)


def with_example(text: str, config: str) -> str:
    """Return a description with a configuration to start from."""
    return f"{text}\n\n```yaml\n{dedent(config).strip()}\n```"
