"""The Pulumi program run in process, on the same state file as the Pulumi CLI.

What is imported from here is the engine's public face; its modules are its own affair.
"""

from mapinfra.engine.plans.plan import ResourcePlan as ResourcePlan
from mapinfra.engine.plans.saved import SavedPlan as SavedPlan
from mapinfra.engine.plans.saved import save_plan as save_plan
from mapinfra.engine.project.edits import forget as forget
from mapinfra.engine.project.edits import unprotect as unprotect
from mapinfra.engine.project.project import stack_name as stack_name
from mapinfra.engine.project.selected import selected_stack as selected_stack
from mapinfra.engine.project.stack import Stack as Stack
from mapinfra.engine.project.stack import load as load
from mapinfra.engine.project.stack_config import StackConfig as StackConfig
from mapinfra.engine.project.stacks import init_stack as init_stack
from mapinfra.engine.project.stacks import lock_holders as lock_holders
from mapinfra.engine.project.stacks import open_stack as open_stack
from mapinfra.engine.project.stacks import set_config as set_config
from mapinfra.engine.run.errortext import ErrorLines as ErrorLines
from mapinfra.engine.run.events import Emit as Emit
from mapinfra.engine.run.events import Event as Event
from mapinfra.engine.run.events import LogEvent as LogEvent
from mapinfra.engine.run.events import OperationKind as OperationKind
from mapinfra.engine.run.events import ResourceEvent as ResourceEvent
from mapinfra.engine.run.events import Summary as Summary
from mapinfra.engine.run.events import reviewed as reviewed
from mapinfra.engine.run.operations import Options as Options
from mapinfra.engine.run.operations import operate as operate
from mapinfra.engine.run.operations import preview_update as preview_update
from mapinfra.engine.run.targets import Targets as Targets
from mapinfra.engine.state.backend import NoSuchStack as NoSuchStack
from mapinfra.engine.state.checkpoint import resource_out as resource_out
from mapinfra.engine.state.diff import ValueChange as ValueChange
from mapinfra.engine.state.diff import changes as changes
from mapinfra.engine.state.diff import changes_with_plan as changes_with_plan
from mapinfra.engine.state.lock import LockHolder as LockHolder
from mapinfra.engine.state.lock import remove_lock as remove_lock
from mapinfra.engine.state.snapshot import Resource as Resource
from mapinfra.engine.state.urn import label as label
