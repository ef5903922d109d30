"""How a host is reached and read: connections, commands, the one pass, MariaDB."""

from mapinfra.hosts.fleet import Fleet
from mapinfra.hosts.host import Completed, Host
from mapinfra.hosts.machine import Machine
from mapinfra.hosts.mariadb import Transaction
from mapinfra.hosts.survey import Facts, Probe, Query, Survey
from mapinfra.hosts.target import Database, Ssh, Target

__all__ = [
    "Completed",
    "Database",
    "Facts",
    "Fleet",
    "Host",
    "Machine",
    "Probe",
    "Query",
    "Ssh",
    "Survey",
    "Target",
    "Transaction",
]
