"""Files behind HTTP as fsspec sees them."""

from fsspec.asyn import sync_wrapper
from fsspec.implementations.http import HTTPFileSystem

from odatis_vre.catalog.access.failures import Refused, or_unlisted
from odatis_vre.i18n import tr

__all__ = ["HTTP"]


class HTTP(HTTPFileSystem):
    """HTTP(S), with the size and the ways of a file learnt from one request for its first byte."""

    async def _info(self, url, **kwargs):
        session = await self.set_session()
        headers = {"Range": "bytes=0-0", "Accept-Encoding": "identity"}
        async with session.get(self.encode_url(url), headers=headers) as response:
            self._raise_not_found_for_status(response, url)
            _, _, total = response.headers.get("Content-Range", "").rpartition("/")
            partial_reads = response.status == 206 and total.isdigit()
            return {
                "name": url,
                "size": int(total) if partial_reads else response.content_length,
                "type": "file",
                "partial": partial_reads,
                "etag": response.headers.get("ETag"),
                "modified": response.headers.get("Last-Modified"),
            }

    async def _ls(self, url, detail=True, **kwargs):
        """The links of a folder's page that are files of it, not the page's own buttons."""
        with or_unlisted():
            found = await super()._ls(url, detail=detail, **kwargs)
        return [known for known in found if "?" not in (known["name"] if detail else known)]

    ls = sync_wrapper(_ls)

    async def _answer(self, url):
        """The status and the body; that of a 404, too, where services say what they have not found."""
        session = await self.set_session()
        async with session.get(self.encode_url(url)) as response:
            if response.status != 404:
                response.raise_for_status()
            return response.status, await response.read()

    answer = sync_wrapper(_answer)

    async def _cat_file(self, url, start=None, end=None, **kwargs):
        content = await super()._cat_file(url, start=start, end=end, **kwargs)
        if start is not None and end is not None and 0 <= start < end and len(content) > end - start:
            raise Refused(tr("access.no_parts"))  # the server sent the whole file
        return content
