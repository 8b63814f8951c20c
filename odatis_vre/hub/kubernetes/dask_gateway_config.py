"""The configuration file of both Dask Gateway servers on Kubernetes: reads the values, sets the traits."""

import os
import sys

from odatis_vre.errors import OdatisError
from odatis_vre.hub.kubernetes.gateway import configure_gateway_api, configure_gateway_controller
from odatis_vre.hub.kubernetes.release import Release, read_values

try:
    values, release = read_values(), Release.of(os.environ)
    configure_gateway_api(get_config(), values, release)  # noqa: F821
    configure_gateway_controller(get_config(), values, release)  # noqa: F821
except OdatisError as error:
    sys.exit(str(error))
