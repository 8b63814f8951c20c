"""What one user's clusters may take together on Kubernetes, counted from what its API says."""

import asyncio
from types import SimpleNamespace

import pytest
from dask_gateway_server.backends.base import PublicException
from dask_gateway_server.models import Cluster, ClusterStatus
from fake_kubernetes import FakeApi
from traitlets.config import Config

from odatis_vre.hub.kubernetes.backend import VreBackend
from odatis_vre.hub.kubernetes.gateway import configure_gateway_api
from odatis_vre.hub.kubernetes.release import Release
from odatis_vre.hub.kubernetes.values import Values

ANA, BO = SimpleNamespace(name="ana"), SimpleNamespace(name="bo")
# A scheduler has half a core, a worker one.
COMPUTE = {"user_max_clusters": 2, "user_max_cores": 5, "user_max_memory": "8G", "max_workers": 10}


@pytest.fixture
def api():
    return FakeApi("ocean")


@pytest.fixture
def backend(api, monkeypatch):
    """The Gateway's backend on a stand-in for the Kubernetes API."""
    monkeypatch.setenv("ODATIS_VRE_NAMESPACE", "ocean")
    c = Config()
    values = Values.model_validate(
        {
            "vre": {"compute": COMPUTE},
            "singleuser": {"image": {"name": "site/notebook", "tag": "7"}},
        }
    )
    configure_gateway_api(c, values, Release(name="sea", namespace="ocean", version="1.2.3"))
    found = VreBackend(config=c)
    found.custom_client = found.core_client = api
    found.clusters = {}
    found.username_to_clusters = {}
    create = api.create_namespaced_custom_object

    def know(made: dict) -> None:
        name, spec = f"ocean.{made['metadata']['name']}", made["spec"]
        found.clusters[name] = Cluster(
            name, spec["username"], "token", spec["options"], spec["config"], ClusterStatus.RUNNING
        )

    async def create_and_let_the_watch_tell(*words):
        answer = await create(*words)
        # The watch is another connection, and later than the answer.
        asyncio.get_running_loop().call_later(0.01, know, words[-1])
        return answer

    monkeypatch.setattr(api, "create_namespaced_custom_object", create_and_let_the_watch_tell)
    return found


@pytest.fixture
def start(backend):
    """Make a cluster."""

    async def make(user=ANA, **options) -> str:
        return await backend.start_cluster(user, options)

    return make


async def test_a_cluster_is_known_when_its_name_is_told(backend, start):
    assert await backend.get_cluster(await start())


def beat(backend, name: str, count: int):
    closing = {"active_workers": [], "closing_workers": [], "closed_workers": []}
    return backend.on_cluster_heartbeat(name, {"count": count, **closing})


def replicas(api, name: str) -> int:
    return api.clusters[name.split(".")[1]]["spec"].get("replicas", 0)


def pod(component: str, phase: str = "Running", **metadata) -> dict:
    labels = {"app.kubernetes.io/component": component, "gateway.dask.org/instance": "sea"}
    labels |= metadata.pop("labels", {})
    image = metadata.pop("image", "site/notebook:7")
    return {
        "metadata": {"labels": labels, **metadata},
        "spec": {"containers": [{"name": "notebook", "image": image}]},
        "status": {"phase": phase},
    }


def worker(name: str, phase: str = "Running") -> dict:
    return pod("dask-worker", phase, labels={"gateway.dask.org/cluster": name.split(".")[1]})


def server(user: str, image: str, phase: str = "Running") -> dict:
    return pod(
        "singleuser-server", phase, image=image, annotations={"hub.jupyter.org/username": user}, name=user
    )


async def test_workers_within_the_limits_are_granted(backend, api, start):
    name = await start()
    await beat(backend, name, 4)
    assert replicas(api, name) == 4


async def test_a_scheduler_that_asks_for_more_gets_what_fits_and_is_told(backend, api, start):
    name = await start()
    with pytest.raises(PublicException, match="5 cores and 8 GiB of memory together"):
        await beat(backend, name, 9)
    assert replicas(api, name) == 4


async def test_two_clusters_that_ask_at_once_never_pass_the_limits_together(backend, api, start):
    first, second = await start(), await start()
    await asyncio.gather(beat(backend, first, 4), beat(backend, second, 4), return_exceptions=True)
    assert replicas(api, first) + replicas(api, second) == 4


async def test_the_memory_of_two_clusters_counts_together_too(backend, api, start):
    # Schedulers and workers have 1 GiB each: two of the first leave room for one of the second.
    backend.user_max_memory = 3 * 2**30
    first, second = await start(), await start()
    await asyncio.gather(beat(backend, first, 4), beat(backend, second, 4), return_exceptions=True)
    assert replicas(api, first) + replicas(api, second) == 1


async def test_memory_counts_as_cores_do(backend, api, start):
    backend.user_max_memory = 3 * 2**30
    name = await start()
    with pytest.raises(PublicException):
        await beat(backend, name, 4)
    assert replicas(api, name) == 2


async def test_another_users_clusters_do_not_count(backend, api, start):
    await beat(backend, await start(BO), 4)
    name = await start()
    await beat(backend, name, 4)
    assert replicas(api, name) == 4


async def test_workers_that_still_run_count_until_they_ended(backend, api, start):
    first, second = await start(), await start()
    await beat(backend, first, 4)
    api.pods = [worker(first) for _ in range(4)]
    await beat(backend, first, 0)
    with pytest.raises(PublicException):
        await beat(backend, second, 1)
    api.pods = [worker(first, "Succeeded")]
    await beat(backend, second, 4)
    assert replicas(api, second) == 4


async def test_a_cluster_may_always_have_fewer_workers(backend, api, start):
    name = await start()
    await beat(backend, name, 4)
    backend.user_max_cores = 1
    await beat(backend, name, 2)
    assert replicas(api, name) == 2


async def test_one_cluster_too_many_is_refused_in_both_languages(start):
    await start()
    await start()
    with pytest.raises(PublicException, match=r"Vous avez 2 clusters Dask.* / You have 2 Dask clusters"):
        await start()


async def test_clusters_asked_for_at_once_are_counted_one_by_one(backend, start):
    made = await asyncio.gather(*(start() for _ in range(4)), return_exceptions=True)
    assert sum(isinstance(name, str) for name in made) == 2


async def test_a_stopped_cluster_is_not_counted(backend, api, start):
    await start()
    await backend.stop_cluster(await start())
    assert await start()


async def test_a_scheduler_without_room_is_refused(backend, start):
    backend.user_max_cores = 0.7
    await start()
    with pytest.raises(PublicException, match=r"0\.2 cores and 7 GiB are left"):
        await start()


async def test_more_workers_than_fit_are_refused_before_the_scheduler_hears_of_it(backend, start):
    name = await start()
    with pytest.raises(PublicException, match="this one may have 4 workers now"):
        await backend.forward_message_to_scheduler(backend.clusters[name], {"op": "scale", "count": 5})


async def test_an_adaptive_cluster_is_bounded(backend, start, monkeypatch):
    sent = []

    async def post(url, json, headers, raise_for_status):
        sent.append(json)

    backend.session = SimpleNamespace(post=post)
    name = await start()
    await backend.forward_message_to_scheduler(
        backend.clusters[name], {"op": "adapt", "minimum": 0, "maximum": 10, "active": True}
    )
    assert sent == [{"op": "adapt", "minimum": 0, "maximum": 4, "active": True}]


async def test_workers_run_the_image_of_the_users_server(api, start):
    api.pods = [server("ana", "site/other:3"), server("bo", "site/notebook:7")]
    name = await start()
    assert api.clusters[name.split(".")[1]]["spec"]["config"]["image"] == "site/other:3"


async def test_another_image_is_refused_with_both_names(api, start):
    api.pods = [server("ana", "site/other:3")]
    with pytest.raises(PublicException, match=r"it runs site/other:3, but .* asked for site/notebook:7"):
        await start(image="site/notebook:7")


async def test_without_a_server_the_images_of_the_profiles_are_known(api, start):
    api.pods = [server("ana", "site/old:1", phase="Succeeded")]
    assert await start(image="site/notebook:7")


async def test_without_a_server_no_other_image_runs(start):
    with pytest.raises(PublicException, match="evil/miner:1 is none of this VRE's: site/notebook:7"):
        await start(image="evil/miner:1")
