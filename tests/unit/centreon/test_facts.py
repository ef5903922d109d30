"""Parsers of what hosts print never fail on what they can't read."""

import base64

from hypothesis import given
from hypothesis import strategies as st

from mapinfra.centreon.broker.generated import file_outputs
from mapinfra.centreon.facts import Listener, files, json_object, listening_ports


def test_files_are_named_without_their_folder() -> None:
    text = f"/etc/centreon-broker/paris-broker.json {base64.b64encode(b'{}').decode()}\n"
    assert files(text) == {"paris-broker.json": b"{}"}


def test_an_empty_file_is_a_file() -> None:
    assert files("/etc/centreon-broker/empty.json \n") == {"empty.json": b""}


def test_a_name_of_several_lines_is_no_file_and_fails_nothing() -> None:
    odd = "/etc/centreon-map/x y\nb.conf QUJD\n/etc/centreon-map/c.conf QUJD\n"
    assert files(odd) == {"c.conf": b"ABC"}


@given(st.text())
def test_any_text_gives_files(text: str) -> None:
    assert all("/" not in name for name in files(text))


@given(st.binary())
def test_any_content_gives_an_object_or_none(content: bytes) -> None:
    found = json_object(content)
    assert found is None or isinstance(found, dict)
    assert file_outputs(found) == [] or found


def test_ports_of_both_families_are_read_with_their_program() -> None:
    text = (
        'LISTEN 0 128 0.0.0.0:22 0.0.0.0:* users:(("sshd",pid=34,fd=3))\n'
        'LISTEN 0 50 [::]:5758 [::]:* users:(("cbd",pid=287,fd=7))\n'
        "LISTEN 0 80 127.0.0.1%lo:3306 0.0.0.0:*\n"
        'LISTEN 0 9 127.0.0.1:5758 0.0.0.0:* users:(("nc",pid=9,fd=3))\n'
        "cbd 287 /usr/sbin/cbd /etc/centreon-broker/paris-broker.json \n"
        "cbd 288 \n"
    )
    assert listening_ports(text) == {
        22: (Listener("sshd"),),
        5758: (Listener("cbd", "paris-broker.json"), Listener("nc")),
        3306: (Listener(""),),
    }


@given(st.text())
def test_any_text_gives_ports(text: str) -> None:
    assert all(port >= 0 for port in listening_ports(text))
