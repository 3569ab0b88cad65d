"""A cluster that is reached by TLS needs keys, which come from the configuration of dask alone."""

from pathlib import Path

import dask
import distributed
import pytest

from anon_dagster.engine import EngineSettings, opened
from anon_dagster.errors import RequestError

distributed.Security()  # the defaults are read once, before they are replaced
TLS = EngineSettings("dask", address="tls://127.0.0.1:1")


def test_without_keys_it_is_told_before_anybody_is_asked() -> None:
    with (
        dask.config.set({"distributed.comm.tls.ca-file": None}),
        pytest.raises(RequestError, match="does not name the key"),
        opened(TLS),
    ):
        pass


def test_keys_that_cannot_be_read_are_told_without_their_path(tmp_path: Path) -> None:
    lost = str(tmp_path / "hush.pem")
    names = ("ca-file", "client.key", "client.cert")
    with (
        dask.config.set({f"distributed.comm.tls.{name}": lost for name in names}),
        pytest.raises(RequestError, match="cannot be read") as refused,
        opened(TLS),
    ):
        pass
    assert "hush" not in str(refused.value)
