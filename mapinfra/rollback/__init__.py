"""The lock on the work at a MAP server, and the automatic rollback that guards it."""
