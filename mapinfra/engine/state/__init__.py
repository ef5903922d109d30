"""A stack's state: its file, its lock and its secrets, in Pulumi's own format."""
