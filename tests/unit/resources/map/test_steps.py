"""Names of steps on a MAP server: journals on hosts have them, earlier versions' journals, too."""

from mapinfra.resources.map import steps_installation, steps_output, steps_server, steps_web
from mapinfra.resources.map.steps import LockedStep
from mapinfra.restore import steps as restore_steps

MODULES = steps_installation, steps_output, steps_server, steps_web, restore_steps
NAMES = """
    account arm arrive back backup cancel cbd clear compare config configure contact declare disable
    drop enable extend fetch generate health install keep keys listen mariadb move options reenable
    restart restore resume retire return revoke server settings start stop test unaccount undatabase
    unenable uninstall unoutput unweb web
"""


def test_a_step_keeps_the_name_that_it_has_in_journals() -> None:
    names = {
        one.name
        for module in MODULES
        for one in vars(module).values()
        if isinstance(one, type) and issubclass(one, LockedStep) and hasattr(one, "name")
    }
    assert names == set(NAMES.split())
