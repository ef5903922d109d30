"""The resources: one module each, one contract, one adapter to Pulumi."""
