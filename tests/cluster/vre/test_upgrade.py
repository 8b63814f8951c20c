"""An upgrade keeps what people have and run; an uninstall keeps the homes."""

import pytest

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(600)]


def test_an_upgrade_keeps_servers_homes_users_and_secrets(release):
    server = release.server_of("researcher")
    release.run_in(server, "open('before.txt', 'w').write('before')")
    secrets = {key: release.secret(key) for key in ("password", "cookie-secret", "proxy-token")}
    session = release.login("researcher")
    users = set(release.users())
    hub = release.pod("hub")["metadata"]["uid"]

    release.install(vre={"culling": {"idle_minutes": 90}})

    assert release.pod("hub")["metadata"]["uid"] != hub
    assert {key: release.secret(key) for key in secrets} == secrets
    assert release.pod("singleuser-server", "researcher")["metadata"]["uid"] == server["metadata"]["uid"]
    assert release.run_in(server, "print(open('before.txt').read())").strip() == "before"
    assert set(release.users()) >= users
    home = session.get(f"{release.address}/hub/home", timeout=20)
    assert home.url.endswith("/hub/home"), "still logged in"
    token = release.token("researcher")
    release.wait_for(
        lambda: release.api(token, "GET", "/user/researcher/api/status").ok, 60, "the same server"
    )


def test_an_idle_server_is_culled_and_its_files_stay(release):
    server = release.server_of("researcher")
    release.run_in(server, "open('saved.txt', 'w').write('saved')")
    release.install(vre={"culling": {"idle_minutes": 0.1, "every_minutes": 0.1}})
    release.wait_for(lambda: not release.pods("singleuser-server"), 180, "the culler")
    release.install(vre={"culling": {"idle_minutes": 60, "every_minutes": 5}})
    server = release.server_of("researcher")
    assert release.run_in(server, "print(open('saved.txt').read())").strip() == "saved"


def test_an_uninstall_keeps_the_homes_and_a_new_install_finds_them(release):
    server = release.server_of("researcher")
    release.run_in(server, "open('after.txt', 'w').write('after')")
    homes = {claim["metadata"]["uid"] for claim in release.get("persistentvolumeclaims")}
    password = release.password

    release.uninstall()
    assert {claim["metadata"]["uid"] for claim in release.get("persistentvolumeclaims")} == homes

    release.install()
    assert release.password == password
    server = release.server_of("researcher")
    assert release.run_in(server, "print(open('after.txt').read())").strip() == "after"
