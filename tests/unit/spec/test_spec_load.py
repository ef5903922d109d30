import pickle
from collections.abc import Callable
from pathlib import Path

import pytest

from mapinfra import spec
from mapinfra.errors import SpecError
from mapinfra.secrets import ConfigSecret, EnvironmentSecret
from mapinfra.spec import BrokerOutput, Spec, load

Load = Callable[[str], Spec]

SHARED = """\
defaults:
  ssh: {user: mapinfra, become: sudo, sudo_password: {secret: sudo}, connect_timeout: 5}
  database: {user: mapinfra, password: {secret: database}}
central:
  ssh: {host: central.example.net}
  api: {url: https://central.example.net/centreon/, user: admin, password: {env: API}}
remotes:
  paris:
    ssh: {user: root, become: none}
    database: {password: {env: PARIS}, port: 3307}
    pages: {Images: shown}
    broker_outputs: {Centreon-Map: {}}
  lyon:
    poller: Lyon Part-Dieu
"""


def test_public_names_are_sorted_and_there() -> None:
    assert spec.__all__ == sorted(spec.__all__)
    assert all(hasattr(spec, name) for name in spec.__all__)


def test_hosts_are_targets_central_first_in_the_order_of_the_spec(load_text: Load) -> None:
    targets = load_text(SHARED).targets()
    assert [target.name for target in targets] == ["central", "paris", "lyon"]
    assert [target.ssh.host for target in targets] == ["central.example.net", "paris", "lyon"]
    assert len(set(targets)) == 3


def test_a_host_of_its_own_name_is_given_in_the_target(load_text: Load) -> None:
    loaded = load_text(SHARED)
    assert loaded.remote_target("lyon").ssh.host == "lyon"
    assert loaded.remote_target("paris") == loaded.targets()[1]
    assert loaded.central_target == loaded.targets()[0]
    with pytest.raises(KeyError):
        loaded.remote_target("nantes")


def test_defaults_are_merged_key_by_key_and_the_hosts_own_win(load_text: Load) -> None:
    loaded = load_text(SHARED)
    paris, lyon = loaded.remotes["paris"], loaded.remotes["lyon"]
    assert (paris.ssh.user, paris.ssh.become, paris.ssh.connect_timeout) == ("root", "none", 5.0)
    assert (lyon.ssh.user, lyon.ssh.become) == ("mapinfra", "sudo")
    assert paris.database is not None
    assert paris.database.user == "mapinfra"
    assert paris.database.port == 3307
    assert paris.database.password == EnvironmentSecret(env="PARIS")
    assert lyon.database == loaded.central.database
    assert loaded.central.database.password == ConfigSecret(secret="database")


def test_null_takes_a_default_back(load_text: Load) -> None:
    loaded = load_text(SHARED.replace("user: root, become: none", "user: ~, sudo_password: null"))
    assert loaded.remotes["paris"].ssh.user is None
    assert loaded.remotes["paris"].ssh.sudo_password is None


def test_a_poller_has_the_remotes_name_unless_it_is_named(load_text: Load) -> None:
    loaded = load_text(SHARED)
    assert loaded.remotes["paris"].poller == "paris"
    assert loaded.remotes["lyon"].poller == "Lyon Part-Dieu"


def test_a_remote_says_nothing_unless_told(load_text: Load) -> None:
    lyon = load_text(SHARED).remotes["lyon"]
    assert (lyon.pages, lyon.broker_outputs, lyon.broker_configuration) == ({}, {}, None)


def test_an_empty_output_is_that_of_the_manual() -> None:
    assert BrokerOutput().model_dump() == {
        "type": "ipv4",
        "take_over": None,
        "port": 5758,
        "host": "",
        "protocol": "bbdo",
        "transport": "TCP",
        "tls": "auto",
        "private_key": "",
        "tls_hostname": "",
        "public_certificate": "",
        "ca_certificate": "",
        "negotiation": "yes",
        "buffering_timeout": 0,
        "retry_interval": "",
        "failover": "",
        "one_peer_retention": "no",
        "compression": "auto",
        "compression_level": "",
        "compression_buffer": "",
        "categories": ("bam", "neb"),
    }


def test_every_field_of_an_output_can_be_set(load_text: Load) -> None:
    output = (
        "{take_over: mine, port: 5759, host: map.example.net, protocol: bbdo, tls: yes, "
        "private_key: /k, tls_hostname: map, public_certificate: /c, ca_certificate: /a, "
        "negotiation: no, "
        "buffering_timeout: 5, retry_interval: 60, failover: other, one_peer_retention: on, "
        "compression: off, compression_level: -1, compression_buffer: 0, categories: [neb]}"
    )
    loaded = load_text(SHARED.replace("Centreon-Map: {}", f"Centreon-Map: {output}"))
    set_there = loaded.remotes["paris"].broker_outputs["Centreon-Map"].model_dump()
    standard = BrokerOutput().model_dump()
    assert {key for key in standard if set_there[key] == standard[key]} == {
        "type", "protocol", "transport",
    }  # fmt: skip


def test_every_field_of_a_bbdo_server_can_be_set(load_text: Load) -> None:
    output = (
        "{type: bbdo_server, take_over: mine, port: 5759, host: 192.0.2.7, transport: gRPC, "
        "tls: yes, private_key: /k, public_certificate: /c, compression: yes, "
        "one_peer_retention: yes, categories: [neb]}"
    )
    loaded = load_text(SHARED.replace("Centreon-Map: {}", f"Centreon-Map: {output}"))
    made = loaded.remotes["paris"].broker_outputs["Centreon-Map"]
    assert (made.type, made.transport, made.host) == ("bbdo_server", "gRPC", "192.0.2.7")


@pytest.mark.parametrize("written", ["yes", '"yes"', "true", "on", "Yes", "TRUE"])
def test_yes_is_yes_quoted_or_not(load_text: Load, written: str) -> None:
    loaded = load_text(SHARED.replace("Centreon-Map: {}", f"Centreon-Map: {{tls: {written}}}"))
    assert loaded.remotes["paris"].broker_outputs["Centreon-Map"].tls == "yes"


def test_a_page_id_is_a_number_quoted_or_not(load_text: Load) -> None:
    for written in ("50102", '"50102"'):
        loaded = load_text(SHARED.replace("Images: shown", f"{written}: hidden"))
        assert loaded.remotes["paris"].pages == {50102: "hidden"}


def test_keys_are_taken_as_written(load_text: Load) -> None:
    loaded = load_text(SHARED.replace("  lyon:", "  no:"))
    assert loaded.remotes["no"].poller == "Lyon Part-Dieu"


def test_the_slash_after_the_api_address_is_dropped(load_text: Load) -> None:
    assert load_text(SHARED).central.api.url == "https://central.example.net/centreon"


def test_a_spec_may_have_no_remotes(load_text: Load) -> None:
    text = SHARED[: SHARED.index("remotes:")] + "remotes: {}\n"
    assert [target.name for target in load_text(text).targets()] == ["central"]


def test_aliases_and_merge_keys_are_followed(load_text: Load) -> None:
    loaded = load_text("""\
central:
  ssh: &ssh {host: central.example.net, user: one, port: 2200}
  database: &database {user: mapinfra}
  api: {url: http://central.example.net, user: admin, password: &password {file: secret}}
remotes:
  paris:
    ssh: {<<: *ssh, host: paris.example.net}
    database: {<<: [{password: *password, user: first}, *database]}
  lyon:
    ssh:
      host: lyon.example.net
      <<: *ssh
    database: *database
""")
    paris, lyon = loaded.remotes["paris"], loaded.remotes["lyon"]
    assert (paris.ssh.host, paris.ssh.user, paris.ssh.port) == ("paris.example.net", "one", 2200)
    assert (lyon.ssh.host, lyon.ssh.user) == ("lyon.example.net", "one")
    assert paris.database is not None
    assert (paris.database.user, paris.database.password) == ("first", loaded.central.api.password)
    assert lyon.database == loaded.central.database


def test_hosts_behind_other_ports_or_jump_hosts_are_others(load_text: Load) -> None:
    ports = SHARED.replace("{user: root,", "{host: central.example.net, port: 2200, user: root,")
    jumps = SHARED.replace("{user: root,", "{host: central.example.net, jump: bastion, user: root,")
    assert len(load_text(ports).targets()) == len(load_text(jumps).targets()) == 3


def test_outputs_that_connect_elsewhere_may_share_a_port(load_text: Load) -> None:
    loaded = load_text(SHARED.replace("Centreon-Map: {}", "Centreon-Map: {}, b: {host: elsewhere}"))
    assert len(loaded.remotes["paris"].broker_outputs) == 2


def test_a_byte_order_mark_and_windows_line_ends_do_no_harm(spec_file: Path) -> None:
    spec_file.write_bytes(b"\xef\xbb\xbf" + SHARED.replace("\n", "\r\n").encode())
    assert len(load(spec_file).targets()) == 3


def test_the_error_survives_a_process_boundary(spec_file: Path) -> None:
    spec_file.write_text("central: {}\n")
    with pytest.raises(SpecError) as refused:
        load(spec_file)
    assert str(pickle.loads(pickle.dumps(refused.value))) == str(refused.value)


def test_the_example_is_a_spec() -> None:
    example = load(Path(__file__).parents[3] / "stacks" / "example.yaml")
    assert [target.name for target in example.targets()] == [
        "central",
        "central/map",
        "paris",
        "lyon",
    ]
    assert example.remotes["lyon"].pages == {50102: "shown"}
