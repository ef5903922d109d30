"""Nothing that is shown of a config file gives a secret away."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mapinfra.centreon.config_files import PROPERTIES, SHELL, Format, Strategy, format_of, merge

KEYS = [
    "centreon.pwd",
    "centreon-map.keystore-pass",
    "centreon-map.truststore-pass",
    "map.connection.password",
    "centreon-map.signing-key",
    "CENTREON_PASSWORD",
    "db.passwd",
    "api.token",
    "clientSecret",
]
secrets = st.text("qjz0189$'\"#!/@ ", min_size=1, max_size=12).map(lambda text: f"hunter2{text}")


def told(form: Format, local: str, vendor: str, way: Strategy, **declared: str) -> list[str]:
    merged = merge(
        pristine=None,
        local=local.encode(),
        vendor=vendor.encode(),
        settings=declared,
        strategy=way,
        form=form,
    )
    return [*map(str, merged.differences), repr(merged)]


@pytest.mark.parametrize("key", KEYS)
@given(secret=secrets, way=st.sampled_from(Strategy), gap=st.sampled_from(["=", " = ", ":", " "]))
def test_no_secret_is_told(key: str, secret: str, way: Strategy, gap: str) -> None:
    local = f"{key}{gap}{secret}\n#{key}{gap}{secret}\nkept=1\n"
    shown = told(PROPERTIES, local, f"{key}=change-me\n", way, **{key: f"{secret}x"})
    shown += told(PROPERTIES, local, f"{key}=change-me\n", way)
    assert not any("hunter2" in line or "change-me" in line for line in shown)
    assert any("(secret)" in line for line in shown)


@pytest.mark.parametrize(
    ("local", "vendor"),
    [
        ('JAVA_OPTS="-Xmx4G -Dcentreon-map.signing-key=hunter2"', 'JAVA_OPTS="-Xmx8G"'),
        ("JAVA_OPTS=\"-Dpassword='hunter2 hunter2' -Xmx4G\"", 'JAVA_OPTS="-Xmx8G"'),
        ("DB_URL=jdbc:mysql://map:hunter2@db/map", "DB_URL=jdbc:mysql://db/map"),
        ("DB_URL='jdbc:mysql://db/map?user=map&password=hunter2'", "DB_URL=jdbc:mysql://db/map"),
        ('# DB_PASSWORD="hunter2"', ""),
        ("test -n x && DB_PASSWORD=hunter2", ""),
        ('DB_PASSWORD=hunter2\nDB_URL="jdbc:x:$DB_PASSWORD"', "DB_URL=none"),
        ("DB_PASSWORD='one\nhunter2'", "DB_URL=none"),
        ("export DB_PASSWORD=hunter2", "DB_PASSWORD=hunter2"),
    ],
)
def test_no_secret_inside_a_value_or_line_is_told(local: str, vendor: str) -> None:
    for way in Strategy:
        shown = told(SHELL, f"{local}\n", f"{vendor}\n", way)
        assert "hunter2" not in "".join(shown)
        assert len(shown) > 1


def test_options_beside_a_secret_one_are_told() -> None:
    local = 'JAVA_OPTS="-Xmx4G -Dcentreon-map.signing-key=hunter2 -Xms1g"\n'
    shown = told(SHELL, local, 'JAVA_OPTS="-Xms1g -Xmx8G"\n', Strategy.KEEP)
    assert shown[0] == (
        'JAVA_OPTS: local "-Xmx4G -Dcentreon-map.signing-key=(secret)" (of 3 options) kept,'
        ' the vendor has "-Xmx8G" (of 2 options)'
    )


def test_how_long_a_token_lasts_is_no_secret() -> None:
    shown = told(
        PROPERTIES,
        "centreon-map.access-token-validity-seconds=60\n",
        "centreon-map.access-token-validity-seconds=120\n",
        Strategy.KEEP,
    )
    assert '"60" kept, the vendor has "120"' in shown[0]


@pytest.mark.parametrize(
    ("path", "form"),
    [
        ("/etc/centreon-studio/centreon-map.conf", SHELL),
        ("/etc/centreon-studio/centreon-map.conf.rpmsave", SHELL),
        ("/etc/centreon-map/vars.sh", SHELL),
        ("/etc/centreon-map/backup.conf.dpkg-dist", SHELL),
        ("/etc/centreon-map/map-config.properties", PROPERTIES),
        ("studio-database.properties.rpmnew", PROPERTIES),
        ("/etc/centreon-map/map-log.xml", None),
        ("/etc/my.cnf.d/map.cnf", None),
    ],
)
def test_a_files_name_tells_its_format(path: str, form: Format | None) -> None:
    assert format_of(path) is form
