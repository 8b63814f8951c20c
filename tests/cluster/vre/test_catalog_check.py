"""What the nightly check of the catalogue finds is on the cards of servers."""

import pytest

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(600)]

STATE = """
import odatis_vre as ov
from odatis_vre.catalog.check import status_of
found = status_of(ov.open_catalog()["sample/ocean_climatology"])
print(found.state if found else "not checked")
"""


def test_the_job_of_the_night_tells_every_server_what_it_found(release):
    release.kubectl("create", "job", "tonight", "--from=cronjob/catalog-check")
    release.kubectl("wait", "--for=condition=complete", "job/tonight", "--timeout=400s", timeout=420)
    server = release.server_of("ana")
    # A ConfigMap that changes reaches a pod that runs within a minute or two.
    release.wait_for(lambda: release.run_in(server, STATE).strip() == "as_said", 180, "the word of the check")
    release.kubectl("delete", "job", "tonight")
