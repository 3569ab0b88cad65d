"""The page of errors: what each means, whether to try again, and the exit code of the shell."""

from collections.abc import Iterator

from anon_dagster import cli, errors
from documentation.reference.markdown import code, first_sentence, table

HEAD = """# Errors and exit codes

For whoever calls the library or the shell from a program: what can go wrong, what it means, and which exit
code stands for it. Every error is an `AnonError` of `anon_dagster.errors`, names columns, levels and counts,
and holds no cell. `transient` errors may pass: the same call may succeed later.

## Errors

Below an error stand its finer kinds. A job that failed ends with 1, whatever its error, unless it refused
to publish.

"""


def page() -> str:
    """Return the page."""
    rows = [
        (
            f"{'&emsp;' * depth}`{kind.__name__}`",
            first_sentence(kind.__doc__),
            _again(kind),
            _code(kind),
        )
        for kind, depth in _tree(errors.AnonError)
    ]
    told = table(["error", "means", "transient", "exit code"], rows)
    return f"{HEAD}{told}\n## Exit codes of `anon`\n\n{_codes()}"


def _tree(
    kind: type[errors.AnonError], depth: int = 0
) -> Iterator[tuple[type[errors.AnonError], int]]:
    """Give an error and its finer kinds, each once, below the first one that it is of."""
    yield kind, depth
    for each in kind.__subclasses__():
        if each.__module__ == errors.__name__ and each.__bases__[0] is kind:
            yield from _tree(each, depth + 1)


def _again(kind: type[errors.AnonError]) -> str:
    return "yes" if kind.transient else ""


def _code(kind: type[errors.AnonError]) -> str:
    return str(cli.code_of(kind.__new__(kind)))


def _codes() -> str:
    told = (cli.__doc__ or "").partition("Exit codes: ")[2].partition(". ")[0].replace("\n", " ")
    rows = [each.strip().partition(" ")[::2] for each in told.split(";")]
    return table(["code", "means"], [(code(number), meaning) for number, meaning in rows])
