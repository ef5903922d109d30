"""The one session of a process for each stack configuration.

Pulumi gives every provider class its own object in one process; they must share connections, facts
and tokens, so the session is kept here, by what it was configured with.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from threading import Lock

from pulumi.dynamic.config import Config

from mapinfra import spec
from mapinfra.centreon.releases.editions import edition
from mapinfra.config import OWN, SPEC_KEY, value_of
from mapinfra.errors import SpecError
from mapinfra.hosts import Fleet
from mapinfra.resources.provider_process import is_provider_process, settle_in
from mapinfra.resources.reading import survey_of
from mapinfra.resources.session import Session
from mapinfra.resources.wishes import NO_WISHES, WantedMap, WantedOutput, Wishes, comparable
from mapinfra.secrets import Secrets


class Sessions:
    """Sessions by configuration, made when first asked for."""

    def __init__(self) -> None:
        self.details = True
        """See `Session.details`; for the sessions that are opened from now on."""
        self._sessions: dict[tuple[object, ...], Session] = {}
        self._lock = Lock()

    def of(self, config: Mapping[str, str], project: str = OWN) -> Session:
        """Return the session of this configuration; the first question starts reading the fleet."""
        folder = Path.cwd()
        key = (folder, project, *sorted(config.items()))
        with self._lock:
            if key not in self._sessions:
                self._sessions[key] = _open(config, project, folder, details=self.details)
            return self._sessions[key]

    def close(self) -> None:
        """Close every session."""
        with self._lock:
            for session in self._sessions.values():
                session.close()
            self._sessions.clear()


SESSIONS = Sessions()


def session_of(config: Config) -> Session:
    """Return the session of a provider's configuration."""
    if is_provider_process():
        settle_in()
    values = {str(key): str(value) for key, value in config._props.items()}
    return SESSIONS.of(values, config._project_name)


def _open(config: Mapping[str, str], project: str, folder: Path, *, details: bool) -> Session:
    """Return a session; raise SpecError for missing secrets, before any host is contacted."""
    secrets = Secrets(config, folder, project)
    spec_path = value_of(config, SPEC_KEY, project)
    located = _located(Path(spec_path)) if spec_path is not None else None
    if located is not None:
        spec.check_secrets(located, secrets)
    hosts = [] if located is None else located.spec.targets()
    fleet = Fleet(secrets, survey_of, folder=folder)
    wishes = NO_WISHES if located is None else _wishes(located)
    session = Session(fleet, secrets, wishes, hosts, details)
    session.fleet.prefetch(hosts)
    return session


def _wishes(located: spec.Located) -> Wishes:
    """Return what the spec says of brokers, pollers and the MAP servers that connect there."""
    outputs = {
        name: tuple(
            WantedOutput(
                output,
                str(wanted.port),
                wanted.tls,
                located.at("remotes", name, "broker_outputs", output, "port"),
            )
            for output, wanted in remote.broker_outputs.items()
            if wanted.listens
        )
        for name, remote in located.spec.remotes.items()
    }
    named = [
        (comparable(str(target.ssh.host)), target.name)
        for target in (
            located.spec.central_target,
            *(located.spec.remote_target(name) for name in located.spec.remotes),
        )
    ]
    # Hosts behind one address, on several ports, aren't told apart by it.
    seen = Counter(address for address, _ in named)
    hosts = {address: name for address, name in named if seen[address] == 1}
    central, maps = located.spec.central_target, dict(_maps(located.spec))
    pollers = {name: remote.poller for name, remote in located.spec.remotes.items()}
    return Wishes(outputs, hosts, maps, central, pollers)


def _maps(wanted: spec.Spec) -> Iterator[tuple[str, WantedMap]]:
    if wanted.map is None:
        return
    of = edition(wanted.map.edition)
    declared = wanted.map.settings.get(of.main_file, {})
    targets = {target.name: target for target in wanted.targets()}
    for name in wanted.remotes:
        server = wanted.map_target(name)
        if server is not None:
            yield name, WantedMap(targets[server.name], of, declared)


def _located(path: Path) -> spec.Located | None:
    """Return the spec; None when it can't be read, which the program reports itself."""
    try:
        return spec.locate(path)
    except SpecError:
        return None
