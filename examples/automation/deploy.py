"""The Automation API: a program without a project's folder, previewed from another program.

`python deploy.py HOST` previews; a portal, or a job, would go on with `stack.up()`. It needs the
Pulumi CLI. What is exported to it: PULUMI_BACKEND_URL, PULUMI_CONFIG_PASSPHRASE and
CENTREON_DATABASE_PASSWORD.
"""

import os
import sys

from pulumi import automation as auto

import mapinfra


def stack_of(host: str) -> auto.Stack:
    """Return the stack that holds what MAP needs of one remote server, at this address."""

    def program() -> None:
        server: mapinfra.HostArgs = {
            "name": host,
            "ssh": {"host": host, "user": "mapinfra", "become": "sudo"},
            "database": {"user": "mapinfra", "password": {"env": "CENTREON_DATABASE_PASSWORD"}},
        }
        mapinfra.TopologyFlag("images", server=server, page="Images")

    return auto.create_or_select_stack("dev", project_name="maps", program=program)


if __name__ == "__main__":
    if "CENTREON_DATABASE_PASSWORD" not in os.environ:
        sys.exit("export CENTREON_DATABASE_PASSWORD first")
    # What is live counts, not what the last run has left.
    stack_of(sys.argv[1]).preview(refresh=True, on_output=print)
