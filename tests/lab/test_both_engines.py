"""Either engine goes on where the other stopped: every scenario, in all orders of the two.

A stack is made by one engine; something is changed; both previews say the same; one engine
applies; the other finds nothing left to do. Runs when `pulumi` is on PATH.
"""

import copy
import shutil
import signal
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from lab import Lab
from tests.lab.engines import Engine, agreed
from tests.lab.map_world import ENGINE_ON_DNF, NEWER, OLD, make
from tests.lab.project import (
    REMOTES,
    Project,
    break_poller,
    images_shown,
    listens,
    mend_poller,
    output_rows,
    query,
    reset,
    spec_of,
)
from tests.marks import needs_pulumi

pytestmark = needs_pulumi

EVERYTHING = ("paris", "paris-Images", "lyon", "lyon-Images")

by_either = pytest.mark.parametrize("engine", Engine, ids=lambda one: f"then-{one.value}")


@dataclass
class Made:
    """A stack that one engine has made, and alone has written the state of."""

    maker: Engine
    project: Project
    spec: dict[str, Any]
    state: Path
    spoilt: bool = False

    @classmethod
    def by(cls, maker: Engine, project: Project) -> "Made":
        maker.succeed(project, "up")
        kept = project.folder / "state-as-made"
        shutil.copytree(project.folder / "state", kept)
        return cls(maker, project, copy.deepcopy(project.spec), kept)

    def again(self) -> Project:
        """Return the project with hosts and state as its maker left them."""
        if self.spoilt:
            self.project.spec = copy.deepcopy(self.spec)
            self.project.write_spec()
            self.maker.succeed(self.project, "up")
            shutil.rmtree(self.project.folder / "state")
            shutil.copytree(self.state, self.project.folder / "state")
        self.spoilt = True
        return self.project


@pytest.fixture(scope="module", params=Engine, ids=lambda one: f"made-by-{one.value}")
def made(
    request: pytest.FixtureRequest, lab: Lab, tmp_path_factory: pytest.TempPathFactory
) -> Made:
    reset(lab)
    project = Project.make(lab, tmp_path_factory.mktemp(request.param.value))
    assert agreed(project).operations() == dict.fromkeys(EVERYTHING, "create")
    return Made.by(request.param, project)


def remotes(project: Project) -> dict[str, Any]:
    found: dict[str, Any] = project.spec["remotes"]
    return found


def served(project: Project, remote: str, port: int = 5758) -> bool:
    return len(output_rows(project.lab, remote, port)) == 22 and listens(project.lab, remote, port)


def untouched(project: Project, remote: str) -> bool:
    """Tell whether a remote is as it was found."""
    lab = project.lab
    return not (images_shown(lab, remote) or output_rows(lab, remote) or listens(lab, remote))


def all_as_made(project: Project) -> None:
    for remote in REMOTES:
        assert images_shown(project.lab, remote)
        assert served(project, remote)


def nothing(_project: Project) -> None:
    pass


def drift(project: Project) -> None:
    lab = project.lab
    query(lab.host("paris"), "UPDATE topology SET topology_show='0' WHERE topology_name='Images'")
    query(
        lab.host("central"),
        "UPDATE cfg_centreonbroker_info i JOIN cfg_centreonbroker c USING (config_id) "
        "SET i.config_value = '5760' WHERE c.config_name = 'lyon-broker' "
        "AND i.config_key = 'port' AND i.config_value = '5758'",
    )


def update(project: Project) -> None:
    remotes(project)["paris"]["broker_outputs"]["Centreon-Map"] = {"port": 5760}
    remotes(project)["lyon"]["pages"] = {"Images": "hidden"}


def updated(project: Project) -> None:
    assert served(project, "paris", 5760)
    assert output_rows(project.lab, "paris") == []
    assert not images_shown(project.lab, "lyon")
    assert served(project, "lyon")


def remove_output(project: Project) -> None:
    remotes(project)["paris"]["broker_outputs"] = {}


def output_removed(project: Project) -> None:
    assert output_rows(project.lab, "paris") == []
    assert not listens(project.lab, "paris")
    assert images_shown(project.lab, "paris")
    assert served(project, "lyon")


def remove_remote(project: Project) -> None:
    del remotes(project)["paris"]


def remote_removed(project: Project) -> None:
    assert untouched(project, "paris")
    assert served(project, "lyon")


def rename(project: Project) -> None:
    paris = remotes(project).pop("paris")
    remotes(project)["paname"] = {**paris, "poller": "paris", "pages": {50102: "shown"}}


@dataclass(frozen=True)
class Scenario:
    """What happens to a stack, which operations that takes, and what is true afterwards."""

    name: str
    happen: Callable[[Project], None]
    then: Callable[[Project], None]
    operations: dict[str, str] = field(default_factory=dict)


SCENARIOS = (
    Scenario("no change", nothing, all_as_made),
    Scenario("drift", drift, all_as_made, {"paris-Images": "update", "lyon": "update"}),
    Scenario("update", update, updated, {"paris": "update", "lyon-Images": "update"}),
    Scenario("output removed", remove_output, output_removed, {"paris": "delete"}),
    Scenario(
        "remote removed", remove_remote, remote_removed,
        {"paris": "delete", "paris-Images": "delete"},
    ),
    Scenario(
        "remote and page renamed", rename, all_as_made,
        {
            "paris": "delete", "paris-Images": "delete",
            "paname": "create", "paname-50102": "create",
        },
    ),
)  # fmt: skip


@by_either
@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda one: one.name)
def test_both_preview_the_same_one_applies_it_and_the_other_finds_nothing(
    made: Made, scenario: Scenario, engine: Engine
) -> None:
    project = made.again()
    scenario.happen(project)
    project.write_spec()
    assert agreed(project).operations() == scenario.operations
    engine.succeed(project, "up")
    scenario.then(project)
    engine.other.expect_nothing_to_do(project)


@by_either
def test_what_one_destroys_the_other_makes_again(made: Made, engine: Engine) -> None:
    project = made.again()
    assert agreed(project, "destroy").operations() == dict.fromkeys(EVERYTHING, "delete")
    engine.succeed(project, "destroy")
    assert all(untouched(project, remote) for remote in REMOTES)
    assert agreed(project, "destroy").said() == ({}, {})
    assert agreed(project).operations() == dict.fromkeys(EVERYTHING, "create")
    engine.other.succeed(project, "up")
    all_as_made(project)
    engine.expect_nothing_to_do(project)


@by_either
@pytest.mark.parametrize("failing", Engine, ids=lambda one: f"fails-with-{one.value}")
def test_what_failed_in_the_middle_is_finished_by_either(
    made: Made, failing: Engine, engine: Engine
) -> None:
    project = made.again()
    update(project)
    project.write_spec()
    break_poller(project.lab, "paris")
    failed = failing.change(project, "up")
    mend_poller(project.lab)
    assert failed.code != 0, failed
    assert "the old state is back" in failed.out + failed.err
    assert "Traceback" not in failed.out + failed.err
    assert "KeyboardInterrupt" not in failed.out + failed.err
    assert served(project, "paris")
    assert not images_shown(project.lab, "lyon")
    assert agreed(project).operations() == {"paris": "update"}
    engine.succeed(project, "up")
    updated(project)
    engine.other.expect_nothing_to_do(project)


@by_either
def test_a_run_that_was_killed_is_finished_by_either(made: Made, engine: Engine) -> None:
    project = made.again()
    update(project)
    project.write_spec()
    kill_while_it_deploys(made.maker, project)
    engine.run(project, "cancel", "--yes")
    engine.succeed(project, "up")
    updated(project)
    engine.other.expect_nothing_to_do(project)


def kill_while_it_deploys(engine: Engine, project: Project) -> None:
    """Kill a run, and the processes that it started, as a machine that dies would."""
    with engine.start(project, "up") as process:
        shown = process.stderr if engine is Engine.MAPINFRA else process.stdout
        assert shown is not None
        next(line for line in shown if "generate the configuration of poller paris" in line)
        process.kill()
        subprocess.run(["pkill", "-KILL", "-s", str(process.pid)], check=False)
    assert process.returncode == -signal.SIGKILL


@by_either
def test_an_update_of_map_is_the_same_with_both(lab: Lab, tmp_path: Path, engine: Engine) -> None:
    world = make(lab, tmp_path, *ENGINE_ON_DNF)
    project = world.project
    world.want(NEWER)
    planned = agreed(project)
    assert planned.operations() == {"central": "create"}
    (step,) = (one for urn, one in planned.steps.items() if "MapInstallation" in urn)
    database = world.server.edition.database
    assert any(f"back up database {database}" in line for line in step["new"]["inputs"]["plan"])
    assert world.version() == OLD
    engine.succeed(project, "up")
    assert world.version() == NEWER
    assert world.web_versions() == (NEWER, NEWER, NEWER)
    assert world.service() == ("active", "enabled")
    engine.other.expect_nothing_to_do(project)


@pytest.mark.endurance
@by_either
def test_an_update_of_a_map_that_is_known_is_the_same_with_both(
    lab: Lab, tmp_path: Path, engine: Engine
) -> None:
    world = make(lab, tmp_path, *ENGINE_ON_DNF)
    project = world.project
    world.want(OLD)
    engine.succeed(project, "up")
    engine.other.expect_nothing_to_do(project)
    world.want(NEWER)
    planned = agreed(project)
    assert planned.operations() == {"central": "update"}
    (step,) = (one for urn, one in planned.steps.items() if "MapInstallation" in urn)
    assert [step[side]["inputs"]["version"] for side in ("old", "new")] == [OLD, NEWER]
    assert step["detail"]["version"] == {"kind": "update", "inputDiff": True}
    engine.other.succeed(project, "up")
    assert world.version() == NEWER
    assert world.web_versions() == (NEWER, NEWER, NEWER)
    engine.expect_nothing_to_do(project)


pages = st.sampled_from([{}, {"Images": "shown"}, {"Images": "hidden"}, {50102: "shown"}])
outputs = st.dictionaries(
    st.sampled_from(["Centreon-Map", "Second"]), st.sampled_from([5760, 5761, 5762]), max_size=2
).filter(lambda ports: len(set(ports.values())) == len(ports))
edits = st.dictionaries(st.sampled_from(REMOTES), st.tuples(pages, outputs), max_size=2)


def edit(project: Project, wanted: dict[str, Any]) -> None:
    """Give the remotes these pages and outputs; those without any leave the spec."""
    known = spec_of(project.lab)["remotes"]
    project.spec["remotes"] = {
        remote: {
            **known[remote],
            "pages": shown,
            "broker_outputs": {name: {"port": port} for name, port in ports.items()},
        }
        for remote, (shown, ports) in wanted.items()
    }
    project.write_spec()


def come_to(project: Project) -> tuple[object, ...]:
    """Return what the hosts and the state have come to, without when and in which steps."""
    lab, ports = project.lab, (5760, 5761, 5762)
    resources = {
        one["urn"]: {key: one.get("outputs", {}).get(key) for key in ("outputs", "page", "shown")}
        for one in project.resources()
        if "dynamic" in one["urn"]
    }
    hosts = [
        (images_shown(lab, remote), output_rows(lab, remote, port), listens(lab, remote, port))
        for remote in REMOTES
        for port in ports
    ]
    return resources, hosts


@settings(max_examples=3, phases=[Phase.generate])
@given(
    sequence=st.lists(st.tuples(edits, st.sampled_from(Engine)), min_size=2, max_size=4),
)
def test_any_sequence_of_edits_by_either_ends_as_a_fresh_run_of_the_last_spec(
    lab: Lab, tmp_path_factory: pytest.TempPathFactory, sequence: list[tuple[Any, Engine]]
) -> None:
    reset(lab)
    project = Project.make(lab, tmp_path_factory.mktemp("edited"))
    for wanted, engine in sequence:
        edit(project, wanted)
        engine.succeed(project, "up")
    sequence[-1][1].other.expect_nothing_to_do(project)
    found = come_to(project)
    reset(lab)
    fresh = Project.make(lab, tmp_path_factory.mktemp("fresh"))
    edit(fresh, sequence[-1][0])
    fresh.up()
    assert come_to(fresh) == found
