"""What comes from hosts, files and states is seen on a terminal and has no effect there."""

import contextlib
import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mapinfra.cli.causes import causes
from mapinfra.cli.display import Reporter
from mapinfra.cli.machine import as_json
from mapinfra.cli.progress import Progress
from mapinfra.cli.terminal import say
from mapinfra.engine.project.stack_config import StackConfig
from mapinfra.engine.run.events import Event, LogEvent, ResourceEvent, Summary
from mapinfra.engine.state.diff import ValueChange
from mapinfra.resources.contract import Plan
from mapinfra.resources.map.steps import NoteStep

hostile = st.text(st.characters(codec=None, categories=None), max_size=30) | st.sampled_from(
    [
        "\x1b]0;owned\x07",
        "\x9b31m",
        "\u202egnp.exe",
        "a\u200bb",
        "\ud800",
        "\x7f",
        "a\r\nb",
        "\u2028",
    ]
)


def urn(name: str) -> str:
    return f"urn:pulumi:lab::mapinfra::pulumi-python:dynamic/x:Thing::{name}"


def failed(name: str, message: str) -> ResourceEvent:
    return ResourceEvent(urn(name), custom=True, op="update", status="failed", message=message)


def events_of(text: str) -> list[Event]:
    planned = ResourceEvent(
        urn(text),
        custom=True,
        op="update",
        status="planned",
        plan=tuple(Plan(steps=(NoteStep("paris", text),)).lines()),
        changes=(ValueChange((text,), "update", old=text, new="5758"),),
    )
    return [planned, failed("lyon", text), LogEvent("warning", text, urn("lyon"))]


SUMMARY = Summary("update", True, {"update": 1}, 1, 0, 0, False, 1.0, {})


def told(text: str) -> str:
    with contextlib.redirect_stdout(io.StringIO()) as out:
        Reporter(detailed=True).show(text, events_of(text), SUMMARY)
    with contextlib.redirect_stderr(io.StringIO()) as err:
        progress = Progress("update", preview=False)
        for event in events_of(text):
            progress.show(event)
        say(text)
    return out.getvalue() + err.getvalue()


@given(hostile)
def test_nothing_that_is_told_has_an_effect(text: str) -> None:
    shown = told(text)
    assert all(line.isprintable() for line in shown.split("\n"))
    shown.encode()


@given(hostile)
def test_the_result_as_json_stays_json(text: str) -> None:
    printed = json.dumps(as_json(StackConfig(), events_of(text), SUMMARY), indent=4)
    assert printed.isascii()
    assert all(line.isprintable() for line in printed.split("\n"))
    assert json.loads(printed)["steps"]


def test_one_cause_of_many_resources_is_told_once_with_their_list(
    capsys: pytest.CaptureFixture[str],
) -> None:
    api = "API http://central/centreon: the password is wrong; correct api.password"
    told = [
        *(failed(f"broker-{name}", api) for name in ("lyon", "nice", "paris")),
        failed("pages-lyon", "lyon: sudo asks alice for a password; set ssh.sudo_password"),
        failed("pages-nice", "nice: sudo asks alice for a password; set ssh.sudo_password"),
        failed("z", "caen: no SSH connection"),
    ]
    Reporter(detailed=False).show("lab", told, SUMMARY)
    lines = capsys.readouterr().out.replace(" (x:Thing)", "").splitlines()[1:]
    assert lines == [
        f"  ! 3 resources: {api}",
        "      broker-lyon, broker-nice, broker-paris",
        "  ! 2 resources: sudo asks alice for a password; set ssh.sudo_password",
        "      pages-lyon, pages-nice",
        "  ! z: caen: no SSH connection",
    ]
    assert [len(cause.urns) for cause in causes(told)] == [3, 2, 1]
    result = as_json(StackConfig(), told, SUMMARY)
    assert result["failures"][0]["message"] == api
    assert len(result["diagnostics"]) == 6
