"""The traits of a hub in a cluster, and what Kubernetes would be asked to make."""

import pytest
from traitlets.config import Config

from odatis_vre.hub.kubernetes.traits import configure_kubernetes
from odatis_vre.hub.kubernetes.values import Values

ENVIRONMENT = {
    "ODATIS_VRE_RELEASE": "sea",
    "ODATIS_VRE_NAMESPACE": "ocean",
    "ODATIS_VRE_VERSION": "1.2.3",
    "ODATIS_VRE_PASSWORD": "a-shared-password",
    "ODATIS_VRE_ADMIN_PASSWORD": "a-password-of-administrators-that-is-long",
    "ODATIS_VRE_GATEWAY_TOKEN": "the-gateway-token",
    "ODATIS_VRE_EXPLORE_TOKEN": "the-explore-token",
    "ODATIS_VRE_DATABASE_URL": "postgresql://hub:a-database-password@db/hub",
    "OAUTH_CLIENT_SECRET": "a-client-secret",
}


@pytest.fixture
def configured():
    """Set the traits of some values on an empty Config."""

    def configure(**values) -> Config:
        c = Config()
        configure_kubernetes(c, Values.model_validate(values), ENVIRONMENT)
        return c

    return configure
