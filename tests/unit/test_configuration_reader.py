"""Facts read from config-get, and the secrets that must never be kept."""

from __future__ import annotations

from typing import Any

import pytest

from kea_exporter.facts.configuration import Authentication, Configuration, ControlSocket
from kea_exporter.facts.subnets import Capacities, Count
from kea_exporter.kea.configuration import MAX_ENTRIES, read_configuration
from kea_exporter.kea.reading import MalformedAnswerError
from tests.support.answers import CANARY, answer_of, as_kea_writes, paths, put, said
from tests.support.recordings import RECORDED, recorded

SUBNETS = [{"id": 1, "subnet": "192.0.2.0/24"}, {"id": 2, "subnet": "198.51.100.0/24"}]
TLS_FILES = {"trust-anchor": "/etc/kea/ca.pem", "cert-file": "/etc/kea/kea.pem", "key-file": "/etc/kea/kea-key.pem"}


Tree = dict[str, Any]


def configured(root: str = "Dhcp4", /, **tree: object) -> Configuration:
    return read_configuration(said({root: {key.replace("_", "-"): value for key, value in tree.items()}, "hash": "1"}))


def one_socket(**entry: object) -> ControlSocket:
    written = {"socket-type": "http", **{key.replace("_", "-"): value for key, value in entry.items()}}
    [socket] = configured(control_sockets=[written]).sockets
    return socket


def clients(*entries: object, **others: object) -> Authentication:
    authentication = one_socket(authentication={"clients": list(entries), **others}).authentication
    assert authentication is not None
    return authentication


@pytest.mark.parametrize("root", ["Dhcp4", "Dhcp6", "DhcpDdns"])
def test_the_root_key_tells_who_answers(root: str) -> None:
    found = configured(root)
    assert (found.root, found.sockets, found.hooks, found.hosts_databases) == (root, (), (), ())
    assert (found.subnets.ids, found.shared_networks, found.reservations) == ((), 0, 0)


@pytest.mark.parametrize("arguments", [None, {}, {"hash": "1"}, {"Dhcp5": {}}, {"Dhcp4": []}, {"Dhcp4": None}, []])
def test_a_configuration_without_a_root_key_of_keas_is_malformed(arguments: object) -> None:
    with pytest.raises(MalformedAnswerError):
        read_configuration(said(arguments))


def test_a_control_socket_over_https() -> None:
    allowed = {"type": "basic", "realm": "office", "directory": "/etc/kea", "clients": [{"password-file": "both"}]}
    assert one_socket(
        socket_type="https", socket_address="192.0.2.1", socket_port=8001, authentication=allowed, **renamed(TLS_FILES)
    ) == ControlSocket(
        kind="https",
        address="192.0.2.1",
        port=8001,
        tls=True,
        client_certificate_required=True,
        authentication=Authentication("basic", "office", clients=1, clients_in_clear=0, directory="/etc/kea"),
        tls_files=("/etc/kea/ca.pem", "/etc/kea/kea.pem", "/etc/kea/kea-key.pem"),
    )


def renamed(entries: dict[str, str]) -> dict[str, str]:
    return {key.replace("-", "_"): value for key, value in entries.items()}


def test_address_and_port_have_keas_defaults() -> None:
    socket = one_socket()
    assert (socket.address, socket.port) == ("127.0.0.1", 8000)
    assert (socket.tls, socket.client_certificate_required, socket.authentication) == (False, False, None)


def test_an_address_stays_as_it_is_written() -> None:
    assert one_socket(socket_address="0:0:0:0:0:0:0:1").address == "0:0:0:0:0:0:0:1"


def test_an_http_socket_with_tls_files_speaks_tls() -> None:
    socket = one_socket(**renamed(TLS_FILES))
    assert (socket.kind, socket.tls) == ("http", True)


@pytest.mark.parametrize(("demanded", "expected"), [(True, True), (False, False)])
def test_a_client_certificate_is_required_as_written(*, demanded: bool, expected: bool) -> None:
    assert one_socket(**renamed(TLS_FILES), cert_required=demanded).client_certificate_required is expected


def test_a_client_certificate_cannot_be_required_without_tls() -> None:
    assert not one_socket(cert_required=True).client_certificate_required


def test_sockets_of_all_kinds_are_read_in_their_order() -> None:
    unix = {"socket-type": "unix", "socket-name": "bare.sock"}
    first, second = configured(control_sockets=[unix, {"socket-type": "http", "socket-port": 8001}]).sockets
    assert (first.kind, first.address, first.port) == ("unix", "bare.sock", None)
    assert (second.kind, second.address, second.port) == ("http", "127.0.0.1", 8001)


def test_kea_2_6_has_one_socket_under_the_singular_key() -> None:
    [socket] = configured(control_socket={"socket-type": "unix", "socket-name": "kea4"}).sockets
    assert (socket.kind, socket.address) == ("unix", "kea4")


@pytest.mark.parametrize(
    ("entry", "in_clear"),
    [
        pytest.param({"user-file": "user", "password-file": "password"}, 0, id="both in files"),
        pytest.param({"password-file": "both"}, 0, id="one file with both"),
        pytest.param({"user": "u1", "password-file": "password"}, 1, id="only the password in a file"),
        pytest.param({"user": "u1", "password": CANARY}, 1, id="both in clear"),
        pytest.param({"user-file": "user", "password": CANARY}, 1, id="only the user in a file"),
        pytest.param({"user": "u1"}, 1, id="no password"),
    ],
)
def test_a_client_is_in_clear_where_user_or_password_is(entry: dict[str, str], in_clear: int) -> None:
    assert (clients(entry).clients, clients(entry).clients_in_clear) == (1, in_clear)


def test_clients_of_all_kinds_are_counted() -> None:
    mixed = clients({"user": "u1", "password": CANARY}, {"password-file": "both"}, {"user": "u2"})
    assert (mixed.clients, mixed.clients_in_clear) == (3, 2)


@pytest.mark.parametrize(
    ("root", "realm"),
    [("Dhcp4", "kea-dhcpv4-server"), ("Dhcp6", "kea-dhcpv6-server"), ("DhcpDdns", "kea-dhcp-ddns-server")],
)
def test_type_and_realm_have_keas_defaults(root: str, realm: str) -> None:
    allowed = {"clients": [{"password-file": "both"}]}
    [socket] = configured(root, control_sockets=[{"socket-type": "http", "authentication": allowed}]).sockets
    assert socket.authentication == Authentication("basic", realm, clients=1, clients_in_clear=0)


def test_an_empty_realm_is_no_default() -> None:
    assert clients(realm="").realm == ""


def test_an_authentication_may_list_no_clients() -> None:
    assert clients().clients == 0
    assert one_socket(authentication={"realm": "office"}).authentication == Authentication("basic", "office", 0, 0)


def test_a_realm_that_kea_wrote_byte_by_byte_is_put_together_again() -> None:
    assert clients(realm=as_kea_writes("Büro")).realm == "Büro"


def test_hooks_are_known_by_their_base_names() -> None:
    hooks = [
        {"library": "/usr/lib/x86_64-linux-gnu/kea/hooks/libdhcp_lease_cmds.so"},
        {"library": "libdhcp_stat_cmds.so", "parameters": {"password": CANARY}},
    ]
    assert configured(hooks_libraries=hooks).hooks == ("libdhcp_lease_cmds.so", "libdhcp_stat_cmds.so")


def test_neither_sockets_nor_hooks_are_kept_without_end() -> None:
    flood = configured(
        control_sockets=[{"socket-type": "http"}] * 1000, hooks_libraries=[{"library": "libdhcp_ha.so"}] * 1000
    )
    assert (len(flood.sockets), len(flood.hooks)) == (MAX_ENTRIES, MAX_ENTRIES)


def test_subnets_of_shared_networks_too_have_id_and_prefix() -> None:
    in_office = [{"id": 10, "subnet": "203.0.113.0/25"}, {"id": 11, "subnet": "203.0.113.128/25"}]
    networks = [{"name": "office", "subnet4": in_office}, {"name": "empty"}]
    found = configured(subnet4=SUBNETS, shared_networks=networks)
    assert found.subnets.by_id == {
        1: "192.0.2.0/24",
        2: "198.51.100.0/24",
        10: "203.0.113.0/25",
        11: "203.0.113.128/25",
    }
    assert found.subnets.networks == ("", "", "office", "office")
    assert found.shared_networks == 2


def test_subnets_of_dhcpv6_are_known_by_their_ids_and_prefixes() -> None:
    networks = [{"name": "office", "subnet6": [{"id": 8, "subnet": "2001:db8:8::/64"}]}]
    found = configured("Dhcp6", subnet6=[{"id": 7, "subnet": "2001:db8:7::/64"}], shared_networks=networks)
    assert found.subnets.by_id == {7: "2001:db8:7::/64", 8: "2001:db8:8::/64"}


def test_subnets_of_the_other_protocol_are_not_counted() -> None:
    assert configured("Dhcp6", subnet4=SUBNETS).subnets.ids == ()
    assert configured("DhcpDdns", subnet4=SUBNETS).subnets.ids == ()


def test_subnets_are_sorted_by_their_ids() -> None:
    assert configured(subnet4=[SUBNETS[1], SUBNETS[0]]).subnets.ids == (1, 2)


def test_reservations_of_the_daemon_and_of_all_subnets_are_counted() -> None:
    networks = [{"name": "office", "subnet4": [{**SUBNETS[1], "reservations": [{}, {}]}]}]
    of_one = [{**SUBNETS[0], "reservations": [{}]}]
    assert configured(subnet4=of_one, shared_networks=networks, reservations=[{}] * 4).reservations == 7


# How much the pools hold


def capacities(*pools: object, **others: object) -> Capacities:
    """Return the capacities of subnet 1 with these pools."""
    return configured(subnet4=[{**SUBNETS[0], "pools": list(pools), **others}]).capacities


def held(*pools: object, **others: object) -> int:
    """Return how many addresses these pools hold."""
    [number] = capacities(*pools, **others).subnets.columns[Count.ADDRESSES]
    assert number is not None
    return number


def delegating(prefix_length: int, delegated_length: int) -> dict[str, object]:
    return {"prefix": "2001:db8::", "prefix-len": prefix_length, "delegated-len": delegated_length}


@pytest.mark.parametrize(
    ("pool", "addresses"),
    [
        ("192.0.2.10-192.0.2.19", 10),
        ("192.0.2.10 - 192.0.2.10", 1),
        ("192.0.2.128/25", 128),
        ("192.0.2.7/32", 1),
        ("2001:db8::/64", 2**64),
        ("2001:db8::-2001:db8::ffff", 65536),
        ("::/0", 2**128),
        ("0.0.0.0-255.255.255.255", 2**32),
        ("192.0.2.19-192.0.2.10", 0),
    ],
)
def test_a_pool_is_a_range_or_a_prefix(pool: str, addresses: int) -> None:
    assert held({"pool": pool}) == addresses


def test_the_pools_of_a_subnet_hold_what_all_of_them_hold() -> None:
    assert held({"pool": "192.0.2.10-192.0.2.19"}, {"pool": "192.0.2.128/25", "pool-id": 3}) == 138
    assert held() == 0


def test_pools_that_share_a_pool_id_are_one() -> None:
    found = capacities(
        {"pool": "192.0.2.10-192.0.2.19", "pool-id": 7},
        {"pool": "192.0.2.128/25"},
        {"pool": "192.0.2.30-192.0.2.34", "pool-id": 7},
        {"pool": "192.0.2.40-192.0.2.41", "pool-id": 0},
    )
    assert found.pools.keys == ((1, 0), (1, 7))
    assert found.pools.columns == {Count.ADDRESSES: (130, 15)}
    assert found.pd_pools.keys == ()


@pytest.mark.parametrize(
    ("prefix_length", "delegated_length", "prefixes"), [(48, 56, 256), (64, 64, 1), (32, 64, 2**32), (0, 128, 2**128)]
)
def test_a_pool_delegates_as_many_prefixes_as_fit_into_its_own(
    prefix_length: int, delegated_length: int, prefixes: int
) -> None:
    found = capacities(**{"pd-pools": [delegating(prefix_length, delegated_length)]})
    assert found.subnets.columns == {Count.ADDRESSES: (0,), Count.PREFIXES: (prefixes,)}
    assert (found.pd_pools.keys, found.pd_pools.columns) == (((1, 0),), {Count.PREFIXES: (prefixes,)})


def test_the_ids_of_pools_and_of_pd_pools_are_number_spaces_of_their_own() -> None:
    found = capacities({"pool": "192.0.2.7/32"}, **{"pd-pools": [delegating(48, 56), delegating(48, 52)]})
    assert found.pools.columns == {Count.ADDRESSES: (1,)}
    assert found.pd_pools.columns == {Count.PREFIXES: (272,)}


def test_subnets_of_shared_networks_have_pools_too() -> None:
    networks = [{"name": "office", "subnet4": [{**SUBNETS[0], "pools": [{"pool": "192.0.2.0/25"}]}]}]
    found = configured(subnet4=[SUBNETS[1]], shared_networks=networks).capacities
    assert (found.subnets.keys, found.subnets.columns[Count.ADDRESSES]) == ((1, 2), (128, 0))


# Databases


DATABASES = [{"type": "mysql", "password": CANARY}, {"type": "postgresql", "host": "db"}]


def test_hosts_databases_are_known_by_their_types() -> None:
    assert configured().hosts_databases == ()
    assert configured(hosts_databases=[]).hosts_databases == ()
    assert configured(hosts_databases=DATABASES).hosts_databases == ("mysql", "postgresql")


def test_a_single_hosts_database_stands_under_the_singular_key() -> None:
    assert configured(hosts_database=DATABASES[0]).hosts_databases == ("mysql",)


@pytest.mark.parametrize(
    ("control", "expected"),
    [
        ({}, False),
        ({"config-databases": []}, False),
        ({"config-fetch-wait-time": 30, "config-databases": DATABASES}, True),
    ],
)
def test_databases_that_hold_parts_of_the_configuration_are_noticed(
    control: dict[str, object], *, expected: bool
) -> None:
    assert configured(config_control=control).has_config_databases is expected


@pytest.mark.parametrize(
    ("listening", "expected"),
    [
        ({}, ()),
        ({"interfaces-config": {}}, ()),
        ({"interfaces-config": {"interfaces": []}}, ()),
        ({"interfaces-config": {"interfaces": ["*"]}}, ("*",)),
        ({"interfaces-config": {"interfaces": ["eth0", "eth1/192.0.2.1"]}}, ("eth0", "eth1/192.0.2.1")),
    ],
)
def test_the_interfaces_that_a_daemon_listens_on(listening: Tree, expected: tuple[str, ...]) -> None:
    assert read_configuration(said({"Dhcp4": listening})).interfaces == expected


@pytest.mark.parametrize(
    "tree",
    [
        {"interfaces-config": []},
        {"interfaces-config": {"interfaces": "*"}},
        {"interfaces-config": {"interfaces": [1]}},
        {"lease-database": {"type": 1}},
        {"multi-threading": {"enable-multi-threading": 1}},
    ],
)
def test_another_shape_is_malformed(tree: Tree) -> None:
    with pytest.raises(MalformedAnswerError):
        read_configuration(said({"Dhcp4": tree}))


def test_the_lease_database_and_multi_threading() -> None:
    found = configured(
        lease_database={"type": "postgresql", "password": "secret"}, multi_threading={"enable-multi-threading": False}
    )
    assert (found.lease_database, found.multi_threading) == ("postgresql", False)
    assert (configured().lease_database, configured().multi_threading) == ("", None)


def test_a_lease_database_is_no_hosts_database() -> None:
    assert configured(lease_database=DATABASES[0]).hosts_databases == ()


def test_hosts_databases_are_not_kept_without_end() -> None:
    assert len(configured(hosts_databases=DATABASES * 1000).hosts_databases) == MAX_ENTRIES


@pytest.mark.parametrize(
    "tree",
    [
        {"control_sockets": {"socket-type": "http"}},
        {"control_sockets": ["http"]},
        {"control_sockets": [{}]},
        {"control_sockets": [{"socket-type": 1}]},
        {"control_sockets": [{"socket-type": "http", "socket-port": "8000"}]},
        {"control_sockets": [{"socket-type": "http", "socket-address": None}]},
        {"control_sockets": [{"socket-type": "unix", "socket-name": 1}]},
        {"control_sockets": [{"socket-type": "http", "authentication": "basic"}]},
        {"control_sockets": [{"socket-type": "http", "authentication": {"clients": {}}}]},
        {"control_sockets": [{"socket-type": "http", "authentication": {"clients": ["u1"]}}]},
        {"control_sockets": [{"socket-type": "http", "authentication": {"realm": 1}}]},
        {"control_socket": "unix"},
        {"hooks_libraries": "libdhcp_ha.so"},
        {"hooks_libraries": ["libdhcp_ha.so"]},
        {"hooks_libraries": [{}]},
        {"subnet4": {}},
        {"subnet4": [1]},
        {"subnet4": [{}]},
        {"subnet4": [{"id": "1", "subnet": "192.0.2.0/24"}]},
        {"subnet4": [{"subnet": "192.0.2.0/24"}]},
        {"subnet4": [{"id": 1}]},
        {"subnet4": [{"id": 1, "subnet": None}]},
        {"subnet4": [{"id": 1, "subnet": ["192.0.2.0/24"]}]},
        {"shared_networks": [None]},
        {"shared_networks": [{"subnet4": [{"id": None}]}]},
        {"hosts_databases": {"type": "mysql"}},
        {"hosts_databases": ["mysql"]},
        {"hosts_databases": [{}]},
        {"hosts_databases": [{"type": 1}]},
        {"hosts_database": "mysql"},
        {"subnet4": [{"id": 2**32, "subnet": "192.0.2.0/24"}]},
        {"subnet4": [{"id": -1, "subnet": "192.0.2.0/24"}]},
        {"subnet4": [SUBNETS[0], SUBNETS[0]]},
        {"subnet4": [{**SUBNETS[0], "reservations": 1}]},
        {"subnet4": [{**SUBNETS[0], "pools": {}}]},
        {"subnet4": [{**SUBNETS[0], "pools": ["192.0.2.0/25"]}]},
        {"subnet4": [{**SUBNETS[0], "pools": [{}]}]},
        {"subnet4": [{**SUBNETS[0], "pools": [{"pool": "office"}]}]},
        {"subnet4": [{**SUBNETS[0], "pools": [{"pool": "192.0.2.1-"}]}]},
        {"subnet4": [{**SUBNETS[0], "pools": [{"pool": "192.0.2.+1 - 192.0.2.0_9"}]}]},
        {"subnet4": [{**SUBNETS[0], "pools": [{"pool": "fe80::1%eth0/128"}]}]},
        {"subnet4": [{**SUBNETS[0], "pools": [{"pool": "192.0.2.0/25", "pool-id": "1"}]}]},
        {"subnet4": [{**SUBNETS[0], "pd-pools": [{"prefix-len": 48}]}]},
        {"subnet4": [{**SUBNETS[0], "pd-pools": [{"prefix-len": 56, "delegated-len": 48}]}]},
        {"subnet4": [{**SUBNETS[0], "pd-pools": [{"prefix-len": 0, "delegated-len": 129}]}]},
        {"shared_networks": [{"name": 1}, {"subnet4": SUBNETS}]},
        {"reservations": {}},
        {"config_control": []},
        {"config_control": {"config-databases": {}}},
    ],
)
def test_a_configuration_of_another_shape_is_malformed(tree: dict[str, object]) -> None:
    with pytest.raises(MalformedAnswerError):
        configured(**tree)


AGENTS_DAEMONS = {"dhcp4": {"socket-type": "unix", "socket-name": "/run/kea/kea4-ctrl-socket"}}


def agent_socket(**entry: object) -> ControlSocket:
    [socket] = configured("Control-agent", control_sockets=AGENTS_DAEMONS, **entry).sockets
    return socket


def test_a_control_agents_own_configuration_tells_that_an_agent_answers() -> None:
    agent = configured("Control-agent", http_port=8001, control_sockets=AGENTS_DAEMONS)
    assert (agent.root, agent.subnets.ids, agent.hooks) == ("Control-agent", (), ())


def test_a_control_agent_has_one_socket_at_the_top_of_its_configuration() -> None:
    allowed = {"realm": "kea-control-agent", "clients": [{"user": "admin", "password": CANARY}]}
    assert agent_socket(http_host="192.0.2.1", http_port=8001, authentication=allowed) == ControlSocket(
        kind="http",
        address="192.0.2.1",
        port=8001,
        tls=False,
        client_certificate_required=False,
        authentication=Authentication("basic", "kea-control-agent", clients=1, clients_in_clear=1),
    )


def test_a_control_agent_has_keas_defaults_too() -> None:
    assert agent_socket(authentication={"clients": []}, **renamed(TLS_FILES)) == ControlSocket(
        kind="http",
        address="127.0.0.1",
        port=8000,
        tls=True,
        client_certificate_required=True,
        authentication=Authentication("basic", "kea-control-agent", clients=0, clients_in_clear=0),
        tls_files=("/etc/kea/ca.pem", "/etc/kea/kea.pem", "/etc/kea/kea-key.pem"),
    )


# Secrets

SECRET_KEYS = (
    "password",
    "user",
    "secret",
    "password-file",
    "user-file",
    "basic-auth-user",
    "basic-auth-password",
    "connect-string",
    "user-context",
    "comment",
)
POOLS = [{"pool": "192.0.2.10 - 192.0.2.99", "pool-id": 7}, {"pool": "192.0.2.128/25"}]
PD_POOLS = [{"prefix": "2001:db8::", "prefix-len": 48, "delegated-len": 56, "pool-id": 1}]
RICH = {
    "Dhcp4": {
        "control-sockets": [
            {
                "socket-type": "https",
                "socket-address": "192.0.2.1",
                "socket-port": 8001,
                "authentication": {"type": "basic", "realm": "office", "clients": [{}, {}]},
                "http-headers": [{"name": "Strict-Transport-Security", "value": "max-age=1"}],
                **TLS_FILES,
            },
            {"socket-type": "unix", "socket-name": "bare.sock"},
        ],
        "hooks-libraries": [{"library": "libdhcp_ha.so", "parameters": {"high-availability": [{"peers": [{}, {}]}]}}],
        "lease-database": {"type": "mysql"},
        "hosts-databases": [{"type": "postgresql"}],
        "config-control": {"config-databases": [{"type": "mysql"}]},
        "subnet4": [{"id": 1, "subnet": "192.0.2.0/24", "reservations": [{}], "pools": POOLS, "pd-pools": PD_POOLS}],
        "shared-networks": [{"name": "office", "subnet4": [{"id": 2, "subnet": "198.51.100.0/24"}]}],
        "tsig-keys": [{"name": "key"}],
    },
    "hash": "1",
}


def planted(tree: object) -> object:
    """Return the tree with a secret at each key of each map where one could stand."""
    if isinstance(tree, dict):
        return {**{key: planted(value) for key, value in tree.items()}, **dict.fromkeys(SECRET_KEYS, CANARY)}
    return [planted(value) for value in tree] if isinstance(tree, list) else tree


CONFIGURATIONS = [RICH, *(recorded(version, daemon)["config-get"]["arguments"] for version, daemon in RECORDED)]


@pytest.mark.parametrize("tree", CONFIGURATIONS, ids=["rich", *map("-".join, RECORDED)])
def test_no_secret_of_a_configuration_is_kept(tree: dict[str, Any]) -> None:
    root = next(key for key in tree if key != "hash")
    configuration = read_configuration(said({root: planted(tree[root])}))
    assert configuration.sockets
    assert CANARY not in repr(configuration)


def outcome(tree: object) -> str:
    try:
        return repr(read_configuration(said(tree)))
    except MalformedAnswerError as error:
        return repr(error)


def test_no_error_repeats_what_stands_in_the_wrong_place() -> None:
    outcomes = [outcome(put(RICH, path, [CANARY])) for path in paths(RICH)]
    assert sum("MalformedAnswerError" in text for text in outcomes) > 10
    assert not [text for text in outcomes if CANARY in text]


# Recorded answers


@pytest.mark.parametrize(("version", "daemon"), RECORDED)
def test_a_recorded_daemon_is_read_as_what_it_is(version: str, daemon: str) -> None:
    found = read_configuration(answer_of(version, daemon, "config-get"))
    assert found.root == {"dhcp4": "Dhcp4", "dhcp6": "Dhcp6", "d2": "DhcpDdns"}[daemon]
    assert found.subnets.ids == found.capacities.subnets.keys


def test_the_configuration_of_a_recorded_kea_3_2_0() -> None:
    configuration = read_configuration(answer_of("kea-3.2.0", "dhcp4", "config-get"))
    assert configuration.subnets.ids == (1, 2, 10)
    assert configuration.hosts_databases == ()
    assert configuration.hooks == (
        "libdhcp_subnet_cmds.so",
        "libdhcp_host_cmds.so",
        "libdhcp_lease_cmds.so",
        "libdhcp_stat_cmds.so",
    )
    unix, http = configuration.sockets
    assert (unix.kind, unix.address, unix.port) == ("unix", "r4.sock", None)
    assert (http.kind, http.address, http.port) == ("http", "127.0.0.1", 18544)
    assert http.authentication == Authentication(
        "basic", "kea-dhcpv4-server", clients=1, clients_in_clear=0, directory="/opt/kea/etc/kea"
    )


def shared_database(**database: object) -> str:
    return configured(lease_database=database).shared_database


CENTRAL = {"type": "postgresql", "host": "db.example.org", "name": "kea"}


def test_servers_that_share_a_lease_database_have_the_same_hash() -> None:
    database_hash = shared_database(**CENTRAL, user="kea-a", password="secret")
    assert database_hash == shared_database(
        **{**CENTRAL, "host": "DB.example.org."}, user="kea-b", password="other", port=5432
    )
    assert len(database_hash) == 16
    others = [
        shared_database(**{**CENTRAL, key: value})
        for key, value in (("type", "mysql"), ("host", "db2.example.org"), ("name", "kea6"))
    ]
    assert len({database_hash, *others}) == 4


@pytest.mark.parametrize("host", ["", None, "localhost", "127.0.0.1", "127.9.9.9", "::1", "/run/postgresql"])
def test_a_database_on_the_server_itself_is_not_shared(host: str | None) -> None:
    """Two servers may both have a database kea on localhost."""
    assert shared_database(**{**CENTRAL, "host": host}) == ""


@pytest.mark.parametrize(
    ("database", "is_kept"),
    [
        ({"type": "memfile"}, True),
        ({"type": "memfile", "persist": True}, True),
        ({"type": "memfile", "persist": False}, False),
        (CENTRAL, True),
    ],
)
def test_leases_outlive_a_restart_unless_memfile_does_not_persist(database: Tree, *, is_kept: bool) -> None:
    assert configured(lease_database=database).keeps_leases is is_kept
    assert shared_database(type="memfile", name="leases.csv", persist=is_kept) == ""
