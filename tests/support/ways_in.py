"""Ways from a port of this machine to a service of a cluster, each open until it is closed."""

import asyncio
import contextlib
import subprocess
import threading
from collections.abc import Callable


class Relay:
    """Leads to an address that this machine reaches itself: that of a service, on the cluster's own machine.

    What passes a port-forward goes through the API server and the kubelet, and the first connection that a
    pod resets ends it.
    """

    def __init__(self, port: int, host: str, to: int):
        self._to = (host, to)
        self._loop = asyncio.new_event_loop()
        opening = asyncio.start_server(self._serve, "127.0.0.1", port)
        self._server = self._loop.run_until_complete(opening)
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()

    def close(self) -> None:
        asyncio.run_coroutine_threadsafe(self._stop(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _stop(self) -> None:
        self._server.close()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there = None
        try:
            there_reader, there = await asyncio.open_connection(*self._to)
            await asyncio.gather(_pump(reader, there), _pump(there_reader, writer))
        except OSError:
            pass
        finally:
            for end in (writer, there):
                if end is not None:
                    end.transport.abort()


class PortForward:
    """A `kubectl port-forward`, begun again as often as it ends."""

    def __init__(self, start: Callable[[], subprocess.Popen]):
        self._start, self._closed = start, threading.Event()
        self._process = start()
        self._thread = threading.Thread(target=self._keep, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._closed.set()
        self._process.kill()
        self._thread.join()

    def _keep(self) -> None:
        self._process.wait()
        while not self._closed.wait(0.2):
            self._process = self._start()
            if self._closed.is_set():
                self._process.kill()
            self._process.wait()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(2**16):
        writer.write(data)
        await writer.drain()
    with contextlib.suppress(OSError):
        writer.write_eof()
