"""The Pulumi program: the spec that the stack's config names, as resources."""

import mapinfra

mapinfra.declare()
