"""What goes wrong while a file is read or written, in words that hold no cell."""

import errno
import lzma
import os
import resource
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from gzip import BadGzipFile
from traceback import walk_tb

import pyarrow as pa

from anon_dagster.errors import (
    AnonError,
    SourceChangedError,
    SourceError,
    StoreAccessError,
    StoreUnavailableError,
    TargetError,
)
from anon_dagster.storage.addresses import RefusedAddressError
from anon_dagster.storage.stores import forget_credentials
from anon_dagster.storage.stores.refusals import REPLACED, is_of_store, refusal

_FOREIGN = (
    OSError,
    ValueError,
    ImportError,
    EOFError,
    NotImplementedError,
    zlib.error,
    lzma.LZMAError,
    zipfile.BadZipFile,
    pa.ArrowException,
)
_REASONS: tuple[tuple[type[BaseException], str], ...] = (
    (FileNotFoundError, "no such file or directory"),
    (PermissionError, "permission denied"),
    (EOFError, "its compression is damaged or it was cut off"),
    (zlib.error, "its compression is damaged or it was cut off"),
    (BadGzipFile, "its compression is damaged or it was cut off"),
    (lzma.LZMAError, "its compression is damaged or it was cut off"),
    (zipfile.BadZipFile, "its compression is damaged or it was cut off"),
    (
        UnicodeDecodeError,
        "it is not in the encoding that the request names: say which, as csv: {encoding: latin-1}",
    ),
    (UnicodeError, "it is not in the encoding that the request names"),
    (ImportError, "the package for this kind of store is not installed"),
    (pa.ArrowNotImplementedError, "it has a type or an encoding that is not supported here"),
    (pa.ArrowException, "it is damaged, or not of the format that the request names"),
)


def changed(path: str, more: str = "") -> SourceChangedError:
    """Say that a file is no longer the one that was opened."""
    return SourceChangedError(f"{path}{more} changed while it was read; run the job again")


@contextmanager
def reading(path: str) -> Iterator[None]:
    """Turn whatever goes wrong while a file is read into an error that holds no cell."""
    try:
        yield
    except AnonError:
        raise
    except Exception as error:
        if not _is_foreign(error):
            raise
        raise _translated(error, SourceError, f"cannot read {path}") from None


@contextmanager
def writing(path: str) -> Iterator[None]:
    """Turn whatever goes wrong while a file is written into an error that holds no cell."""
    try:
        yield
    except AnonError:
        raise
    except Exception as error:
        if not _is_foreign(error):
            raise
        raise _translated(error, TargetError, f"cannot write {path}") from None


def _is_foreign(error: Exception) -> bool:
    known = isinstance(error, _FOREIGN) or is_of_store(error)
    return known or _comes_from_fsspec(error)


def _comes_from_fsspec(error: Exception) -> bool:
    """Tell whether an error passed through fsspec, whose stores raise whatever they like."""
    frames = (frame for frame, _ in walk_tb(error.__traceback__))
    return any(str(f.f_globals.get("__name__")).partition(".")[0] == "fsspec" for f in frames)


def _translated(error: Exception, kind: type[AnonError], what: str) -> AnonError:
    meant = refusal(error)
    if meant is None or _needs_descriptors(error):
        unreached = meant is not None and meant.transient
        return (StoreUnavailableError if unreached else kind)(f"{what}: {_reason(error)}")
    if meant is REPLACED and kind is SourceError:
        kind = SourceChangedError
    elif meant.transient:
        kind = StoreUnavailableError
    elif meant.of_access:
        kind = StoreAccessError
        forget_credentials()
    return kind(f"{what}: {meant.reason}")


def _needs_descriptors(error: BaseException) -> bool:
    """Tell whether an error came of too many open files, which is no fault of the one at hand."""
    chain = (error, error.__cause__, error.__context__)
    return any(isinstance(e, OSError) and e.errno == errno.EMFILE for e in chain)


def _reason(error: BaseException) -> str:
    """Say why, in words of our own: those of the library may quote cells."""
    if _needs_descriptors(error):
        most = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
        return (
            f"nothing is wrong with it, but this process may open {most:,} files at once, and has "
            "them open; raise that limit (ulimit -n), or run fewer jobs at once"
        )
    if isinstance(error, RefusedAddressError):
        return str(error)
    if isinstance(error, OSError) and error.errno is not None:
        return os.strerror(error.errno).lower()
    for kind, reason in _REASONS:
        if isinstance(error, kind):
            return reason
    return "its address or its content is not understood"


@contextmanager
def keeping_aside(what: str) -> Iterator[None]:
    """Say what to do where there is no room for what has to go into a file without a name.

    Parameters
    ----------
    what
        In the words of a person, such as "a part of the count".

    Raises
    ------
    TargetError
        If it could not be kept.
    """
    try:
        yield
    except OSError as error:
        reason = error.strerror or "it cannot be written"
        cure = "let TMPDIR name a folder with more room, or give the engine more memory"
        if error.errno == errno.EMFILE:
            cure = "raise the limit of open files (ulimit -n), or give the engine more memory"
        raise TargetError(f"{what} could not be kept in {_temporary()}: {reason}; {cure}") from None


def _temporary() -> str:
    """Name the folder for temporary files, if there is one."""
    with suppress(FileNotFoundError):
        return tempfile.gettempdir()
    return "TMPDIR"
