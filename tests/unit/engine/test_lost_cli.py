"""The provider process of a Pulumi CLI that is killed or hung up in the middle of a step.

Runs when `pulumi` is on PATH.
"""

import os
import signal
import subprocess
import time
from collections.abc import Callable

import pytest

from tests.marks import needs_pulumi
from tests.provider_process import end_within, providers_of
from tests.unit.engine.realcli import environment, line, pulumi, pulumi_up
from tests.unit.engine.sandbox import Sandbox

pytestmark = needs_pulumi


def killed(cli: int) -> None:
    os.kill(cli, signal.SIGKILL)


def killed_with_its_group(cli: int) -> None:
    os.killpg(cli, signal.SIGKILL)


def hung_up(cli: int) -> None:
    os.killpg(cli, signal.SIGHUP)


@pytest.mark.parametrize("lost", [killed, killed_with_its_group, hung_up])
def test_a_provider_ends_with_its_cli_and_the_next_run_goes_on(
    sandbox: Sandbox, lost: Callable[[int], None]
) -> None:
    sandbox.files(a="one")
    sandbox.steer("a.hold")
    with subprocess.Popen(
        line("up", "--yes", "--skip-preview"),
        cwd=sandbox.project,
        env=environment(sandbox),
        stdout=subprocess.DEVNULL,
        start_new_session=True,
    ) as cli:
        while "a" not in sandbox.live():
            assert cli.poll() is None
            time.sleep(0.1)
        providers = providers_of(cli.pid)
        lost(cli.pid)
        cli.wait(timeout=60)
    assert end_within(providers, 30)
    sandbox.steer("a.hold", on=False)
    pulumi(sandbox, "cancel", "--yes")
    pulumi_up(sandbox)
    assert sandbox.live() == {"a": "one"}
