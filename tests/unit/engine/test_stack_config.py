"""A stack's config: values of every kind are the same texts, plans and history to both engines."""

import json
from typing import Any

import pytest

from mapinfra.engine.project.stack import load
from mapinfra.engine.project.stack_config import StackConfig
from mapinfra.engine.project.stacks import open_stack
from mapinfra.errors import MapinfraError
from tests.marks import needs_pulumi
from tests.unit.engine.realcli import pulumi, pulumi_preview, run
from tests.unit.engine.sandbox import SECRET, Sandbox
from tests.unit.engine.shown import shown_by_us

VALUES = {
    "whole": ("5", "5"),
    "big": ("123456789012", "123456789012"),
    "broken": ("0.50", "0.5"),
    "power": ("1e3", "1000"),
    "point": ("2.0", "2"),
    "octal": ("010", "8"),
    "sign": ("-7", "-7"),
    "true": ("true", "true"),
    "yes": ("yes", "yes"),
    "off": ("off", "off"),
    "time": ("12:30", "12:30"),
    "version": ("23.10.3", "23.10.3"),
    "quoted": ('"5"', "5"),
    "empty": ('""', ""),
    "nothing": ("null", ""),
    "date": ('"2026-01-01"', "2026-01-01"),
    "list": ("[]", "[]"),
    "deep": (
        "{z: yes, n: 5, f: 1.50, p: 2.0, t: false, e: null, ü: <é>, k: {}}",
        '{"e":null,"f":1.5,"k":{},"n":5,"p":2,"t":false,"z":"yes","ü":"\\u003cé\\u003e"}',
    ),
}


@pytest.fixture
def configured(sandbox: Sandbox) -> Sandbox:
    with sandbox.config_file.open("a", encoding="utf-8") as file:
        file.writelines(f"  sandbox:{key}: {one}\n" for key, (one, _) in VALUES.items())
    return sandbox


def config(sandbox: Sandbox) -> StackConfig:
    return open_stack(sandbox.project, "dev", sandbox.environment).config


def wanted(sandbox: Sandbox) -> dict[str, str]:
    texts = {f"sandbox:{key}": text for key, (_, text) in VALUES.items()}
    return {"sandbox:world": str(sandbox.world), **texts}


@pytest.mark.usefixtures("quick")
def test_the_program_sees_every_value_as_a_text(configured: Sandbox) -> None:
    stack = open_stack(configured.project, "dev", configured.environment)
    assert stack.config.in_clear(load(stack)[1]).values == wanted(configured)


@pytest.mark.usefixtures("quick")
def test_a_date_is_to_be_put_in_quotes(sandbox: Sandbox) -> None:
    with sandbox.config_file.open("a") as file:
        file.write("  sandbox:day: 2026-01-01\n")
    with pytest.raises(MapinfraError, match=r"dev\.yaml:\d+: .*put 2026-01-01 in quotes"):
        config(sandbox)


@needs_pulumi
def test_the_cli_sees_the_same_texts(configured: Sandbox) -> None:
    theirs = pulumi_preview(configured)["config"]
    assert theirs == shown_by_us(configured)["config"] == wanted(configured)


@needs_pulumi
def test_nested_secrets_are_held_as_by_the_cli(configured: Sandbox) -> None:
    for path in ("thing.a", "items[0]"):
        run(configured, "config", "set", "--path", "--secret", path, SECRET)
    run(configured, "config", "set", "--path", "thing.b", "5")
    theirs = pulumi_preview(configured, "--save-plan", "plan.json")["config"]
    assert theirs["sandbox:thing"] == '{"a":"[secret]","b":5}'
    assert (
        shown_by_us(configured)["config"].items()
        >= {key: theirs[key] for key in ("sandbox:thing", "sandbox:items")}.items()
    )
    held = config(configured).held()
    assert held == json.loads((configured.project / "plan.json").read_text())["config"]
    configured.up()
    pulumi(configured, "up", "--yes", "--skip-preview")
    ours, of_the_cli = _history(configured)
    assert ours["config"] == of_the_cli["config"] == held


def _history(sandbox: Sandbox) -> list[dict[str, Any]]:
    files = (sandbox.backend / ".pulumi" / "history").rglob("*.history.json")
    return [json.loads(one.read_text()) for one in sorted(files)]
