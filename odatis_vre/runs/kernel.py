"""The kernel of a run: which one, and papermill's client with a clock and without secrets."""

import os
import secrets
import sys
import time
from collections.abc import Callable
from pathlib import Path

from jupyter_client.kernelspec import NATIVE_KERNEL_NAME, KernelSpec, KernelSpecManager, NoSuchKernel
from jupyter_client.manager import AsyncKernelManager
from jupyter_core.paths import jupyter_runtime_dir
from papermill.clientwrap import PapermillNotebookClient
from papermill.engines import Engine, papermill_engines
from traitlets import default

__all__ = ["ENGINE", "RunClient", "choose"]

ENGINE = "odatis"
_LONGEST_SOCKET = 100  # bytes in the path of a Unix socket: 104 on macOS, 108 on Linux


class _Specs(KernelSpecManager):
    """Kernel specs, where `python3` is always this interpreter.

    A `python3` in the user's folders may belong to another environment; the run would then record
    versions that it did not use.
    """

    def get_kernel_spec(self, kernel_name: str) -> KernelSpec:
        if kernel_name == NATIVE_KERNEL_NAME:
            from ipykernel.kernelspec import RESOURCES, get_kernel_dict

            return KernelSpec(resource_dir=RESOURCES, **get_kernel_dict())
        return super().get_kernel_spec(kernel_name)


class _Manager(AsyncKernelManager):
    """Talks over sockets of the user's own folder, not over ports that others on the machine can reach."""

    @default("kernel_spec_manager")
    def _kernel_spec_manager_default(self):
        return _Specs(parent=self)

    @default("transport")
    def _transport_default(self):
        fits = len(os.fsencode(jupyter_runtime_dir())) + 16 < _LONGEST_SOCKET
        return "ipc" if os.name == "posix" and fits else "tcp"

    @default("ip")
    def _ip_default(self):
        if self.transport == "tcp":
            return super()._ip_default()
        # Absolute: client and kernel work in different folders.
        folder = Path(jupyter_runtime_dir())
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return str(folder / f"run-{secrets.token_hex(4)}")


def choose(nb) -> tuple[str, str, str]:
    """The notebook's own kernel where it is installed, else this Python.

    Parameters
    ----------
    nb : nbformat.NotebookNode

    Returns
    -------
    name, language, executable : str
    """
    wanted = nb.metadata.get("kernelspec", {}).get("name") or NATIVE_KERNEL_NAME
    specs = _Specs()
    try:
        spec = specs.get_kernel_spec(wanted)
    except NoSuchKernel:
        wanted = NATIVE_KERNEL_NAME
        spec = specs.get_kernel_spec(wanted)
    return wanted, (spec.language or "python").lower(), spec.argv[0] if spec.argv else sys.executable


class RunClient(PapermillNotebookClient):
    """papermill's client; what the kernel sends passes through `redact` before it is kept.

    Parameters
    ----------
    nb_man : papermill.engines.NotebookExecutionManager
    redact : callable
    deadline : float, optional
        On the monotonic clock, in seconds; past it, the cell that runs is stopped.
    **traits
        nbclient's.
    """

    def __init__(self, nb_man, redact: Callable, deadline: float | None = None, **traits):
        super().__init__(nb_man, kernel_manager_class=_Manager, **traits)
        self._redact = redact
        if deadline is not None:
            # nbclient reads 0 and less as "no limit".
            self.timeout_func = lambda cell: max(0.1, deadline - time.monotonic())

    def process_message(self, msg, cell, cell_index):
        msg["content"] = self._redact(msg["content"])
        return super().process_message(msg, cell, cell_index)


class _RunEngine(Engine):
    @classmethod
    def execute_managed_notebook(
        cls, nb_man, kernel_name, *, redact, deadline=None, folder, env, log, start_timeout=60, **_ignored
    ):
        client = RunClient(
            nb_man,
            redact,
            deadline,
            kernel_name=kernel_name,
            startup_timeout=start_timeout,
            resources={"metadata": {"path": str(folder)}},
        )
        try:
            return client.execute(env=env, stdout=log, stderr=log)
        except BaseException:
            # papermill would mark the cell that was cut, and all that follow, as completed.
            running = [c for c in nb_man.nb.cells if c.metadata.papermill.get("start_time")]
            for cell in running[-1:]:
                nb_man.cell_exception(cell)
            raise


papermill_engines.register(ENGINE, _RunEngine)
