"""What Centreon is: its tables, its broker outputs, its files and its API."""
