"""The output's model says the same as the spec's, and the rows say the same as the model."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.standins.generation import streams
from mapinfra.centreon.broker.generated import BrokerRow, file_outputs, generated, listens_on
from mapinfra.centreon.broker.outputs import (
    BBDO_SERVER,
    IPV4,
    KEYS,
    Group,
    Output,
    faults,
    file_holds,
    output_of,
    rows_of,
    same_stream,
    served_ports,
)
from mapinfra.centreon.facts import Listener
from mapinfra.resources.inputs import output
from mapinfra.spec import BrokerOutput

BLOCKS = {IPV4: "1_3", BBDO_SERVER: "1_35"}
MAP = Output("Centreon-Map")

texts = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=20)
solid = texts.map(lambda text: text.strip(" \t\n\r\x0b"))
any_output = st.sampled_from(list(KEYS)).flatmap(
    lambda kind: st.builds(
        Output,
        name=solid.filter(bool),
        type=st.just(kind),
        **{name: solid for name in KEYS[kind] if name != "name"},
        categories=st.sets(st.sampled_from(["neb", "bam", "storage"]), min_size=1).map(
            lambda chosen: tuple(sorted(chosen))
        ),
    )
)
keys = st.sampled_from(
    [
        "name",
        "port",
        "host",
        "tls",
        "type",
        "category",
        "blockId",
        "db_password",
        "negociation",
        "lua_parameter__name",
    ]
)
values = st.one_of(
    st.just(""), st.sampled_from([" ", "\x0b", "\xa0", "5758", "ipv4", "neb"]), texts
)
untidy = st.lists(
    st.builds(BrokerRow, keys, values, index=st.one_of(st.none(), st.none(), st.integers(0, 3))),
    max_size=12,
).map(lambda rows: [row for row in rows if row.index is None or "__" in row.key])


def test_the_specs_defaults_are_the_models() -> None:
    assert output("Centreon-Map", BrokerOutput()) == MAP


def test_the_specs_fields_are_the_models() -> None:
    fields = {*KEYS[IPV4], *KEYS[BBDO_SERVER], "type", "categories"} - {"name"}
    assert BrokerOutput.model_fields.keys() - {"take_over"} == fields


def test_a_bbdo_server_has_no_auto() -> None:
    made = output("Centreon-Map", BrokerOutput(type="bbdo_server"))
    assert made.values() == {
        "type": "bbdo_server", "host": "", "port": "5758", "transport": "TCP", "tls": "no",
        "private_key": "", "public_certificate": "", "compression": "no",
        "one_peer_retention": "no", "categories": ["bam", "neb"],
    }  # fmt: skip


@given(any_output)
def test_rows_hold_the_whole_output(wanted: Output) -> None:
    rows = rows_of(wanted, BLOCKS)
    assert output_of(rows) == wanted
    assert faults(rows, BLOCKS) == []


@given(any_output)
def test_the_file_holds_what_is_generated_and_nothing_changed(wanted: Output) -> None:
    rows = rows_of(wanted, BLOCKS)
    held = generated(rows)
    assert file_holds([held], [rows])
    assert not file_holds([held, held], [rows])
    assert not file_holds([], [rows])
    assert not file_holds([{**held, "port": f"{wanted.port}1"}], [rows])


@given(untidy)
def test_the_same_is_made_of_any_rows_as_by_the_generator(rows: list[BrokerRow]) -> None:
    settings: list[dict[str, Any]] = [
        {"config_group_id": 0, "config_key": r.key, "config_value": r.value, "fieldIndex": r.index}
        for r in rows
    ]
    assert [generated(rows)] == (streams(settings) or [{}])


@given(untidy, untidy)
def test_any_untidy_rows_are_found_in_the_file_made_of_them(
    one: list[BrokerRow], other: list[BrokerRow]
) -> None:
    file = [held for rows in (one, other) if (held := generated(rows))]
    assert file_holds(file, [one, other])


def test_untidy_rows_of_which_the_same_is_generated_are_the_same() -> None:
    rows = rows_of(MAP, BLOCKS)
    more = (
        BrokerRow("category", ""),
        BrokerRow("filters", "", 0, 1),
        BrokerRow("tls", "no"),
        BrokerRow("tls", "auto"),
        BrokerRow("port", ""),
    )
    assert same_stream(rows, (*rows, *more))
    assert not same_stream(rows, (*rows, BrokerRow("tls", "no")))
    assert not same_stream(rows, (*rows, BrokerRow("category", "storage")))


def test_of_a_doubled_key_the_last_that_is_not_empty_counts() -> None:
    group = Group(4, (BrokerRow("port", "1"), BrokerRow("port", "2"), BrokerRow("port", "")))
    assert group.value("port") == "2"


def test_an_empty_category_lets_everything_pass() -> None:
    assert output_of([BrokerRow("type", "ipv4"), BrokerRow("category", "")]).categories == ()


@pytest.mark.parametrize(
    ("stream", "port"),
    [
        ({"type": "ipv4", "port": "5758"}, 5758),
        ({"type": "ipv4", "port": "5758", "host": "central"}, None),
        ({"type": "bbdo_server", "port": "5758", "host": "192.0.2.1"}, 5758),
        ({"type": "bbdo_client", "port": "5758", "host": "central"}, None),
        ({"type": "unified_sql", "port": "5758"}, None),
        ({"type": "ipv4", "port": "none"}, None),
        ({"type": "ipv4", "port": "٣"}, None),
        ({}, None),
    ],
)
def test_a_stream_listens_by_its_type_and_host(stream: dict[str, str], port: int | None) -> None:
    assert listens_on(stream) == port


def test_a_port_is_served_by_the_broker_of_that_configuration() -> None:
    listening = {
        5758: (Listener("cbd", "paris-rrd.json"),),
        5759: (Listener("cbd", "paris-broker.json"),),
        5760: (Listener("nc"),),
        5761: (Listener(""),),
        5762: (Listener("nc"), Listener("cbd", "paris-broker.json")),
    }
    assert served_ports(listening, "paris-broker.json") == {5759, 5761, 5762}


def test_the_wizards_misspelt_key_is_a_fault() -> None:
    rows = (*rows_of(MAP, BLOCKS), BrokerRow("negociation", "yes"))
    assert faults(rows, BLOCKS) == ["negociation=yes not a key"]


@given(
    st.recursive(st.none() | texts, lambda inner: st.lists(inner) | st.dictionaries(texts, inner))
)
def test_any_file_has_outputs_or_none(content: Any) -> None:
    found = file_outputs({"centreonBroker": {"output": content}})
    assert all(isinstance(one, dict) for one in found)
    assert file_holds(found, []) is True
