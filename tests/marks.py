"""Marks that tests of several folders bear."""

import shutil

import pytest

_PARTS = {
    "pulumi": "the Pulumi CLI",
    "pulumi-language-python": "its plugin for Python",
    "pulumi-language-python-exec": "a part of its plugin for Python",
    "pulumi-resource-pulumi-python": "its plugin for dynamic resources",
}
_MISSING = [f"{what} ({name})" for name, what in _PARTS.items() if shutil.which(name) is None]

needs_pulumi = pytest.mark.skipif(bool(_MISSING), reason=f"not on PATH: {', '.join(_MISSING)}")
