"""Units on real hosts: what they return, and what of the way to them may break."""

import multiprocessing
import os
import signal
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from lab import Lab
from mapinfra.errors import CommandFailed, CommandTimeout
from mapinfra.hosts import Completed, Fleet, Host, Ssh, Survey, Target
from mapinfra.hosts.units import resume_unit, run_unit, sweep_units
from mapinfra.secrets import ConfigSecret, Secrets

NAME = "mapinfra-trial"
COUNTED = "echo x >>/root/started; while [ -e /root/hold ]; do sleep 0.05; done; echo released"


@contextmanager
def reached(lab: Lab, name: str) -> Iterator[Host]:
    """The host as mapinfra has it, over a connection of its own."""
    words = {"sudo": (lab.directory / "secrets/sudo_password").read_text()}
    ssh = Ssh(
        config=str(lab.directory / "ssh_config"),
        become="sudo",
        sudo_password=ConfigSecret(secret="sudo"),
        connect_timeout=5,
    )
    target = Target(name=name, ssh=ssh)
    with Fleet(Secrets(words, lab.directory), lambda _: Survey(), folder=lab.directory) as fleet:
        yield fleet.host(target)


@pytest.fixture(params=["map", "lyon"])
def name(request: pytest.FixtureRequest, lab: Lab) -> Iterator[str]:
    """A host of each family; whatever a test left of its unit is gone afterwards."""
    yield request.param
    machine = lab.host(request.param)
    machine.run("rm -f /root/hold /root/started")
    machine.run(f"systemctl kill -s KILL {NAME}; systemctl stop {NAME}; true")


@pytest.fixture
def host(lab: Lab, name: str) -> Iterator[Host]:
    with reached(lab, name) as host:
        yield host


def run(host: Host, *argv: str, timeout: float = 60, check: bool = True) -> Completed:
    return run_unit(host, NAME, argv, timeout=timeout, description="a trial", check=check)


def held(host: Host, timeout: float = 60) -> Completed:
    return run(host, "sh", "-c", COUNTED, timeout=timeout)


def wait_until(condition: Callable[[], bool], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "not in time"
        time.sleep(0.05)


def starts(lab: Lab, name: str) -> int:
    return len(lab.host(name).run("cat /root/started 2>/dev/null || :").stdout.splitlines())


def hold(lab: Lab, name: str) -> None:
    lab.host(name).run("touch /root/hold")


def release(lab: Lab, name: str) -> None:
    lab.host(name).run("rm /root/hold")


def test_it_returns_status_and_both_outputs_of_exactly_the_words_given(host: Host) -> None:
    words = ["$HOME", "$$", "${x}", "%n %%", "a  b", "'", '"', "\\n", "two\nlines", ""]
    script = 'printf "<%s>" "$@"; echo bad >&2; exit 3'
    done = run(host, "sh", "-c", script, "sh", *words, check=False)
    assert done.status == 3
    assert done.text == "".join(f"<{word}>" for word in words)
    assert done.stderr == b"bad\n"


def test_it_leaves_nothing_behind(host: Host, lab: Lab, name: str) -> None:
    run(host, "true")
    run(host, "false", check=False)
    shown = lab.host(name).run(["systemctl", "show", "-P", "LoadState", f"{NAME}.service"])
    assert shown.stdout.strip() == "not-found"
    assert lab.host(name).run("ls -A /run/mapinfra").stdout == ""


@pytest.mark.parametrize(
    ("argv", "told"),
    [
        (["sh", "-c", "echo first >&2; echo last >&2; exit 3"], "a trial: exit 3: last"),
        (["sh", "-c", "kill -KILL $$"], "a trial was killed by a signal"),
        (["no-such-program"], "no-such-program"),
    ],
)
def test_a_command_that_fails_is_told_in_one_line(
    host: Host, name: str, argv: list[str], told: str
) -> None:
    with pytest.raises(CommandFailed) as caught:
        run(host, *argv)
    message = str(caught.value)
    assert message.startswith(f"{name}: ")
    assert told in message
    assert "\n" not in message


def test_only_the_end_of_a_long_output_is_read(host: Host) -> None:
    done = run(host, "sh", "-c", "head -c 1000000 /dev/zero; echo end")
    assert len(done.stdout) == 256 * 1024
    assert done.stdout.endswith(b"end\n")


def test_it_goes_on_and_is_found_again_when_the_connection_drops(
    host: Host, lab: Lab, name: str
) -> None:
    hold(lab, name)
    with ThreadPoolExecutor() as pool:
        waiting = pool.submit(held, host)
        wait_until(lambda: starts(lab, name) == 1)
        lab.host(name).run("pkill -f '^sshd: mapinfra'")
        release(lab, name)
        assert waiting.result(30).text == "released\n"
    assert starts(lab, name) == 1


def test_it_is_found_again_after_the_cable_was_out(host: Host, lab: Lab, name: str) -> None:
    hold(lab, name)
    with ThreadPoolExecutor() as pool:
        waiting = pool.submit(held, host)
        wait_until(lambda: starts(lab, name) == 1)
        lab.host(name).cut()
        try:
            release(lab, name)
            wait_until(lambda: ended(lab, name))
            assert not waiting.done()
        finally:
            lab.host(name).mend()
        assert waiting.result(60).text == "released\n"
    assert starts(lab, name) == 1


def ended(lab: Lab, name: str) -> bool:
    shown = lab.host(name).run(["systemctl", "show", "-P", "SubState", f"{NAME}.service"])
    return shown.stdout.strip() == "exited"


def _hold_in_child(directory: Path, name: str) -> None:
    with reached(Lab.open(directory.name), name) as host:
        held(host)


def test_it_outlives_the_process_that_started_it_and_is_taken_over(
    host: Host, lab: Lab, name: str
) -> None:
    hold(lab, name)
    child = multiprocessing.get_context("spawn").Process(
        target=_hold_in_child, args=(Path(lab.name), name)
    )
    child.start()
    wait_until(lambda: starts(lab, name) == 1)
    assert child.pid is not None
    os.kill(child.pid, signal.SIGKILL)
    child.join()
    before = asked(lab, name)
    with ThreadPoolExecutor() as pool:
        waiting = pool.submit(held, host)
        wait_until(lambda: asked(lab, name) >= before + 2)
        release(lab, name)
        assert waiting.result(30).text == "released\n"
    assert starts(lab, name) == 1


def asked(lab: Lab, name: str) -> int:
    """How many commands mapinfra has sent: the second look at a unit is one that waits for it."""
    return len(lab.host(name).commands_log())


def test_another_command_of_that_name_is_waited_for_then_this_one_runs(
    host: Host, lab: Lab, name: str
) -> None:
    hold(lab, name)
    with ThreadPoolExecutor() as pool:
        first = pool.submit(held, host, 2.0)
        with pytest.raises(CommandTimeout, match=f"it goes on there as {NAME}"):
            first.result(60)
        assert resume_unit(host, NAME, ["echo"], timeout=30, description="a trial") is None
        second = pool.submit(run, host, "echo", "second")
        release(lab, name)
        assert second.result(30).text == "second\n"
    assert starts(lab, name) == 1


def test_a_result_that_nobody_read_is_not_taken_for_that_of_a_new_run(
    host: Host, lab: Lab, name: str
) -> None:
    hold(lab, name)
    with pytest.raises(CommandTimeout):
        held(host, timeout=2)
    release(lab, name)
    wait_until(lambda: ended(lab, name))
    assert held(host).text == "released\n"
    assert starts(lab, name) == 2


def test_what_ended_unseen_is_swept_away_and_what_still_runs_is_not(
    host: Host, lab: Lab, name: str
) -> None:
    def left() -> str:
        return lab.host(name).run(f"ls /run/mapinfra | grep '^{NAME}'", check=False).stdout

    hold(lab, name)
    with pytest.raises(CommandTimeout):
        held(host, timeout=2)
    sweep_units(host, NAME, "another")
    assert left() == f"{NAME}.err\n{NAME}.out\n"
    release(lab, name)
    wait_until(lambda: ended(lab, name))
    sweep_units(host, "another-*", "another")
    assert left() != ""
    sweep_units(host, "another", f"{NAME[:4]}*")
    assert left() == ""
    assert "not-found" in lab.host(name).run(["systemctl", "show", "-p", "LoadState", NAME]).stdout


def test_a_reboot_meanwhile_is_told_and_the_command_is_not_started_again(
    host: Host, lab: Lab, name: str
) -> None:
    hold(lab, name)
    with ThreadPoolExecutor() as pool:
        waiting = pool.submit(held, host)
        wait_until(lambda: starts(lab, name) == 1)
        lab.host(name).power_off()
        lab.host(name).power_on()
        with pytest.raises(CommandFailed, match="was cut short: the host was rebooted"):
            waiting.result(60)
    assert starts(lab, name) == 1


def test_stopping_the_unit_lets_the_command_end(host: Host, lab: Lab, name: str) -> None:
    hold(lab, name)
    with ThreadPoolExecutor() as pool:
        waiting = pool.submit(held, host)
        wait_until(lambda: starts(lab, name) == 1)
        lab.host(name).run(["systemctl", "stop", "--no-block", NAME])
        release(lab, name)
        with pytest.raises(CommandFailed, match=f"{NAME}.service was stopped"):
            waiting.result(60)
    log = lab.host(name).run(["journalctl", "--quiet", "--unit", NAME, "--output=cat"]).stdout
    log = log.rpartition("Started")[2]
    assert "timed out" not in log
    assert "status=9/KILL" not in log
