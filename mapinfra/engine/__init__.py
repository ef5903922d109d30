"""The Pulumi program run in process: the same steps, the same state file as Pulumi's own CLI."""
