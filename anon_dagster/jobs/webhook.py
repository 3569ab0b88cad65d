"""Who wants to be told of every job that is over."""

import os
from collections.abc import Mapping

from anon_dagster.http_client import HttpClient
from anon_dagster.jobs.ledger import Entry

WEBHOOK = "ANON_WEBHOOK"
"""Names the address that every line of the ledger is posted to, if there is one; it is never
shown."""

_SECONDS = 10.0


def post(entry: Entry, environment: Mapping[str, str] = os.environ) -> bool:
    """Post a line to the webhook, if there is one; tell whether there is none or it took it."""
    url = environment.get(WEBHOOK)
    if not url:
        return True
    client = HttpClient()
    try:
        return client.post(url, entry.outside.document(), seconds=_SECONDS).status < 300
    except ConnectionError:
        return False
    finally:
        client.close()
