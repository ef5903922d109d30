"""A preview in process, in the shape of `pulumi preview --json`."""

from typing import Any

from mapinfra.cli.machine import as_json
from mapinfra.engine.project.stacks import open_stack
from tests.unit.engine.sandbox import Sandbox


def shown_by_us(sandbox: Sandbox, **options: Any) -> dict[str, Any]:
    result = sandbox.preview(**options)
    config = open_stack(sandbox.project, "dev", sandbox.environment).config
    return as_json(config, result.events, result.summary)
