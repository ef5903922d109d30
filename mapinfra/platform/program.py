"""The program that a spec alone makes."""

import os
import signal
import threading
from pathlib import Path

import pulumi
from pulumi.runtime.config import CONFIG, get_config_env

from mapinfra.config import SPEC_KEY, value_of
from mapinfra.errors import MapinfraError
from mapinfra.platform.components import platform
from mapinfra.secrets import Secrets
from mapinfra.spec import check_secrets, locate


def declare() -> None:
    """Declare the resources of the spec that the stack's config names, and the stack's outputs.

    The config's key is `spec`, of the project or of mapinfra; its value is a path, relative to the
    project's folder. Raises pulumi.RunError, with a line for each fault, when there is none, or
    when it can't be used, or a secret that it refers to isn't there.
    """
    _end_quietly()
    config = {**get_config_env(), **CONFIG.get()}
    project, stack = pulumi.get_project(), pulumi.get_stack()
    path = value_of(config, SPEC_KEY, project)
    if path is None:
        raise pulumi.RunError(
            f"stack {stack}: its config names no spec; "
            f"type `mapinfra config set spec stacks/{stack}.yaml --stack {stack}`"
        )
    try:
        located = locate(Path(path))
        check_secrets(located, Secrets(config, Path.cwd(), project))
        platform(located.spec)
    except MapinfraError as error:
        raise pulumi.RunError(str(error)) from None


def _end_quietly() -> None:
    """End without a traceback when the Pulumi CLI interrupts the program: it does so to end it."""
    if threading.current_thread() is not threading.main_thread():
        return
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, lambda _number, _frame: os._exit(128 + signal.SIGINT))
