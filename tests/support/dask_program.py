"""A user's program with one Dask client and the futures that it waits for, to be spoken to line by line.

`hold NAME` begins what ends when `release NAME` or, published, `get NAME` says so. Every other line tells the
cluster's name, 42 as its worker computes it now, and the states of all futures.
"""

PROGRAM = """
import sys
from dask_gateway import Gateway
from distributed import Event, secede

def slow(name):
    secede()
    return 42 if Event(name).wait(timeout=600) else 0

cluster = Gateway().new_cluster(shutdown_on_close=False)
cluster.scale(1)
client = cluster.get_client()
client.wait_for_workers(1, timeout=120)
open("kept.txt", "w").write("kept")
futures = {}

def answer(verb, name):
    if verb == "hold":
        futures[name] = client.submit(slow, name, key=name)
    elif verb == "publish":
        client.publish_dataset(futures[name], name=name)
    elif verb in ("release", "get"):
        Event(name, client=client).set()
        future = futures[name] if verb == "release" else client.get_dataset(name)
        return [future.result(timeout=60)]
    now = client.submit(sum, [20, 22], pure=False).result(timeout=60)
    return [cluster.name, now, *(future.status for future in futures.values())]

for line in sys.stdin:
    try:
        verb, _, name = line.strip().partition(" ")
        print(*answer(verb, name))
    except BaseException as error:
        print(type(error).__name__, str(error).replace(chr(10), " "))
"""
