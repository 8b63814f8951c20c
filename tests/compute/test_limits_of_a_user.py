"""What one user's clusters may take together, asked of the Gateway as `make run` has it."""

import pytest

from odatis_vre import cluster
from odatis_vre.errors import ClusterError
from odatis_vre.i18n import use_language


@pytest.fixture(autouse=True)
def _user(limited_gateway, inside_vre):
    inside_vre(limited_gateway.address, limited_gateway.proxy_address, limited_gateway.password)


def opened(workers: int):
    return cluster(workers=workers, timeout=90, say=lambda line: None)


def refusal(workers: int) -> str:
    with pytest.raises(ClusterError) as caught, opened(workers):
        pass
    return str(caught.value)


def test_more_workers_than_the_user_may_have_are_refused_with_the_numbers():
    said = refusal(4)
    assert "4 workers would take 4 cores and 4 GiB of memory" in said
    assert "4 cores and 8 GiB together, schedulers included, so this one may have 3 workers now" in said


def test_the_refusal_is_in_the_readers_language_alone():
    with use_language("fr"):
        said = refusal(4)
    assert "celui-ci peut donc avoir 3 workers maintenant" in said
    assert "would take" not in said


def test_a_second_cluster_has_only_what_the_first_leaves():
    with opened(2) as client:
        assert "this one may have 0 workers now" in refusal(1)
        assert client.submit(sum, [1, 2]).result() == 3


def test_a_third_cluster_is_one_too_many():
    with opened(1), opened(1):
        assert "You have 2 Dask clusters, as many as one user may have" in refusal(1)


def test_a_cluster_that_ended_gives_back_what_it_took():
    for _ in range(2):
        with opened(3) as client:
            assert client.submit(sum, [1, 2]).result() == 3
