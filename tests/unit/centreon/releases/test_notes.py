"""A change of line shows its notes and waits until they have been read."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mapinfra.centreon.releases.editions import ENGINE, LEGACY, Edition
from mapinfra.centreon.releases.notes import NOTES, notes_between
from mapinfra.centreon.releases.version import Version
from mapinfra.centreon.rules.compatibility import gate

TEXTS = ["4.0.3", "4.1.2", "20.10.5", "20.10.6", "21.04.1", "21.10.4", "22.04.2", "22.10.4"]
TEXTS += ["22.10.5", "23.04.1", "23.10.3", "24.04.0", "24.10.1", "25.10.0", "25.10.3"]
versions = st.sampled_from([Version.parse(text) for text in TEXTS])


def _lines(installed: str, target: str, edition: Edition | None = None) -> list[str]:
    between = notes_between(Version.parse(installed), Version.parse(target), edition)
    return [str(notes.line) for notes in between]


def _texts(installed: str, target: str, edition: Edition | None = None) -> str:
    between = notes_between(Version.parse(installed), Version.parse(target), edition)
    return "\n".join(str(procedure) for notes in between for procedure in notes.procedures)


def test_every_line_passed_has_its_notes() -> None:
    assert _lines("21.10.4", "23.04.2") == ["22.04", "22.10", "23.04"]
    assert _lines("4.0.3", "4.1.2") == ["4.1"]
    assert _lines("4.0.3", "20.10.2", LEGACY) == ["4.1", "20.10"]
    assert _lines("24.10.1", "25.10.3") == ["25.10"]


NOTES_OF_23_10 = "https://docs.centreon.com/docs/23.10/releases/centreon-commercial-extensions/"


@pytest.mark.parametrize(
    ("installed", "target"),
    [("22.10.3", "22.10.11"), ("23.10.3", "23.10.3"), ("24.10.1", "22.10.1")],
)
def test_nothing_is_passed_within_a_line_or_backwards(installed: str, target: str) -> None:
    assert _lines(installed, target) == []


def test_a_first_installation_passes_no_line() -> None:
    assert notes_between(None, Version(24, 10, 1)) == ()


def test_notes_of_the_other_edition_are_left_out() -> None:
    assert "MariaDB10Dialect" in _texts("21.04.1", "21.10.4", LEGACY)
    assert "MariaDB10Dialect" not in _texts("21.04.1", "21.10.4", ENGINE)
    assert "BBDO v2" in _texts("24.10.1", "25.10.1", ENGINE)
    assert _lines("24.10.1", "25.10.1", LEGACY) == []


def test_a_procedure_begins_with_its_version() -> None:
    assert "configure.sh" not in _texts("22.04.2", "22.10.4", ENGINE)
    assert "configure.sh" in _texts("22.04.2", "22.10.5", ENGINE)
    assert "metric links" not in _texts("4.1.2", "20.10.5", LEGACY)
    assert "metric links" in _texts("4.1.2", "20.10.6", LEGACY)


def test_every_procedure_has_its_source() -> None:
    procedures = [procedure for notes in NOTES for procedure in notes.procedures]
    assert all(procedure.source.startswith("Centreon documentation ") for procedure in procedures)
    assert all(procedure.editions <= {"legacy", "engine"} for procedure in procedures)
    assert all(procedure.editions for procedure in procedures)
    assert [notes.line for notes in NOTES] == sorted(notes.line for notes in NOTES)
    for notes in NOTES:
        assert all(one.since is None or one.since.line == notes.line for one in notes.procedures)


@pytest.mark.parametrize(
    ("read", "message"),
    [
        (
            None,
            "from 22.10.5 to 23.10.3 is a change of line; read the release notes "
            f'({NOTES_OF_23_10}) and the steps shown here, then write release_notes_read: "23.10"',
        ),
        (
            "22.10",
            'from 22.10.5 to 23.10.3 is a change of line, and release_notes_read says "22.10"; '
            f"read the release notes ({NOTES_OF_23_10}) and the steps shown here, then write "
            'release_notes_read: "23.10"',
        ),
        ("23.10", None),
    ],
)
def test_a_change_of_line_waits_for_its_reader(read: str | None, message: str | None) -> None:
    block = gate(Version(22, 10, 5), Version(23, 10, 3), read)
    assert (block and str(block)) == message


@pytest.mark.parametrize(
    ("installed", "target"), [(None, "24.10.1"), ("23.10.1", "23.10.3"), ("23.10.3", "23.10.1")]
)
def test_nobody_has_to_read_where_no_line_changes(installed: str | None, target: str) -> None:
    before = None if installed is None else Version.parse(installed)
    assert gate(before, Version.parse(target), None) is None


def test_going_back_a_line_waits_as_well() -> None:
    assert gate(Version(23, 10, 3), Version(22, 10, 5), "23.10") is not None


@given(versions, versions, st.one_of(st.none(), st.text(max_size=5)))
def test_the_gate_opens_only_for_the_targets_line(
    installed: Version, target: Version, read: str | None
) -> None:
    opened = gate(installed, target, read) is None
    assert opened == (installed.line == target.line or read == str(target.line))
    assert gate(installed, target, str(target.line)) is None


@given(versions, versions)
def test_notes_are_of_the_lines_between(installed: Version, target: Version) -> None:
    for notes in notes_between(installed, target):
        assert installed.line < notes.line <= target.line
        assert notes.procedures
