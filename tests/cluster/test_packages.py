"""What the cluster needs from the system is missed where it is needed, and not before it can be installed."""

import pytest
from onenode import packages
from onenode.errors import OneNodeError


@pytest.fixture
def bare(monkeypatch):
    """A machine on which nothing was installed yet."""
    monkeypatch.setattr(packages, "PACKAGES", {"etcd-server": "/nowhere/etcd", "runc": "/nowhere/runc"})


def test_a_bare_machine_may_be_prepared_and_a_cluster_taken_down_on_it(bare):
    packages.require_root()


def test_a_cluster_is_not_brought_up_on_a_bare_machine(bare):
    with pytest.raises(OneNodeError, match="apt-get install etcd-server runc"):
        packages.check()
