"""Which of a tool's answers are right."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal

from anon_dagster.vectors.stored import StoredVector

Tool = Callable[[StoredVector], list[bool | None]]
"""Answers for each promise of a vector whether it holds; None: the tool does not offer that.

Raises :class:`ToolFailedError` if it finds no answer.
"""

Outcome = Literal["right", "wrong", "failed", "not offered"]
OUTCOMES: tuple[Outcome, ...] = ("right", "wrong", "failed", "not offered")


class ToolFailedError(Exception):
    """A tool stopped at a vector instead of answering."""


@dataclass(frozen=True, slots=True)
class Score:
    """How often a tool was right, by model, and where it was not."""

    outcomes: dict[str, Counter[Outcome]] = field(default_factory=dict)  # of each model
    not_right: list[str] = field(default_factory=list)
    """A line for each answer that is wrong, and for each vector at which the tool failed."""

    @property
    def perfect(self) -> bool:
        """Whether nothing that the tool offers is wrong."""
        return not self.not_right

    def lines(self) -> list[str]:
        """Return the table of outcomes, a line per model."""
        width = max(map(len, self.outcomes), default=5)
        whole = sum(self.outcomes.values(), Counter[Outcome]())
        rows = [*sorted(self.outcomes.items()), ("all", whole)]
        header = "  ".join([f"{'model':{width}}", *(f"{outcome:>11}" for outcome in OUTCOMES)])
        return [
            header,
            *(
                "  ".join([f"{model:{width}}", *(f"{counts[o]:>11}" for o in OUTCOMES)])
                for model, counts in rows
            ),
        ]


def score(vectors: Iterable[StoredVector], tool: Tool) -> Score:
    """Put vectors to a tool, and hold its answers against the right ones."""
    found = Score()
    for vector in vectors:
        models = vector.models()
        try:
            outcomes = _outcomes(vector, tool(vector))
        except ToolFailedError as error:
            found.not_right.append(f"{vector.name}: failed: {error}")
            outcomes = ["failed"] * len(models)
        for place, (model, outcome) in enumerate(zip(models, outcomes, strict=True)):
            found.outcomes.setdefault(model, Counter())[outcome] += 1
            if outcome == "wrong":
                truth = "holds" if vector.answers[place] else "is broken"
                found.not_right.append(f"{vector.name}: promise {place + 1}, {model}, {truth}")
    return found


def _outcomes(vector: StoredVector, answers: Sequence[bool | None]) -> list[Outcome]:
    """Say of each answer what it is worth."""
    truths = vector.answers
    if len(answers) != len(truths):
        raise ToolFailedError(f"{len(answers)} answers to {len(truths)} promises")
    return [
        "not offered" if said is None else "right" if said is truth else "wrong"
        for said, truth in zip(answers, truths, strict=True)
    ]
