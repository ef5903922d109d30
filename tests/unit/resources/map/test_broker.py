"""One value in two places: the output that the spec wants, and MAP's own way to its broker."""

from dataclasses import replace
from typing import Any

import pytest

from mapinfra.centreon.releases.editions import ENGINE
from mapinfra.errors import CentreonError
from mapinfra.hosts import Ssh, Target
from mapinfra.resources.map import plan as map_plan
from mapinfra.resources.map.broker import expect_agreement, output_for_map
from mapinfra.resources.map.model import LiveMap
from mapinfra.resources.wishes import WantedOutput, Wishes
from tests.unit.resources.map.cases import OLD, found, health, wanted

MAIN = f"{ENGINE.config_dir}/{ENGINE.main_file}"
PLACE = "stacks/prod.yaml:14"
OUTPUT = WantedOutput("Centreon-Map", "5758", "auto", PLACE)
HOSTS = {"central.example.net": "central", "paris.example.net": "paris"}
WEB = Target(name="paris", ssh=Ssh(host="paris.example.net"))


def server(
    *outputs: WantedOutput, connected: bool = True, at: tuple[str, ...] = (), **settings: str
) -> LiveMap:
    text = {"broker.address": "paris.example.net", "broker.port": "5758"}
    text |= {key.replace("_", "."): value for key, value in settings.items()}
    content = "".join(f"{key}={value}\n" for key, value in text.items())
    live = found(OLD, is_central=False, configuration={MAIN: content.encode()})
    broker = ("192.0.2.1:5758",) if connected else ()
    wishes = Wishes({"paris": outputs}, HOSTS)
    return replace(live, wishes=wishes, health=health(ENGINE, broker=broker), broker_at=at)


def fault(live: LiveMap, **changed: Any) -> str:
    try:
        expect_agreement(wanted(OLD, web=WEB, **changed), live)
    except CentreonError as error:
        return str(error)
    return ""


@pytest.mark.parametrize(
    ("live", "told"),
    [
        (
            server(replace(OUTPUT, port="5760")),
            f"central/map: {MAIN}: broker.port is 5758, but output Centreon-Map ({PLACE}) listens "
            "on 5760; make both agree: there, or with broker.port in the spec's map.settings",
        ),
        (server(replace(OUTPUT, name="Other", port="5760")), "broker.port is 5758, but output Oth"),
        (server(OUTPUT, broker_port="5759"), "broker.port is 5759, but output Centreon-Map"),
        (server(replace(OUTPUT, tls="yes")), f"Centreon-Map ({PLACE}) has tls: yes"),
        (server(replace(OUTPUT, tls="no"), broker_tls="true"), "broker.tls is true, but output C"),
        (
            server(replace(OUTPUT, tls="yes"), broker_tls_enabled="false"),
            "broker.tls.enabled is false, but output C",
        ),
        (
            server(replace(OUTPUT, tls="no"), broker_tls="false", broker_tls_enabled="True"),
            "broker.tls.enabled is True, but output C",
        ),
        (server(OUTPUT, broker_address="central.example.net"), "that address is central's"),
        (server(OUTPUT, broker_address="Central.example.NET."), "that address is central's"),
        (
            server(OUTPUT, connected=False, broker_address="localhost"),
            "broker.address is localhost, but output Centreon-Map",
        ),
        (
            server(OUTPUT, connected=False, broker_address="[::1]"),
            "broker.address is [::1], but output Centreon-Map",
        ),
        (
            server(OUTPUT, broker_address="10.0.0.1", at=("central",)),
            "broker.address is 10.0.0.1, but output Centreon-Map (stacks/prod.yaml:14) is paris's, "
            "and that address is central's",
        ),
        (
            server(OUTPUT, connected=False, broker_address="map01", at=("central/map",)),
            "and MAP isn't on that host",
        ),
    ],
)
def test_what_does_not_agree_is_refused_with_both_places(live: LiveMap, told: str) -> None:
    assert told in fault(live)
    with pytest.raises(CentreonError):
        map_plan.plan(wanted(OLD, web=WEB), live)


@pytest.mark.parametrize(
    "live",
    [
        server(),
        server(OUTPUT),
        server(OUTPUT, connected=False),
        server(replace(OUTPUT, tls="yes"), broker_tls="true"),
        server(replace(OUTPUT, tls="auto"), broker_tls="true"),
        server(replace(OUTPUT, tls="yes"), broker_tls_enabled="true"),
        server(replace(OUTPUT, tls="yes"), broker_tls="false", broker_tls_enabled="true"),
        server(replace(OUTPUT, tls="yes"), broker_tls_truststore="/x"),
        server(OUTPUT, broker_address="PARIS.example.net."),
        server(OUTPUT, broker_address="10.0.0.1"),
        server(OUTPUT, broker_address="10.0.0.1", at=("paris",)),
        # There, that name may be another host's than for who wrote the spec.
        server(OUTPUT, broker_address="central.example.net", at=("paris",)),
        # MAP is on the very machine of the remote, under a name of its own.
        server(OUTPUT, connected=False, broker_address="localhost", at=("paris", "central/map")),
        server(OUTPUT, broker_address="map01", at=("central/map",)),
        server(OUTPUT, broker_address="elsewhere", at=("lyon/map",)),
        server(OUTPUT, broker_address="localhost"),
        # The output that MAP uses may be none of the spec's.
        server(replace(OUTPUT, name="a", port="1"), replace(OUTPUT, name="b", port="2")),
    ],
)
def test_what_agrees_or_is_not_known_is_left(live: LiveMap) -> None:
    assert fault(live) == ""


def test_what_the_spec_declares_counts_before_what_the_file_says() -> None:
    declared = {ENGINE.main_file: {"broker.port": "5760"}}
    assert fault(server(replace(OUTPUT, port="5760")), settings=declared) == ""
    assert fault(server(OUTPUT), settings=declared).startswith(
        f"central/map: settings of {ENGINE.main_file} in the spec: broker.port is 5760, but output "
    )


def test_a_new_server_goes_to_the_port_of_the_output() -> None:
    other = replace(OUTPUT, port="5760")
    live = replace(server(other), configuration={})
    assert fault(live) == ""
    assert output_for_map((other,), None) is other
    assert output_for_map((replace(OUTPUT, name="a"), other), None) is other
    assert output_for_map((), "5758") is None
