"""Centreon Web's HTTP side: API v1 (api/index.php), and what is used of REST v2."""
