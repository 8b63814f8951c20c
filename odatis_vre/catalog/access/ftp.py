"""FTP as fsspec sees it: whole lists, whole blocks, read again on a fresh connection when they break off."""

import ftplib
from functools import partial

from fsspec.implementations.ftp import FTPFile, FTPFileSystem

from odatis_vre.catalog.access import credentials
from odatis_vre.catalog.access.failures import ShortRead, or_unlisted, transient
from odatis_vre.catalog.access.hosts import public_address
from odatis_vre.catalog.access.retries import patience, patiently

__all__ = ["FTP"]

_BLOCK = 2**20


class _Connection(ftplib.FTP):
    def retrlines(self, cmd, callback=None):
        """A list of a folder that breaks off is no folder where files are missing, as fsspec takes it."""
        try:
            return super().retrlines(cmd, callback)
        except ftplib.error_temp as error:
            if not transient(error):
                raise
            raise EOFError from error


class _WholeBlocks(FTPFile):
    def _fetch_range(self, start, end):
        """Once more on a fresh connection when a block breaks off."""

        def fetch() -> bytes:
            block = super(_WholeBlocks, self)._fetch_range(start, end)
            expected = min(end, self.size) - start
            if len(block) < expected:
                raise ShortRead(len(block), expected)
            return block[:expected]

        return self.fs.patiently(fetch)


class FTP(FTPFileSystem):
    """FTP, whose login is looked up where it is used."""

    def __init__(self, host: str, port: int = 21, login: str | None = None, trusted: bool = True, **kwargs):
        self.trusted = trusted
        # FTP sends it in clear
        found = credentials.login_for(host, login) if trusted else None
        account = {"username": found.user, "password": found.password} if found else {}
        super().__init__(host, port, timeout=patience().timeout, **account, **kwargs)

    def _connect(self):
        """To the very address that was looked at: a name may lead elsewhere a moment later."""
        self.ftp = _Connection(timeout=self.timeout, encoding=self.encoding)
        self.ftp.connect(self.host if self.trusted else public_address(self.host), self.port)
        self.ftp.login(*self.cred)

    def patiently(self, call):
        """Call, and call again on a fresh connection while the failure is transient."""

        def attempt():
            try:
                if self.ftp.sock is None:
                    self._connect()
                return call()
            except Exception as error:
                if transient(error):
                    self.ftp.close()
                raise

        return patiently(attempt)

    def ls(self, path, detail=True, **kwargs):
        """The files of a folder, all of them."""
        with or_unlisted():
            return self.patiently(partial(super().ls, path, detail, **kwargs))

    def cat_file(self, path, start=None, end=None, **kwargs):
        """Through the blocks that are checked."""
        size = self.info(path)["size"]
        first, last = slice(start, end).indices(size)[:2]
        with self.open(path, block_size=max(last - first, 1)) as file:
            file.seek(first)
            return file.read(last - first)

    def _open(self, path, mode="rb", block_size=None, cache_options=None, autocommit=True, **kwargs):
        size = self.info(path)["size"]
        return _WholeBlocks(
            self, path, mode=mode, size=size, block_size=block_size or _BLOCK, cache_options=cache_options
        )
