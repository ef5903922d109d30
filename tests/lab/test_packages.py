"""The lab's stand-ins of Centreon's packages: what they leave on a host, how they break."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from lab import Host, Lab, LabError
from lab.packages.by_hand import MapServer, add_repository, map_server
from lab.packages.catalogue import VERSIONS
from lab.packages.repositories import ROOT

LEGACY_ON_DNF = ("map", "central", "legacy")
ENGINE_ON_DNF = ("map", "central", "engine")
LEGACY_ON_APT = ("lyon", "lyon", "legacy")
ENGINE_ON_APT = ("lyon", "lyon", "engine")
ALL = [LEGACY_ON_DNF, ENGINE_ON_DNF, LEGACY_ON_APT, ENGINE_ON_APT]
LINES = ("22.10", "23.04", "23.10", "24.04", "24.10")
ROWS = "select id, name, owner, md5(background) from map_view order by id"


@pytest.fixture(scope="module", autouse=True)
def fresh_hosts(lab: Lab) -> Iterator[None]:
    yield
    with ThreadPoolExecutor() as pool:
        list(pool.map(lab.reset, ("central", "lyon", "map")))


@pytest.fixture
def server(lab: Lab, request: pytest.FixtureRequest) -> MapServer:
    """A MAP server of which nothing is installed yet, its host fresh."""
    server = map_server(lab, *request.param)
    lab.reset(server.host.name)
    return server


@pytest.fixture
def central(lab: Lab) -> Host:
    lab.reset("central")
    return lab.host("central")


def each(*servers: tuple[str, str, str]) -> pytest.MarkDecorator:
    ids = ["-".join(parts) for parts in servers]
    return pytest.mark.parametrize("server", servers, indirect=True, ids=ids)


def wait_until(condition: Callable[[], bool], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "not in time"
        time.sleep(0.05)


def ask(server: MapServer, path: str) -> httpx.Response | None:
    """The answer, None when nothing answers."""
    try:
        return httpx.get(f"http://{server.host.address}:{server.edition.port}{path}", timeout=5)
    except httpx.TransportError:
        return None


def health(server: MapServer, api: str = "beta") -> tuple[int, str] | None:
    answer = ask(server, f"/{server.edition.context}/api/{api}/actuator/health")
    if answer is None or answer.status_code == 404:
        return None
    return answer.status_code, answer.json()["status"]


def is_up(server: MapServer, api: str = "beta") -> bool:
    return health(server, api) == (200, "UP")


def active(server: MapServer) -> str:
    command = ["systemctl", "is-active", server.edition.service]
    return server.host.run(command, check=False).stdout.strip()


def log(server: MapServer) -> str:
    return server.host.run(["cat", server.edition.log]).stdout


def read(server: MapServer, name: str) -> str:
    return server.host.run(["cat", f"{server.edition.configuration}/{name}"]).stdout


def leftovers(server: MapServer) -> set[str]:
    names = server.host.run(["ls", server.edition.configuration]).stdout.split()
    suffixes = (".rpmsave", ".rpmnew", ".dpkg-dist", ".dpkg-old", ".dpkg-new")
    return {name for name in names if name.endswith(suffixes)}


def sql(server: MapServer, statement: str) -> str:
    return server.host.run(["mariadb", "-N", server.edition.database, "-e", statement]).stdout


def edit(server: MapServer, name: str, old: str, new: str) -> None:
    text = read(server, name)
    assert old in text
    file = f"{server.edition.configuration}/{name}"
    server.host.run(["tee", file], input=text.replace(old, new))


def upgrade(server: MapServer, version: str, *options: str) -> None:
    server.host.run(["systemctl", "stop", server.edition.service])
    server.change_package("upgrade", version, *options)
    server.host.run(["systemctl", "start", server.edition.service])


def versions(server: MapServer) -> str:
    package = server.edition.package
    if server.host.spec.family == "rpm":
        return server.host.run(["rpm", "-q", "--qf", "%{VERSION}", package]).stdout
    command = ["dpkg-query", "-W", "-f", "${db:Status-Abbrev}${Version}", package]
    return server.host.run(command).stdout


# Installing


@each(*ALL)
def test_installed_by_hand_it_gets_healthy_and_follows_its_database(server: MapServer) -> None:
    server.prepare()
    server.change_package("install", "22.10.1")
    enabled = ["systemctl", "is-enabled", server.edition.service]
    assert server.host.run(enabled, check=False).stdout.strip() == "disabled"
    server.install("22.10.1")
    assert health(server) != (200, "UP")
    wait_until(lambda: is_up(server))
    assert "Started Centreon MAP 22.10.1" in log(server)
    user = ["ps", "-o", "user:20=,args=", "-C", "java,python3"]
    assert "centreon-map         /usr/bin/java" in server.host.run(user).stdout
    server.host.run(["systemctl", "stop", "mariadb"])
    wait_until(lambda: health(server) == (503, "DOWN"))
    server.host.run(["systemctl", "start", "mariadb"])
    wait_until(lambda: is_up(server))


def test_both_editions_share_a_dnf_host(lab: Lab) -> None:
    lab.reset("map")
    for edition in ("legacy", "engine"):
        map_server(lab, "map", "central", edition).install("22.10.5")
    for edition in ("legacy", "engine"):
        server = map_server(lab, "map", "central", edition)
        wait_until(lambda server=server: is_up(server))  # type: ignore[misc]
    assert "20971520" in lab.host("map").run(
        ["sh", "-c", "systemctl restart mariadb; mariadb -Ne 'select @@max_allowed_packet'"]
    ).stdout  # fmt: skip


def test_both_editions_fight_for_one_file_on_an_apt_host(lab: Lab) -> None:
    lab.reset("lyon")
    legacy, engine = (map_server(lab, "lyon", "lyon", name) for name in ("legacy", "engine"))
    legacy.change_package("install", "22.10.5")
    with pytest.raises(LabError, match="returned an error code"):
        engine.change_package("install", "22.10.5")
    engine.change_package("install", "22.10.5", "-o", "Dpkg::Options::=--force-overwrite")


@each(ENGINE_ON_DNF)
def test_wrong_credentials_leave_it_down_and_are_told(server: MapServer) -> None:
    server.install("22.10.1")
    wait_until(lambda: is_up(server))
    main = server.edition.main_file.name
    line = next(line for line in read(server, main).splitlines() if "centreon.pwd" in line)
    edit(server, main, line, "centreon.pwd=wrong")
    server.host.run(["systemctl", "restart", server.edition.service])
    wait_until(lambda: "Failed to authenticate user 'centreon-map'" in log(server))
    assert health(server) == (503, "DOWN")
    edit(server, main, "centreon.pwd=wrong", line)
    server.web.run(["mariadb", "centreon", "-e", "update contact set reach_api_rt = 0"])
    assert "[ERROR] Authentication: Centreon Web: Cannot authenticate user" in (
        server.run_program("diagnostic")
    )
    server.web.run(["mariadb", "centreon", "-e", "update contact set reach_api_rt = 1"])


@each(ENGINE_ON_DNF)
def test_java_refuses_options_it_does_not_know(server: MapServer) -> None:
    server.install("22.10.1")
    edit(server, "centreon-map.conf", "-Xms512m", "-Xms512m -Yes")
    server.host.run(["systemctl", "restart", server.edition.service])
    wait_until(lambda: active(server) == "failed")
    journal = server.host.run(["journalctl", "-u", server.edition.service, "-o", "cat"]).stdout
    assert "Unrecognized option: -Yes" in journal


@each(ENGINE_ON_DNF)
def test_configure_needs_an_administrator_and_insert_on_centreon(
    server: MapServer, central: Host
) -> None:
    server.prepare()
    server.change_package("install", "22.10.1")
    configure = [f"{server.edition.configuration}/configure.sh", "-a"]
    edit(server, "vars.sh", "ADMIN_USER='admin'", "ADMIN_USER='centreon-map'")
    refused = server.host.run(configure, check=False)
    assert refused.returncode == 1
    assert "[ERROR] Centreon Web refuses the login of 'centreon-map'" in refused.stdout
    edit(server, "vars.sh", "ADMIN_USER='centreon-map'", "ADMIN_USER='admin'")
    user = f"'centreon_map'@'{server.host.address}'"
    central.run(["mariadb", "-e", f"revoke insert on centreon.* from {user}"])
    assert "INSERT command denied" in server.host.run(configure, check=False).stdout
    central.run(["mariadb", "-e", f"grant insert on centreon.* to {user}"])
    assert server.host.run(configure).stdout.endswith("Configuration completed, enjoy !\n")
    assert categories(central) == ["bam", "neb"]


@each(ENGINE_ON_DNF)
def test_configure_run_again_from_22_10_5_on_adds_a_category(
    server: MapServer, central: Host
) -> None:
    server.install("22.10.1")
    upgrade(server, "22.10.5")
    server.host.run([f"{server.edition.configuration}/configure.sh", "-a"])
    assert categories(central) == ["bam", "neb", "storage"]


def categories(central: Host) -> list[str]:
    return central.run(["mariadb", "-N", "centreon", "-e", (
        "select c.config_value from cfg_centreonbroker_info c join cfg_centreonbroker_info p"
        " using (config_id, config_group, config_group_id) where c.config_key = 'category'"
        " and p.config_key = 'port' and p.config_value = '5758' order by 1"
    )]).stdout.split()  # fmt: skip


@each(LEGACY_ON_APT)
def test_the_legacy_server_offers_the_desktop_client_of_its_version(server: MapServer) -> None:
    server.install("22.10.5")
    wait_until(lambda: is_up(server))
    page = ask(server, "/centreon-studio/desktop-client/")
    assert page is not None
    assert "desktop client 22.10.5" in page.text
    name = "centreon-map-desktop-client-22.10.5-linux.zip"
    assert name in page.text
    file = ask(server, f"/centreon-studio/desktop-client/{name}")
    assert file is not None
    assert file.content.startswith(b"PK")


@each(ENGINE_ON_DNF)
def test_the_server_connects_to_the_output_that_configure_made(
    server: MapServer, central: Host
) -> None:
    server.install("22.10.5")
    server.connect_broker()
    wait_until(lambda: f"Connected to Centreon Broker {central.address}:5758" in log(server))
    diagnosis = server.run_program("diagnostic")
    assert "[OK] Broker: connection" in diagnosis
    assert "[ERROR]" not in diagnosis


# Repositories


def test_every_repository_has_its_versions_in_both_families(lab: Lab) -> None:
    central = lab.host("central")
    pool = central.run(["ls", f"{ROOT}/deb/pool"]).stdout.split()
    for version in VERSIONS:
        listed = central.run(["ls", f"{ROOT}/rpm/{version.repository}"]).stdout.split()
        index = f"{ROOT}/deb/dists/{version.repository}/main/binary-*/Packages"
        offered = central.run(f"cat {index}").stdout
        names = [release.edition.package for release in version.releases()]
        for name in (*names, "centreon-map-web-client"):
            assert f"{name}-{version.number}-1.el8.noarch.rpm" in listed
            assert f"{name}_{version.number}-1_all.deb" in pool
            assert f"Filename: pool/{name}_{version.number}-1_all.deb" in offered


@each(ENGINE_ON_DNF, LEGACY_ON_APT)
def test_a_fresh_host_knows_the_first_line_and_others_when_told(server: MapServer) -> None:
    if server.host.spec.family == "rpm":
        command = ["dnf", "-q", "list", "--showduplicates", server.edition.package]
    else:
        command = ["apt-cache", "madison", server.edition.package]
    offered = server.host.run(command).stdout
    assert "22.10.5" in offered
    assert "23.04" not in offered
    add_repository(server.host, "23.04")
    assert "23.04.1" in server.host.run(command).stdout


@each(LEGACY_ON_DNF)
def test_dnf_refuses_a_package_that_was_tampered_with(server: MapServer) -> None:
    package = f"{ROOT}/rpm/22.10/{server.edition.package}-22.10.5-1.el8.noarch.rpm"
    server.host.run(["rpmsign", "--delsign", package])
    repository = f"{ROOT}/rpm/22.10"
    server.host.run(f"rm -r {repository}/repodata && createrepo_c --quiet {repository}")
    server.change_package("install", "22.10.1")
    with pytest.raises(LabError, match="is not signed"):
        server.change_package("upgrade", "22.10.5")


@each(LEGACY_ON_APT)
def test_apt_refuses_packages_and_lists_that_were_tampered_with(server: MapServer) -> None:
    package = f"{ROOT}/deb/pool/{server.edition.package}_22.10.5-1_all.deb"
    server.host.run(f"printf x >>{package}")
    with pytest.raises(LabError, match="Hash Sum mismatch"):
        server.change_package("install", "22.10.5")
    server.host.run(f"sed -i 's/^Suite: .*/Suite: other/' {ROOT}/deb/dists/22.10/InRelease")
    update = server.host.run(["apt-get", "update"], check=False)
    assert "invalid" in update.stderr


# Upgrading


@each(LEGACY_ON_DNF, ENGINE_ON_DNF)
def test_rpm_saves_an_edited_conf_and_puts_new_properties_beside(server: MapServer) -> None:
    server.install("22.10.1")
    edit(server, "centreon-map.conf", "-Xmx4G", "-Xmx6G")
    edited = read(server, "centreon-map.conf")
    main = server.edition.main_file.name
    configured = read(server, main)
    add_repository(server.host, "23.04")
    upgrade(server, "23.04.1")
    assert leftovers(server) == {"centreon-map.conf.rpmsave", f"{main}.rpmnew"}
    assert read(server, "centreon-map.conf.rpmsave") == edited
    assert "-XX:+ExitOnOutOfMemoryError" in read(server, "centreon-map.conf")
    assert "-Xmx4G" in read(server, "centreon-map.conf")
    assert read(server, main) == configured
    assert "broker.reconnection.delay" in read(server, f"{main}.rpmnew")
    wait_until(lambda: is_up(server))


@each(LEGACY_ON_DNF)
def test_rpm_leaves_nothing_of_a_conf_that_was_not_edited(server: MapServer) -> None:
    server.install("22.10.1")
    upgrade(server, "22.10.5")
    assert leftovers(server) == set()
    assert "up to 10000 -Xmx18G" in read(server, "centreon-map.conf")


@each(LEGACY_ON_APT, ENGINE_ON_APT)
def test_dpkg_keeps_or_replaces_an_edited_conf_as_it_is_told(server: MapServer) -> None:
    server.install("22.10.1")
    edit(server, "centreon-map.conf", "-Xmx4G", "-Xmx6G")
    main = server.edition.main_file.name
    upgrade(server, "22.10.5", "-o", "Dpkg::Options::=--force-confold")
    assert leftovers(server) == {"centreon-map.conf.dpkg-dist"}
    assert "-Xmx6G" in read(server, "centreon-map.conf")
    add_repository(server.host, "23.04")
    upgrade(server, "23.04.1", "-o", "Dpkg::Options::=--force-confnew")
    assert {"centreon-map.conf.dpkg-old", f"{main}.dpkg-old"} <= leftovers(server)
    assert "-Xmx6G" in read(server, "centreon-map.conf.dpkg-old")
    assert "-Xmx4G" in read(server, "centreon-map.conf")


@each(LEGACY_ON_APT)
def test_dpkg_asks_about_an_edited_conf_when_it_is_not_told(server: MapServer) -> None:
    server.install("22.10.1")
    edit(server, "centreon-map.conf", "-Xmx4G", "-Xmx6G")
    with pytest.raises(LabError, match="returned an error code"):
        server.change_package("upgrade", "22.10.5")
    assert versions(server) == "iU 22.10.5-1"


@each(LEGACY_ON_DNF, ENGINE_ON_APT)
def test_an_older_version_refuses_a_newer_schema_until_the_dump_is_back(server: MapServer) -> None:
    server.install("22.10.1")
    wait_until(lambda: is_up(server))
    server.run_program("sample", "--views=5")
    before = sql(server, ROWS) + sql(server, "select * from map_element order by id")
    database = server.edition.database
    options = "--routines --triggers --events --single-transaction --add-drop-database"
    server.host.run(f"mariadb-dump {options} --databases {database} >/root/dump.sql")
    for line in ("23.04", "23.10"):
        add_repository(server.host, line)
    confold = () if server.host.spec.family == "rpm" else ("-o", "Dpkg::Options::=--force-confold")
    upgrade(server, "23.10.1", *confold)
    wait_until(lambda: is_up(server))
    assert sql(server, "select max(version) from schema_version") == "2310\n"
    server.host.run(["systemctl", "stop", server.edition.service])
    server.change_package("downgrade", "22.10.1", *confold)
    server.host.run(["systemctl", "start", server.edition.service])
    wait_until(lambda: active(server) == "failed")
    assert f"the schema of {database} is at 2310, newer than 2210" in log(server)
    server.host.run("mariadb </root/dump.sql")
    server.host.run(["systemctl", "start", server.edition.service])
    wait_until(lambda: is_up(server))
    assert sql(server, ROWS) + sql(server, "select * from map_element order by id") == before


@each(ENGINE_ON_DNF)
def test_the_engine_goes_up_through_every_line_to_the_new_api(server: MapServer) -> None:
    server.install("22.10.1")
    wait_until(lambda: is_up(server))
    server.run_program("sample", "--views=5")
    for line in LINES[1:]:
        add_repository(server.host, line)
        upgrade(server, f"{line}.1")
        wait_until(lambda: is_up(server) or is_up(server, "latest"))
    assert is_up(server, "latest")
    assert health(server, "beta") is None
    server.run_program("sample", "--views=5")
    assert sql(server, "select count(*) from map_view join map_owner on owner_id = map_owner.id"
               ) == "10\n"  # fmt: skip


# Broken versions


@pytest.fixture
def healthy(server: MapServer) -> MapServer:
    """A server of version 23.10.1 that is up."""
    add_repository(server.host, "23.10")
    server.install("23.10.1")
    wait_until(lambda: is_up(server))
    return server


@each(LEGACY_ON_DNF, ENGINE_ON_APT)
def test_a_version_with_a_missing_dependency_changes_nothing(healthy: MapServer) -> None:
    add_repository(healthy.host, "broken-dependency")
    with pytest.raises(LabError, match="exit code"):
        healthy.change_package("upgrade", "23.10.93")
    assert "23.10.1" in versions(healthy)
    assert is_up(healthy)


@each(LEGACY_ON_DNF)
def test_a_failing_scriptlet_is_told_by_dnf_and_nothing_else(healthy: MapServer) -> None:
    add_repository(healthy.host, "broken-scriptlet")
    command = ["dnf", "-y", "upgrade", healthy.edition.package]
    done = healthy.host.run(command, check=False)
    assert "Error in POSTIN scriptlet in rpm package centreon-map-server" in done.stderr
    assert done.returncode == 0
    assert versions(healthy) == "23.10.92"


@each(ENGINE_ON_APT)
def test_a_failing_postinst_leaves_the_package_half_configured(healthy: MapServer) -> None:
    add_repository(healthy.host, "broken-scriptlet")
    with pytest.raises(LabError, match="exit code 100"):
        healthy.change_package("upgrade", "23.10.92", "-o", "Dpkg::Options::=--force-confold")
    assert versions(healthy) == "iF 23.10.92-1"


@each(LEGACY_ON_DNF, ENGINE_ON_APT)
def test_a_version_that_does_not_start_ends_at_once(healthy: MapServer) -> None:
    add_repository(healthy.host, "broken-start")
    upgrade(healthy, "23.10.90", *_kept(healthy))
    wait_until(lambda: active(healthy) == "failed")
    assert "Application run failed" in log(healthy)


@each(LEGACY_ON_DNF, ENGINE_ON_APT)
def test_a_version_that_never_gets_healthy_has_changed_the_schema(healthy: MapServer) -> None:
    add_repository(healthy.host, "broken-health")
    upgrade(healthy, "23.10.91", *_kept(healthy))
    wait_until(lambda: "Authenticated at" in log(healthy).partition("23.10.91")[2])
    assert health(healthy) == (503, "DOWN")
    assert active(healthy) == "active"
    assert sql(healthy, "select max(version) from schema_version") == "2311\n"


def _kept(server: MapServer) -> tuple[str, ...]:
    return () if server.host.spec.family == "rpm" else ("-o", "Dpkg::Options::=--force-confold")


# The web side


@each(ENGINE_ON_DNF)
def test_the_web_client_is_a_module_and_a_widget_of_its_version(
    server: MapServer, central: Host
) -> None:
    server.install_web_client("22.10.1")
    modules = "select name, mod_release from modules_informations order by name"
    assert rows(central, modules) == [
        "centreon-license-manager\t22.10.1", "centreon-map4-web-client\t22.10.1",
    ]  # fmt: skip
    assert rows(central, "select title, version from widget_models") == [
        "MAP - Display views\t22.10.1"
    ]
    assert rows(central, "select value from options where `key` like 'map_light_%' order by `key`"
                )[1:] == [f"http://{server.host.address}:8081", "1"]  # fmt: skip
    central.run(["apt-get", "-y", "install", "centreon-map-web-client=22.10.5-1"])
    conf = "/usr/share/centreon/www/modules/centreon-map4-web-client/conf.php"
    assert "'22.10.5'" in central.run(["cat", conf]).stdout
    assert rows(central, modules)[1] == "centreon-map4-web-client\t22.10.1"


def rows(central: Host, statement: str) -> list[str]:
    return central.run(["mariadb", "-N", "centreon", "-e", statement]).stdout.splitlines()
