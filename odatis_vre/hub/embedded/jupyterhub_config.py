"""The configuration file of an embedded hub: reads the place and the settings, sets the traits."""

from odatis_vre.hub import configure
from odatis_vre.hub.embedded.place import Place, State

place = Place.current()
state = State(place.state)
configure(get_config(), state.settings(), place, state.password())  # noqa: F821
