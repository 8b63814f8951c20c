"""Start the hub of a cluster: `python -m odatis_vre.hub.kubernetes`."""

import sys
from pathlib import Path

from jupyterhub.app import main

if __name__ == "__main__":
    main(["-f", str(Path(__file__).with_name("jupyterhub_config.py")), *sys.argv[1:]])
