"""Marks that tests of several folders bear."""

import shutil

import pytest

needs_pulumi = pytest.mark.skipif(
    shutil.which("pulumi") is None, reason="the Pulumi CLI is not on PATH"
)
