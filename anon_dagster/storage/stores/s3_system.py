"""The file system of S3 as it is used here: it has patience with a store that is busy."""

import asyncio
from collections.abc import Mapping
from typing import Any, Final

from fsspec.asyn import sync_wrapper
from s3fs import S3FileSystem

from anon_dagster.storage.stores.refusals import is_busy

_PAUSES: Final = (0.25, 0.5, 1.0, 2.0, 4.0)
"""Seconds between the tries of a request that a store is too busy for, or fails at."""
_WEAK = "W/"


class S3(S3FileSystem):  # type: ignore[misc]
    """Asks again for some seconds, and knows an ETag whether it is said to be weak or not."""

    retries = 2  # of what gets no answer, each of which is two of botocore

    async def _call_s3(self, method: str, *given: Any, **asked: Any) -> Any:  # noqa: ANN401 (s3fs has no types)
        for pause in _PAUSES:
            try:
                return with_strong_etags(await super()._call_s3(method, *given, **asked))
            except OSError as error:
                if not is_busy(error):
                    raise
            await asyncio.sleep(pause)
        return with_strong_etags(await super()._call_s3(method, *given, **asked))

    call_s3 = sync_wrapper(_call_s3)  # which s3fs binds to its own


# Whoever clears that of s3fs, since there are new credentials, clears this one.
S3._cache = S3FileSystem._cache  # noqa: SLF001


def with_strong_etags(answer: Any) -> Any:  # noqa: ANN401 (a document of botocore)
    """Return an answer with ETags that can be compared.

    A store, or a proxy before it, may call the ETag of an object weak in some of its answers and
    not in others; that it is weak says nothing of which version it is.
    """
    if not isinstance(answer, Mapping):
        return answer
    changed: dict[str, Any] = {
        name: value.removeprefix(_WEAK)
        for name, value in answer.items()
        if name == "ETag" and isinstance(value, str)
    }
    if isinstance(answer.get("Contents"), list):
        changed["Contents"] = [with_strong_etags(each) for each in answer["Contents"]]
    return {**answer, **changed} if changed else answer
