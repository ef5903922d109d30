"""Stand-ins of Centreon for the hosts of a lab: tables, CLAPI, API, gorgone, cbd, centengine.

They run inside the hosts, on Debian's own Python 3.11 and PyMySQL, from /usr/share/lab/standins.
README.md beside this file says what each stands in for, where each behaviour comes from, and what
they don't do.
"""
