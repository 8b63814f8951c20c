"""The commands of docs/operate.md that save and restore, typed as they stand there."""

import pytest
from documented import blocks

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(600)]

HOMES, SAVE_DATABASE, RESTORE_DATABASE = blocks("bash", "### Back up and restore")[:3]
SAVE = """
import os
os.makedirs("work", exist_ok=True)
for name in ("work/note.txt", ".hidden"):
    open(name, "w").write("kept")
"""
READ = "print(open('work/note.txt').read(), open('.hidden').read())"
LOSE = "k exec keeper -- sh -c 'rm -r /kept/work /kept/.hidden && ls -A /kept'"


def test_a_home_is_saved_and_restored(release, operator):
    server = release.server_of("ana")
    release.run_in(server, SAVE)
    token = release.token("ana")
    release.stop_server("ana", token)
    release.wait_for(lambda: not release.pods("singleuser-server"), 60, "the end of the server")

    save, restore = HOMES.split("k exec -i keeper", 1)
    operator.type(save)
    assert "work" not in operator.type(LOSE).split()
    operator.type(f"k exec -i keeper{restore}")

    assert release.run_in(release.server_of("ana"), READ).split() == ["kept", "kept"]


def test_the_hubs_database_is_saved_and_restored(release, operator):
    before = release.token("ana")
    operator.type(SAVE_DATABASE)
    after = release.token("ana")

    operator.type(RESTORE_DATABASE)
    release.kubectl("rollout", "status", "deployment/hub", "--timeout=120s")
    release.connect()

    assert release.api(before, "GET", "/hub/api/users/ana").ok
    assert release.api(after, "GET", "/hub/api/users/ana").status_code == 403
    release.wait_for(lambda: release.servers("ana", before) == {}, 60, "the hub to miss the deleted server")
