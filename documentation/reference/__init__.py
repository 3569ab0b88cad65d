"""Pages that are written from the code, by their place on the site."""

from collections.abc import Callable, Mapping

from documentation.reference import domains, errors, functions, request, shell

PAGES: Mapping[str, Callable[[], str]] = {
    "reference/request.md": request.page,
    "reference/functions.md": functions.page,
    "reference/domains.md": domains.page,
    "reference/shell.md": shell.page,
    "reference/errors.md": errors.page,
}
