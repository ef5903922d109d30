"""Whose configuration the broker's files are."""

from hypothesis import given
from hypothesis import strategies as st

from mapinfra.centreon.broker.outputs import file_pollers

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["centreonBroker", "poller_id", "x"]), inner, max_size=3)
    ),
    max_leaves=8,
)


def test_files_say_which_poller_they_are_of() -> None:
    paris = {"centreonBroker": {"poller_id": 2, "poller_name": "paris", "output": []}}
    rrd = {"centreonBroker": {"poller_id": "2", "poller_name": "paris"}}
    watchdog: dict[str, object] = {"cbd": []}
    assert file_pollers([paris, rrd, watchdog, None]) == {2: "paris"}
    assert file_pollers([watchdog, None]) == {}


@given(st.lists(st.dictionaries(st.sampled_from(["centreonBroker", "a"]), JSON) | st.none()))
def test_files_of_any_content_are_taken(contents: list[dict[str, object] | None]) -> None:
    file_pollers(contents)
