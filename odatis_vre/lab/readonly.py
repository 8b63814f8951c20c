"""A contents manager that refuses to change templates, gallery and workshops, also for root."""

from pathlib import Path, PurePosixPath

from tornado import web

from odatis_vre.i18n import tr
from odatis_vre.lab.stores import Store

__all__ = ["read_only"]


class ReadOnlyStores:
    """What `read_only` puts in front of a contents manager, synchronous or not."""

    stores: tuple[Store, ...] = ()

    def _is_kept(self, path: str) -> bool:
        os_path = Path(self._get_os_path(path.strip("/")))
        # The link of a store is kept like what is in the store; so is a link in the store that leads out.
        return any(store.holds(os_path) or store.holds(os_path.parent) for store in self.stores)

    def _refuse(self, *paths: str) -> None:
        for path in paths:
            if self._is_kept(path):
                raise web.HTTPError(403, tr("lab.read_only", path=path.strip("/")))

    def is_writable(self, path):
        return not self._is_kept(path) and super().is_writable(path)

    def save(self, model, path=""):
        self._refuse(path)
        return super().save(model, path)

    def delete_file(self, path):
        self._refuse(path)
        return super().delete_file(path)

    def rename_file(self, old_path, new_path):
        self._refuse(old_path, new_path)
        return super().rename_file(old_path, new_path)

    def copy(self, from_path, to_path=None):
        # Without a place, a copy goes beside its original.
        self._refuse(str(PurePosixPath(from_path.strip("/")).parent) if to_path is None else to_path)
        return super().copy(from_path, to_path)

    def create_checkpoint(self, path):
        self._refuse(path)
        return super().create_checkpoint(path)

    def restore_checkpoint(self, checkpoint_id, path):
        self._refuse(path)
        return super().restore_checkpoint(checkpoint_id, path)

    def delete_checkpoint(self, checkpoint_id, path):
        self._refuse(path)
        return super().delete_checkpoint(checkpoint_id, path)

    def list_checkpoints(self, path):
        # Listing makes the folder of checkpoints where there is none.
        return [] if self._is_kept(path) else super().list_checkpoints(path)


def read_only(manager_class: type, stores: list[Store]) -> type:
    """A contents manager class that keeps the stores as they are.

    Parameters
    ----------
    manager_class : type
        The file contents manager to build on.
    stores : list of Store

    Returns
    -------
    type
        Its saves, renames, deletes and checkpoints below a store, and of a store's link, raise
        `tornado.web.HTTPError` 403 with a sentence that says to open a fresh copy.
    """
    return type("ReadOnlyContentsManager", (ReadOnlyStores, manager_class), {"stores": tuple(stores)})
