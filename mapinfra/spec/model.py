"""The model of a spec. Each field is described here, once: the manual and the JSON Schema use it.

Names, keys and defaults of a broker output are those of the form "Broker configuration > Output"
of Centreon's web interface and of the manual's picture in "Installing MAP on a remote server".
"""

import re
from typing import Annotated, Any, Final, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    WithJsonSchema,
    field_validator,
)

from mapinfra.centreon.access import Api
from mapinfra.hosts.target import Database, Port, Ssh, Target

CENTRAL: Final = "central"
"""Name of the central's target; no remote may have it."""

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

    port: Annotated[
        Port, Field(description="TCP port to listen on, or, with `host`, to connect to.")
    ] = 5758
    host: Annotated[
        Text, Field(description="Host to connect to; empty: listen for MAP servers.")
    ] = ""
    protocol: Annotated[Literal["bbdo"], Field(description="Serialization protocol.")] = "bbdo"
    tls: Annotated[
        YesNoAuto, Field(description="TLS encryption; `auto`: when the other side asks for it.")
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
        YesNoAuto, Field(description="Compression (zlib); `auto`: when the other side offers it.")
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


class Central(Model):
    """The central server, where every configuration is edited and deployed from."""

    ssh: Annotated[Ssh, Field(description="How to reach it by SSH.")]
    database: Annotated[Database, Field(description="How to reach its MariaDB.")]
    api: Annotated[Api, Field(description="Centreon's web API.")]


class Remote(Model):
    """One remote server that a MAP server is to use."""

    ssh: Annotated[Ssh, Field(default_factory=Ssh, description="How to reach it by SSH.")]
    database: Annotated[
        Database | None,
        Field(description="How to reach the remote's own MariaDB; needed for `pages`."),
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

    def targets(self) -> list[Target]:
        """All hosts, the central first, the remotes in the order of the spec."""
        return [self.central_target, *map(self.remote_target, self.remotes)]


def _target(name: str, host: Central | Remote) -> Target:
    ssh = host.ssh.model_copy(update={"host": host.ssh.host or name})
    return Target(name=name, ssh=ssh, database=host.database)


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
