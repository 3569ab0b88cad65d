"""Examples of Python on pages print what the pages show."""

import doctest

import pandas as pd


def require_examples(source: str, name: str) -> None:
    """Run the examples of a page, at least one, and hold what they print against it."""
    test = doctest.DocTestParser().get_doctest(source, {}, name, name, 0)
    report: list[str] = []
    with pd.option_context("display.width", 120, "display.max_columns", 20):
        runner = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE)
        runner.run(test, out=report.append)
    assert test.examples
    assert not report, "".join(report)
