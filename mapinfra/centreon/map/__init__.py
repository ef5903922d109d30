"""Centreon MAP on its host: what it answers, what it is configured with, what it stands on."""
