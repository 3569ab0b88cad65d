"""Pages that are written from the code, by their place on the site."""

from collections.abc import Callable, Mapping

PAGES: Mapping[str, Callable[[], str]] = {}
