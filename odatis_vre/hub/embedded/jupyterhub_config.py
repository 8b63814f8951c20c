"""The configuration file of an embedded hub: reads the place and the settings, sets the traits."""

from odatis_vre.hub import configure
from odatis_vre.hub.embedded.place import Place, State
from odatis_vre.settings_file import load

place = Place.current()
configure(get_config(), load(place.settings), place, State(place.state).password())  # noqa: F821
