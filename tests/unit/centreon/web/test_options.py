"""MAP's options of Centreon Web: what is wanted, and what differs."""

import pytest

from mapinfra.centreon.releases.editions import ENGINE, LEGACY
from mapinfra.centreon.web.options import OptionDifference, address, differences, read, wanted
from mapinfra.errors import CentreonError

URL = "http://192.0.2.7:8081"
NEW, OLD, SWITCH = (
    "map_light_server_address_ng",
    "map_light_server_address",
    "map_light_server_using_ng",
)


def row(key: str, value: str | None) -> dict[str, object]:
    return {"key": key, "value": value}


def test_a_fresh_centreon_lacks_them_all() -> None:
    assert read([]) == {OLD: None, NEW: None, SWITCH: None}
    assert differences(read([]), wanted(ENGINE, URL)) == (
        OptionDifference(NEW, None, URL),
        OptionDifference(SWITCH, None, "1"),
    )


def test_each_edition_has_its_own_address_and_the_other_s_is_left_alone() -> None:
    assert wanted(ENGINE, URL) == {NEW: URL, SWITCH: "1"}
    assert wanted(LEGACY, "https://map:8443/") == {OLD: "https://map:8443", SWITCH: "0"}


def test_what_is_as_wanted_needs_nothing() -> None:
    found = read([row(NEW, URL), row(SWITCH, "1"), row(OLD, "http://old:8080")])
    assert differences(found, wanted(ENGINE, URL)) == ()


def test_without_its_row_the_switch_stands_at_legacy() -> None:
    found = read([row(OLD, "http://map:8080")])
    assert differences(found, wanted(LEGACY, "http://map:8080")) == ()


def test_the_last_row_of_a_key_counts_and_an_empty_value_is_none_of_it() -> None:
    assert read([row(NEW, "a"), row(NEW, "b"), row(SWITCH, None)]) == {
        OLD: None,
        NEW: "b",
        SWITCH: "",
    }


@pytest.mark.parametrize(
    "url",
    ["192.0.2.7:8081", "http://192.0.2.7", "ftp://map:21", "http://:8081", "http://map:x", ""],
)
def test_an_address_lacks_neither_protocol_nor_port(url: str) -> None:
    with pytest.raises(CentreonError, match="write protocol and port"):
        wanted(ENGINE, url)


@pytest.mark.parametrize("url", ["http://admin:S3cret@map:8081", "http://admin:S3cret@map", "a@b"])
def test_an_address_with_a_password_is_refused_without_it(url: str) -> None:
    with pytest.raises(CentreonError, match="has a user or a password in it") as caught:
        wanted(ENGINE, url)
    assert "S3cret" not in str(caught.value)


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "[::1]", "0.0.0.0"])
def test_an_address_is_never_the_browser_s_own_host(host: str) -> None:
    with pytest.raises(CentreonError, match="where each browser itself is"):
        wanted(ENGINE, f"http://{host}:8081")


def test_a_server_s_address_is_on_its_edition_s_port() -> None:
    assert address(ENGINE, "map.example.net", https=False) == "http://map.example.net:8081"
    assert address(LEGACY, "2001:db8::7", https=True) == "https://[2001:db8::7]:8443"
