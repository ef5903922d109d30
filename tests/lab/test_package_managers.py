"""dnf and apt on real hosts: versions up and down, every refusal, and what may break meanwhile."""

import multiprocessing
import os
import signal
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from lab import Host as Machine
from lab import Lab
from lab.packages.by_hand import add_repository
from lab.packages.repositories import ROOT
from mapinfra.errors import CentreonError
from mapinfra.hosts import Fleet, Host, Ssh, Survey, Target, packages
from mapinfra.hosts.packages import (
    Installed,
    ManagerBusy,
    PackageChange,
    PackageError,
    RemovalRefused,
    VersionNotOffered,
)
from mapinfra.secrets import ConfigSecret, Secrets

SERVER = "centreon-map-server"
CLIENT = "centreon-map-web-client"
LICENSE = "centreon-license-manager"
JAVA = {"rpm": "java-17-openjdk-headless", "deb": "openjdk-17-jre-headless"}
MANAGERS = {"rpm": "dnf", "deb": "apt-get"}
UNIT = "mapinfra-packages"
CONF = "/etc/centreon-studio/centreon-map.conf"
FOLDER = "/root/packages"
NAMES = (SERVER, CLIENT, LICENSE, *JAVA.values())
SURVEY = Survey(probes=(packages.installed_probe(NAMES), packages.offered_probe(NAMES)))

# Both families' scripts before an installation ask getent: this is where a transaction is held.
HOLD = """
mv /usr/bin/getent /usr/bin/getent.real
cat >/usr/bin/getent <<'EOF'
#!/bin/sh
echo held >>/root/reached
while [ -e /root/hold ]; do sleep 0.05; done
exec /usr/bin/getent.real "$@"
EOF
chmod 755 /usr/bin/getent
touch /root/hold
"""


@dataclass(frozen=True)
class Site:
    """A fresh host of one family, from both sides."""

    lab: Lab
    machine: Machine
    host: Host
    fleet: Fleet
    target: Target

    @property
    def family(self) -> str:
        return self.machine.spec.family

    def version(self, number: str) -> str:
        return f"{number}-1.el8" if self.family == "rpm" else f"{number}-1"

    def server(self, number: str) -> dict[str, str]:
        return {SERVER: self.version(number)}

    def install(self, number: str, patience: float = 60) -> tuple[PackageChange, ...]:
        return packages.install(self.host, self.server(number), UNIT, patience=patience)

    def installed(self) -> Installed:
        return packages.installed(self.host, NAMES)

    def has(self, number: str) -> bool:
        found = self.installed()
        return found.versions.get(SERVER) == self.version(number) and not found.faults

    def hold(self) -> None:
        self.machine.run(HOLD)

    def is_held(self) -> bool:
        return self.machine.run("test -e /root/reached", check=False).returncode == 0

    def release(self) -> None:
        self.machine.run("rm /root/hold")


@contextmanager
def reached(lab: Lab, name: str) -> Iterator[Site]:
    words = {"sudo": (lab.directory / "secrets/sudo_password").read_text()}
    ssh = Ssh(
        config=str(lab.directory / "ssh_config"),
        become="sudo",
        sudo_password=ConfigSecret(secret="sudo"),
    )
    target = Target(name=name, ssh=ssh)
    with Fleet(Secrets(words, lab.directory), lambda _: SURVEY, folder=lab.directory) as fleet:
        yield Site(lab, lab.host(name), fleet.host(target), fleet, target)


@pytest.fixture(params=["map", "lyon"], ids=["dnf", "apt"])
def site(request: pytest.FixtureRequest, lab: Lab) -> Iterator[Site]:
    lab.reset(request.param)
    with reached(lab, request.param) as site:
        yield site


@pytest.fixture(scope="module", autouse=True)
def fresh_hosts(lab: Lab) -> Iterator[None]:
    yield
    for name in ("map", "lyon"):
        lab.reset(name)


def wait_until(condition: Callable[[], bool], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "not in time"
        time.sleep(0.05)


def refused(kind: type[PackageError], action: Callable[[], object]) -> str:
    with pytest.raises(kind) as caught:
        action()
    message = str(caught.value)
    assert message.startswith(("map: ", "lyon: "))
    assert "\n" not in message
    return message


# Seeing


LEFT_ALONE = {
    "rpm": ("/etc/dnf/dnf.conf", f"excludepkgs={SERVER}-22.10.5*"),
    "deb": (
        "/etc/apt/preferences.d/map",
        f"Package: {SERVER}\nPin: version 22.10.5*\nPin-Priority: -1",
    ),
}


def test_what_the_package_manager_is_told_to_leave_alone_is_seen(site: Site) -> None:
    path, text = LEFT_ALONE[site.machine.spec.family]
    site.machine.run(["tee", "-a", path], input=f"{text}\n")
    found = packages.offered(site.host, [SERVER])
    assert found.versions == {SERVER: (site.version("22.10.1"),)}
    assert site.version("22.10.5") in found.withheld[SERVER]
    assert found.withheld_by == (path,)


def test_a_package_on_hold_is_seen_and_apt_refuses_it(lab: Lab) -> None:
    lab.reset("lyon")
    with reached(lab, "lyon") as site:
        site.install("22.10.1")
        site.machine.run(["apt-mark", "hold", SERVER])
        assert packages.installed(site.host, [SERVER]).held == {SERVER}
        assert "Held packages were changed" in refused(
            PackageError, lambda: site.install("22.10.5")
        )


def test_one_pass_tells_what_is_installed_and_what_is_offered(site: Site) -> None:
    site.install("22.10.1")
    facts = site.fleet.facts(site.target)
    installed = packages.read_installed(facts.text(packages.INSTALLED))
    assert installed.family == site.family
    assert installed.versions == {
        SERVER: site.version("22.10.1"),
        JAVA[site.family]: site.version("17.0.13"),
    }
    offered = packages.read_offered(facts.text(packages.OFFERED))
    assert offered.versions[SERVER] == (site.version("22.10.1"), site.version("22.10.5"))
    assert offered.unreadable == ()


def test_a_repository_added_a_moment_ago_is_seen_before_the_host_has_read_it(site: Site) -> None:
    packages.offered(site.host, [SERVER])
    add_repository(site.machine, "23.04")
    site.machine.run("rm -rf /var/lib/apt/lists/*23.04*")
    assert packages.offered(site.host, [SERVER]).versions[SERVER][-1] == site.version("23.04.1")


def test_a_repository_that_cannot_be_read_is_named_and_the_others_are_read(site: Site) -> None:
    definition = {
        "rpm": "printf '[gone]\\nname=gone\\nbaseurl=http://127.0.0.1:9/gone\\n'"
        " >/etc/yum.repos.d/gone.repo",
        "deb": "echo deb http://127.0.0.1:9/gone 22.10 main >/etc/apt/sources.list.d/gone.list",
    }
    site.machine.run(definition[site.family])
    found = packages.offered(site.host, [SERVER])
    assert site.version("22.10.5") in found.versions[SERVER]
    (told,) = found.unreadable
    assert "gone" in told
    assert "connect" in told


def test_looking_leaves_no_trace(site: Site) -> None:
    site.install("22.10.1")
    add_repository(site.machine, "23.04")
    site.machine.run("touch /root/mark; sleep 0.01")
    site.fleet.facts(site.target)
    packages.foresee(site.host, site.server("23.04.1"))
    # rpm's index in shared memory, which every reader of its database writes, is no content.
    changed = site.machine.run(
        "find /etc /opt /root /srv /usr /var -newer /root/mark"
        " -not -path '/var/log/*' -not -path '/var/lib/mysql*' -not -path '/var/lib/systemd/*'"
        " -not -path /var/tmp -not -name rpmdb.sqlite-shm -not -path '/var/lib/sudo/*'"
    ).stdout
    assert changed == ""


def test_what_a_look_left_when_the_host_lost_its_power_goes_with_the_next(site: Site) -> None:
    boot = site.machine.run("cut -c 1-8 /proc/sys/kernel/random/boot_id").stdout.strip()
    left = "/var/tmp/mapinfra.00000000.abcdefgh"
    others = [f"/var/tmp/mapinfra.{boot}.abcdefgh", "/var/tmp/mapinfra.notes"]
    site.host.run(["mkdir", "-p", f"{left}/cache", *others])
    packages.offered(site.host, [SERVER])
    found = site.machine.run("ls -d /var/tmp/mapinfra.*").stdout.split()
    assert sorted(found) == sorted(others)


# Changing


def test_a_version_is_reached_up_and_down_with_what_it_needs_and_no_more(site: Site) -> None:
    java = PackageChange("install", JAVA[site.family], site.version("17.0.13"))
    first = PackageChange("install", SERVER, site.version("22.10.1"))
    assert set(packages.foresee(site.host, site.server("22.10.1"))) == {java, first}
    assert not site.installed().versions
    assert set(site.install("22.10.1")) == {java, first}
    assert site.has("22.10.1")
    assert site.install("22.10.5") == (PackageChange("change", SERVER, site.version("22.10.5")),)
    assert site.has("22.10.5")
    assert site.install("22.10.1") == (PackageChange("change", SERVER, site.version("22.10.1")),)
    assert site.has("22.10.1")


def test_a_version_that_is_there_is_not_installed_again(site: Site) -> None:
    site.install("22.10.1")
    before = len(site.machine.commands_log())
    assert site.install("22.10.1") == ()
    commands = [one.command for one in site.machine.commands_log()[before:]]
    assert not [one for one in commands if "systemd-run" in one]


def test_what_is_asked_last_of_all_can_still_stop_a_transaction(site: Site) -> None:
    """As an edit does that came while another program kept the package manager busy."""

    def changed() -> None:
        raise CentreonError("it was edited", where="map")

    before = site.installed()
    with pytest.raises(CentreonError, match="it was edited"):
        packages.install(site.host, site.server("22.10.5"), UNIT, ready=changed)
    assert site.installed() == before


def test_several_packages_change_in_one_transaction(site: Site) -> None:
    wanted = {name: site.version("22.10.1") for name in (CLIENT, LICENSE)}
    packages.install(site.host, wanted, UNIT)
    wanted = {name: site.version("22.10.5") for name in (CLIENT, LICENSE)}
    changes = packages.install(site.host, wanted, UNIT)
    assert {(one.name, one.version) for one in changes} == set(wanted.items())
    assert site.installed().versions == wanted


def test_an_edited_file_is_kept_or_replaced_as_asked(site: Site) -> None:
    if site.family == "rpm":
        pytest.skip("rpm does as the package says: lab/packages' own tests")
    site.install("22.10.1")
    site.machine.run(["sed", "-i", "s/-Xmx4G/-Xmx6G/", CONF])
    site.install("22.10.5")
    assert "-Xmx6G" in site.machine.run(["cat", CONF]).stdout
    assert site.machine.run(f"test -e {CONF}.dpkg-dist", check=False).returncode == 0
    packages.install(site.host, site.server("22.10.1"), UNIT, conffiles="replace")
    assert "-Xmx6G" not in site.machine.run(["cat", CONF]).stdout
    assert "-Xmx6G" in site.machine.run(["cat", f"{CONF}.dpkg-old"]).stdout


def test_a_version_that_no_repository_has_is_refused_with_those_that_are(site: Site) -> None:
    with pytest.raises(VersionNotOffered) as caught:
        site.install("23.04.1")
    assert caught.value.offered == (site.version("22.10.1"), site.version("22.10.5"))
    message = str(caught.value)
    assert f"no repository offers {SERVER} {site.version('23.04.1')}; offered: " in message
    assert site.version("22.10.5") in message
    told = refused(
        VersionNotOffered, lambda: packages.install(site.host, {"centreon-nothing": "1-1"}, UNIT)
    )
    assert "no version of it is" in told


def test_a_missing_dependency_is_named_and_nothing_is_changed(site: Site) -> None:
    site.install("22.10.1")
    add_repository(site.machine, "broken-dependency")
    told = refused(PackageError, lambda: site.install("23.10.93"))
    assert "centreon-map-keystore-tools" in told
    assert site.has("22.10.1")


MIRROR = """
import http.server, os

class Handler(http.server.SimpleHTTPRequestHandler):
    def send_head(self):
        if ("java-17" in self.path or "openjdk" in self.path) and os.path.exists("/root/refuse"):
            self.send_error(403, "no subscription")
            return None
        return super().send_head()

os.chdir("/")
http.server.ThreadingHTTPServer(("127.0.0.1", 8000), Handler).serve_forever()
"""


def serve(site: Site) -> None:
    """Let the host read its repositories by HTTP, from a server that may refuse a dependency."""
    site.machine.run("touch /root/refuse; cat >/root/mirror.py", input=MIRROR)
    site.machine.run("systemd-run --quiet --unit=mirror python3 /root/mirror.py")
    files = "/etc/yum.repos.d/* /etc/apt/sources.list.d/* /etc/apt/sources.list"
    site.machine.run(f"sed -i 's#file:/*#http://127.0.0.1:8000/#' {files} 2>/dev/null; true")
    up = "python3 -c 'import socket; socket.create_connection((\"127.0.0.1\", 8000))'"
    wait_until(lambda: site.machine.run(up, check=False).returncode == 0)


def test_a_dependency_that_a_repository_refuses_is_told_before_anything_is_changed(
    site: Site,
) -> None:
    serve(site)
    wanted = site.server("22.10.1")
    message = refused(PackageError, lambda: packages.download(site.host, wanted, UNIT))
    assert "and what they need, failed" in message
    assert message.endswith("their address, credentials, proxy")
    assert site.installed().versions == {}
    site.machine.run("rm /root/refuse")
    packages.download(site.host, wanted, UNIT)
    assert site.installed().versions == {}
    site.machine.run("touch /root/refuse")  # it is all there by now
    site.install("22.10.1")
    assert site.has("22.10.1")


@pytest.mark.parametrize("site", ["lyon"], indirect=True, ids=["apt"])
def test_a_dpkg_that_was_interrupted_is_seen_beforehand(site: Site) -> None:
    site.install("22.10.1")
    assert site.installed().faults == ()
    site.machine.run("touch /var/lib/dpkg/updates/0001")
    assert site.installed().faults == ("dpkg was interrupted: run `dpkg --configure -a` there",)
    site.machine.run("rm /var/lib/dpkg/updates/0001")
    status = "/var/lib/dpkg/status"
    site.machine.run(
        f"sed -i '/^Package: sudo$/,/^$/s/install ok installed/install ok unpacked/' {status}"
    )
    [fault] = site.installed().faults
    assert fault.startswith("sudo ")
    assert fault.endswith("see `dpkg --audit` and `dpkg --configure -a` there")


def test_a_script_that_fails_is_a_failure_with_what_it_said(site: Site) -> None:
    site.install("22.10.1")
    add_repository(site.machine, "broken-scriptlet")
    told = refused(PackageError, lambda: site.install("23.10.92"))
    assert "the keystore can't be converted" in told
    if site.family == "deb":
        (fault,) = site.installed().faults
        assert "is half configured" in fault
    site.install("22.10.1")
    assert site.has("22.10.1")


def test_a_package_that_others_need_is_not_removed(site: Site) -> None:
    site.install("22.10.1")
    told = refused(RemovalRefused, lambda: packages.remove(site.host, [JAVA[site.family]], UNIT))
    assert f"would remove {SERVER} {site.version('22.10.1')} as well" in told
    assert site.has("22.10.1")


def test_removing_takes_away_that_package_alone(site: Site) -> None:
    site.install("22.10.1")
    gone = PackageChange("remove", SERVER, site.version("22.10.1"))
    assert packages.remove(site.host, [SERVER, CLIENT], UNIT) == (gone,)
    assert set(site.installed().versions) == {JAVA[site.family]}
    assert packages.remove(site.host, [SERVER], UNIT) == ()


# What may break meanwhile


def test_a_transaction_goes_on_when_the_connection_drops(site: Site) -> None:
    site.hold()
    with ThreadPoolExecutor() as pool:
        installing = pool.submit(site.install, "22.10.1")
        wait_until(site.is_held)
        site.machine.run("pkill -f '^sshd: mapinfra'")
        site.release()
        assert installing.result(60)
    assert site.has("22.10.1")


def _install_in_child(lab: str, name: str) -> None:
    with reached(Lab.open(lab), name) as site:
        site.install("22.10.1")


def test_a_transaction_outlives_the_process_that_began_it_and_is_taken_over(site: Site) -> None:
    site.hold()
    child = multiprocessing.get_context("spawn").Process(
        target=_install_in_child, args=(site.lab.name, site.machine.name)
    )
    child.start()
    wait_until(site.is_held)
    assert child.pid is not None
    os.kill(child.pid, signal.SIGKILL)
    child.join()
    before = len(site.machine.commands_log())
    with ThreadPoolExecutor() as pool:
        installing = pool.submit(site.install, "22.10.1")
        # Its family is asked for, the unit is found, and the next command waits for its end.
        wait_until(lambda: len(site.machine.commands_log()) >= before + 3)
        site.release()
        installing.result(60)
    assert site.has("22.10.1")
    started = [one for one in site.machine.commands_log() if "systemd-run" in one.command]
    assert len(started) == 1


@contextmanager
def someone_installs(site: Site) -> Iterator[None]:
    """An administrator's own transaction, which goes on until `release`."""
    package = f"{SERVER}-22.10.1" if site.family == "rpm" else f"{SERVER}=22.10.1-1"
    command = [MANAGERS[site.family], "-y", "install", package]
    site.hold()
    with ThreadPoolExecutor() as pool:
        running = pool.submit(site.machine.run, command, timeout=60)
        wait_until(site.is_held)
        yield
        running.result(60)


def test_a_busy_package_manager_is_waited_for(site: Site) -> None:
    with someone_installs(site), ThreadPoolExecutor() as pool:
        before = len(site.machine.commands_log())
        installing = pool.submit(site.install, "22.10.5")
        wait_until(lambda: len(site.machine.commands_log()) >= before + 3)
        assert not installing.done()
        site.release()
        installing.result(60)
    assert site.has("22.10.5")


def test_who_keeps_the_package_manager_busy_for_too_long_is_named(site: Site) -> None:
    with someone_installs(site):
        told = refused(ManagerBusy, lambda: site.install("22.10.5", patience=1))
        site.release()
    assert f"{MANAGERS[site.family]} (process " in told
    assert "longer than the 1 s" in told
    assert site.has("22.10.1")


def test_looking_does_not_wait_for_a_busy_package_manager(site: Site) -> None:
    with someone_installs(site):
        assert packages.offered(site.host, [SERVER]).versions[SERVER]
        site.release()


# The way back


@pytest.fixture
def folder(site: Site) -> str:
    site.machine.run(["mkdir", "-m", "700", FOLDER])
    return FOLDER


def test_package_files_bring_back_the_old_version_without_any_repository(
    site: Site, folder: str
) -> None:
    site.install("22.10.1")
    (file,) = packages.fetch(site.host, site.server("22.10.1"), folder)
    assert (file.name, file.version) == (SERVER, site.version("22.10.1"))
    assert site.machine.run(["ls", folder]).stdout.split() == [Path(file.path).name]
    add_repository(site.machine, "broken-scriptlet")
    refused(PackageError, lambda: site.install("23.10.92"))
    site.machine.run(["mv", str(ROOT), f"{ROOT}.gone"])
    packages.install_files(site.host, [file], UNIT)
    assert site.has("22.10.1")
    packages.install_files(site.host, [file], UNIT)
    assert site.has("22.10.1")


def test_a_script_on_the_host_can_go_back_by_itself(site: Site, folder: str) -> None:
    site.install("22.10.1")
    (file,) = packages.fetch(site.host, site.server("22.10.1"), folder)
    site.install("22.10.5")
    family = site.installed().family
    site.machine.run(packages.install_files_argv(family, [file.path]))
    assert site.has("22.10.1")
    failed = site.machine.run(packages.install_files_argv(family, [f"{folder}/none"]), check=False)
    assert failed.returncode != 0


def test_versions_that_are_not_installed_can_be_fetched_as_well(site: Site, folder: str) -> None:
    site.install("22.10.1")
    wanted = {SERVER: site.version("22.10.5"), CLIENT: site.version("22.10.1")}
    files = packages.fetch(site.host, wanted, folder)
    assert {file.name: file.version for file in files} == wanted
    assert len(site.machine.run(["ls", folder]).stdout.split()) == len(wanted)
    assert site.has("22.10.1")


def test_a_package_file_that_is_not_to_be_had_is_named(site: Site, folder: str) -> None:
    told = refused(
        VersionNotOffered, lambda: packages.fetch(site.host, site.server("23.04.1"), folder)
    )
    assert f"{SERVER} {site.version('23.04.1')} isn't to be had" in told


def test_a_package_file_that_no_repository_has_any_more_comes_from_the_cache(
    site: Site, folder: str
) -> None:
    site.install("22.10.1")
    cached = {
        "rpm": f"cp {ROOT}/rpm/22.10/{SERVER}-22.10.1-*.rpm /var/cache/dnf",
        "deb": f"cp {ROOT}/deb/pool/{SERVER}_22.10.1-1_all.deb /var/cache/apt/archives",
    }
    site.machine.run(cached[site.family])
    site.machine.run("rm /etc/yum.repos.d/centreon* /etc/apt/sources.list.d/centreon* || :")
    (file,) = packages.fetch(site.host, site.server("22.10.1"), folder)
    assert file.path.startswith(folder)


def test_a_package_file_that_was_tampered_with_is_not_fetched(site: Site, folder: str) -> None:
    tampering = {
        "rpm": f"cd {ROOT}/rpm/22.10 && rpmsign --delsign {SERVER}-22.10.5-*.rpm"
        " && rm -r repodata && createrepo_c --quiet .",
        "deb": f"printf x >>{ROOT}/deb/pool/{SERVER}_22.10.5-1_all.deb",
    }
    site.install("22.10.1")
    site.machine.run(tampering[site.family])
    told = refused(
        VersionNotOffered, lambda: packages.fetch(site.host, site.server("22.10.5"), folder)
    )
    assert "not signed" in told or "Hash Sum mismatch" in told
    assert site.machine.run(["ls", folder]).stdout == ""


def test_the_original_of_a_configuration_file_is_read_out_of_its_package(
    site: Site, folder: str
) -> None:
    site.install("22.10.1")
    original = site.machine.run(["cat", CONF]).stdout.encode()
    site.machine.run(["sed", "-i", "s/-Xmx4G/-Xmx6G/", CONF])
    (file,) = packages.fetch(site.host, site.server("22.10.1"), folder)
    assert packages.pristine(site.host, file.path, CONF) == original
    assert packages.pristine(site.host, file.path, "/etc/centreon-studio/none") is None
    told = refused(PackageError, lambda: packages.pristine(site.host, "/etc/passwd", CONF))
    assert "can't be read out of /etc/passwd" in told
