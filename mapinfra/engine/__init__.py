"""The Pulumi program run in process, on the same state file as the Pulumi CLI.

What is imported from here is the engine's public face; its modules are its own affair.
"""

from mapinfra.engine.plans.plan import ResourcePlan
from mapinfra.engine.plans.saved import SavedPlan, save_plan
from mapinfra.engine.project.edits import forget, unprotect
from mapinfra.engine.project.project import stack_name
from mapinfra.engine.project.selected import selected_stack
from mapinfra.engine.project.stack import Stack, load
from mapinfra.engine.project.stack_config import StackConfig
from mapinfra.engine.project.stacks import init_stack, lock_holders, open_stack, set_config
from mapinfra.engine.run.errortext import ErrorLines
from mapinfra.engine.run.events import (
    Emit,
    Event,
    LogEvent,
    OperationKind,
    ResourceEvent,
    Summary,
    reviewed,
)
from mapinfra.engine.run.operations import Options, operate, preview_update
from mapinfra.engine.run.signals import INTERRUPTED, stopped_by_signals
from mapinfra.engine.run.targets import Targets
from mapinfra.engine.state.backend import NoSuchStack
from mapinfra.engine.state.checkpoint import resource_out
from mapinfra.engine.state.diff import ValueChange, changes, changes_with_plan
from mapinfra.engine.state.lock import LockHolder, remove_lock
from mapinfra.engine.state.snapshot import Resource
from mapinfra.engine.state.urn import label
from mapinfra.engine.state.urn import name as resource_name

__all__ = [
    "INTERRUPTED",
    "Emit",
    "ErrorLines",
    "Event",
    "LockHolder",
    "LogEvent",
    "NoSuchStack",
    "OperationKind",
    "Options",
    "Resource",
    "ResourceEvent",
    "ResourcePlan",
    "SavedPlan",
    "Stack",
    "StackConfig",
    "Summary",
    "Targets",
    "ValueChange",
    "changes",
    "changes_with_plan",
    "forget",
    "init_stack",
    "label",
    "load",
    "lock_holders",
    "open_stack",
    "operate",
    "preview_update",
    "remove_lock",
    "resource_name",
    "resource_out",
    "reviewed",
    "save_plan",
    "selected_stack",
    "set_config",
    "stack_name",
    "stopped_by_signals",
    "unprotect",
]
