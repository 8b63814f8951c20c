"""A stand-in for GitHub on loopback, which a test cannot have: its login, and who is in an organization."""

from urllib.parse import parse_qs, urlencode, urlsplit

from stand_in import StandIn

__all__ = ["GitHubStandIn"]


class GitHubStandIn(StandIn):
    """Whoever comes is `visitor`; `members` are the pages that say so, such as `odatis/members/ana`."""

    def __init__(self, client_id: str, secret: str, members: set[str]):
        super().__init__()
        self.client_id, self.secret, self.members = client_id, secret, members
        self.visitor = ""
        self.scopes = []

    def answer(self, method, path, body):
        where = urlsplit(path)
        if (method, where.path) == ("GET", "/login/oauth/authorize"):
            return self._authorize({name: value[0] for name, value in parse_qs(where.query).items()})
        if (method, where.path) == ("POST", "/login/oauth/access_token"):
            return self._token({name: value[0] for name, value in parse_qs(body).items()})
        if (method, where.path) == ("GET", "/api/v3/user"):
            return 200, {"login": self.visitor, "id": 1, "email": None}
        known = where.path.removeprefix("/api/v3/orgs/") in self.members
        return (204, b"") if known else (404, {"message": "Not Found"})

    def _authorize(self, asked: dict[str, str]):
        if asked.get("client_id") != self.client_id:
            return 404, {"message": "Not Found"}
        self.scopes.append(asked.get("scope", ""))
        back = urlencode({"code": f"code-of-{self.visitor}", "state": asked["state"]})
        self.location = f"{asked['redirect_uri']}?{back}"
        return 302, b""

    def _token(self, given: dict[str, str]):
        wanted = (self.client_id, self.secret, f"code-of-{self.visitor}")
        if (given.get("client_id"), given.get("client_secret"), given.get("code")) != wanted:
            return 200, {"error": "bad_verification_code"}
        return 200, {"access_token": f"token-of-{self.visitor}", "token_type": "bearer", "scope": ""}
