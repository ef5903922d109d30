"""MAP installed on hosts that have nothing of it, and taken away again."""

from pathlib import Path

import pytest

from lab import Lab
from tests.lab.map_world import ALL, NEWER, OLD, World, make_bare
from tests.lab.project import images_shown, listens, query

GRANTS = "select privilege_type from information_schema.schema_privileges where grantee like "


@pytest.fixture
def bare(lab: Lab, tmp_path: Path, request: pytest.FixtureRequest) -> World:
    return make_bare(lab, tmp_path, *request.param)


@pytest.mark.parametrize("bare", ALL, indirect=True, ids=["-".join(parts) for parts in ALL])
def test_map_is_installed_from_nothing(bare: World) -> None:
    bare.want_installed(OLD, settings={"centreon-map.conf": {"JAVA_OPTS": "-Xmx6G"}})
    preview = bare.project.mapinfra("preview")
    assert preview.code == 0, preview
    bare.expect_up()
    assert (bare.version(), bare.web_versions()) == (OLD, (OLD, OLD, OLD))
    assert bare.service() == ("active", "enabled")
