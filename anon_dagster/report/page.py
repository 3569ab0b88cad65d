"""The page of a report, for whoever signs a release or does not.

It is made of the facts alone (:mod:`anon_dagster.report.evidence`), and leaves out what is not
among them. :mod:`anon_dagster.report.view` says what is on the page, the template
``templates/report.html`` how it looks.
"""

from functools import cache
from typing import TYPE_CHECKING

from anon_dagster.report.evidence import Evidence
from anon_dagster.report.formats import visible
from anon_dagster.report.view import content

if TYPE_CHECKING:
    from jinja2 import Template


def html(evidence: Evidence) -> str:
    """Write the report as one HTML page that needs nothing else."""
    return _template().render(content(evidence))


def _visible(value: object) -> object:
    """Return what is shown of a value; markup is what pictures are made of, and stays."""
    return visible(value) if type(value) is str else value


@cache
def _template() -> "Template":
    """Load the template: every value is escaped, and a name that it is not given is an error."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader(__package__),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        finalize=_visible,
    )
    return environment.get_template("report.html")
