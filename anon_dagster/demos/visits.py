"""Show what k-anonymity of rows promises of a hospital's visits, and what that of people does."""

import sys
from pathlib import Path

import numpy as np
import pandas as pd

from anon_dagster.demos.running import is_project
from anon_dagster.operations.anonymize import AnonResult, anonymize
from anon_dagster.request import Request, load_request

ROWS, PEOPLE = "k of rows", "k of people"


def main(project: Path | None = None) -> int:
    """Anonymize the bundled visits twice and print what became of them; return the exit code.

    Parameters
    ----------
    project
        The folder with ``dagster.yaml`` and ``data``; the working directory if left out.
    """
    folder = project or Path.cwd()
    if not is_project(folder):
        return 2
    request = load_request(folder / "data" / "visits" / "request.yaml")
    rule = request.policy.privacy.k_anonymity
    assert rule is not None, "the request of the visits gives k"
    print(f"Anonymizing {request.inputs[0]} for {rule.k} rows, and for {rule.k} people …\n")
    print(compare(request).to_string())
    print(
        f"\nThe same k = {rule.k}. Rows that read alike may be one person's: her age, sex and\n"
        "town lead to her alone then, and to all that stands in these rows. With policy.person\n"
        "people are counted: docs/persons.md."
    )
    return 0


def compare(request: Request) -> pd.DataFrame:
    """Return what a request promises of rows and of people.

    Nothing is written to its target.

    Parameters
    ----------
    request
        With ``person``, ``k_anonymity`` and full-domain generalization.

    Returns
    -------
    pandas.DataFrame
        A row per figure, with the columns ``k of rows`` and ``k of people``: classes and their
        persons, and the level of each quasi-identifier.
    """
    of_people = anonymize(request.model_copy(update={"target": None}))
    policy = request.policy.model_copy(update={"person": None})
    of_rows = anonymize(request.model_copy(update={"target": None, "policy": policy}))
    return pd.DataFrame(
        {
            ROWS: figures(of_rows, of_people),
            PEOPLE: figures(of_people, of_people),
        }
    )


def figures(result: AnonResult, counted: AnonResult) -> "pd.Series[int]":
    """Return how many rows and persons the classes of a release have.

    Parameters
    ----------
    result
        Of the release.
    counted
        Of the same records, with persons.
    """
    rule = result.decision.request.policy.privacy.k_anonymity
    persons, table = counted.decision.counted.persons, result.decision.counted.table
    assert rule is not None, "both are k-anonymous"
    assert persons is not None, "persons were counted"
    same = np.array_equal(counted.decision.counted.table.codes.array, table.codes.array)
    assert same, "the same tuples were counted"
    classes = result.decision.solution.classes
    rows = np.bincount(classes[classes >= 0], table.counts[classes >= 0]).astype(np.int64)
    of_pairs = classes[persons.tuples]
    there = of_pairs >= 0
    pairs = np.unique(np.stack([of_pairs[there], persons.owners[there]]), axis=1)
    people = np.bincount(pairs[0], minlength=len(rows))
    few = people < rule.k
    alone = np.unique(pairs[1][people[pairs[0]] == 1])
    levels = {f"level of {name}": level for name, level in (result.levels or {}).items()}
    return pd.Series(
        {
            "visits released": int(rows.sum()),
            "patients released": len(np.unique(pairs[1])),
            "classes": len(rows),
            "rows of the smallest class": int(rows.min()),
            "patients of the smallest class": int(people.min()),
            f"classes of fewer than {rule.k} patients": int(few.sum()),
            "classes of one patient": int((people == 1).sum()),
            f"visits in classes of fewer than {rule.k} patients": int(rows[few].sum()),
            "patients with a class of their own": len(alone),
            **levels,
        }
    )


if __name__ == "__main__":
    sys.exit(main())
