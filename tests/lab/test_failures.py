"""What goes wrong is told in one line, changes nothing by half, and the next run completes it."""

import shutil
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.lab.project import (
    REMOTES,
    Project,
    Result,
    break_poller,
    images_shown,
    listens,
    logins,
    mend_poller,
    output_rows,
    query,
    serve_nothing,
)

Spec = dict[str, Any]


def failures(result: Result) -> list[str]:
    """Return what a run says of each failed resource, or of its spec, one line each."""
    said = [line for line in result.out.splitlines() if line.startswith("  ! ")]
    return said or [line for line in result.err.splitlines() if line.startswith("error: ")]


def test_a_remote_that_is_off_fails_alone_and_the_next_run_finishes(project: Project) -> None:
    lab = project.lab
    lab.host("paris").power_off()
    result = project.mapinfra("up", "--yes")
    assert result.code == 1, result
    [told] = failures(result)
    assert told.startswith("  ! 2 resources: paris: no SSH connection to "), result
    assert "within 5 s" in told
    assert "Traceback" not in result.out + result.err
    assert images_shown(lab, "lyon")
    assert listens(lab, "lyon")
    assert output_rows(lab, "paris") == []
    lab.host("paris").power_on()
    project.up()
    assert images_shown(lab, "paris")
    assert listens(lab, "paris")
    project.expect_nothing_to_do()


def test_a_failing_test_of_the_configuration_undoes_the_rows_and_deploys_nothing(
    project: Project,
) -> None:
    lab = project.lab
    before = lab.host("paris").run("md5sum /etc/centreon-broker/*").stdout
    break_poller(lab, "paris")
    result = project.mapinfra("up", "--yes")
    assert result.code == 1, result
    assert "the old state is back" in result.out + result.err
    assert output_rows(lab, "paris") == []
    assert lab.host("paris").run("md5sum /etc/centreon-broker/*").stdout == before
    assert listens(lab, "lyon")
    mend_poller(lab)
    project.up()
    project.expect_nothing_to_do()


def test_a_configuration_that_never_arrives_is_taken_back(project: Project) -> None:
    lab = project.lab
    project.spec["defaults"]["ssh"]["command_timeout"] = 4
    project.write_spec()
    lab.host("paris").run(["systemctl", "stop", "gorgoned"])
    result = project.mapinfra("up", "--yes")
    assert result.code == 1, result
    assert "paris-broker.json did not get the new configuration within 4 s" in (
        result.out + result.err
    )
    assert output_rows(lab, "paris") == []
    lab.host("paris").run(["systemctl", "start", "gorgoned"])
    project.up()
    assert listens(lab, "paris")


def test_a_port_of_another_program_is_refused_before_anything_is_changed(project: Project) -> None:
    lab = project.lab
    lab.host("paris").run(
        "systemd-run --unit=squatter --quiet nc -lk 5758 && "
        "until ss -Hltn 'sport = :5758' | grep -q .; do :; done"
    )
    result = project.mapinfra("up", "--yes")
    assert result.code == 1, result
    assert "port 5758 is used already by the program nc" in result.out + result.err
    assert output_rows(lab, "paris") == []
    lab.host("paris").run(["systemctl", "stop", "squatter"])
    project.up()
    project.expect_nothing_to_do()


def test_a_cbd_that_does_not_serve_gets_its_old_configuration_again(project: Project) -> None:
    lab = project.lab
    paris = lab.host("paris")
    project.spec["defaults"]["ssh"]["command_timeout"] = 5
    project.write_spec()
    serve_nothing(paris)
    result = project.mapinfra("up", "--yes")
    assert result.code == 1, result
    assert "cbd did not listen as configured (ports 5758) within 5 s" in result.out + result.err
    assert "the old state is back" in result.out
    assert output_rows(lab, "paris") == []
    paris.run(["mv", "/usr/sbin/cbd.away", "/usr/sbin/cbd"])
    project.up()
    project.expect_nothing_to_do()


def test_a_cbd_that_ends_after_its_restart_is_told_and_restarted_by_the_next_run(
    project: Project,
) -> None:
    lab = project.lab
    paris = lab.host("paris")
    paris.run(["mv", "/usr/sbin/cbd", "/usr/sbin/cbd.away"])
    result = project.mapinfra("up", "--yes")
    assert result.code == 1, result
    assert "cbd ended after its restart, 3 times" in result.out
    assert "could not be put back: paris: restart cbd again" in result.out
    assert output_rows(lab, "paris") == []
    paris.run(["mv", "/usr/sbin/cbd.away", "/usr/sbin/cbd"])
    project.up()
    assert listens(lab, "paris")
    project.expect_nothing_to_do()


@pytest.mark.parametrize(
    "at", ["record", "add output", "generate", "send", "wait until", "restart"]
)
def test_a_run_that_is_killed_is_completed_by_the_next(project: Project, at: str) -> None:
    lab = project.lab
    with project.start("up", "--yes") as process:
        assert process.stderr is not None
        for line in process.stderr:
            if at in line:
                process.send_signal(signal.SIGKILL)
                break
    assert process.returncode == -signal.SIGKILL
    for remote in REMOTES:
        assert len(output_rows(lab, remote)) in (0, 22)
    project.up()
    for remote in REMOTES:
        assert images_shown(lab, remote)
        assert len(output_rows(lab, remote)) == 22
        assert listens(lab, remote)
    project.expect_nothing_to_do()
    assert project.mapinfra("destroy", "--yes").code == 0
    assert not any(images_shown(lab, remote) for remote in REMOTES)
    assert not any(output_rows(lab, remote) for remote in REMOTES)


def _set(path: str, value: Any) -> Callable[[Spec], None]:
    def change(spec: Spec) -> None:
        *keys, last = path.split("/")
        for key in keys:
            spec = spec.setdefault(key, {})
        spec[last] = value

    return change


WRONG_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIA3v0cFTmNzmI1ATlPM1yCnLqiF2OMnEc8oTnWJ3hBvr"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (_set("remotes/paris/broker_ouputs", {}), "lab.yaml:"),
        (_set("remotes/paris/broker_outputs/Centreon-Map", {"port": "x"}), "lab.yaml:"),
        (_set("remotes/paris/poller", "nowhere"), "knows no poller of that name"),
        (_set("remotes/paris/pages", {"Imagess": "shown"}), "no such page in the menu"),
        (_set("remotes/paris/ssh/host", "no-such-host.invalid"), "paris"),
        (_set("remotes/paris/ssh/host_key", WRONG_KEY), "ssh.host_key has"),
        (_set("remotes/paris/ssh/identity_file", "wrong_key"), "paris"),
        (_set("remotes/paris/ssh/sudo_password", {"file": "wrong"}), "sudo"),
        (_set("defaults/database/password", {"file": "wrong"}), "password"),
        (_set("defaults/database/port", 3999), "database"),
        (_set("defaults/database/password", {"env": "NOT_SET_ANYWHERE"}), "NOT_SET_ANYWHERE"),
        (
            _set("remotes/paris/broker_outputs/Centreon-Map", {"port": 5669}),
            "port 5669 is used already",
        ),
    ],
)
def test_bad_input_is_refused_with_one_line_and_changes_nothing(
    untouched: Project, change: Callable[[Spec], None], said: str
) -> None:
    lab = untouched.lab
    (untouched.folder / "wrong").write_text("not the password")
    shutil.copy(
        lab.directory / "hosts" / "map" / "ssh_host_ed25519_key", untouched.folder / "wrong_key"
    )
    good = untouched.spec
    untouched.spec = _copy(good)
    change(untouched.spec)
    untouched.write_spec()
    result = untouched.mapinfra("preview")
    untouched.spec = good
    untouched.write_spec()
    assert result.code == 1, result
    assert [line for line in failures(result) if said in line], result
    assert "Traceback" not in result.out + result.err
    assert "not the password" not in result.out + result.err
    assert output_rows(lab, "paris") == []


def _copy(spec: Spec) -> Spec:
    return {key: _copy(value) if isinstance(value, dict) else value for key, value in spec.items()}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("central: [", "lab.yaml:1"),
        ("", "lab.yaml"),
        ("- a\n", "lab.yaml:1"),
    ],
)
def test_a_file_that_is_no_spec_is_refused(untouched: Project, text: str, said: str) -> None:
    untouched.write_spec(text)
    result = untouched.mapinfra("preview")
    untouched.write_spec()
    assert result.code == 1, result
    (line,) = failures(result)
    assert said in line
    assert "Traceback" not in result.out + result.err


def test_a_missing_spec_is_refused(untouched: Project) -> None:
    untouched.write_config({"mapinfra:spec": "stacks/none.yaml"})
    result = untouched.mapinfra("preview")
    untouched.write_config({"mapinfra:spec": "stacks/lab.yaml"})
    assert result.code == 1, result
    assert "stacks/none.yaml" in result.out + result.err


def test_a_wrong_api_password_is_tried_once_and_the_rows_are_taken_back(project: Project) -> None:
    lab = project.lab
    (project.folder / "wrong").write_text("not the password")
    project.spec["central"]["api"]["password"] = {"file": "wrong"}
    project.write_spec()
    result = project.mapinfra("up", "--yes")
    assert result.code == 1, result
    told = "login of admin refused: password wrong, expired, blocked or deactivated: this line of"
    assert told in result.out + result.err
    assert [output_rows(lab, remote) for remote in REMOTES] == [[], []]
    attempts = query(
        lab.host("central"), "SELECT login_attempts FROM contact WHERE contact_alias='admin'"
    )
    assert attempts == [["1"]]
    assert logins(lab) == 1


def test_a_database_that_is_down_is_named(project: Project) -> None:
    project.lab.host("lyon").run(["systemctl", "stop", "mariadb"])
    result = project.mapinfra("preview")
    assert result.code == 1, result
    (line,) = failures(result)
    assert "lyon-Images" in line
    assert "lyon: MariaDB at 127.0.0.1:3306 refuses connections" in line


def test_a_missing_passphrase_is_told_before_anything_is_done(untouched: Project) -> None:
    passphrase = untouched.environment.pop("PULUMI_CONFIG_PASSPHRASE")
    result = untouched.mapinfra("preview")
    untouched.environment["PULUMI_CONFIG_PASSPHRASE"] = passphrase
    assert result.code != 0, result
    assert "PULUMI_CONFIG_PASSPHRASE" in result.out + result.err


def test_a_locked_stack_is_refused_and_says_who_holds_it(project: Project) -> None:
    with project.start("up", "--yes") as process:
        assert process.stderr is not None
        next(line for line in process.stderr if "generate" in line)
        process.send_signal(signal.SIGSTOP)  # so that it holds the lock however slow the other is
        result = project.mapinfra("up", "--yes")
        process.send_signal(signal.SIGCONT)
        process.communicate(timeout=120)
    assert process.returncode == 0
    assert result.code == 1, result
    assert "locked" in result.out + result.err


def test_a_state_cut_in_half_is_refused_and_kept(project: Project) -> None:
    project.up()
    state = project.state_file
    half = state.read_bytes()[: state.stat().st_size // 2]
    state.write_bytes(half)
    result = project.mapinfra("up", "--yes")
    assert result.code == 1, result
    assert str(state.name) in result.out + result.err
    assert "Traceback" not in result.out + result.err
    assert state.read_bytes() == half


def test_no_secret_is_in_state_output_or_process_list(project: Project) -> None:
    lab = project.lab
    known = [path.read_text() for path in (lab.directory / "secrets").iterdir()]
    for remote in ("central", *REMOTES):
        lab.host(remote).run(
            "systemd-run --quiet --unit=watch-processes sh -c "
            "'while :; do for f in /proc/[0-9]*/cmdline /proc/[0-9]*/environ; do "
            'tr "\\0" " " < $f; echo; done; done > /run/processes 2>/dev/null\''
        )
    result = project.up()
    seen = [result.out, result.err, (project.folder / "stacks" / "lab.yaml").read_text()]
    seen += [
        path.read_text() for path in Path(project.folder / "state").rglob("*") if path.is_file()
    ]
    for remote in ("central", *REMOTES):
        host = lab.host(remote)
        host.run(["systemctl", "stop", "watch-processes"])
        processes = host.run(["cat", "/run/processes"]).stdout
        commands = "\n".join(entry.command for entry in host.commands_log())
        assert "mariadbd" in processes
        assert "systemctl restart cbd" in commands or remote == "central"
        seen += [processes, commands]
    for secret in known:
        assert not [text for text in seen if secret in text]
