"""Gorgone: what Web asks for is done on the pollers, some time later.

Source: centreon-gorgone, modules legacycmd, action and proxy.
"""
