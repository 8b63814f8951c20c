"""The configuration file of a hub in a cluster: reads the values and the environment, sets the traits."""

import os
import sys

from odatis_vre.errors import OdatisError
from odatis_vre.hub.kubernetes.release import read_values
from odatis_vre.hub.kubernetes.traits import configure_kubernetes

try:
    configure_kubernetes(get_config(), read_values(), os.environ)  # noqa: F821
except OdatisError as error:
    sys.exit(str(error))
