"""Serve a folder of ISO records by CSW: run by the Python of pycsw's own environment, see csw_server.py.

python pycsw_serve.py FOLDER PORT
"""

import os
import sys
from pathlib import Path
from wsgiref.simple_server import WSGIRequestHandler, make_server

CONFIG = """[server]
home={home}
url=http://127.0.0.1:{port}/
mimetype=application/xml; charset=UTF-8
encoding=UTF-8
language=en-US
maxrecords=100
profiles=apiso
[manager]
transactions=false
allowed_ips=127.0.0.1
[metadata:main]
identification_title=Records
identification_abstract=Records of a test
identification_keywords=ocean
identification_keywords_type=theme
identification_fees=None
identification_accessconstraints=None
provider_name=Test
provider_url=http://127.0.0.1/
contact_name=Test
contact_position=Test
contact_address=Test
contact_city=Brest
contact_stateorprovince=Bretagne
contact_postalcode=29200
contact_country=France
contact_phone=-
contact_fax=-
contact_email=test@example.org
contact_url=http://127.0.0.1/
contact_hours=-
contact_instructions=-
contact_role=pointOfContact
[repository]
database={database}
table=records
"""


class Quiet(WSGIRequestHandler):
    def log_message(self, *_):
        pass


def main(folder: Path, port: int) -> None:
    import pycsw
    from pycsw.core import admin, config

    database = f"sqlite:///{folder}/records.db"
    home = str(Path(pycsw.__file__).parent)
    admin.setup_db(database, "records", home)
    admin.load_records(config.StaticContext(), database, "records", str(folder / "records"))
    settings = folder / "pycsw.cfg"
    settings.write_text(CONFIG.format(home=home, port=port, database=database), "utf-8")
    os.environ["PYCSW_CONFIG"] = str(settings)
    from pycsw import wsgi

    make_server("127.0.0.1", port, wsgi.application, handler_class=Quiet).serve_forever()


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
