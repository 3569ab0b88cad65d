"""The answers of any program: it is given a vector's path, and prints a JSON list."""

import json
import subprocess
from collections.abc import Sequence

from anon_dagster.vectors.score import Tool, ToolFailedError
from anon_dagster.vectors.stored import StoredVector

_PATIENCE = 300  # seconds for one vector


def program(words: Sequence[str]) -> Tool:
    """Return the tool that a command is: its words, followed by the path of a vector."""

    def answers(vector: StoredVector) -> list[bool | None]:
        try:
            done = subprocess.run(  # noqa: S603 (whoever calls this names the program)
                [*words, str(vector.path)], capture_output=True, timeout=_PATIENCE, check=False
            )
        except OSError as error:
            raise ToolFailedError(f"it cannot be started: {error.strerror}") from None
        except subprocess.TimeoutExpired:
            raise ToolFailedError(f"no answer within {_PATIENCE} seconds") from None
        if done.returncode:
            raise ToolFailedError(f"it ended with {done.returncode}")
        return _read(done.stdout)

    return answers


def _read(printed: bytes) -> list[bool | None]:
    try:
        answers = json.loads(printed)
    except ValueError:
        raise ToolFailedError("what it printed is no JSON") from None
    if not isinstance(answers, list) or not all(
        a is None or a is True or a is False for a in answers
    ):
        raise ToolFailedError("it must print a list of true, false and null")
    return answers
