"""The arguments of the resources, as a program writes them: dictionaries of known keys.

A type checker knows them here; what a value may be is said once, in the models of a spec, and
checked by them as soon as it is known. A value may be an Output of another resource.
"""

from collections.abc import Mapping, Sequence
from inspect import isawaitable
from typing import Annotated, Any, Literal, NotRequired, TypedDict, TypeVar

from pulumi import Input, Output, RunError
from pulumi.output import Unknown
from pydantic import BaseModel, Field, ValidationError

from mapinfra.centreon.map.configure import Install
from mapinfra.centreon.web.access import Api
from mapinfra.errors import Faulty
from mapinfra.hosts import Target
from mapinfra.spec.fault import Keys
from mapinfra.spec.invalid import findings
from mapinfra.spec.model import BrokerOutput, Map, Model, OutputName, Page

M = TypeVar("M", bound=BaseModel)


class SecretArgs(TypedDict, total=False):
    """Where a password is to be found; exactly one of the keys. It is read when it is needed."""

    secret: Input[str]
    """Key of the stack's config, set with `pulumi config set --secret KEY`."""
    env: Input[str]
    """Name of an environment variable."""
    file: Input[str]
    """Path of a file, relative to the project's folder, whose first line it is."""


class SshArgs(TypedDict, total=False):
    """How to reach a host by SSH. What isn't given is taken from `~/.ssh/config`."""

    host: Input[str]
    """Name, address, or alias of the SSH configuration."""
    port: Input[int]
    """TCP port of sshd; default 22."""
    user: Input[str]
    """User to log in as."""
    identity_file: Input[str]
    """Private key; default: the agent's keys and those of the SSH configuration."""
    identity_passphrase: Input[SecretArgs]
    """Passphrase of the private key."""
    config: Input[str]
    """SSH configuration file; default `~/.ssh/config`, then `/etc/ssh/ssh_config`."""
    host_key: Input[str]
    """The host's public key, `type base64`; default: the key must be in known_hosts."""
    jump: Input[str]
    """Jump hosts, `[user@]host[:port]`, separated by commas."""
    jump_host_key: Input[str]
    """The jump hosts' public keys, separated by commas, in their order."""
    become: Input[Literal["none", "sudo"]]
    """Whether commands run as root through sudo; default `none`: as the login user."""
    sudo_password: Input[SecretArgs]
    """Password for sudo, where it asks for one."""
    connect_timeout: Input[float]
    """Seconds that connecting may take, all tries together; default 10."""
    command_timeout: Input[float]
    """Seconds that one ordinary command or query may take; default 60."""


class DatabaseArgs(TypedDict):
    """How to reach a host's MariaDB, from that host itself, through the SSH connection."""

    user: Input[str]
    """MariaDB user."""
    password: NotRequired[Input[SecretArgs]]
    """Password; default: MariaDB knows the user by its unix socket."""
    name: NotRequired[Input[str]]
    """Centreon's configuration database; default `centreon`."""
    host: NotRequired[Input[str]]
    """Address of MariaDB as seen from the host; default `127.0.0.1`."""
    port: NotRequired[Input[int]]
    """TCP port of MariaDB; default 3306."""
    socket: NotRequired[Input[str]]
    """Unix socket on the host, in place of address and port."""


class HostArgs(TypedDict):
    """A host: what messages call it, and the two ways in."""

    name: Input[str]
    """Its name in messages."""
    ssh: Input[SshArgs]
    """How to reach it by SSH."""
    database: NotRequired[Input[DatabaseArgs]]
    """How to reach its MariaDB; a central and a remote server need it."""


class ApiArgs(TypedDict):
    """Centreon's web API."""

    url: Input[str]
    """Address of Centreon Web, such as `https://central.example.net/centreon`."""
    user: Input[str]
    """Centreon user, an administrator, who may reach the API."""
    password: Input[SecretArgs]
    """That user's password."""
    ca_file: NotRequired[Input[str]]
    """File of the certificate authorities (PEM) to trust; default: the system's."""
    timeout: NotRequired[Input[float]]
    """Seconds that one call may take; default 60."""


class BrokerOutputArgs(TypedDict, total=False):
    """An output of a broker; `{}` is the output of the manual's picture, on port 5758.

    Source: the form "Broker configuration > Output" of Centreon's web interface.
    """

    type: Input[Literal["ipv4", "bbdo_server"]]
    """Default `ipv4`; `bbdo_server`: BBDO v3, Centreon 22.10 and later."""
    take_over: str
    """Name of an output that is there already and becomes this one."""
    port: Input[int]
    """TCP port to listen on, or, with `host`, to connect to; default 5758."""
    host: Input[str]
    """Host to connect to; default: listen. Of a `bbdo_server`, the address to listen on."""
    protocol: Input[Literal["bbdo"]]
    """Serialization protocol."""
    transport: Input[Literal["TCP", "gRPC"]]
    """Transport protocol of a `bbdo_server`; default `TCP`."""
    tls: Input[Literal["no", "yes", "auto"]]
    """TLS encryption; default `auto`, of a `bbdo_server` `no`."""
    private_key: Input[str]
    """Private key file on the remote, for TLS."""
    tls_hostname: Input[str]
    """Name expected in the other side's certificate."""
    public_certificate: Input[str]
    """Certificate file on the remote, for TLS."""
    ca_certificate: Input[str]
    """Certificate file of the trusted authority, on the remote."""
    negotiation: Input[Literal["no", "yes"]]
    """Whether both sides agree on TLS and compression first; default `yes`."""
    buffering_timeout: Input[int]
    """Seconds before the failover is started; default 0."""
    retry_interval: Input[int | Literal[""]]
    """Seconds between two tries to connect; default: the broker's."""
    failover: Input[str]
    """Name of the output that takes over when this one fails."""
    one_peer_retention: Input[Literal["no", "yes"]]
    """Keep events for a MAP server that went away, although listening; default `no`."""
    compression: Input[Literal["no", "yes", "auto"]]
    """Compression (zlib); default `auto`, of a `bbdo_server` `no`."""
    compression_level: Input[int | Literal[""]]
    """0 is none, 9 the best; default: zlib's own choice."""
    compression_buffer: Input[int | Literal[""]]
    """Bytes gathered before they are compressed; default: the broker's."""
    categories: Input[Sequence[Literal["neb", "storage", "correlation", "dumper", "bam"]]]
    """Events that are sent; default `bam` and `neb`."""


class BackupArgs(TypedDict, total=False):
    """What is kept on the MAP server itself before MAP is changed."""

    folder: Input[str]
    """A folder there, with its full path; default `/var/backups/mapinfra`."""
    keep: Input[int]
    """How many backups are kept; default 3."""


class InstallArgs(TypedDict):
    """What an installation from nothing needs to know; of no use once MAP is there."""

    contact: Input[str]
    """Centreon contact that MAP logs in as; it has to be there."""
    contact_password: Input[SecretArgs]
    """That contact's password."""
    database_password: Input[SecretArgs]
    """Password that MAP's user gets at Centreon's databases."""
    centreon_address: NotRequired[Input[str]]
    """Where the MAP server reaches Centreon; default: the host of the API's address."""
    own_address: NotRequired[Input[str]]
    """IPv4 address from which it comes to Centreon's database; default: its only one."""


class ArgumentError(Faulty, RunError):
    """Arguments of a resource that can't be used; a line for each, with the argument's name.

    Those that are known are checked where the resource is declared, an Output as soon as it is
    known: before any host is contacted.
    """


class TopologyFlagModel(Model):
    """The arguments of a TopologyFlag."""

    server: Annotated[Target, Field(description="The server whose menu it is.")]
    page: Annotated[Page, Field(description="The page's name or id, such as Images or 50102.")]
    shown: Annotated[bool, Field(description="Whether it is shown.")] = True


class BrokerOutputsModel(Model):
    """The arguments of a BrokerOutputs."""

    central: Annotated[Target, Field(description="The central, where outputs are made.")]
    remote: Annotated[Target, Field(description="The remote server that they are sent to.")]
    api: Annotated[Api, Field(description="The central's web API.")]
    poller: Annotated[
        str,
        Field(min_length=1, description="The remote's name under Configuration > Pollers."),
    ]
    outputs: Annotated[
        dict[OutputName, BrokerOutput],
        Field(description="The outputs, by name; MAP needs {'Centreon-Map': {}}."),
    ]
    configuration: Annotated[
        str | None,
        Field(min_length=1, description="Name of the broker configuration; default: its own."),
    ] = None


class MapInstallationModel(Map):
    """The arguments of a MapInstallation: those of a spec's `map`, and where it is."""

    map: Annotated[Target, Field(description="The MAP server.")]
    web: Annotated[Target, Field(description="The central or remote server that it serves.")]
    api: Annotated[Api, Field(description="That server's web API.")]
    address: Annotated[
        str | None,
        Field(description="Where browsers reach MAP, such as http://192.0.2.7:8081."),
    ] = None
    install: Annotated[
        Install | None, Field(description="What an installation from nothing needs to know.")
    ] = None


class DesktopClientModel(Model):
    """The arguments of a DesktopClient."""

    map: Annotated[Target, Field(description="The MAP server, of the legacy edition.")]
    version: Annotated[str, Field(description="Version of that server, such as 23.10.3.")]
    mirror: Annotated[
        str | None, Field(description="A folder there that always holds the clients.")
    ] = None


def checked(model: type[M], resource: str, given: Mapping[str, Any]) -> M | None:
    """Return the arguments of a resource as its model has them; None while some aren't known.

    Raises ArgumentError for those that are known and can't be used, each with its name; also for
    what is known of an argument of which a part isn't. `resource` is what messages call it; empty
    where they are told beside it.
    """
    known = _known(given)
    try:
        made = model.model_validate(known)
    except ValidationError as refused:
        root = model.model_json_schema()
        faults = [
            ": ".join(filter(None, (resource, ".".join(map(str, keys)), text)))
            for keys, text in findings(refused, known, (), root)
            if not is_open(_at(given, keys))
        ]
        if faults:
            raise ArgumentError(list(dict.fromkeys(faults))) from None
        return None
    return None if is_open(given) else made


def is_open(value: object) -> bool:
    """Tell whether a value, or one inside it, isn't known yet."""
    match value:
        case Mapping():
            return any(map(is_open, value.values()))
        case list() | tuple():
            return any(map(is_open, value))
        case _:
            return isinstance(value, Output | Unknown) or isawaitable(value)


def _known(value: Any) -> Any:
    """Return a value with nothing where it isn't known."""
    match value:
        case Mapping():
            return {key: _known(item) for key, item in value.items()}
        case list() | tuple():
            return [_known(item) for item in value]
        case _:
            return None if is_open(value) else value


def _at(value: Any, keys: Keys) -> Any:
    """Return what stands there, or what isn't known above it; None where nothing does."""
    for key in keys:
        match value:
            case Mapping():
                value = value.get(key)
            case list() | tuple() if isinstance(key, int) and key < len(value):
                value = value[key]
    return value
