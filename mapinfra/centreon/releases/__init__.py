"""What there is of Centreon MAP: editions, release lines, versions, and the order of an update."""
