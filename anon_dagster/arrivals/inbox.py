"""Where files come in, and where the release of each goes."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import lru_cache

from anon_dagster.errors import RequestError
from anon_dagster.request import DELTA, FILE, Arrivals, Request, Source, parse_request
from anon_dagster.storage.addresses import absolute, base_name
from anon_dagster.storage.globs import glob_root, matcher
from anon_dagster.storage.listing import ListedFile, list_files
from anon_dagster.storage.stores import store_of

_ENDING = re.compile(
    r"(\.(csv|tsv|txt|parquet|pq|xls[xmb]?|ods|z?sav|por|dta|sas7bdat|xpt))?(\.gz)?$", re.IGNORECASE
)
_UNFINISHED = (".part", ".partial", ".tmp", ".crdownload", ".filepart", ".swp", "~")
_SOME_DELTA = "000001"
_REPLACED = "\ufffd"  # stands for bytes that are no text


@dataclass(frozen=True, slots=True)
class Inbox:
    """What the request of a dataset says about the files that come in."""

    request: Request

    @property
    def settings(self) -> Arrivals:
        """How they are treated."""
        assert self.request.arrivals is not None, "only a dataset that asks for it has an inbox"
        return self.request.arrivals

    @property
    def source(self) -> Source:
        """Where they come in."""
        source = self.settings.source or self.request.source
        assert source is not None, "a validated request says where files come in"
        return source

    @property
    def pattern(self) -> str:
        """The folder, prefix or glob."""
        assert isinstance(self.source.path, str), "a validated request has one place"
        return self.source.path

    @property
    def appears_whole(self) -> bool:
        """Whether a file is complete as soon as it is seen, as an object of a store is."""
        return store_of(self.pattern).appears_whole

    @property
    def adds_up(self) -> bool:
        """Whether files add up to one release, so that none has a release of its own."""
        return self.settings.mode == "append"

    def files(self) -> list[ListedFile]:
        """List the files that lie there now, without those that are obviously unfinished.

        Raises
        ------
        RequestError
            If releases would be taken for new files.
        SourceError
            If the place cannot be listed.
        """
        found = [_printable(file) for file in list_files(self.pattern)]
        found = [f for f in found if f.size and not f.path.lower().endswith(_UNFINISHED)]
        self._require_apart(found)
        return found

    def refusal(self, path: str) -> str:
        """Say why a file cannot be asked for by its name; nothing if it can."""
        if _REPLACED in path or "::" in path.partition("://")[2] or "::" in base_name(path):
            return "its name is no UTF-8 text, or has :: in it; rename it"
        return ""

    def target_of(self, path: str) -> str:
        """Return where the release of a file goes; of files that add up, where deltas do."""
        if self.adds_up:
            return self.settings.target.path.replace(DELTA, _SOME_DELTA)
        start = _start(self.pattern)
        below = path[len(start) + 1 :] if path.startswith(f"{start}/") else base_name(path)
        return self.settings.target.path.replace(FILE, _ENDING.sub("", below, count=1))

    def request_of(self, path: str) -> Request:
        """Return the request that releases one file as a table of its own.

        Raises
        ------
        RequestError
            If the format of the file is not known.
        """
        document = self.request.model_dump(by_alias=True)
        source = self.source.model_dump(by_alias=True) | {"path": path}
        target = self.settings.target.model_dump(by_alias=True) | {"path": self.target_of(path)}
        return parse_request(
            {"source": source, "target": target, "policy": document["policy"]},
        )

    def _require_apart(self, found: Iterable[ListedFile]) -> None:
        targets = (absolute(self.target_of(f.path)) for f in found if not self.refusal(f.path))
        if any(map(matcher(self.pattern), targets)):
            raise RequestError(
                f"the releases of arrivals.target would be found in {self.pattern} as new files; "
                "name a place outside of it"
            )


@lru_cache
def _start(place: str) -> str:
    return absolute(glob_root(place)).rstrip("/")


def _printable(file: ListedFile) -> ListedFile:
    """Replace what of a name is no text: it can neither be kept nor shown."""
    name = file.path.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    return file if name == file.path else replace(file, path=name)
