"""The Pulumi program: the spec that the stack's config names, as resources."""

import os
import signal
from pathlib import Path

import pulumi
from pulumi.runtime.config import CONFIG, get_config_env

from mapinfra.errors import MapinfraError
from mapinfra.platform import platform
from mapinfra.secrets import Secrets
from mapinfra.spec import check_secrets, locate


def main() -> None:
    """Declare the resources of the stack's spec."""
    path = pulumi.Config("mapinfra").get("spec")
    if path is None:
        stack = pulumi.get_stack()
        raise pulumi.RunError(
            f"stack {stack}: its config names no spec; "
            f"type `mapinfra config set spec stacks/{stack}.yaml --stack {stack}`"
        )
    try:
        located = locate(Path(path))
        check_secrets(located, Secrets({**get_config_env(), **CONFIG.get()}, Path.cwd()))
        platform(located.spec)
    except MapinfraError as error:
        raise pulumi.RunError(str(error)) from None


def _end_quietly() -> None:
    """End without a traceback when the Pulumi CLI interrupts the program: it does so to end it."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, lambda _number, _frame: os._exit(128 + signal.SIGINT))


_end_quietly()
main()
