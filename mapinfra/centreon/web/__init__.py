"""Centreon Web: its API, its menu, its extensions and their options."""
