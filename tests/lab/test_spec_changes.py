"""A spec that says the same in other words, hosts that move or go, undoing that fails."""

import re

import pytest

from tests.lab.project import (
    REMOTES,
    Project,
    images_shown,
    listens,
    output_rows,
    query,
)


def _rename_page(project: Project) -> None:
    project.spec["remotes"]["paris"]["pages"] = {50102: "shown"}
    project.write_spec()


def _rename_remote(project: Project) -> None:
    paris = project.spec["remotes"].pop("paris")
    project.spec["remotes"]["paname"] = {**paris, "poller": "paris"}
    project.write_spec()


def _rename_all(project: Project) -> None:
    """Other names for the remotes, and other names that lead to their hosts, the central's too."""
    config = (project.lab.directory / "ssh_config").read_text()
    path = project.folder / "ssh_config"
    path.write_text(re.sub(r"Host (\w+)$", r"Host \1 new-\1", config, flags=re.MULTILINE))
    project.spec["defaults"]["ssh"]["config"] = str(path)
    project.spec["central"]["ssh"]["host"] = "new-central"
    lyon = project.spec["remotes"].pop("lyon")
    lyon["ssh"]["host"] = "new-lyon"
    project.spec["remotes"]["lugdunum"] = {**lyon, "poller": "lyon"}
    project.write_spec()


def _expect_served(project: Project) -> None:
    lab = project.lab
    assert images_shown(lab, "paris")
    assert len(output_rows(lab, "paris")) == 22
    assert listens(lab, "paris")


def test_a_page_or_a_remote_under_another_name_stays_as_it_is(project: Project) -> None:
    lab = project.lab
    project.up()
    for rename in (_rename_page, _rename_remote, _rename_all):
        rename(project)
        result = project.up()
        assert "is left as it is: the spec has it under another name" in result.err
        _expect_served(project)
        assert listens(lab, "lyon")
        assert images_shown(lab, "lyon")
        project.expect_nothing_to_do()
    assert project.mapinfra("destroy", "--yes").code == 0
    assert not images_shown(lab, "paris")
    assert output_rows(lab, "paris") == []


def test_a_page_that_stands_twice_in_the_spec_is_refused(project: Project) -> None:
    project.spec["remotes"]["paris"]["pages"] = {"Images": "shown", 50102: "hidden"}
    project.write_spec()
    result = project.mapinfra("preview")
    assert result.code == 1, result
    assert "Images (page 50102) on paris:22: two resources hold it" in result.out


def test_the_state_follows_a_host_that_is_reached_in_another_way(project: Project) -> None:
    """Else the next run still goes by the old way, which may be closed by then."""
    config = (project.lab.directory / "ssh_config").read_text()
    moved = project.folder / "ssh_config"
    moved.write_text(config.replace("Host paris", "Host paris new-paris"))
    project.spec["defaults"]["ssh"]["config"] = str(moved)
    project.write_spec()
    project.up()
    project.spec["remotes"]["paris"]["ssh"]["host"] = "new-paris"
    project.write_spec()
    preview = project.mapinfra("preview")
    assert 'remote.ssh.host: "paris" → "new-paris"' in preview.out, preview
    assert "1. " not in preview.out
    project.up()
    moved.write_text(config.replace("Host paris", "Host new-paris"))
    project.expect_nothing_to_do()
    assert project.mapinfra("destroy", "--yes").code == 0
    assert output_rows(project.lab, "paris") == []


def test_a_remote_that_is_gone_for_good_can_be_forgotten(project: Project) -> None:
    lab = project.lab
    project.up()
    lab.host("paris").power_off()
    del project.spec["remotes"]["paris"]
    project.write_spec()
    stuck = project.mapinfra("up", "--yes")
    assert stuck.code == 1, stuck
    assert "mapinfra state delete paris" in stuck.out
    forgotten = project.mapinfra("state", "delete", "paris", "--yes")
    assert forgotten.code == 0, forgotten
    project.expect_nothing_to_do()
    assert listens(lab, "lyon")
    lab.host("paris").power_on()


def test_rows_that_cant_be_taken_back_are_not_taken_for_found(project: Project) -> None:
    """The database of the central stops after the rows were written: they can't be undone."""
    lab = project.lab
    central = lab.host("central")
    with project.start("up", "--yes") as process:
        assert process.stderr is not None
        next(line for line in process.stderr if "[3/9] generate" in line)
        central.run(["systemctl", "stop", "mariadb"])
        out, _ = process.communicate(timeout=120)
    assert process.returncode == 1
    assert "could not be put back" in out
    assert "correct the password" not in out
    central.run(["systemctl", "start", "mariadb"])
    project.up()
    for remote in REMOTES:
        assert len(output_rows(lab, remote)) == 22
    assert project.mapinfra("destroy", "--yes").code == 0
    for remote in REMOTES:
        assert output_rows(lab, remote) == []


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ("HTTP/1.0 500 Oops\r\n\r\nfatal", "login of admin failed: HTTP 500"),
        ("HTTP/1.0 200 OK\r\n\r\n<html>maintenance</html>", "login of admin failed: HTTP 200"),
        ('HTTP/1.0 200 OK\r\n\r\n{"authToken": "x"}', "the answer isn't Centreon's"),
    ],
)
def test_what_isnt_centreon_behind_the_api_deploys_nothing(
    project: Project, answer: str, said: str
) -> None:
    central = project.lab.host("central")
    central.run(["systemctl", "stop", "apache2"])
    program = (
        "import socketserver\n"
        "class Handler(socketserver.BaseRequestHandler):\n"
        "    def handle(self):\n"
        f"        self.request.recv(65536); self.request.sendall({answer.encode()!r})\n"
        "socketserver.ThreadingTCPServer(('', 80), Handler).serve_forever()\n"
    )
    central.run(["tee", "/run/other.py"], input=program)
    central.run(
        "systemd-run --unit=other --quiet python3 /run/other.py && "
        "until ss -Hltn 'sport = :80' | grep -q .; do :; done"
    )
    result = project.mapinfra("up", "--yes")
    assert result.code == 1, result
    assert said in result.out
    assert "the old state is back" in result.out
    assert query(central, "SELECT 1 FROM cfg_centreonbroker_info WHERE config_value='5758'") == []


def test_a_category_that_the_platform_lacks_is_refused_with_the_choice_there_is(
    project: Project,
) -> None:
    lab = project.lab
    query(lab.host("central"), "DELETE FROM cb_list_values WHERE value_value = 'bam'")
    result = project.mapinfra("up", "--yes")
    assert result.code == 1, result
    assert "filter category bam is not known to this Centreon" in result.out
    assert "write `categories: [neb]`" in result.out
    assert output_rows(lab, "paris") == []
    for remote in REMOTES:
        project.spec["remotes"][remote]["broker_outputs"]["Centreon-Map"]["categories"] = ["neb"]
    project.write_spec()
    project.up()
    assert len(output_rows(lab, "paris")) == 21
    assert listens(lab, "paris")


def test_a_damaged_record_is_told_in_one_line(project: Project) -> None:
    project.up()
    project.lab.host("paris").run(
        ["tee", "/var/lib/mapinfra/broker-outputs.json"], input='{"outputs": {"x": {}}}'
    )
    result = project.mapinfra("preview")
    assert result.code == 1, result
    assert "broker-outputs.json: mapinfra's record of what it found is damaged" in result.out


def test_the_passphrase_is_in_no_file_of_the_backend(project: Project) -> None:
    result = project.up()
    passphrase = project.environment["PULUMI_CONFIG_PASSPHRASE"]
    files = [path for path in (project.folder / "state").rglob("*") if path.is_file()]
    assert files
    assert not [path for path in files if passphrase in path.read_text(errors="replace")]
    assert passphrase not in result.out + result.err
