"""Units as systemd shows them, and what is refused before a host is asked."""

import pytest

from mapinfra.hosts.units import _Seen, run_unit

SHOWN = """\
Boot=594b885f-abdd-4d48-82ad-fba3900cdacd
Environment=MAPINFRA_COMMAND=abc
ExecMainCode={code}
ExecMainStatus={status}
LoadState={load}
SubState={sub}
"""


@pytest.mark.parametrize(
    ("load", "sub", "code", "status", "runs", "ended", "result"),
    [
        ("loaded", "running", 0, 0, True, False, None),
        ("loaded", "dead", 0, 0, True, False, None),
        ("loaded", "stop-sigterm", 0, 0, True, False, None),
        ("loaded", "exited", 1, 0, False, True, 0),
        ("loaded", "failed", 1, 3, False, True, 3),
        ("loaded", "failed", 2, 9, False, True, None),
        ("not-found", "dead", 0, 0, False, False, None),
    ],
)
def test_a_unit_is_read_as_systemd_shows_it(
    load: str, sub: str, code: int, status: int, runs: bool, ended: bool, result: int | None
) -> None:
    seen = _Seen.parse(SHOWN.format(load=load, sub=sub, code=code, status=status))
    assert (seen.runs, seen.ended, seen.status) == (runs, ended, result)
    assert seen.mark == "abc"
    assert seen.boot == "594b885f-abdd-4d48-82ad-fba3900cdacd"


@pytest.mark.parametrize("name", ["", "-x", "a b", "a/b", "a;b", "x" * 300, "a\n"])
def test_a_name_that_systemd_or_a_path_would_read_otherwise_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="no name of a unit"):
        run_unit(None, name, ["true"], timeout=1, description="refused")  # type: ignore[arg-type]
