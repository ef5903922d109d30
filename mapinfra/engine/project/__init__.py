"""The project, its stacks and their config."""
