"""CLAPI, Centreon's commands: the same for the command line and for the API.

Source: www/class/centreon-clapi.
"""
