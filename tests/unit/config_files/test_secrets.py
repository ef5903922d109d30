"""Nothing that is shown of a config file gives a secret away."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mapinfra.config_files import (
    PROPERTIES,
    SHELL,
    ConfigFileUnreadable,
    Format,
    Strategy,
    format_of,
    merge,
    shown_value,
)

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
    try:
        merged = merge(
            pristine=None,
            local=local.encode(),
            vendor=vendor.encode(),
            settings=declared,
            strategy=way,
            form=form,
        )
    except ConfigFileUnreadable as fault:
        return [str(fault)]
    return [*map(str, merged.differences), repr(merged)]


@pytest.mark.parametrize("key", KEYS)
@given(secret=secrets, way=st.sampled_from(Strategy), gap=st.sampled_from(["=", " = ", ":", " "]))
def test_no_secret_is_told(key: str, secret: str, way: Strategy, gap: str) -> None:
    local = f"{key}{gap}{secret}\n#{key}{gap}{secret}\nkept=1\n"
    shown = told(PROPERTIES, local, f"{key}=change-me\n", way, **{key: f"{secret}x"})
    shown += told(PROPERTIES, local, f"{key}=change-me\n", way)
    assert not any("hunter2" in line or "change-me" in line for line in shown)
    assert any("(hidden)" in line for line in shown)


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


# Some look as keys do: an access key's id, a passphrase.
WORDS = st.one_of(
    st.text("qjz0189ZQ", min_size=1, max_size=8).map(lambda text: f"S3cret{text}"),
    st.text("QJZ0189_", min_size=1, max_size=8).map(lambda text: f"S3CRET{text}"),
    st.text("qjz", min_size=1, max_size=8).map(lambda text: f"s.ecret.{text}"),
)
GIVEN_AWAY = re.compile(r"s3cret|s\.ecret", re.IGNORECASE)
SHAPES = [
    "curl -u admin:{}",
    "curl -u admin:{} http://central/",
    "mysql -p{}",
    "MAP_DB_ROOT_PW={}",
    "MAP_DB_ROOT_PW={} /usr/bin/map",
    'JAVA_OPTS="-Xmx4G -Dkeystore.pw={}"',
    'JAVA_OPTS="-Xmx4G -Dproxy={} -Xms1G"',
    "JAVA_OPTS=\"-Dx='a {}' -Xmx4G\"",
    'RUN_ARGS="--spring.profiles.active=prod --x {}"',
    "# password: {}",
    "# mot de passe : {}",
    "# Kennwort {}",
    "# {}",
    "# パスワード {}",
    "authorization=Basic {}",
    "authorization: Bearer {}",
    "X_URL=https://admin:{}@central/",
    "centreon.url=https://admin:{}@central/",
    "centreon.url=https://central/{}",
    "map.connection.url=jdbc:mariadb://db/map?user=map&password={}",
    "map.connection.url=jdbc:mariadb://map:{}@db/map",
    "broker.port={}",
    "own.key={}",
    "own.key = a {} b",
    "{}",
    "{}=1",
    "{}: true",
    "{} 1",
    "{}====",
    'JAVA_OPTS="-Xmx4G -D{}.x=true"',
    'RUN_ARGS="--{}=1"',
    "kept=1 {}",
]


@pytest.mark.parametrize("shape", SHAPES)
@settings(max_examples=20)
@given(
    word=WORDS,
    form=st.sampled_from([SHELL, PROPERTIES]),
    way=st.sampled_from(Strategy),
    end=st.sampled_from(["\n", "\r\n", ""]),
)
def test_no_secret_of_any_shape_is_told(
    shape: str, word: str, form: Format, way: Strategy, end: str
) -> None:
    line = shape.format(word)
    for local in (line, f"kept=1{end or chr(10)}{line}{end}"):
        shown = told(form, local, "kept=1\nbroker.port=5758\nJAVA_OPTS=-Xmx8G\n", way)
        assert shown
        assert not GIVEN_AWAY.search("".join(shown))


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("JAVA_OPTS", "-Xms512m -Xmx4G -XX:+UseG1GC -XX:MaxMetaspaceSize=512m -Xss1m"),
        ("JAVA_OPTS", "-XX:HeapDumpPath=/var/log/centreon-map -Djava.net.preferIPv4Stack=true"),
        ("RUN_ARGS", "--spring.profiles.active=prod,tls_broker"),
        ("centreon.url", "https://central.example.org:8443/centreon"),
        ("broker.address", "2001:db8::1"),
        ("broker.port", "5758"),
        ("broker.tls", "true"),
        ("centreon_map.connection.url", "jdbc:mariadb://localhost:3306/centreon_map"),
        ("centreon_map.connection.url", "jdbc:mariadb:sequential://a:3306,b/db"),
        ("hibernate.dialect", "org.hibernate.dialect.MariaDB10Dialect"),
        ("centreon-map.access-token-validity-seconds", "7776000"),
        ("centreon-map.keystore", "/etc/centreon-map/map.jks"),
    ],
)
def test_what_is_known_to_be_harmless_is_told(key: str, value: str) -> None:
    assert shown_value(key, value) == value


def test_comments_are_told_only_as_the_vendor_wrote_them() -> None:
    shown = told(SHELL, "A=1\n# mine\n", "A=1\n# theirs\n", Strategy.CARRY)
    assert shown[0] == 'line "(hidden)": only in the local file, carried over'
    assert shown[1] == 'line "# theirs": only in the vendor\'s file, taken'


def test_a_line_that_may_be_no_key_is_told_by_its_number() -> None:
    local = "\ufeff# ours\r\nkept=1\ncorrect.horse.battery\nbroker.port=1\nlast=1\n"
    shown = told(PROPERTIES, local, "kept=1\n", Strategy.CARRY)
    assert shown[0] == 'line 3 (hidden): local "" carried over, the vendor has nothing'
    assert shown[1] == 'broker.port: local "1" carried over, the vendor has nothing'
    assert shown[2] == 'line 5 (hidden): local "1" carried over, the vendor has nothing'


@pytest.mark.parametrize(
    "key",
    [
        "HTTP_PROXY",
        "JAVA_HOME",
        "JAVA_TOOL_OPTIONS",
        "TMPDIR",
        "centreon_map.connection.url",
        "centreon-map.keystore",
        "spring.profiles.active",
        "map.connection.url",
    ],
)
def test_a_known_key_that_only_the_local_file_has_is_named(key: str) -> None:
    form = PROPERTIES if "." in key else SHELL
    assert told(form, f"{key}=x\n", "", Strategy.KEEP)[0].startswith(f"{key}: ")


def test_options_beside_a_secret_one_are_told() -> None:
    local = 'JAVA_OPTS="-Xmx4G -Dcentreon-map.signing-key=hunter2 -Xms1g"\n'
    shown = told(SHELL, local, 'JAVA_OPTS="-Xms1g -Xmx8G"\n', Strategy.KEEP)
    assert shown[0] == (
        'JAVA_OPTS: local "-Xmx4G -Dcentreon-map.signing-key=(hidden)" (of 3 options) kept,'
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
