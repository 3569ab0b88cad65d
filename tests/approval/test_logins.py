"""Who asks and who approves, as a proxy before a real webserver knows them."""

from pathlib import Path

import pytest

from anon_dagster.client import AnonClient
from anon_dagster.errors import AwaitingApprovalError, JobStateError
from tests.approval.waiting import request
from tests.live import deployed_live

LOGIN = """
run_coordinator:
  module: anon_dagster.defs.login
  class: LoginRunCoordinator
  config: {header: X-Forwarded-User}
"""


@pytest.mark.slow
def test_two_people_who_logged_in_release_a_table(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "out" / "people.csv"
    with deployed_live(tmp_path, settings=LOGIN) as url:
        clients = {
            who: AnonClient(url, store=tmp_path / ".anon", headers={"X-Forwarded-User": who})
            for who in ("ann", "bob")
        }
        monkeypatch.setenv("ANON_USER", "somebody else")  # whom the proxy does not know
        job = clients["ann"].anonymize(request(tmp_path, hold="two_people"))
        assert job.wait(timeout=120) == "awaiting approval"
        assert job.status()["info"]["requested_by"] == "ann"
        assert clients["bob"].jobs(1)[0]["status"] == "awaiting approval"
        with pytest.raises(AwaitingApprovalError):
            job.result()
        with pytest.raises(JobStateError, match="takes two people"):
            job.approve(timeout=120)
        assert not target.exists()
        done = clients["bob"].job(job.job_id).approve(timeout=120)
        assert (done["requested_by"], done["decided_by"]) == ("ann", "bob")
        assert done["paths"] == [str(target)]
        assert target.exists()
        assert job.wait() == "completed"
        assert job.result().paths == (str(target),)
        assert job.delete(target=True)["targets_removed"] == [str(target)]
        for client in clients.values():
            client.close()
