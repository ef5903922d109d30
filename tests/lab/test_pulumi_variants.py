"""The Pulumi CLI in the ways that docs/running.md tells of; runs when `pulumi` is on PATH."""

import json
import secrets
from pathlib import Path

import pytest

from lab import Lab
from tests.golden import prepared
from tests.lab.engines import Engine, Preview
from tests.lab.map_world import NEWER, OLD
from tests.lab.project import (
    HOSTS,
    REMOTES,
    Project,
    Result,
    images_shown,
    listens,
    output_rows,
    query,
    reset,
)
from tests.marks import needs_pulumi

pytestmark = needs_pulumi

APPLY = ("--yes", "--skip-preview", "--continue-on-error")


def hide(lab: Lab, remote: str = "paris") -> None:
    query(lab.host(remote), "UPDATE topology SET topology_show='0' WHERE topology_name='Images'")


def done(result: Result, code: int = 0) -> Result:
    assert result.code == code, result
    assert "Traceback" not in result.out + result.err, result
    assert "KeyboardInterrupt" not in result.out + result.err, result
    return result


def state(project: Project) -> bytes:
    return project.state_file.read_bytes()


def test_drift_is_found_by_a_refresh_that_only_previews(converged: Project) -> None:
    drift_of = ("refresh", "--preview-only", "--expect-no-changes")
    hide(converged.lab)
    done(converged.pulumi("up", *APPLY))  # which applies a plan
    for engine in Engine:
        done(engine.run(converged, *drift_of))
    hide(converged.lab)
    before = state(converged)
    assert "shown: true → false" in done(converged.mapinfra(*drift_of), 7).out
    told = done(converged.pulumi(*drift_of, "--diff"), 7)
    assert "shown: true => false" in told.out
    assert state(converged) == before
    converged.up()


@pytest.mark.parametrize("engine", Engine, ids=lambda one: one.value)
def test_what_a_removal_would_do_is_shown_beforehand(converged: Project, engine: Engine) -> None:
    shown = done(engine.run(converged, "destroy", "--preview-only", "--diff")).out
    assert "paris: hide Images (page 50102) in the menu" in shown
    assert "lyon: restart cbd" in shown
    assert "plan      : []" not in shown


def test_a_database_that_a_removal_would_drop_is_shown_beforehand(lab: Lab, tmp_path: Path) -> None:
    world = prepared(lab, tmp_path)
    database, said = world.server.edition.database, "which the backup has"
    world.want(OLD, removal="uninstall")
    world.expect_up()
    kept = done(world.project.pulumi("destroy", "--preview-only", "--diff")).out
    assert f"database {database} stays (drop_database: false)" in kept
    assert "drop database" not in kept
    world.want(OLD, removal="uninstall", drop_database=True)
    world.expect_up()
    before = world.state()
    destroyed = done(world.project.pulumi("destroy", "--preview-only", "--diff")).out
    assert f"drop database {database}, {said}" in destroyed
    world.without_map()
    deleted = done(world.project.pulumi("preview", "--diff")).out
    assert f"drop database {database}, {said}" in deleted
    assert world.state() == before
    reset(lab, (*HOSTS, world.host.name))


MACHINE = """
import pulumi
from pulumi.dynamic import CreateResult, Resource, ResourceProvider


class MachineProvider(ResourceProvider):
    def create(self, props):
        return CreateResult("machine", {"address": props["given"]})


class Machine(Resource):
    address: pulumi.Output[str]

    def __init__(self, given):
        super().__init__(MachineProvider(), "machine", {"given": given, "address": None})
"""
PROGRAM = """
import json
import pulumi
from machine import Machine
from pathlib import Path
from mapinfra import TopologyFlag

server = json.loads(Path("server.json").read_text())
server["ssh"]["host"] = Machine(server["ssh"]["host"]).address
TopologyFlag("Images", server=server, page="Images")
"""


@pytest.mark.parametrize("engine", Engine, ids=lambda one: one.value)
def test_a_machine_and_what_is_on_it_are_made_by_one_program(
    project: Project, engine: Engine
) -> None:
    defaults, paris = project.spec["defaults"], project.spec["remotes"]["paris"]
    server = {
        "name": "paris",
        "ssh": {**defaults["ssh"], **paris["ssh"]},
        "database": defaults["database"],
    }
    project.write_config({})
    (project.folder / "__main__.py").unlink()
    (project.folder / "__main__.py").write_text(PROGRAM)
    (project.folder / "machine.py").write_text(MACHINE)
    (project.folder / "server.json").write_text(json.dumps(server))
    shown = done(engine.run(project, "preview", "--diff"))
    assert "will be read in `up`" in shown.out + shown.err  # the CLI prints it as info
    engine.succeed(project, "up")
    assert images_shown(project.lab, "paris")
    engine.other.expect_nothing_to_do(project)


def test_differences_found_in_parallel_are_the_same(converged: Project) -> None:
    hide(converged.lab)
    serial = Engine.PULUMI.preview(converged)
    converged.environment["PULUMI_PARALLEL_DIFF"] = "true"
    try:
        assert Engine.PULUMI.preview(converged).said() == serial.said()
        assert serial.operations() == {"paris-Images": "update"}
        done(converged.pulumi("up", *APPLY))
    finally:
        del converged.environment["PULUMI_PARALLEL_DIFF"]
    assert images_shown(converged.lab, "paris")
    converged.expect_nothing_to_do()


def test_a_refresh_that_runs_the_program_previews_the_same(converged: Project) -> None:
    hide(converged.lab)
    arguments = ("preview", "--json", "--show-sames")
    told = done(converged.pulumi(*arguments, "--refresh", "--run-program"))
    assert Preview(json.loads(told.out)).said() == Engine.MAPINFRA.preview(converged).said()
    done(converged.pulumi("up", *APPLY, "--refresh", "--run-program"))
    assert images_shown(converged.lab, "paris")
    converged.expect_nothing_to_do()


def test_a_saved_plan_is_what_is_done_and_refused_when_something_else_changed(
    converged: Project,
) -> None:
    lab, plan = converged.lab, str(converged.folder / "plan.json")
    hide(lab)
    done(converged.pulumi("preview", "--save-plan", plan))
    done(converged.pulumi("up", *APPLY, "--plan", plan))
    assert images_shown(lab, "paris")
    hide(lab)
    done(converged.pulumi("preview", "--save-plan", plan))
    hide(lab, "lyon")
    refused = done(converged.pulumi("up", *APPLY, "--plan", plan), 1)
    assert "lyon-Images" in refused.out
    assert "violates plan" in refused.out
    assert not images_shown(lab, "lyon")
    converged.up()


def errors(result: Result) -> list[str]:
    """Return the lines of the CLI's last word, which repeats what it told on the way."""
    _, _, diagnostics = result.out.partition("\nDiagnostics:\n")
    return [line.strip() for line in diagnostics.splitlines() if line.startswith("    error: ")]


def test_each_failed_resource_is_one_line(project: Project) -> None:
    project.lab.host("paris").power_off()
    preview = done(project.pulumi("preview", "--diff"))
    assert preview.out.count("paris: no SSH connection to") == 2
    failed = done(project.pulumi("up", *APPLY), 1)
    told = [line for line in errors(failed) if "no SSH connection" in line]
    assert len(told) == 2, failed
    assert all("HostUnreachable: paris: no SSH connection to" in line for line in told)
    assert images_shown(project.lab, "lyon")
    assert listens(project.lab, "lyon")
    project.lab.host("paris").power_on()
    done(project.pulumi("up", *APPLY))
    project.expect_nothing_to_do()


def test_a_faulty_spec_is_one_line_each(converged: Project) -> None:
    good = converged.spec
    converged.write_spec("central: {}\nremotes: {paris: {broker_ouputs: {}}}\n")
    ours = converged.mapinfra("preview")
    theirs = converged.pulumi("preview")
    converged.spec = good
    converged.write_spec()
    faults = [line.removeprefix("error: ") for line in ours.err.splitlines() if "lab.yaml:" in line]
    assert len(faults) > 1
    assert "Traceback" not in theirs.out + theirs.err
    for fault in faults:
        assert theirs.out.partition("\nDiagnostics:\n")[2].count(fault) == 1, theirs


def set_database_password(lab: Lab, password: str) -> None:
    for name in HOSTS:
        host = lab.host(name)
        for (place,) in query(host, "SELECT Host FROM mysql.user WHERE User = 'mapinfra'"):
            query(host, f"SET PASSWORD FOR 'mapinfra'@'{place}' = PASSWORD('{password}')")


def with_password_in_config(project: Project, password: str) -> None:
    project.spec["defaults"]["database"]["password"] = {"secret": "databasePassword"}
    project.write_spec()
    done(project.pulumi("config", "set", "--secret", "databasePassword", password))


@pytest.mark.parametrize("engine", Engine, ids=lambda one: one.value)
def test_a_password_changed_in_the_config_works_at_once(project: Project, engine: Engine) -> None:
    """As both engines are documented: the CLI needs --run-program to see the new config."""
    lab = project.lab
    old, new, newest = (secrets.token_urlsafe(18) for _ in range(3))
    set_database_password(lab, old)
    with_password_in_config(project, old)
    engine.succeed(project, "up")
    set_database_password(lab, new)
    with_password_in_config(project, new)
    hide(lab)
    now = () if engine is Engine.MAPINFRA else ("--skip-preview", "--run-program")
    done(engine.run(project, "refresh", "--yes", *now))
    assert b'"shown":false' in state(project)
    set_database_password(lab, newest)
    with_password_in_config(project, newest)
    done(engine.run(project, "destroy", "--yes", *now))
    assert [output_rows(lab, remote) for remote in REMOTES] == [[], []]
    set_database_password(lab, (lab.directory / "secrets" / "database_password").read_text())


def test_no_secret_is_left_behind_by_either_engine(project: Project) -> None:
    expect_no_secret_left(project, HOSTS)


@pytest.mark.endurance
def test_no_secret_is_left_behind_with_map_either(lab: Lab, tmp_path: Path) -> None:
    world = prepared(lab, tmp_path)
    world.project.up()
    world.want(NEWER, desktop_client={"mirror": "/srv/www/clients"})
    hosts = (*HOSTS, world.host.name)
    expect_no_secret_left(world.project, hosts)
    assert world.version() == NEWER
    reset(lab, hosts)


LEFT_ON_A_HOST = """\
journalctl --no-pager --output=cat
find /var/lib/mapinfra /run/mapinfra -type f -exec cat {} + 2>/dev/null
find /var/backups/mapinfra -type f -name '*.json' -exec cat {} + 2>/dev/null
"""


def expect_no_secret_left(project: Project, hosts: tuple[str, ...]) -> None:
    """Search the state, its copies, the history, saved plans, logs and all that was printed.

    And what is left on the hosts: the system's journal, mapinfra's own, and its records.
    """
    lab = project.lab
    files = [*(lab.directory / "secrets").iterdir(), lab.directory / "id_ed25519"]
    known = [file.read_text() for file in files]
    known += [project.environment["PULUMI_CONFIG_PASSPHRASE"], "of the config alone"]
    with_password_in_config(
        project, known[files.index(lab.directory / "secrets/database_password")]
    )
    done(project.pulumi("config", "set", "--secret", "unused", "of the config alone"))
    plan, log = str(project.folder / "plan.json"), str(project.folder / "debug.log")
    ours = str(project.folder / "plan-of-ours.json")
    results = [
        project.mapinfra("preview", "--json", "--save-plan", ours),
        project.mapinfra("up", "--yes", "--diff", "--debug", log),
        project.pulumi("preview", "--json"),
        project.pulumi("preview", "--diff", "--save-plan", plan),
        project.pulumi("up", *APPLY, "--plan", plan, "--logtostderr", "-v=3"),
        project.mapinfra("refresh", "--yes", "--json"),
        project.pulumi("refresh", "--yes", "--skip-preview"),
        project.pulumi("stack", "export"),
        project.pulumi("stack", "history"),
        project.pulumi("config"),
        project.pulumi("destroy", *APPLY),
        project.mapinfra("up", "--yes", "--json"),
        project.mapinfra("destroy", "--yes"),
    ]
    for result in results:
        done(result)
    written = [
        file
        for file in project.folder.rglob("*")
        if file.is_file() and ".venv" not in file.parts and "plugins" not in file.parts
    ]
    assert {"plan.json", "plan-of-ours.json", "debug.log", "lab.json.bak"} <= {
        file.name for file in written
    }
    assert [file for file in written if "backups" in file.parts]
    assert len([file for file in written if "history" in file.parts]) > 12
    seen = {str(file): file.read_text(errors="replace") for file in written}
    seen |= {f"run {number}": str(result) for number, result in enumerate(results)}
    seen |= {
        host: lab.host(host).run(["sh", "-c", LEFT_ON_A_HOST], check=False).stdout for host in hosts
    }
    assert all("sshd" in seen[host] for host in hosts)
    for secret in known:
        assert not [where for where, text in seen.items() if secret.strip() in text]
