"""The model of a spec. Each field is described here, once: the manual and the JSON Schema use it.

Names, keys and defaults of a broker output are those of the form "Broker configuration > Output"
of Centreon's web interface and of the manual's picture in "Installing MAP on a remote server".
"""

import re
from collections.abc import Callable
from pathlib import PurePosixPath
from typing import Annotated, Any, Final, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    WithJsonSchema,
    field_validator,
    model_validator,
)

from mapinfra.backup import FOLDER
from mapinfra.centreon.map.configure import Install
from mapinfra.centreon.reads import (
    CENTREON_READS,
    MAP_READS,
    WEB_READS,
    backup_reads,
    desktop_reads,
)
from mapinfra.centreon.releases.editions import EDITIONS, LEGACY
from mapinfra.centreon.releases.version import Line, Version
from mapinfra.centreon.web.access import Api
from mapinfra.config_files import names_a_secret
from mapinfra.errors import CentreonError
from mapinfra.hosts.target import Database, Port, Ssh, Target
from mapinfra.text import visible, without_secrets

CENTRAL: Final = "central"
"""Name of the central's target; no remote may have it."""

_VERSION = r"\d+\.\d+\.\d+(~[a-z]+\d*)?"
_LINE = r"\d+\.\d+"
_REMOTE_NAME = r"[A-Za-z0-9][A-Za-z0-9._-]*"


def _remote_name(name: object) -> str:
    if not isinstance(name, str):
        raise ValueError(f"{name} is a number, not a name; put it in quotes")
    if name == CENTRAL:
        raise ValueError("a remote can't have the central's name; give it another")
    if not re.fullmatch(_REMOTE_NAME, name):
        raise ValueError(
            "not the name of a remote; write letters, digits, dots, hyphens and underscores"
        )
    return name


def _output_name(name: object) -> str:
    if not isinstance(name, str):
        raise ValueError(f"{name} is a number, not a name; put it in quotes")
    right = "_".join(name.split())
    if not right:
        raise ValueError("an output needs a name; Centreon-Map is the manual's")
    if right != name:
        raise ValueError(f"Centreon turns spaces in an output's name into _; write {right}")
    if len(name) > 255:
        raise ValueError("the name is too long; write up to 255 characters")
    return name


def _page(page: object) -> object:
    if isinstance(page, int) and page <= 0:
        raise ValueError(f"{page} is not a page id; write the page's name or its id, such as 50102")
    if page == "":
        raise ValueError("a page needs a name or an id; write for example Images or 50102")
    return int(page) if isinstance(page, str) and re.fullmatch(r"[1-9][0-9]{0,17}", page) else page


def _version(version: object) -> object:
    return _written(version, Version.parse, "a version such as 23.10.3")


def _line(line: object) -> object:
    return _written(line, Line.parse, "a line such as 23.10")


def _written(text: object, parse: Callable[[str], object], kind: str) -> object:
    """YAML reads 23.10 without quotes as the number 23.1."""
    if isinstance(text, int | float):
        raise ValueError(f"read as a number; write {kind} in quotes")
    if not isinstance(text, str):
        return text
    try:
        parse(text)
    except CentreonError as error:
        raise ValueError(str(error)) from None
    return text


def _settings(settings: dict[str, dict[str, str]]) -> dict[str, dict[str, str]]:
    for file in settings:
        if file not in _SETTINGS_FILES:
            raise ValueError(
                f"{file} is no file of settings; known are {', '.join(_SETTINGS_FILES)}"
            )
        for key, value in settings[file].items():
            if names_a_secret(key) or without_secrets(value) != visible(value):
                raise ValueError(
                    f"{key} holds a secret, and no secret stands in a spec; set it on the server, "
                    "where an update keeps it"
                )
    return settings


def _switch(value: object) -> object:
    """YAML 1.1 reads an unquoted yes or no as a boolean: back to the word."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return value


def _sequence(value: object) -> object:
    return tuple(value) if isinstance(value, list) else value


def _distinct(categories: tuple[str, ...]) -> tuple[str, ...]:
    if not categories:
        raise ValueError("an output without categories sends nothing; write [bam, neb]")
    for category in categories:
        if categories.count(category) > 1:
            raise ValueError(f"{category} stands there twice; write it once")
    return categories


_SETTINGS_FILES = sorted(
    {PurePosixPath(path).name for edition in EDITIONS.values() for path in edition.config_files}
)

VersionText = Annotated[
    str, BeforeValidator(_version), WithJsonSchema({"type": "string", "pattern": f"^{_VERSION}$"})
]
LineText = Annotated[
    str, BeforeValidator(_line), WithJsonSchema({"type": "string", "pattern": f"^{_LINE}$"})
]
YesNo = Annotated[
    Literal["no", "yes"],
    BeforeValidator(_switch),
    WithJsonSchema({"enum": ["no", "yes", False, True]}),
]
YesNoAuto = Annotated[
    Literal["no", "yes", "auto"],
    BeforeValidator(_switch),
    WithJsonSchema({"enum": ["no", "yes", "auto", False, True]}),
]
Text = Annotated[str, Field(max_length=255)]
Folder = Annotated[str, Field(pattern=r"^(/[A-Za-z0-9_.-]+)+$")]
Category = Literal["neb", "storage", "correlation", "dumper", "bam"]
Visibility = Literal["shown", "hidden"]
RemoteName = Annotated[str, BeforeValidator(_remote_name)]
OutputName = Annotated[str, BeforeValidator(_output_name)]
Page = Annotated[int | str, BeforeValidator(_page)]


class Model(BaseModel):
    """Frozen, and no key but the ones described."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class BrokerOutput(Model):
    """One output of a remote's broker; `{}` is the output of the manual's picture."""

    type: Annotated[
        Literal["ipv4", "bbdo_server"],
        Field(
            description="Kind of output: `ipv4`, as in the manual's pictures, or `bbdo_server` "
            "(BBDO v3, Centreon 22.10 and later)."
        ),
    ] = "ipv4"
    take_over: Annotated[
        OutputName | None,
        Field(
            description="Name of an output that is there already and becomes this one: renamed, "
            "and changed as said here. Not needed for the vendor's names, such as "
            "`Centreon-Studio`."
        ),
    ] = None
    port: Annotated[
        Port, Field(description="TCP port to listen on, or, with `host`, to connect to.")
    ] = 5758
    host: Annotated[
        Text,
        Field(
            description="Host to connect to; empty: listen for MAP servers. Of a `bbdo_server`, "
            "the address to listen on; empty: all."
        ),
    ] = ""
    protocol: Annotated[Literal["bbdo"], Field(description="Serialization protocol.")] = "bbdo"
    transport: Annotated[
        Literal["TCP", "gRPC"],
        Field(description="Transport protocol of a `bbdo_server`; MAP servers connect by TCP."),
    ] = "TCP"
    tls: Annotated[
        YesNoAuto,
        Field(
            description="TLS encryption; `auto`: when the other side asks for it. A "
            "`bbdo_server` knows no or yes, and no is its default."
        ),
    ] = "auto"
    private_key: Annotated[Text, Field(description="Private key file on the remote, for TLS.")] = ""
    tls_hostname: Annotated[
        Text, Field(description="Name expected in the other side's certificate.")
    ] = ""
    public_certificate: Annotated[
        Text, Field(description="Certificate file on the remote, for TLS.")
    ] = ""
    ca_certificate: Annotated[
        Text, Field(description="Certificate file of the trusted authority, on the remote.")
    ] = ""
    negotiation: Annotated[
        YesNo, Field(description="Whether both sides agree on TLS and compression first.")
    ] = "yes"
    buffering_timeout: Annotated[
        int, Field(ge=0, description="Seconds before the failover is started.")
    ] = 0
    retry_interval: Annotated[
        Annotated[int, Field(ge=0)] | Literal[""],
        Field(description="Seconds between two tries to connect; empty: the broker's default."),
    ] = ""
    failover: Annotated[
        Text, Field(description="Name of the output that takes over when this one fails.")
    ] = ""
    one_peer_retention: Annotated[
        YesNo, Field(description="Keep events for a MAP server that went away, although listening.")
    ] = "no"
    compression: Annotated[
        YesNoAuto,
        Field(
            description="Compression (zlib); `auto`: when the other side offers it. A "
            "`bbdo_server` knows no or yes, and no is its default."
        ),
    ] = "auto"
    compression_level: Annotated[
        Annotated[int, Field(ge=-1, le=9)] | Literal[""],
        Field(description="0 is none, 9 the best, -1 or empty zlib's own choice."),
    ] = ""
    compression_buffer: Annotated[
        Annotated[int, Field(ge=0)] | Literal[""],
        Field(
            description="Bytes gathered before they are compressed; more saves more and delays "
            "more; empty: the broker's default."
        ),
    ] = ""
    categories: Annotated[
        tuple[Category, ...],
        BeforeValidator(_sequence),
        AfterValidator(_distinct),
        Field(
            description="Events that are sent. `bam` needs Centreon BAM on the platform.",
            json_schema_extra={"minItems": 1, "uniqueItems": True},
        ),
    ] = ("bam", "neb")

    @model_validator(mode="before")
    @classmethod
    def _defaults_of_its_type(cls, output: Any) -> Any:
        """A bbdo_server has no `auto`; one that the spec says is refused by the crosschecks."""
        if not isinstance(output, dict) or output.get("type") != "bbdo_server":
            return output
        return {"tls": "no", "compression": "no", **output}

    @property
    def listens(self) -> bool:
        """Whether it takes connections, rather than connecting."""
        return self.type == "bbdo_server" or not self.host


class Backup(Model):
    """What is kept on the MAP server itself before MAP is changed."""

    folder: Annotated[
        Folder, Field(description="A folder of mode 700 on the MAP server, with its full path.")
    ] = FOLDER
    keep: Annotated[int, Field(ge=1, le=1000, description="How many backups are kept.")] = 3


class Desktop(Model):
    """The desktop client of the legacy edition, for sites whose users aren't online."""

    mirror: Annotated[
        Folder,
        Field(
            description="A folder on the MAP server, with its full path, that always holds the "
            "clients that this server offers, for whatever serves files there."
        ),
    ]


class Map(Model):
    """Which MAP there is to be, on every MAP server of the spec."""

    edition: Annotated[
        Literal["engine", "legacy"],
        Field(
            description="`engine`: centreon-map-engine, for browsers. `legacy`: "
            "centreon-map-server, with the desktop client, up to 24.04."
        ),
    ]
    version: Annotated[
        VersionText, Field(description="Version of the server's package, such as `23.10.3`.")
    ]
    web_client: Annotated[
        VersionText | None,
        Field(description="Version of the web client's package; default: `version`."),
    ] = None
    release_notes_read: Annotated[
        LineText | None,
        Field(
            description='Line whose release notes were read, such as `"23.10"`, in quotes. A '
            "change of line is refused without it."
        ),
    ] = None
    downgrade_to: Annotated[
        VersionText | None, Field(description="The one older version that is allowed.")
    ] = None
    config: Annotated[
        Literal["carry", "vendor", "keep", "review"],
        Field(
            description="What becomes of edits in MAP's config files that `settings` doesn't "
            "name. `carry`: brought into the new version's file. `vendor`: dropped. `keep`: the "
            "old file stays. `review`: an edited file stops the update before it begins."
        ),
    ] = "carry"
    settings: Annotated[
        dict[str, dict[str, str]],
        AfterValidator(_settings),
        Field(
            default_factory=dict,
            description="Settings by config file and key, such as "
            "`centreon-map.conf: {RUN_ARGS: --spring.profiles.active=prod}`. A value is replaced "
            "whole: `JAVA_OPTS` holds MAP's signing key beside its memory, so change the memory on "
            "the server, where updates keep it.",
        ),
    ]
    backup: Annotated[
        Backup, Field(default_factory=Backup, description="What is kept before a change.")
    ]
    desktop_client: Annotated[
        Desktop | None,
        Field(
            description="A copy of the desktop client, with `edition: legacy`; none: users get it "
            "from the MAP server alone."
        ),
    ] = None
    lease_minutes: Annotated[
        int,
        Field(
            ge=1,
            le=1440,
            description="Minutes after which the MAP server goes back by itself, when the run "
            "that changes it is gone.",
        ),
    ] = 15
    removal: Annotated[
        Literal["keep", "uninstall"],
        Field(
            description="What becomes of a MAP server that the spec has no more. `keep`: it is "
            "left as it is. `uninstall`: service, packages, module and widget go, after a last "
            "backup. What counts is what the last `up` had."
        ),
    ] = "keep"
    drop_database: Annotated[
        bool,
        Field(description="With `removal: uninstall`: whether MAP's own database goes as well."),
    ] = False
    start_seconds: Annotated[
        int,
        Field(ge=5, le=86400, description="Seconds that a started MAP server has to be healthy."),
    ] = 300


class MapServer(Model):
    """The MAP server of the central, or of a remote."""

    ssh: Annotated[
        Ssh | None,
        Field(
            description="How to reach it by SSH; default: MAP is on the central, or remote, itself."
        ),
    ] = None
    address: Annotated[
        str | None,
        Field(
            pattern=r"^https?://[^\s/]+:[0-9]+/?$",
            description="Where users' browsers reach it, with protocol and port, such as "
            "`http://192.0.2.7:8081`; default: what Administration > Extensions > Map has now.",
        ),
    ] = None
    install: Annotated[
        Install | None,
        Field(
            description="What an installation from nothing needs to know; none: a MAP server "
            "that isn't installed is an error. Of no use once it is."
        ),
    ] = None


class Central(Model):
    """The central server, where every configuration is edited and deployed from."""

    ssh: Annotated[Ssh, Field(description="How to reach it by SSH.")]
    database: Annotated[Database, Field(description="How to reach its MariaDB.")]
    api: Annotated[Api, Field(description="Centreon's web API.")]
    map_server: Annotated[
        MapServer | None,
        Field(
            description="Its MAP server; none: mapinfra leaves MAP alone, but see `map.removal` "
            "when there was one."
        ),
    ] = None


class Remote(Model):
    """One remote server that a MAP server is to use."""

    ssh: Annotated[Ssh, Field(default_factory=Ssh, description="How to reach it by SSH.")]
    database: Annotated[
        Database | None,
        Field(
            description="How to reach the remote's own MariaDB; needed for `pages` and "
            "`map_server`."
        ),
    ] = None
    api: Annotated[
        Api | None, Field(description="The remote's own web API; needed for `map_server`.")
    ] = None
    map_server: Annotated[
        MapServer | None,
        Field(
            description="Its MAP server; none: mapinfra leaves MAP alone, but see `map.removal` "
            "when there was one."
        ),
    ] = None
    poller: Annotated[
        str,
        Field(
            min_length=1,
            description="Its name under Configuration > Pollers; default: its name here.",
        ),
    ] = ""
    pages: Annotated[
        dict[Page, Visibility],
        Field(
            default_factory=dict,
            description="Pages of the remote's menu, by name or page id, and whether they are "
            "shown. MAP needs `Images: shown`.",
            json_schema_extra={"propertyNames": {"minLength": 1}},
        ),
    ]
    broker_configuration: Annotated[
        str | None,
        Field(
            min_length=1,
            description="Name of its broker configuration under Configuration > Pollers > Broker "
            "configuration; default: the one of this poller that is a daemon and "
            "takes in events.",
        ),
    ] = None
    broker_outputs: Annotated[
        dict[OutputName, BrokerOutput],
        Field(
            default_factory=dict,
            description="Outputs of that configuration, by name. MAP needs `Centreon-Map: {}`.",
            json_schema_extra={"propertyNames": {"pattern": r"^\S+$", "maxLength": 255}},
        ),
    ]


class Spec(Model):
    """What one environment is to be, with the defaults already merged in."""

    map: Annotated[
        Map | None, Field(description="The MAP that there is to be; needed for `map_server`.")
    ] = None
    central: Annotated[Central, Field(description="The central server.")]
    remotes: Annotated[
        dict[RemoteName, Remote],
        Field(
            description="The remote servers, by a name of your choice. `{}` for none.",
            json_schema_extra={
                "propertyNames": {"pattern": f"^{_REMOTE_NAME}$", "not": {"const": CENTRAL}}
            },
        ),
    ]

    @field_validator("remotes", mode="before")
    @classmethod
    def _name_pollers(cls, remotes: Any) -> Any:
        """A poller that isn't named has the name of the remote."""
        if not isinstance(remotes, dict):
            return remotes
        return {
            name: {"poller": str(name), **remote} if isinstance(remote, dict) and name else remote
            for name, remote in remotes.items()
        }

    @property
    def central_target(self) -> Target:
        """The central as a host to connect to."""
        return _target(CENTRAL, self.central)

    def remote_target(self, name: str) -> Target:
        """A remote as a host to connect to; raises KeyError when the spec has none of that name."""
        return _target(name, self.remotes[name])

    def map_target(self, name: str) -> Target | None:
        """The MAP server of the central, or of a remote, as a host to connect to."""
        return _map_target(name, self.central if name == CENTRAL else self.remotes[name])

    def targets(self) -> list[Target]:
        """All hosts, the central first, the remotes in the order of the spec, each once."""
        hosts: dict[str, Central | Remote] = {CENTRAL: self.central, **self.remotes}
        return [
            target.reading(*target.reads, *self._folder_reads)
            if MAP_READS in target.reads
            else target
            for name, host in hosts.items()
            for target in _targets(name, host)
        ]

    @property
    def _folder_reads(self) -> tuple[str, ...]:
        """What is read on MAP servers of the folders that this spec names."""
        if self.map is None:
            return ()
        backups = backup_reads(self.map.backup.folder)
        if self.map.edition != LEGACY.name:
            return (backups,)
        wanted = self.map.desktop_client
        return (backups, *desktop_reads(wanted.mirror if wanted else None))


def _target(name: str, host: Central | Remote) -> Target:
    return Target(name=name, ssh=_addressed(name, host.ssh), database=host.database)


def _map_target(name: str, host: Central | Remote) -> Target | None:
    if host.map_server is None:
        return None
    if host.map_server.ssh is None:
        return _target(name, host).reading(MAP_READS)
    map_name = f"{name}/map"
    ssh = _addressed(map_name, host.map_server.ssh)
    return Target(name=map_name, ssh=ssh, reads=(MAP_READS,))


def _targets(name: str, host: Central | Remote) -> list[Target]:
    own, map_server = _target(name, host), _map_target(name, host)
    if map_server is None:
        return [own]
    if map_server.name == own.name:
        return [own.reading(CENTREON_READS, WEB_READS, MAP_READS)]
    return [own.reading(CENTREON_READS, WEB_READS), map_server]


def _addressed(name: str, ssh: Ssh) -> Ssh:
    return ssh.model_copy(update={"host": ssh.host or name})


class Defaults(Model):
    """What holds for every host that doesn't say otherwise, key by key."""

    ssh: Annotated[
        Ssh, Field(default_factory=Ssh, description="For the `ssh` of the central and each remote.")
    ]
    database: Annotated[
        Database | None,
        Field(description="For the `database` of the central and each remote."),
    ] = None


class SpecFile(Spec):
    """One environment: its central, its remotes, and what they have in common."""

    defaults: Annotated[
        Defaults,
        Field(
            default_factory=Defaults,
            description="What holds for every host; a host's own keys win, one by one.",
        ),
    ]
