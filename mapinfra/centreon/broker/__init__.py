"""Centreon Broker: its outputs, and the files that Centreon makes of them."""
