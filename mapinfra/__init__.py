"""Centreon MAP installations kept as a spec says they should be, with Pulumi."""
