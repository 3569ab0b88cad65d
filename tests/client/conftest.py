from collections.abc import Iterator

import pytest

from anon_dagster.client import AnonClient
from tests.live import deployed_live


@pytest.fixture(
    scope="module",
    params=["embedded", pytest.param("live", marks=pytest.mark.slow)],
)
def client(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[AnonClient]:
    folder = tmp_path_factory.mktemp("deployment")
    if request.param == "live":
        with deployed_live(folder) as url:
            yield AnonClient(url, store=folder / ".anon")
    else:
        client = AnonClient(home=folder)
        yield client
        client.close()
