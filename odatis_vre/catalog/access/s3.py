"""Files behind S3 as fsspec sees them: parts of files, read again when they break off."""

from functools import partial
from typing import Any
from urllib.parse import urlsplit

import tenacity
from aiobotocore.httpsession import AIOHTTPSession
from s3fs import S3FileSystem

from odatis_vre.catalog.access import credentials
from odatis_vre.catalog.access.failures import or_unlisted
from odatis_vre.catalog.access.outages import outage_of
from odatis_vre.catalog.access.retries import given_up, patience, patiently, retrying
from odatis_vre.catalog.access.session import public_socket
from odatis_vre.catalog.access.stores import AMAZON, named_store

__all__ = ["S3"]


class _OneAttempt(AIOHTTPSession):
    """Where a server hangs up, aiohttp would ask once more at once, for each of our attempts."""

    async def _get_session(self, *args, **kwargs):
        session = await super()._get_session(*args, **kwargs)
        session._retry_connection = False
        return session


class S3(S3FileSystem):
    """S3, whose key and secret are looked up where they are used, and which is asked again by us alone."""

    retries = 1

    def __init__(
        self,
        *args,
        login: str | None = None,
        endpoint_url: str | None = None,
        store: str = "default",
        trusted: bool = True,
        **kwargs,
    ):
        host = (urlsplit(endpoint_url).hostname if endpoint_url else None) or AMAZON
        if named := named_store({"store": store}):
            # said in full: what the environment says of the default store does not hold here
            endpoint_url, kwargs["anon"] = named.endpoint, named.login is None
            if named.login:
                kwargs |= {"key": named.login.user, "secret": named.login.password}
            if named.region:
                kwargs["client_kwargs"] = {"region_name": named.region}
        elif not kwargs.get("anon"):
            # "environment" is also AWS's own variables, which botocore reads
            found = credentials.login_for(host, None if login == "environment" else login)
            if found:
                kwargs |= {"key": found.user, "secret": found.password}
            elif endpoint_url and not trusted:
                kwargs["anon"] = True  # AWS's own variables are not for an endpoint that a stranger names
        limits = patience()
        config: dict[str, Any] = {
            "connect_timeout": limits.timeout,
            "read_timeout": limits.timeout,
            "retries": {"total_max_attempts": 1, "mode": "standard"},
            "http_session_cls": _OneAttempt,
        }
        if not trusted and not named:  # the bucket is a part of the name that is looked up
            config["connector_args"] = {"socket_factory": partial(public_socket, host=host)}
        self.place = endpoint_url or AMAZON
        super().__init__(*args, endpoint_url=endpoint_url, config_kwargs=config, **kwargs)

    async def _call_s3(self, method, *args, **kwargs):
        outage = outage_of(self.place, kwargs.get("Bucket", ""))
        with given_up():
            return await outage.patiently(partial(super()._call_s3, method, *args, **kwargs))

    async def _ls(self, *args, **kwargs):
        with or_unlisted():
            return await super()._ls(*args, **kwargs)

    async def _cat_file(self, *args, **kwargs):
        with given_up():
            async for attempt in retrying(tenacity.AsyncRetrying):
                with attempt:
                    content = await super()._cat_file(*args, **kwargs)
        return content

    def _open(self, *args, **kwargs):
        file = super()._open(*args, **kwargs)
        file.cache.fetcher = partial(patiently, file.cache.fetcher)
        return file
