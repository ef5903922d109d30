"""The broker configurations that Centreon makes itself, as rows of its tables.

Sources: www/install/var/baseconf/centreon-broker.sql for the central;
src/CentreonRemote/Domain/Resources/RemoteConfig for a remote server.
"""

from dataclasses import dataclass

from .host import CENTRAL_ID, Remote


@dataclass(frozen=True)
class Setting:
    """A row of cfg_centreonbroker_info; Centreon's own rows have grp_level 0 and no sub-group."""

    key: str
    value: str
    group: str
    group_id: int


@dataclass(frozen=True)
class BrokerConfiguration:
    """A row of cfg_centreonbroker with its rows of cfg_centreonbroker_info."""

    name: str
    filename: str
    poller_id: int
    daemon: bool
    cache_directory: str
    command_file: str
    write_timestamp: bool
    settings: tuple[Setting, ...]


def central_configurations(database_password: str) -> list[BrokerConfiguration]:
    """Broker, RRD and module of the central, ids 1 to 3."""
    broker, cache = "central-broker-master", "/var/lib/centreon-broker"

    def configuration(
        name: str,
        filename: str,
        daemon: bool,
        command_file: str,
        cache_directory: str,
        *streams: tuple[Setting, ...],
    ) -> BrokerConfiguration:
        settings = tuple(setting for stream in streams for setting in stream)
        return BrokerConfiguration(
            name, filename, CENTRAL_ID, daemon, cache_directory, command_file, True, settings
        )

    return [
        configuration(
            broker,
            "central-broker.json",
            True,
            f"{cache}/command.sock",
            cache,
            _listener("input", 0, f"{broker}-input", 5669, "negotiation"),
            _unified_sql(0, f"{broker}-unified-sql", database_password),
            _connection(1, "centreon-broker-master-rrd", 5670, "localhost", "negotiation"),
        ),
        configuration(
            "central-rrd-master",
            "central-rrd.json",
            True,
            "",
            cache,
            _listener("input", 0, "central-rrd-master-input", 5670, "negotiation"),
            _rrd(0, "central-rrd-master-output"),
        ),
        configuration(
            "central-module-master",
            "central-module.json",
            False,
            "",
            "/var/lib/centreon-engine",
            _connection(0, "central-module-master-output", 5669, "localhost", "negotiation"),
        ),
    ]


def remote_configurations(
    remote: Remote, central_address: str, database_password: str
) -> list[BrokerConfiguration]:
    """Broker, module and RRD of a remote, in the order in which the wizard inserts them.

    The broker's outputs are 0 unified_sql, 1 rrd and 3 forward: there is no 2. The wizard writes
    the key `negociation`, which no form and no broker knows.
    """
    slug, cache = remote.name.lower().replace(" ", "-"), "/var/lib/centreon-broker"
    forward = (
        *_connection(
            3, "forward-to-master", 5669, central_address, "negociation", retry="", buffering=""
        ),
        Setting("filters", "", "output", 3),
        Setting("category", "neb", "output", 3),
    )

    def configuration(
        kind: str, daemon: bool, cache_directory: str, *streams: tuple[Setting, ...]
    ) -> BrokerConfiguration:
        name = f"{slug}-{kind}"
        settings = tuple(setting for stream in streams for setting in stream)
        return BrokerConfiguration(
            name, f"{name}.json", remote.id, daemon, cache_directory, "", False, settings
        )

    return [
        configuration(
            "broker",
            True,
            cache,
            _listener("input", 0, "central-broker-master-input", 5669, "negociation"),
            _connection(1, "centreon-broker-master-rrd", 5670, "localhost", "negociation"),
            forward,
            _unified_sql(0, "central-broker-master-unified-sql", database_password),
        ),
        configuration(
            "module",
            False,
            "/var/lib/centreon-engine",
            _connection(0, "central-module-master-output", 5669, "localhost", "negociation"),
        ),
        configuration(
            "rrd",
            True,
            cache,
            _listener("input", 0, "central-rrd-master-input", 5670, "negociation"),
            _rrd(0, "central-rrd-master-output"),
        ),
    ]


def _stream(group: str, group_id: int, values: dict[str, str]) -> tuple[Setting, ...]:
    return tuple(Setting(key, value, group, group_id) for key, value in values.items())


def _ipv4(
    group: str,
    group_id: int,
    name: str,
    port: int,
    host: str,
    negotiation: str,
    security: str,
    retry: str = "15",
    buffering: str = "0",
) -> tuple[Setting, ...]:
    return _stream(group, group_id, {
        "name": name, "port": str(port), "host": host, "failover": "", "retry_interval": retry,
        "buffering_timeout": buffering, "protocol": "bbdo", "tls": security, "private_key": "",
        "public_cert": "", "ca_certificate": "", negotiation: "yes",
        "one_peer_retention_mode": "no", "compression": security, "compression_level": "",
        "compression_buffer": "", "type": "ipv4", "blockId": "2_3" if group == "input" else "1_3",
    })  # fmt: skip


def _listener(
    group: str, group_id: int, name: str, port: int, negotiation: str
) -> tuple[Setting, ...]:
    return _ipv4(group, group_id, name, port, "", negotiation, "auto")


def _connection(
    group_id: int,
    name: str,
    port: int,
    host: str,
    negotiation: str,
    retry: str = "15",
    buffering: str = "0",
) -> tuple[Setting, ...]:
    return _ipv4("output", group_id, name, port, host, negotiation, "no", retry, buffering)


def _unified_sql(group_id: int, name: str, database_password: str) -> tuple[Setting, ...]:
    return _stream("output", group_id, {
        "name": name, "db_type": "mysql", "retry_interval": "15", "buffering_timeout": "0",
        "db_host": "localhost", "db_port": "3306", "db_user": "centreon",
        "db_password": database_password, "db_name": "centreon_storage",
        "queries_per_transaction": "", "read_timeout": "", "interval": "60",
        "length": "15552000", "check_replication": "no", "rebuild_check_interval": "",
        "store_in_data_bin": "yes", "insert_in_index_data": "1", "failover": "",
        "cleanup_check_interval": "", "instance_timeout": "",
        "type": "unified_sql", "blockId": "1_34",
    })  # fmt: skip


def _rrd(group_id: int, name: str) -> tuple[Setting, ...]:
    return _stream("output", group_id, {
        "name": name, "metrics_path": "/var/lib/centreon/metrics/", "failover": "",
        "status_path": "/var/lib/centreon/status/", "retry_interval": "15",
        "buffering_timeout": "0", "path": "", "port": "", "write_metrics": "yes",
        "write_status": "yes", "store_in_data_bin": "yes", "insert_in_index_data": "1",
        "type": "rrd", "blockId": "1_13",
    })  # fmt: skip
