"""Let anonymeter attack releases: a program for an environment of its own.

``python anonymeter_attacks.py FOLDER`` finds there ``trial.json``, which names the columns; the CSV
files ``inside`` and ``outside``, of who was released and who was held back; and a CSV file for each
release. It prints what each attack achieved.
"""

import json
import logging
import re
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Self

import numpy as np
import pandas as pd
from anonymeter.evaluators import InferenceEvaluator, LinkabilityEvaluator, SinglingOutEvaluator
from anonymeter.stats.confidence import EvaluationResults

_PREDICATES = 500
_TARGETS = 1_500  # people, or all if there are fewer


class Predicates(logging.Handler):
    """Hears how many predicates were made, which anonymeter tells its log if they are too few."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.number = _PREDICATES

    def __enter__(self) -> Self:
        logging.getLogger("anonymeter").addHandler(self)
        return self

    def __exit__(self, *_: object) -> None:
        logging.getLogger("anonymeter").removeHandler(self)

    def emit(self, record: logging.LogRecord) -> None:
        """Read the number."""
        if told := re.search(r"could generate only (\d+)", record.getMessage()):
            self.number = int(told[1])


class Trial:
    """A table, the people who were held back, and the releases to be attacked."""

    def __init__(self, folder: Path) -> None:
        self.asked = json.loads((folder / "trial.json").read_text())
        self.inside, self.outside = (self._read(folder, name) for name in ("inside", "outside"))
        self.releases = {name: self._read(folder, name) for name in self.asked["releases"]}

    def _read(self, folder: Path, name: str) -> pd.DataFrame:
        """Read texts, and the numbers among the secrets."""
        table = pd.read_csv(folder / f"{name}.csv", dtype=str, keep_default_na=False)
        for secret, kind in self.asked["secrets"].items():
            if kind == "number":
                table[secret] = pd.to_numeric(table[secret])
        return table

    def attacks(self, released: pd.DataFrame) -> Iterator[tuple[str, Any]]:
        """Carry out all attacks on one release."""
        first, second = self.asked["halves"]
        known = [*first, *second]
        for columns in (2, 4):
            yield f"singling out by {columns}", self.singling_out(released[known], columns)
        told = released[[*known, *self.asked["secrets"]]]
        yield "singling out by sensitive values, too", self.singling_out(told, 2)
        yield "linkability", self.linkability(released[known])
        for secret, kind in self.asked["secrets"].items():
            yield f"inference of {secret}", self.inference(released, secret, kind)

    def singling_out(self, released: pd.DataFrame, columns: int) -> Any:
        """Pick out one record by a predicate, made of columns that are known of most records."""
        usual = [c for c in released if (released[c] != "unknown").mean() >= 0.5]
        people = self.equally_many(self.inside, self.outside)
        attack = SinglingOutEvaluator(
            ori=people[0],  # with a serial number each: people who are alike are several
            syn=released[usual],
            control=people[1],
            n_attacks=_PREDICATES,
            n_cols=min(columns, len(usual)),
            max_attempts=20_000,
            seed=1,
        )
        with Predicates() as made:
            found = attack.evaluate().results()
        if made.number == 0:
            return None
        return EvaluationResults(
            (made.number, _PREDICATES, made.number),
            found.n_success,
            found.n_baseline,
            found.n_control,
        )

    def linkability(self, released: pd.DataFrame) -> Any:
        """Find which halves of what is known belong together."""
        inside, outside = self.equally_many(self.inside, self.outside)
        attack = LinkabilityEvaluator(
            ori=inside[released.columns],
            syn=released,
            control=outside[released.columns],
            aux_cols=self.asked["halves"],
            n_attacks=min(_TARGETS, len(inside)),
        )
        return attack.evaluate(n_jobs=1).results()

    def inference(self, released: pd.DataFrame, secret: str, kind: str) -> Any:
        """Guess a sensitive value by all that is known besides."""
        known = [column for half in self.asked["halves"] for column in half]
        tables = (self.inside, self.outside, released)
        told = [t[t[secret].notna() & (t[secret] != "")][[*known, secret]] for t in tables]
        inside, outside = self.equally_many(told[0], told[1])
        attack = InferenceEvaluator(
            ori=inside,
            syn=told[2].reset_index(drop=True),
            control=outside,
            aux_cols=known,
            secret=secret,
            regression=kind == "number",
            n_attacks=min(_TARGETS, len(inside)),
        )
        return attack.evaluate(n_jobs=1).results()

    @staticmethod
    def equally_many(*tables: pd.DataFrame) -> list[pd.DataFrame]:
        """Take equally many records of each."""
        least = min(map(len, tables))
        return [table.head(least).reset_index(drop=True) for table in tables]


def told(results: Any) -> dict[str, float]:
    """Return the rates of an attack, and its risk beyond the control with its interval of 95 %."""
    if results is None:  # no attack can be made
        return dict.fromkeys(("attacks", "hits", "control", "guessing", "risk", "low", "high"), 0)
    risk = results.risk()
    return {
        "attacks": results.n_attacks_ori,
        "hits": int(results.n_success),
        "control": float(results.n_control) / results.n_attacks_control,
        "guessing": results.n_baseline / results.n_attacks_baseline,
        "risk": risk.value,
        "low": risk.ci[0],
        "high": risk.ci[1],
    }


if __name__ == "__main__":
    warnings.simplefilter("ignore")  # an attack that is no better than guessing is warned of
    np.random.seed(1)  # noqa: NPY002 (anonymeter draws by the global generator)
    trial = Trial(Path(sys.argv[1]))
    found = {
        name: {attack: told(results) for attack, results in trial.attacks(released)}
        for name, released in trial.releases.items()
    }
    sys.stdout.write(json.dumps(found))
