"""What the policies call the public Internet, address by address, as Kubernetes reads them."""

from ipaddress import ip_address, ip_network
from pathlib import Path

import pytest

VARIANTS = Path(__file__).parent / "variants"
OIDC, CLOSED = VARIANTS / "oidc.yaml", VARIANTS / "closed-network.yaml"
# Components whose pods reach the Internet; the hub for its login provider.
OUT = ("singleuser-server", "dask-worker", "dashboard", "hub")
PUBLIC = ["134.246.142.20", "8.8.8.8", "2606:4700::1111", "2a01:e0a::1"]
METADATA = ["169.254.169.254", "169.254.170.2", "100.100.100.200", "192.0.0.192"]
# Who reaches them has the rights of the machine.
RIGHTS = [
    *METADATA,
    *("168.63.129.16", "fd00:ec2::254", "fd00:ec2::23", "fd20:ce::254", "fe80::a9fe:a9fe"),
    *("64:ff9b::a9fe:a9fe", "64:ff9b:1::a9fe:a9fe", "2002:a9fe:a9fe::1"),
    *("64:ff9b::6464:64c8", "64:ff9b::a83f:8110", "64:ff9b::c000:c0"),
]
NOT_PUBLIC = [
    *METADATA,
    *("10.1.2.3", "172.16.0.1", "172.31.255.254", "192.168.1.1", "240.10.0.1", "198.18.0.1"),
    # The agent on each machine of Azure, which hands out what starts it.
    "168.63.129.16",
    *("fd00:ec2::254", "fd20:ce::254", "fe80::a9fe:a9fe", "fec0::1", "fd12::1"),
    # The metadata address by NAT64 (both prefixes) and by 6to4.
    *("64:ff9b::a9fe:a9fe", "64:ff9b:1::a9fe:a9fe", "2002:a9fe:a9fe::1"),
]


def allows(policy: dict, address: str) -> bool:
    """Whether an egress rule of a policy leads to an address outside the cluster, on port 443."""
    found = ip_address(address)

    def among(network: str) -> bool:
        return found in ip_network(network)

    return any(
        among(block["cidr"]) and not any(map(among, block.get("except", [])))
        for rule in policy["spec"]["egress"]
        for block in (peer.get("ipBlock") for peer in rule.get("to", []))
        if block and any(port.get("port") == 443 for port in rule.get("ports", [{"port": 443}]))
    )


def policies(objects: list[dict]) -> dict[str, dict]:
    return {o["metadata"]["name"]: o for o in objects if o["kind"] == "NetworkPolicy"}


@pytest.mark.parametrize("component", OUT)
def test_the_public_internet_is_reached(helm, component):
    policy = policies(helm.objects(OIDC))[component]
    assert [address for address in PUBLIC if not allows(policy, address)] == []


@pytest.mark.parametrize("component", OUT)
def test_what_is_not_the_public_internet_is_not_reached(helm, component):
    policy = policies(helm.objects(OIDC))[component]
    assert [address for address in NOT_PUBLIC if allows(policy, address)] == []


@pytest.mark.parametrize("component", [*OUT[:3], "dask-scheduler", "proxy", "scheduler-pages"])
def test_a_closed_network_reaches_nothing_outside(helm, component):
    policy = policies(helm.objects(CLOSED))[component]
    assert [address for address in (*PUBLIC, *NOT_PUBLIC) if allows(policy, address)] == []


def test_a_listed_data_server_on_a_private_address_is_reached(helm, tmp_path):
    (file := tmp_path / "values.yaml").write_text(
        "data: {endpoints: [{cidr: 10.1.2.3/32, ports: [443]}, {cidr: 'fd12::1/128'}]}", "utf-8"
    )
    policy = policies(helm.objects(file))["dask-worker"]
    assert allows(policy, "10.1.2.3")
    assert allows(policy, "fd12::1")
    assert not allows(policy, "10.1.2.4")


@pytest.mark.parametrize("component", OUT)
def test_what_hands_out_a_machines_rights_is_refused_whatever_the_list_says(helm, component):
    replaced = policies(helm.objects(OIDC, VARIANTS / "private-replaced.yaml"))[component]
    assert [address for address in RIGHTS if allows(replaced, address)] == []
    assert not allows(replaced, "203.0.113.7")
    assert allows(replaced, "8.8.8.8")


@pytest.mark.parametrize("component", OUT)
def test_more_private_addresses_leave_the_shipped_ones_private(helm, component):
    policy = policies(helm.objects(OIDC, VARIANTS / "private-added.yaml"))[component]
    more = ("203.0.113.7", "2001:db8::7")
    assert [address for address in (*NOT_PUBLIC, *more) if allows(policy, address)] == []
    assert [address for address in PUBLIC if not allows(policy, address)] == []


def test_no_exception_is_said_twice(objects):
    for policy in policies(objects).values():
        peers = [peer for rule in policy["spec"].get("egress", []) for peer in rule.get("to", [])]
        for block in (peer["ipBlock"] for peer in peers if "ipBlock" in peer):
            assert len(block.get("except", [])) == len(set(block.get("except", [])))


def test_every_exception_lies_within_what_it_is_taken_from(objects):
    """Kubernetes refuses any other."""
    for policy in policies(objects).values():
        peers = [peer for rule in policy["spec"].get("egress", []) for peer in rule.get("to", [])]
        for block in (peer["ipBlock"] for peer in peers if "ipBlock" in peer):
            within = ip_network(block["cidr"])
            assert all(ip_network(inner).subnet_of(within) for inner in block.get("except", []))
