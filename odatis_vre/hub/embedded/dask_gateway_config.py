"""The configuration file of an embedded Dask Gateway: reads the place and the settings, sets the traits."""

import base64
import secrets

from odatis_vre.hub import configure_gateway
from odatis_vre.hub.embedded.place import Place, State
from odatis_vre.hub.events import emit

place = Place.current()
state = State(place.state)
key = state.secret("gateway", lambda: base64.b64encode(secrets.token_bytes(32)).decode())
configure_gateway(get_config(), state.settings(), place, key)  # noqa: F821
emit("gateway")
