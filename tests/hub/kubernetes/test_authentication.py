"""Who may log in, and how."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from jupyterhub.authenticators.shared import SharedPasswordAuthenticator
from oauthenticator.generic import GenericOAuthenticator
from oauthenticator.github import GitHubOAuthenticator

from odatis_vre.errors import SettingsError
from odatis_vre.hub.kubernetes.authentication import WELL_KNOWN, well_known
from odatis_vre.hub.kubernetes.values import Values

DOCUMENT = {
    "authorization_endpoint": "https://login.example.org/authorize",
    "token_endpoint": "https://login.example.org/token",
    "userinfo_endpoint": "https://login.example.org/userinfo",
}
SECRET = {"clientSecret": {"name": "oidc", "key": "secret"}}


class FakeProvider:
    """A provider of accounts on loopback that only says its addresses; a real one is in tests/cluster."""

    def __init__(self, document=None, failures: int = 0, code: int = 503):
        self.asked = 0
        provider = self

        class Answer(BaseHTTPRequestHandler):
            def do_GET(self):
                provider.asked += 1
                fails = provider.asked <= failures or self.path != f"/realms/sea{WELL_KNOWN}"
                self.send_response(code if fails else 200)
                self.end_headers()
                self.wfile.write(b"" if fails else json.dumps(document).encode())

            def log_message(self, *args):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
        self.issuer = f"http://127.0.0.1:{self.server.server_port}/realms/sea"
        threading.Thread(
            target=self.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True
        ).start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def provider():
    """Start providers; all are stopped afterwards."""
    started = []

    def start(*words, **options) -> FakeProvider:
        started.append(FakeProvider(*words, **options))
        return started[-1]

    yield start
    for one in started:
        one.stop()


@pytest.fixture
def oidc(configured, provider):
    """The traits of a hub with an OpenID Connect provider."""

    def configure(hub=SECRET, claim="groups", **auth):
        names = {"issuer": provider(DOCUMENT).issuer, "client_id": "vre", "groups_claim": claim}
        return configured(hub=hub, vre={"auth": {"kind": "oidc", "oidc": names, **auth}})

    return configure


def test_the_document_says_where_to_log_in(provider):
    assert well_known(provider(DOCUMENT).issuer) == DOCUMENT


def test_an_issuer_may_end_in_a_slash(provider):
    assert well_known(provider(DOCUMENT).issuer + "/") == DOCUMENT


def test_a_provider_that_restarts_is_asked_again(provider):
    one = provider(DOCUMENT, failures=2)
    assert well_known(one.issuer, pause=0.01) == DOCUMENT
    assert one.asked == 3


def test_a_provider_that_stays_away_is_an_error_that_names_the_address(provider):
    one = provider(DOCUMENT, failures=9)
    with pytest.raises(SettingsError, match=rf"{one.issuer}{WELL_KNOWN}.*503"):
        well_known(one.issuer, tries=2, pause=0.01)


def test_a_wrong_address_is_an_error_at_once(provider):
    one = provider(DOCUMENT, code=404)
    with pytest.raises(SettingsError, match="404"):
        well_known(one.issuer + "/elsewhere", pause=60)
    assert one.asked == 1


def test_what_is_no_address_is_an_error():
    with pytest.raises(SettingsError, match="URL can't contain"):
        well_known("http://login .example.org", tries=1)


def test_a_document_without_addresses_is_an_error_that_names_them(provider):
    with pytest.raises(SettingsError, match="does not name: token_endpoint, userinfo_endpoint"):
        well_known(provider({"authorization_endpoint": "x"}).issuer)


def test_what_is_no_document_is_an_error(provider):
    with pytest.raises(SettingsError, match="does not name"):
        well_known(provider(["no", "document"]).issuer)


def test_addresses_of_the_operator_are_taken_instead(configured):
    given = {"authorize_url": "https://a", "token_url": "https://t", "userdata_url": "https://u"}
    names = {"issuer": "http://127.0.0.1:9", "client_id": "vre"}
    c = configured(
        hub={**SECRET, "config": {"GenericOAuthenticator": given}},
        vre={"auth": {"kind": "oidc", "oidc": names, "allow_all": True}},
    )
    assert c.GenericOAuthenticator.token_url == "https://t"


def test_people_log_in_at_the_provider(oidc):
    c = oidc(groups=["ocean"])
    assert c.JupyterHub.authenticator_class == "oauthenticator.generic.GenericOAuthenticator"
    assert c.GenericOAuthenticator.authorize_url == DOCUMENT["authorization_endpoint"]


def test_the_button_speaks_both_languages(oidc):
    text = oidc(groups=["ocean"]).JupyterHub.template_vars["login_service_text"]
    assert text == {"en": "my institution's account", "fr": "le compte de mon institution"}


def test_the_client_secret_is_in_no_trait(oidc):
    assert "a-client-secret" not in str(oidc(groups=["ocean"]))


def test_nobody_called_researcher_comes_in_by_default(oidc):
    assert oidc(groups=["ocean"]).Authenticator.allowed_users == set()


def member(groups: set | None) -> dict:
    """What a login says of a person, as far as it is looked at."""
    return {"groups": groups, "admin": False}


async def test_members_of_a_group_may_log_in_and_others_not(oidc):
    authenticator = GenericOAuthenticator(config=oidc(groups=["ocean"]))
    assert await authenticator.check_allowed("ana", member({"ocean"}))
    assert not await authenticator.check_allowed("bo", member({"land"}))


async def test_the_claim_says_who_is_in_a_group(oidc):
    authenticator = GenericOAuthenticator(config=oidc(claim="realm.groups", groups=["ocean"]))
    said = {"oauth_user": {"realm": {"groups": ["ocean", "users"]}}}
    assert await authenticator.get_user_groups(said) == {"ocean", "users"}


def test_groups_of_administrators_are_known(oidc):
    assert oidc(groups=["ocean"], admin_groups=["operators"]).GenericOAuthenticator.admin_groups == {
        "operators"
    }


async def test_a_named_user_may_log_in_without_a_group(oidc):
    authenticator = GenericOAuthenticator(config=oidc(claim=None, users=["ana"]))
    assert await authenticator.check_allowed("ana", member(None))
    assert not await authenticator.check_allowed("bo", member(None))


def test_logins_carry_a_proof_of_their_own(oidc):
    assert GenericOAuthenticator(config=oidc(groups=["ocean"])).enable_pkce


def test_what_the_provider_says_is_not_kept(oidc):
    assert GenericOAuthenticator(config=oidc(groups=["ocean"])).enable_auth_state is False


def github(configured, **auth):
    names = {"client_id": "vre", "organizations": auth.pop("organizations", [])}
    c = configured(hub=SECRET, vre={"auth": {"kind": "github", "github": names, **auth}})
    return GitHubOAuthenticator(config=c)


def test_members_of_an_organization_are_looked_up(configured):
    authenticator = github(configured, organizations=["odatis", "sea:divers"])
    assert authenticator.allowed_organizations == {"odatis", "sea:divers"}
    assert authenticator.scope == ["read:org"]


def test_github_is_asked_for_no_more_than_needed(configured):
    assert github(configured, users=["ana"]).scope == []


def test_the_shared_password_is_the_one_of_the_secret(configured):
    authenticator = SharedPasswordAuthenticator(config=configured())
    assert authenticator.user_password == "a-shared-password"


@pytest.mark.parametrize(
    ("password", "allowed"),
    [("a-shared-password", False), ("a-password-of-administrators-that-is-long", True)],
)
async def test_an_administrator_needs_the_password_of_administrators(configured, password, allowed):
    authenticator = SharedPasswordAuthenticator(config=configured(vre={"auth": {"admins": ["ana"]}}))
    found = await authenticator.get_authenticated_user(None, {"username": "ana", "password": password})
    assert bool(found) is allowed


def test_without_administrators_their_password_opens_nothing(configured):
    assert SharedPasswordAuthenticator(config=configured()).admin_password is None


def test_only_listed_users_may_log_in(configured):
    assert configured(vre={"auth": {"users": ["ana"]}}).Authenticator.allowed_users == {"ana"}


def test_everybody_may_where_the_settings_say_so(configured):
    assert configured(vre={"auth": {"allow_all": True}}).Authenticator.allow_all is True


def test_dummy_is_refused():
    with pytest.raises(ValueError, match="dummy"):
        Values.model_validate({"vre": {"auth": {"kind": "dummy"}}})
